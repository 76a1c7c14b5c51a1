"""Call control's words for media, to the protocol of the media processes and back.

Two pure functions. What only the pool can answer (who died, who was adopted) is not here.
"""

from b2bua.call.media import (
    AudioBegan,
    AudioStopped,
    CallId,
    CloseMedia,
    ClosePort,
    ConnectPort,
    ExtendMedia,
    FarEnd,
    Hearing,
    HearLeg,
    HearPrompts,
    HearSilence,
    KeyPressed,
    LegId,
    LetHear,
    MediaFact,
    MediaLost,
    MediaOrder,
    OpenPort,
    PortClosed,
    PortFailed,
    PortOpened,
    PressKeys,
    PromptsEnded,
    Quality,
    Recorded,
    RecordLeg,
    StopRecording,
)
from b2bua.sip.sdp.crypto import Crypto
from media.control import messages as wire


def to_wire(order: MediaOrder) -> wire.Order:
    """What a media process is told."""
    match order:
        case CloseMedia(call=call):
            return wire.CloseSession(session=call)
        case ExtendMedia(call=call, lifetime=lifetime):
            return wire.Extend(session=call, lifetime=lifetime)
        case _:
            return _about_leg(order)


def _about_leg(
    order: OpenPort
    | ConnectPort
    | LetHear
    | PressKeys
    | RecordLeg
    | StopRecording
    | ClosePort,
) -> wire.Order:
    session, port = order.call, order.leg
    match order:
        case OpenPort(lifetime=lifetime, family=family):
            return wire.Open(session=session, port=port, lifetime=lifetime, family=family)
        case ConnectPort(far_end=far_end):
            return wire.Connect(session=session, port=port, remote=_remote(far_end))
        case LetHear(hearing=hearing):
            return wire.Feed(session=session, port=port, source=_source(hearing))
        case PressKeys(digits=digits):
            return wire.SendDigits(session=session, port=port, digits=digits)
        case RecordLeg(path=path, both=both):
            return wire.Record(session=session, port=port, path=path, both=both)
        case StopRecording():
            return wire.StopRecording(session=session, port=port)
        case ClosePort():
            return wire.Close(session=session, port=port)


def from_wire(fact: wire.Fact) -> MediaFact | None:
    """What call control hears of it; None if it is nothing to a call."""
    match fact:
        case wire.Expired(session=session):
            return MediaLost(CallId(session))
        case wire.Adopted() | wire.Counted():
            return None
        case _:
            return _of_leg(fact, CallId(fact.session), LegId(fact.port))


def _of_leg(
    fact: wire.Opened
    | wire.OpenFailed
    | wire.Heard
    | wire.Pressed
    | wire.Played
    | wire.FellSilent
    | wire.Recorded
    | wire.Closed
    | wire.Refused,
    call: CallId,
    leg: LegId,
) -> MediaFact | None:
    heard: MediaFact | None = None
    match fact:
        case wire.Opened(address=address, rtp_port=rtp, rtcp_port=rtcp):
            heard = PortOpened(
                call=call, leg=leg, address=address, rtp_port=rtp, rtcp_port=rtcp
            )
        case wire.OpenFailed(reason=reason):
            heard = PortFailed(call=call, leg=leg, reason=reason)
        case wire.Heard():
            heard = AudioBegan(call=call, leg=leg)
        case wire.Pressed(digit=digit):
            heard = KeyPressed(call=call, leg=leg, digit=digit)
        case wire.Played(token=token, completed=completed):
            # Nobody waits for prompts that have no token.
            if token:
                heard = PromptsEnded(call=call, leg=leg, token=token, completed=completed)
        case wire.FellSilent(seconds=seconds):
            heard = AudioStopped(call=call, leg=leg, seconds=seconds)
        case wire.Closed(statistics=statistics):
            heard = PortClosed(call=call, leg=leg, quality=_quality(statistics))
        case wire.Refused(reason=reason):
            # Without a port it was about the session: nothing that a leg could act on.
            if leg:
                heard = PortFailed(call=call, leg=leg, reason=reason)
        case wire.Recorded(path=path, milliseconds=kept, fault=fault):
            heard = Recorded(call=call, leg=leg, path=path, milliseconds=kept, fault=fault)
    return heard


def _remote(far_end: FarEnd) -> wire.Remote:
    return wire.Remote(
        address=far_end.address,
        rtp_port=far_end.rtp_port,
        rtcp_port=far_end.rtcp_port,
        codec=far_end.codec,
        payload_type=far_end.payload_type,
        accepts=dict(far_end.accepts),
        events_payload_type=far_end.events_payload_type,
        sending=far_end.sending,
        receiving=far_end.receiving,
        trusted=far_end.trusted,
        seals=_secret(far_end.seals),
        opens=_secret(far_end.opens),
    )


def _secret(crypto: Crypto | None) -> wire.Secret | None:
    return None if crypto is None else wire.Secret(crypto.suite, crypto.octets)


def _source(hearing: Hearing) -> wire.Source:
    match hearing:
        case HearLeg(leg):
            return wire.FromPort(leg)
        case HearPrompts(prompts=prompts, token=token, repeat=repeat):
            return wire.FromPrompts(prompts=prompts, token=token, repeat=repeat)
        case HearSilence():
            return wire.FromSilence()


def _quality(statistics: wire.Statistics) -> Quality:
    return Quality(
        packets_received=statistics.packets_received,
        packets_sent=statistics.packets_sent,
        packets_lost=statistics.packets_lost,
        packets_dropped=statistics.packets_dropped,
        jitter_ms=statistics.jitter_ms,
        remote_lost=statistics.remote_lost,
        remote_jitter_ms=statistics.remote_jitter_ms,
        round_trip_ms=statistics.round_trip_ms,
        mos=statistics.mos,
    )
