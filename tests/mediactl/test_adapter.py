"""Every word of call control has its counterpart on the wire, and back."""

import pytest

from b2bua.call.media import (
    AudioBegan,
    AudioStopped,
    CallId,
    CloseMedia,
    ClosePort,
    ConnectPort,
    ExtendMedia,
    FarEnd,
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
from b2bua.mediactl.adapter import from_wire, to_wire
from media.control import messages as wire

CALL = CallId("call")
LEG = LegId("leg")

FAR_END = FarEnd(
    address="192.0.2.1",
    rtp_port=4000,
    rtcp_port=4001,
    codec="PCMU",
    payload_type=0,
    accepts=((0, "PCMU"), (8, "PCMA")),
    events_payload_type=101,
    sending=False,
    receiving=True,
    trusted=("192.0.2.0/24",),
)
REMOTE = wire.Remote(
    address="192.0.2.1",
    rtp_port=4000,
    rtcp_port=4001,
    codec="PCMU",
    payload_type=0,
    accepts={0: "PCMU", 8: "PCMA"},
    events_payload_type=101,
    sending=False,
    receiving=True,
    trusted=("192.0.2.0/24",),
)
PROMPTS = HearPrompts(prompts=("zh/a", "zh/b"), token="t", repeat=True)


@pytest.mark.parametrize(
    ("order", "told"),
    [
        (
            OpenPort(call=CALL, leg=LEG, lifetime=9.0),
            wire.Open(session="call", port="leg", lifetime=9.0),
        ),
        (
            ConnectPort(call=CALL, leg=LEG, far_end=FAR_END),
            wire.Connect(session="call", port="leg", remote=REMOTE),
        ),
        (
            LetHear(call=CALL, leg=LEG, hearing=HearLeg(LegId("other"))),
            wire.Feed(session="call", port="leg", source=wire.FromPort("other")),
        ),
        (
            LetHear(call=CALL, leg=LEG, hearing=PROMPTS),
            wire.Feed(
                session="call",
                port="leg",
                source=wire.FromPrompts(prompts=("zh/a", "zh/b"), token="t", repeat=True),
            ),
        ),
        (
            LetHear(call=CALL, leg=LEG, hearing=HearSilence()),
            wire.Feed(session="call", port="leg", source=wire.FromSilence()),
        ),
        (
            PressKeys(call=CALL, leg=LEG, digits="1w2"),
            wire.SendDigits(session="call", port="leg", digits="1w2"),
        ),
        (
            RecordLeg(call=CALL, leg=LEG, path="/r.wav", both=True),
            wire.Record(session="call", port="leg", path="/r.wav", both=True),
        ),
        (
            StopRecording(call=CALL, leg=LEG),
            wire.StopRecording(session="call", port="leg"),
        ),
        (ClosePort(call=CALL, leg=LEG), wire.Close(session="call", port="leg")),
        (CloseMedia(CALL), wire.CloseSession(session="call")),
        (
            ExtendMedia(call=CALL, lifetime=9.0),
            wire.Extend(session="call", lifetime=9.0),
        ),
    ],
)
def test_orders(order: MediaOrder, told: wire.Order) -> None:
    assert to_wire(order) == told


@pytest.mark.parametrize(
    ("fact", "heard"),
    [
        (
            wire.Opened(
                session="call", port="leg", address="192.0.2.9", rtp_port=2, rtcp_port=3
            ),
            PortOpened(call=CALL, leg=LEG, address="192.0.2.9", rtp_port=2, rtcp_port=3),
        ),
        (
            wire.OpenFailed(session="call", port="leg", reason="none left"),
            PortFailed(call=CALL, leg=LEG, reason="none left"),
        ),
        (
            wire.Refused(session="call", port="leg", reason="unknown port"),
            PortFailed(call=CALL, leg=LEG, reason="unknown port"),
        ),
        (wire.Refused(session="call", port="", reason="unknown session"), None),
        (wire.Heard(session="call", port="leg"), AudioBegan(call=CALL, leg=LEG)),
        (
            wire.Pressed(session="call", port="leg", digit="5", duration_ms=80),
            KeyPressed(call=CALL, leg=LEG, digit="5"),
        ),
        (
            wire.Played(session="call", port="leg", token="t", completed=True),
            PromptsEnded(call=CALL, leg=LEG, token="t", completed=True),
        ),
        (wire.Played(session="call", port="leg", token="", completed=True), None),
        (
            wire.FellSilent(session="call", port="leg", seconds=30.0),
            AudioStopped(call=CALL, leg=LEG, seconds=30.0),
        ),
        (
            wire.Recorded(session="call", port="leg", path="/r", milliseconds=1),
            Recorded(call=CALL, leg=LEG, path="/r", milliseconds=1),
        ),
        (
            wire.Recorded(session="call", port="leg", path="/r", milliseconds=1, fault="x"),
            Recorded(call=CALL, leg=LEG, path="/r", milliseconds=1, fault="x"),
        ),
        (
            wire.Closed(
                session="call",
                port="leg",
                statistics=wire.Statistics(
                    packets_received=1,
                    packets_sent=2,
                    packets_lost=3,
                    packets_dropped=4,
                    jitter_ms=5.0,
                    remote_lost=6,
                    remote_jitter_ms=7.0,
                    round_trip_ms=8.0,
                    mos=4.1,
                ),
            ),
            PortClosed(
                call=CALL,
                leg=LEG,
                quality=Quality(
                    packets_received=1,
                    packets_sent=2,
                    packets_lost=3,
                    packets_dropped=4,
                    jitter_ms=5.0,
                    remote_lost=6,
                    remote_jitter_ms=7.0,
                    round_trip_ms=8.0,
                    mos=4.1,
                ),
            ),
        ),
        (wire.Expired(session="call"), MediaLost(CALL)),
        (wire.Adopted(sessions={"call": ("leg",)}), None),
    ],
)
def test_facts(fact: wire.Fact, heard: MediaFact | None) -> None:
    assert from_wire(fact) == heard
