"""Who hears whom: after the answer, after a move to another port, across two laws."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from b2bua.service.record import Outcome
from tests.support.node import Node, until
from tests.support.phone import PCMA, PCMU, Audio, Heard, Phone
from tests.support.tones import seconds_of_tone
from tests.wire.numbers import HOST, Line

pytestmark = pytest.mark.wire

CALLER_TONE, CALLED_TONE = 500.0, 700.0
Connect = Callable[[int, int], tuple[Phone, Phone, Heard]]


@pytest.fixture
def connect(line: Line) -> Iterator[Connect]:
    """Two phones of some laws in a call; what the caller was answered."""
    with ExitStack() as stack:

        def begin(near: int, far: int) -> tuple[Phone, Phone, Heard]:
            caller = stack.enter_context(Phone(line.address, HOST, CALLER_TONE, near))
            called = stack.enter_context(Phone(line.first, HOST, CALLED_TONE, far))
            caller.send(caller.invitation(line.direct, line.caller))
            called.take()
            answer = caller.answered()
            both_hear(caller.audio, called.audio)
            return caller, called, answer

        yield begin


def both_hear(near: Audio, far: Audio) -> None:
    """Each side hears the other's tone from now on, and nothing else."""
    begin = time.monotonic()
    for audio, hertz in ((near, CALLED_TONE), (far, CALLER_TONE)):
        until(lambda: seconds_of_tone(audio.sound(begin, 1e12), hertz) >= 0.6)  # noqa: B023


def end(node: Node, caller: Phone, called: Phone, line: Line) -> None:
    caller.hang_up()
    called.hear_the_end()
    record = node.record(line.direct)
    assert (record.outcome, record.fault) == (Outcome.ANSWERED, "")
    node.quiet()


@pytest.mark.parametrize(("near", "far"), [(PCMA, PCMA), (PCMA, PCMU), (PCMU, PCMA)])
def test_speech_both_ways(
    node: Node, connect: Connect, line: Line, near: int, far: int
) -> None:
    """Of two phones without a codec in common, each hears its own."""
    caller, called, _ = connect(near, far)
    end(node, caller, called, line)


def test_keys_reach_the_destination_as_events(
    node: Node, connect: Connect, line: Line
) -> None:
    caller, called, answer = connect(PCMA, PCMA)
    caller.audio.press(7, answer.audio)
    until(lambda: any(event[1] & 0x80 for event in called.audio.events))
    assert {event[0] for event in called.audio.events} == {7}
    end(node, caller, called, line)


def test_audio_follows_a_caller_who_moves(node: Node, connect: Connect, line: Line) -> None:
    """A re-INVITE names another port; what still comes from the old one is dropped.

    The destination is not asked: addresses end at our own ports.
    """
    caller, called, answer = connect(PCMA, PCMA)
    old, new = caller.audio, Audio(caller.address, 900.0, 41000)
    try:
        caller.send(caller.request("INVITE", body=caller.description(41000, 2)))
        caller.expect("SIP/2.0 200")
        caller.send(caller.request("ACK"))
        new.speak(answer.audio, source=2)
        begin = time.monotonic()
        until(lambda: seconds_of_tone(new.sound(begin, 1e12), CALLED_TONE) > 0.6)
        until(lambda: seconds_of_tone(called.audio.sound(begin, 1e12), 900.0) > 0.6)
        settled = time.monotonic()
        until(lambda: len(new.between(settled, 1e12)) > 40)
        assert old.between(settled, 1e12) == []
        heard = called.audio.sound(settled, 1e12)
        assert seconds_of_tone(heard, CALLER_TONE) == 0.0
        assert called.waiting("INVITE") == 0
    finally:
        new.stop()
    end(node, caller, called, line)
