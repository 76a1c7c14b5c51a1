"""Offers, answers and what two descriptions agree on: RFC 3264, for one audio stream.

Pure functions. Who may offer or answer now is a session's to know (``sip.dialog``).
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from msgspec.structs import replace

from b2bua.core.address import ip_literal
from b2bua.sip.sdp.codecs import (
    KEYS,
    STATIC,
    STATIC_PAYLOAD_TYPES,
    TELEPHONE_EVENT,
    common_codecs,
    events_format,
)
from b2bua.sip.sdp.crypto import OFFERED, Crypto, Secrecy, Srtp
from b2bua.sip.sdp.description import (
    Direction,
    Format,
    MediaDescription,
    SessionDescription,
)

PACKET_MS: Final = 20
"""What we send, and ask for."""

_IN_CLEAR: Final = ("RTP/AVP", "RTP/AVPF")
_SEALED: Final = ("RTP/SAVP", "RTP/SAVPF")


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalAudio:
    """Our side of an audio stream."""

    address: str
    """The IP literal that the far end shall send to."""
    rtp_port: int
    rtcp_port: int
    session_id: int
    version: int
    """Greater by one with each change of the description (RFC 3264 §8)."""
    direction: Direction = Direction.SENDRECV
    codecs: tuple[str, ...] = ("PCMA", "PCMU")
    """In our order of preference."""
    events_payload_type: int | None = 101
    """What an offer of ours calls telephone-event; None: neither offered nor answered."""
    secrecy: Secrecy = Secrecy()


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """Where the far end's audio comes from and goes to."""

    address: str
    """An IPv4 or IPv6 literal."""
    rtp_port: int
    rtcp_port: int
    """0: no RTCP is sent."""
    codec: str
    """What we send: ``PCMA`` or ``PCMU``."""
    payload_type: int
    accepts: tuple[tuple[int, str], ...]
    """Payload types that may arrive, each with its codec."""
    events_payload_type: int | None
    """Payload type of telephone-event, None if not agreed."""
    sending: bool
    """The far end wants to hear us."""
    receiving: bool
    """The far end speaks to us."""
    seals: Crypto | None = None
    """What we say is SRTP under this key."""
    opens: Crypto | None = None
    """What we hear is SRTP under this key."""


def make_offer(
    local: LocalAudio, standing: SessionDescription | None = None
) -> SessionDescription:
    """One audio stream with our codecs (RFC 3264 §5.1).

    ``standing`` is what we said of the session that this offer changes: each of its streams
    keeps its place (§8), and ours its protocol, its codec first, its payload type of
    telephone-event (§8.3.2), and where RTCP goes (RFC 5761 §5.1.1).
    """
    before = _standing_stream(standing)
    codecs = list(local.codecs)
    if before is not None:
        used = [one.encoding for one in common_codecs(before, local.codecs)]
        codecs = list(dict.fromkeys(used + codecs))
    formats = [STATIC[STATIC_PAYLOAD_TYPES[encoding]] for encoding in codecs]
    events = None if before is None else events_format(before)
    if local.events_payload_type is not None:
        number = local.events_payload_type if events is None else events.payload_type
        formats.append(_events(number))
    ours = _our_stream(local, tuple(formats), local.direction)
    secrecy = local.secrecy
    if secrecy.srtp is not Srtp.NEVER:
        crypto = [secrecy.crypto(tag, suite) for tag, suite in enumerate(OFFERED, 1)]
        ours = replace(ours, crypto=tuple(crypto))
    if secrecy.srtp is Srtp.REQUIRED:
        ours = replace(ours, protocol=_SEALED[0])
    if standing is None or before is None:
        return _describe(local, (ours,))
    ours = replace(
        ours,
        protocol=before.protocol,
        rtcp_mux=before.rtcp_mux,
        rtcp_off=before.rtcp_off,
    )
    media = [ours if one is before else _refused(one) for one in standing.media]
    return _describe(local, tuple(media))


def _standing_stream(standing: SessionDescription | None) -> MediaDescription | None:
    """The stream that is carried, of a description of ours."""
    if standing is None:
        return None
    return next((one for one in standing.media if one.kind == "audio" and one.port), None)


def make_answer(offer: SessionDescription, local: LocalAudio) -> SessionDescription | None:
    """Answer the first audio stream that we can carry and refuse the others (§6).

    None: there is no such stream, so the offer is answered with 488. Payload types and
    their order are the offer's (§6.1). A stream with keys is preferred to one without,
    and answered with the first of them (RFC 4568 §5.1.2).
    """
    srtp = local.secrecy.srtp
    carried = [
        stream
        for stream in offer.media
        if _is_carried(stream, local.codecs, local.address) and _is_allowed(stream, srtp)
    ]
    chosen = max(carried, key=lambda stream: bool(stream.crypto), default=None)
    if chosen is None:
        return None
    formats = list(common_codecs(chosen, local.codecs))
    events = events_format(chosen)
    if events is not None and local.events_payload_type is not None:
        formats.append(_events(events.payload_type))
    direction = _meet(_effective(chosen).reversed, local.direction)
    ours = replace(
        _our_stream(local, tuple(formats), direction),
        protocol=chosen.protocol,
        rtcp_mux=chosen.rtcp_mux,
        rtcp_off=chosen.rtcp_off,
    )
    if chosen.crypto and srtp is not Srtp.NEVER:
        theirs = chosen.crypto[0]
        ours = replace(ours, crypto=(local.secrecy.crypto(theirs.tag, theirs.suite),))
    return _describe(
        local,
        tuple(ours if stream is chosen else _refused(stream) for stream in offer.media),
    )


@lru_cache(maxsize=128)  # Each leg asks several times.
def obstacle(offer: SessionDescription, local: LocalAudio) -> str:
    """Why :func:`make_answer` has nothing to say to an offer, for who looks into it."""
    streams = [one for one in offer.media if one.kind == "audio" and one.port]
    if not streams:
        return "no audio is offered"
    streams = [one for one in streams if _is_unicast(one.address)]
    if not any(_is_reached(one.address, local.address) for one in streams):
        return "no address of the IP version that the audio has"
    streams = [one for one in streams if _is_carried(one, local.codecs, local.address)]
    if not streams:
        return "no codec in common"
    if local.secrecy.srtp is Srtp.NEVER:
        return "SRTP is insisted on, and not allowed here"
    if any(one.protocol.upper() in _SEALED for one in streams):
        return "SRTP without a key that can be used: its suite, lifetime or MKI"
    return "no SRTP is offered, and it is required here"


def agree(local: SessionDescription, remote: SessionDescription) -> Agreement | None:
    """What our description and theirs mean together, whoever offered.

    None: they share no audio stream with a codec at an address that we can send to, of
    the IP version of ours.
    """
    for ours, theirs in zip(local.media, remote.media, strict=False):
        if ours.kind != "audio" or not ours.port:
            continue
        accepts = tuple(
            (format_.payload_type, format_.encoding)
            for format_ in common_codecs(ours, ("PCMA", "PCMU"))
        )
        codecs = tuple(encoding for _, encoding in accepts)
        keys = _keys(ours, theirs)
        if _is_carried(theirs, codecs, ours.address) and keys is not None:
            return _agreement(ours, theirs, accepts, keys)
    return None


def family(description: SessionDescription) -> int:
    """The IP version, 4 or 6, of the first audio stream; 0 if it names no place."""
    for stream in description.media:
        if stream.kind == "audio" and stream.port and _is_unicast(stream.address):
            address = ip_literal(stream.address)
            return 0 if address.is_unspecified else address.version
    return 0


def _keys(ours: MediaDescription, theirs: MediaDescription) -> tuple[Crypto, ...] | None:
    """Our key and theirs, of one tag and suite (RFC 4568 §5.1.3); nothing in the clear.

    None: one of the two insists on keys, and they share none.
    """
    if not ours.crypto and not theirs.crypto and ours.protocol == theirs.protocol:
        return () if ours.protocol.upper() in _IN_CLEAR else None
    for their in theirs.crypto:
        for our in ours.crypto:
            if (our.tag, our.suite) == (their.tag, their.suite):
                return our, their
    insist = (ours.protocol.upper() in _SEALED, theirs.protocol.upper() in _SEALED)
    return None if any(insist) else ()


def _agreement(
    ours: MediaDescription,
    theirs: MediaDescription,
    accepts: tuple[tuple[int, str], ...],
    keys: tuple[Crypto, ...],
) -> Agreement:
    codec = common_codecs(theirs, [encoding for _, encoding in accepts])[0]
    events = events_format(theirs) if events_format(ours) is not None else None
    direction = _effective(theirs)
    return Agreement(
        address=theirs.address,
        rtp_port=theirs.port,
        rtcp_port=_rtcp_port(ours, theirs),
        codec=codec.encoding,
        payload_type=codec.payload_type,
        accepts=accepts,
        events_payload_type=None if events is None else events.payload_type,
        sending=direction.receives and ours.direction.sends,
        receiving=direction.sends and ours.direction.receives,
        seals=keys[0] if keys else None,
        opens=keys[1] if keys else None,
    )


def _rtcp_port(ours: MediaDescription, theirs: MediaDescription) -> int:
    """Where their RTCP is: with RTP if both want it so (RFC 5761 §5.1.1); 0: nowhere."""
    if theirs.rtcp_off or ours.rtcp_off:
        return 0
    if theirs.rtcp_mux and ours.rtcp_mux:
        return theirs.port
    return theirs.rtcp_port or min(theirs.port + 1, 65535)


def _is_allowed(stream: MediaDescription, srtp: Srtp) -> bool:
    """Whether the policy lets us answer the stream."""
    if stream.protocol.upper() in _IN_CLEAR:
        return bool(stream.crypto) or srtp is not Srtp.REQUIRED
    return bool(stream.crypto) and srtp is not Srtp.NEVER


def _is_carried(stream: MediaDescription, codecs: tuple[str, ...], here: str) -> bool:
    """Whether we can carry the stream: audio, a codec of ours, an address to send to.

    ``here`` is our own address: nothing can be sent to one of the other IP version.
    """
    return (
        stream.kind == "audio"
        and stream.port != 0
        and stream.protocol.upper() in _IN_CLEAR + _SEALED
        and bool(common_codecs(stream, codecs))
        and _is_unicast(stream.address)
        and _is_reached(stream.address, here)
    )


def _is_reached(address: str, here: str) -> bool:
    there = ip_literal(address)
    return there.is_unspecified or there.version == ip_literal(here).version


def _is_unicast(address: str) -> bool:
    try:
        multicast = ip_literal(address).is_multicast
    except ValueError:
        return False
    return not multicast and address != "255.255.255.255"


def _effective(stream: MediaDescription) -> Direction:
    """The stream's direction; the address 0.0.0.0 says that it hears nothing (§8.4)."""
    if ip_literal(stream.address).is_unspecified:
        return _meet(stream.direction, Direction.SENDONLY)
    return stream.direction


def _meet(one: Direction, other: Direction) -> Direction:
    """What both allow."""
    sends = one.sends and other.sends
    receives = one.receives and other.receives
    if sends:
        return Direction.SENDRECV if receives else Direction.SENDONLY
    return Direction.RECVONLY if receives else Direction.INACTIVE


def _describe(local: LocalAudio, media: tuple[MediaDescription, ...]) -> SessionDescription:
    return SessionDescription(
        session_id=local.session_id,
        version=local.version,
        origin_address=local.address,
        address=local.address,
        media=media,
    )


def _our_stream(
    local: LocalAudio, formats: tuple[Format, ...], direction: Direction
) -> MediaDescription:
    neighbour = local.rtcp_port == local.rtp_port + 1
    return MediaDescription(
        kind="audio",
        port=local.rtp_port,
        formats=formats,
        address=local.address,
        direction=direction,
        rtcp_port=None if neighbour else local.rtcp_port,
        packet_ms=PACKET_MS,
    )


def _refused(stream: MediaDescription) -> MediaDescription:
    """The answer to a stream that we do not carry: port zero, the formats as they were."""
    return MediaDescription(
        kind=stream.kind,
        port=0,
        protocol=stream.protocol,
        formats=stream.formats,
        raw_formats=stream.raw_formats,
    )


def _events(payload_type: int) -> Format:
    return Format(payload_type=payload_type, encoding=TELEPHONE_EVENT, parameters=KEYS)
