"""Digits heard and sent, as events and as tones, on both engines."""

import itertools
from dataclasses import replace

from media.audio import g711
from media.dtmf.events import KEYS, TelephoneEvent, build_event, parse_event
from media.dtmf.tones import BLOCK, tone_samples
from media.engine.plan import Codec, PortPlan, Pressed, Sending
from media.rtp.packet import Packet, build_packet
from media.rtp.sequence import ahead16, ahead32
from tests.media.engine.rigs import Far, Rig, audio

ACCEPTS = ((0, Codec.PCMU), (8, Codec.PCMA))
EVENTS = 101


def plan(far: Far, **changes: object) -> PortPlan:
    made = PortPlan(remote=far.address, accepts=ACCEPTS, events_payload_type=EVENTS)
    return replace(made, **changes)  # type: ignore[arg-type]


def event(
    sequence: int, timestamp: int, digit: str, duration: int, *, end: bool = False
) -> bytes:
    payload = TelephoneEvent(event=KEYS.index(digit), duration=duration, end=end)
    return build_packet(
        Packet(
            payload_type=EVENTS,
            sequence=sequence,
            timestamp=timestamp,
            ssrc=7,
            payload=build_event(payload),
        )
    )


def press(sequence: int, timestamp: int, digit: str) -> list[bytes]:
    """Four packets that grow and three ends, none with a marker."""
    return [
        event(sequence + i, timestamp, digit, 160 * min(i + 1, 5), end=i >= 4)
        for i in range(7)
    ]


def tone(
    digit: str, first: int, frames: int, codec: Codec, *, hole: range = range(0)
) -> list[bytes]:
    samples = tone_samples(digit, 0, 160 * frames)
    for at in hole:
        samples[at] = 0
    linear = b"".join(sample.to_bytes(2, "little", signed=True) for sample in samples)
    encode = g711.encode_alaw if codec is Codec.PCMA else g711.encode_ulaw
    silence = b"\xd5" if codec is Codec.PCMA else b"\xff"
    codes = encode(linear) + silence * 480
    return [
        audio(first + i, codes[160 * i : 160 * (i + 1)], payload_type=codec)
        for i in range(frames + 3)
    ]


def pressed(rig: Rig) -> str:
    return "".join(event.digit for event in rig.events if isinstance(event, Pressed))


def test_keys_faster_than_anybody_presses_them_are_not_told(rig: Rig) -> None:
    """Each would go to call control; a burst does, then twenty a second."""
    port, far = rig.open(), rig.far()
    rig.arrange(port, plan(far))
    for number in range(400):
        rig.send(far, port, event(number, 800 * number, "5", 160, end=True))
        rig.until(lambda: rig.statistics(port).packets_received > number)  # noqa: B023
    rig.run(0.05)
    assert 64 <= len(pressed(rig)) < 120
    told = len(pressed(rig))
    rig.run(0.2)
    rig.send(far, port, event(400, 800 * 400, "7", 160, end=True))
    rig.until(lambda: pressed(rig)[told:] == "7")


def test_events_are_said_once_each(rig: Rig) -> None:
    port, far = rig.open(), rig.far()
    rig.arrange(port, plan(far))
    packets = press(0, 0, "1") + press(7, 1600, "1") + press(14, 3200, "#")
    for data in packets:
        rig.send(far, port, data)
    rig.until(lambda: len(rig.events) == 3)
    rig.run(0.3)
    assert rig.events == [Pressed(port, digit, 100) for digit in "11#"]


def test_a_press_whose_end_was_lost_is_said_after_a_gap(rig: Rig) -> None:
    port, far = rig.open(), rig.far()
    rig.arrange(port, plan(far))
    rig.send(far, port, event(0, 0, "9", 480))
    rig.until(lambda: rig.events == [Pressed(port, "9", 60)])


def test_digits_need_not_be_heard(rig: Rig) -> None:
    port, far = rig.open(), rig.far()
    rig.arrange(port, plan(far, hears_digits=False))
    for data in press(0, 0, "1"):
        rig.send(far, port, data)
    rig.until(lambda: rig.statistics(port).packets_received == 7)
    rig.run(0.3)
    assert rig.events == []


def test_events_are_relayed_under_the_other_type_in_step_with_the_audio(rig: Rig) -> None:
    one, other, caller, called = rig.open(), rig.open(), rig.far(), rig.far()
    rig.arrange(one, plan(caller))
    rig.arrange(other, plan(called, events_payload_type=96, sending=Sending.PEER, peer=one))
    script = [audio(10), *press(11, 1760, "4"), audio(18)]
    for data in script:
        rig.send(caller, one, data)
    rig.until(lambda: len(called.packets) == len(script))
    first = called.packets[0]
    assert [packet.payload_type for packet in called.packets] == [8, *[96] * 7, 8]
    assert [ahead16(p.sequence, first.sequence) for p in called.packets] == [*range(9)]
    offsets = [ahead32(p.timestamp, first.timestamp) for p in called.packets]
    assert offsets == [0, *[160] * 7, 8 * 160]


def test_a_far_end_without_events_is_pressed_tones(rig: Rig) -> None:
    one, other, caller, called = rig.open(), rig.open(), rig.far(), rig.far()
    rig.arrange(one, plan(caller))
    rig.arrange(
        other, plan(called, events_payload_type=None, sending=Sending.PEER, peer=one)
    )
    third, listener = rig.open(), rig.far()
    rig.arrange(third, plan(called, events_payload_type=None))
    for data in press(0, 0, "8"):
        rig.send(caller, one, data)
    rig.until(lambda: len(called.packets) == 10)
    assert listener.packets == []
    for packet in called.packets:
        rig.send(called, third, build_packet(packet))
    rig.until(lambda: pressed(rig) == "88")


def test_tones_are_heard_in_both_laws(rig: Rig) -> None:
    port, far = rig.open(), rig.far()
    rig.arrange(port, plan(far, events_payload_type=None))
    first = 0
    for digit, codec in zip("0D*5", itertools.cycle(Codec), strict=False):
        for data in tone(digit, first, 4, codec):
            rig.send(far, port, data)
            rig.run(0.001)
        first += 7
    rig.until(lambda: pressed(rig) == "0D*5")
    durations = [e.duration_ms for e in rig.events if isinstance(e, Pressed)]
    assert all(60 <= duration <= 90 for duration in durations)


def test_a_break_of_one_block_does_not_make_two_digits_of_one(rig: Rig) -> None:
    port, far = rig.open(), rig.far()
    rig.arrange(port, plan(far, events_payload_type=None))
    hole = range(4 * BLOCK, 5 * BLOCK)
    for data in tone("6", 0, 8, Codec.PCMA, hole=hole):
        rig.send(far, port, data)
    rig.until(lambda: pressed(rig) == "6")
    rig.run(0.15)
    assert pressed(rig) == "6"


def test_a_tone_whose_audio_stops_is_said(rig: Rig) -> None:
    port, far = rig.open(), rig.far()
    rig.arrange(port, plan(far, events_payload_type=None))
    for data in tone("6", 0, 4, Codec.PCMA)[:4]:
        rig.send(far, port, data)
    rig.until(lambda: pressed(rig) == "6", 0.5)


def test_one_press_in_two_ways_is_one_digit(rig: Rig) -> None:
    """A gateway that lets the beginning of the tone through before its events."""
    port, far = rig.open(), rig.far()
    rig.arrange(port, plan(far))
    for data in tone("3", 0, 3, Codec.PCMA):
        rig.send(far, port, data)
    rig.until(lambda: pressed(rig) == "3")
    for data in press(6, 960, "3"):
        rig.send(far, port, data)
    rig.until(lambda: rig.statistics(port).packets_received == 13)
    rig.run(0.15)
    assert pressed(rig) == "3"
    for data in press(13, 9600, "3"):
        rig.send(far, port, data)
    rig.until(lambda: pressed(rig) == "33")


def test_tones_mean_nothing_once_events_were_seen(rig: Rig) -> None:
    port, far = rig.open(), rig.far()
    rig.arrange(port, plan(far))
    for data in press(0, 0, "1") + tone("2", 20, 4, Codec.PCMA):
        rig.send(far, port, data)
    rig.until(lambda: rig.statistics(port).packets_received == 14)
    rig.run(0.15)
    assert pressed(rig) == "1"


def test_keys_are_sent_as_events(rig: Rig) -> None:
    port, far = rig.open(), rig.far()
    rig.arrange(port, plan(far, sending=Sending.SILENCE))
    rig.until(lambda: len(far.packets) >= 2)
    rig.send_digits(port, "1w#")
    rig.until(lambda: far.packets[-1].payload_type == EVENTS)
    rig.until(lambda: far.packets[-1].payload_type == 8, 2.0)
    sent = [packet for packet in far.packets if packet.payload_type == EVENTS]
    assert [packet.marker for packet in sent] == [True, *[False] * 7] * 2
    payloads = [parse_event(packet.payload) for packet in sent]
    durations = [*range(160, 960, 160), 960, 960, 960]
    assert [event and event.duration for event in payloads] == durations * 2
    assert [event and event.end for event in payloads] == ([False] * 5 + [True] * 3) * 2
    assert [event and KEYS[event.event] for event in payloads] == ["1"] * 8 + ["#"] * 8
    one, two = {p.timestamp for p in sent[:8]}, {p.timestamp for p in sent[8:]}
    assert (len(one), len(two)) == (1, 1)
    # A key takes 200 ms, the wait a second; the clock of the timestamps went on.
    assert 9000 <= ahead32(two.pop(), one.pop()) <= 11000
    numbers = [ahead16(p.sequence, far.packets[0].sequence) for p in far.packets]
    assert numbers == [*range(len(numbers))]
    after = far.packets[-1]
    assert after.marker
    assert ahead32(after.timestamp, sent[-1].timestamp) >= 960


def test_keys_are_sent_as_tones_and_heard_again(rig: Rig) -> None:
    one, other, near, far = rig.open(), rig.open(), rig.far(), rig.far()
    rig.arrange(one, plan(near, events_payload_type=None, codec=Codec.PCMU, payload_type=0))
    rig.arrange(other, plan(far, events_payload_type=None))
    rig.send_digits(one, "159D")
    rig.until(lambda: len(near.packets) == 40)
    for packet in near.packets:
        rig.send(far, other, build_packet(packet))
        rig.run(0.001)
    rig.until(lambda: pressed(rig) == "159D")


def test_keys_wait_for_somewhere_to_go(rig: Rig) -> None:
    port, far = rig.open(), rig.far()
    rig.send_digits(port, "5")
    rig.run(0.1)
    rig.arrange(port, plan(far))
    rig.until(lambda: len(far.packets) == 8)
