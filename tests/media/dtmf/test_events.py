"""RFC 4733: each press once, whatever is lost; and what we send."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.dtmf.events import (
    KEYS,
    EventReceiver,
    KeySender,
    OneDigit,
    Press,
    TelephoneEvent,
    Way,
    build_event,
    parse_event,
)

events = st.builds(
    TelephoneEvent,
    event=st.integers(0, 255),
    duration=st.integers(0, 0xFFFF),
    end=st.booleans(),
    volume=st.integers(0, 63),
)


def press_of(digit: str, frames: int, *, ends: int = 3) -> list[TelephoneEvent]:
    code = KEYS.index(digit)
    going = [TelephoneEvent(event=code, duration=160 * i) for i in range(1, frames)]
    return going + [TelephoneEvent(event=code, duration=160 * frames, end=True)] * ends


def hear(script: list[tuple[int, TelephoneEvent]]) -> list[tuple[str, int]]:
    """Take ``(timestamp, event)`` every 20 ms, then wait."""
    receiver = EventReceiver()
    presses: list[Press] = []
    now = 0.0
    for timestamp, event in script:
        presses += receiver.wake(now)
        presses += receiver.receive(1, timestamp, event, now)
        now += 0.020
    presses += receiver.wake(now + 10)
    assert receiver.deadline is None
    return [(press.digit, press.duration_ms) for press in presses]


@given(events)
def test_payloads_round_trip(event: TelephoneEvent) -> None:
    assert parse_event(build_event(event)) == event


@given(st.binary(max_size=3))
def test_a_short_payload_is_none(payload: bytes) -> None:
    assert parse_event(payload) is None


@given(st.data(), st.sampled_from(KEYS), st.integers(2, 20))
def test_whatever_part_of_a_press_arrives_it_is_said_once(
    data: st.DataObject, digit: str, frames: int
) -> None:
    sent = press_of(digit, frames)
    kept = data.draw(st.lists(st.sampled_from(sent), min_size=1, max_size=2 * len(sent)))
    heard = hear([(800, event) for event in kept])
    assert [said for said, _ in heard] == [digit]


def test_the_same_key_twice_is_two_presses() -> None:
    one = [(0, event) for event in press_of("5", 5)]
    two = [(1600, event) for event in press_of("5", 5)]
    assert hear(one + two) == [("5", 100), ("5", 100)]


def test_a_press_without_end_is_said_before_the_next() -> None:
    one = [(0, event) for event in press_of("1", 5, ends=0)]
    two = [(1600, event) for event in press_of("2", 5)]
    assert hear(one + two) == [("1", 80), ("2", 100)]


def test_a_late_packet_of_the_press_before_is_nothing() -> None:
    one = [(0, event) for event in press_of("1", 5)]
    two = [(1600, event) for event in press_of("2", 5)]
    assert hear([*one, two[0], one[0], *two[1:]]) == [("1", 100), ("2", 100)]


def test_a_press_over_eight_seconds_goes_on_in_segments() -> None:
    """§2.5.1.3: the next segment begins where the longest duration ended."""
    full = TelephoneEvent(event=9, duration=0xFFFF)
    rest = TelephoneEvent(event=9, duration=801, end=True)
    assert hear([(0, full), (0xFFFF, rest)]) == [("9", (0xFFFF + 801) // 8)]


def test_events_beyond_the_keys_are_nothing() -> None:
    assert hear([(0, TelephoneEvent(event=16, duration=160, end=True))]) == []


def test_a_sender_grows_ends_three_times_and_pauses() -> None:
    sender = KeySender()
    sender.push("#")
    steps = [sender.next() for _ in range(10)]
    assert sender.next() is None
    events = [step.event for step in steps if step is not None]
    assert [event and (event.event, event.duration, event.end) for event in events] == [
        (11, 160, False),
        (11, 320, False),
        (11, 480, False),
        (11, 640, False),
        (11, 800, False),
        *[(11, 960, True)] * 3,
        None,
        None,
    ]


def test_a_wait_is_a_second() -> None:
    sender = KeySender()
    sender.push("w1")
    waited = 0
    while (step := sender.next()) is not None and step.digit == "w":
        assert step.event is None
        waited += 1
    assert waited == 50


@pytest.mark.parametrize("digits", ["a", "1 2", "0" * 65])
def test_what_cannot_be_pressed_is_refused(digits: str) -> None:
    sender = KeySender()
    with pytest.raises(ValueError, match="digits"):
        sender.push(digits)
    assert not sender


def made(digit: str, began: float, ended: float) -> Press:
    return Press(digit=digit, began=began, ended=ended, duration_ms=100)


def test_one_press_in_two_ways_is_one() -> None:
    one = OneDigit()
    assert one.is_new(made("1", 0.0, 0.1), Way.TONE)
    assert not one.is_new(made("1", 0.02, 0.15), Way.EVENT)
    assert one.is_new(made("1", 0.3, 0.4), Way.EVENT)


def test_two_quick_presses_in_one_way_are_two() -> None:
    one = OneDigit()
    assert one.is_new(made("1", 0.0, 0.1), Way.EVENT)
    assert one.is_new(made("1", 0.15, 0.25), Way.EVENT)
    assert one.is_new(made("2", 0.26, 0.3), Way.TONE)
