"""``kill -9`` of control in mid-call: nobody hears it, and everybody can hang up."""

import itertools
import os
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from b2bua.service.record import Outcome
from tests.support.node import Node, until
from tests.support.phone import PACE, Arrival, Phone
from tests.support.tones import seconds_of_tone
from tests.wire.numbers import HOST, LINES, Line

pytestmark = pytest.mark.wire

LONGEST_GAP = 0.3
"""Seconds between packets: fifteen times the pace, for a machine that does much else."""


@dataclass(slots=True)
class Talk:
    """A call that was up when control died, and came back."""

    line: Line
    caller: Phone
    called: Phone


@dataclass(slots=True)
class Killing:
    """When control was away, and the calls that went on meanwhile."""

    talks: list[Talk]
    begin: float
    end: float


@pytest.fixture(scope="module")
def killing(node: Node) -> Iterator[Killing]:
    """Two calls, and control killed under them."""
    with ExitStack() as stack:
        talks = [_connected(stack, next(LINES)) for _ in range(2)]
        until(
            lambda: (
                all(call["state"] == "talking" for call in node.live())
                and node.metric("b2bua_live_calls") == 2
            ),
            why="both calls are in the journal",
        )
        died, begin = node.control(), time.monotonic()
        os.kill(died, signal.SIGKILL)
        until(lambda: node.control() != died and node.ready(), 30.0, why="control is back")
        end = time.monotonic() + 0.5
        until(lambda: time.monotonic() > end)
        yield Killing(talks, begin - 0.5, end)


def _connected(stack: ExitStack, line: Line) -> Talk:
    caller = stack.enter_context(Phone(line.address, HOST, 500.0))
    called = stack.enter_context(Phone(line.first, HOST, 700.0))
    caller.send(caller.invitation(line.direct, line.caller))
    called.take()
    caller.answered()
    until(lambda: caller.audio.heard and called.audio.heard, why="speech both ways")
    return Talk(line, caller, called)


def test_nobody_hears_it(killing: Killing) -> None:
    """Not a packet is lost, none comes twice, and none is late for more than a moment."""
    for talk in killing.talks:
        for phone, hertz in ((talk.caller, 700.0), (talk.called, 500.0)):
            heard = phone.audio.between(killing.begin, killing.end)
            assert gaps(heard) == 0
            assert longest_wait(heard, killing) < LONGEST_GAP
            seconds = killing.end - killing.begin
            assert len(heard) == pytest.approx(seconds / PACE, rel=0.15)
            sound = phone.audio.sound(killing.begin, killing.end)
            assert seconds_of_tone(sound, hertz) > 0.8 * seconds


def gaps(heard: list[Arrival]) -> int:
    """Numbers that were left out, or came twice."""
    pairs = itertools.pairwise(heard)
    return sum((two.sequence - one.sequence) & 0xFFFF != 1 for one, two in pairs)


def longest_wait(heard: list[Arrival], killing: Killing) -> float:
    """Seconds without a packet, at most."""
    times = [killing.begin, *(one.at for one in heard), killing.end]
    return max(two - one for one, two in itertools.pairwise(times))


def test_the_caller_hangs_up_afterwards(node: Node, killing: Killing) -> None:
    talk = killing.talks[0]
    talk.caller.hang_up()
    talk.called.hear_the_end()
    recorded(node, talk.line, killing, "caller hung up")


def test_the_destination_hangs_up_afterwards(node: Node, killing: Killing) -> None:
    talk = killing.talks[1]
    talk.called.hang_up()
    talk.caller.hear_the_end()
    recorded(node, talk.line, killing, "destination hung up")
    node.quiet()


def recorded(node: Node, line: Line, killing: Killing, why: str) -> None:
    """There is one record, of the whole talk, charged once."""
    record = node.record(line.direct)
    assert (record.outcome, record.end_reason) == (Outcome.ANSWERED, why)
    assert record.talk_ms > (killing.end - killing.begin - 0.5) * 1000
    assert record.charged_ms == record.talk_ms
    assert record.fee == 400
    assert [a.outcome for a in record.attempts] == ["answered"]


def test_a_call_that_was_not_assigned_begins_again(node: Node) -> None:
    """Control dies while it waits for the caller's port: the next one rings the phone."""
    line, media = next(LINES), media_of(node)
    ours, theirs = Phone(line.address, HOST, 500.0), Phone(line.first, HOST, 700.0)
    with ours as caller, theirs as called:
        os.kill(media, signal.SIGSTOP)
        try:
            died = node.control()
            caller.send(caller.invitation(line.direct, line.caller))
            caller.expect("SIP/2.0 100")
            os.kill(died, signal.SIGKILL)
        finally:
            os.kill(media, signal.SIGCONT)
        called.take()
        answer = caller.answered()
        assert node.control() != died
        assert answer.start.startswith("SIP/2.0 200")
        until(lambda: caller.audio.heard and called.audio.heard, why="speech both ways")
        caller.hang_up()
        called.hear_the_end()
    record = node.record(line.direct)
    assert (record.outcome, record.end_reason) == (Outcome.ANSWERED, "caller hung up")
    assert record.setup_ms > 300, "the time without control is part of it"
    assert [a.outcome for a in record.attempts] == ["answered"]
    node.quiet()


def media_of(node: Node) -> int:
    """Process number of the node's media process."""
    mine = Path(f"/proc/{node.process.pid}/task/{node.process.pid}/children").read_text()
    (found,) = [
        int(child)
        for child in mine.split()
        if b"media.worker.main" in Path(f"/proc/{child}/cmdline").read_bytes()
    ]
    return found
