"""Calls that take their time by the rules: all begin together, each test waits for its own.

Ring times are ten seconds, a lost ACK costs 64·T1, and a session is refreshed after half
of ninety seconds. The node takes a leg for dead that was silent for fifty.
"""

import socket
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from b2bua.service.record import CallRecord, Outcome
from tests.support.node import Node
from tests.support.sipp import Sipp, Stage
from tests.wire.conftest import SCENARIOS
from tests.wire.numbers import HOST, LINES, Line

pytestmark = pytest.mark.wire

LONG = 70


@dataclass(slots=True)
class Slow:
    """One call that is under way."""

    node: Node
    number: str
    peers: list[Sipp] = field(default_factory=list)

    def record(self) -> CallRecord:
        """Once every peer has played its part."""
        for peer in self.peers:
            peer.ended(LONG)
        record = self.node.record(self.number)
        assert record.fault == ""
        return record


class Cast:
    """Begins calls."""

    def __init__(self, node: Node, stage: Stage) -> None:
        self._node, self._stage = node, stage

    def direct(self, caller: str, called: str, **values: object) -> Slow:
        line = next(LINES)
        values = {"timeout": LONG, **values}
        far = self._stage.destination(called, line.first, **values)
        return self._call(line, line.direct, caller, [far], values)

    def forwarded(self, called: str) -> Slow:
        """The second destination answers."""
        line = next(LINES)
        far = [self._stage.destination("talks", line.second, timeout=LONG)]
        far.append(self._stage.destination(called, line.first, timeout=LONG))
        return self._call(line, line.forwarded, "talks", far, {"timeout": LONG})

    def deaf(self) -> tuple[Slow, socket.socket]:
        """The first destination is a socket that nobody reads."""
        line = next(LINES)
        nobody = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        nobody.bind((line.first, 5060))
        far = [self._stage.destination("talks", line.second, timeout=LONG)]
        return self._call(line, line.forwarded, "talks", far, {"timeout": LONG}), nobody

    def _call(
        self,
        line: Line,
        number: str,
        caller: str,
        far: list[Sipp],
        values: dict[str, object],
    ) -> Slow:
        near = self._stage.caller(caller, HOST, line.address, number, line.caller, **values)
        return Slow(self._node, number, [near, *far])


@pytest.fixture(scope="module")
def calls(
    node: Node, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Slow]]:
    """Every slow call, begun."""
    stage = Stage(SCENARIOS, tmp_path_factory.mktemp("slow"))
    cast = Cast(node, stage)
    deaf, nobody = cast.deaf()
    yield {
        "refresh": cast.direct("refreshes", "talks"),
        "silence": cast.direct("waits", "talks"),
        "lost ack": cast.direct("never-acknowledges", "talks"),
        "rings": cast.direct("refused", "rings", status=480, reason="cause=19"),
        "crosses": cast.direct("refused", "crosses", status=480, reason="cause=19"),
        "rings, next": cast.forwarded("rings"),
        "deaf": deaf,
    }
    nobody.close()
    stage.stop()


def told(record: CallRecord) -> list[tuple[str, str, int]]:
    return [(a.destination, a.outcome, a.status) for a in record.attempts]


def test_a_destination_that_never_says_a_word_is_passed_over(
    calls: dict[str, Slow],
) -> None:
    """After a few seconds, not after timer B: a trunk that lives answers 100 at once."""
    record = calls["deaf"].record()
    assert record.outcome is Outcome.ANSWERED
    assert told(record) == [("first", "unreachable", 408), ("second", "answered", 200)]
    assert 3_500 < record.attempts[0].ring_ms < 6_500


def test_nobody_answers(calls: dict[str, Slow]) -> None:
    record = calls["rings"].record()
    assert (record.outcome, record.status, record.q850) == (Outcome.NO_ANSWER, 480, 19)
    assert record.end_reason == "nobody answered"
    assert told(record) == [("first", "no-answer", 0)]
    assert record.attempts[0].ring_ms == pytest.approx(10_000, abs=700)
    assert record.fee == 0


def test_the_next_destination_answers_what_the_first_did_not(
    calls: dict[str, Slow],
) -> None:
    record = calls["rings, next"].record()
    assert (record.outcome, record.destination) == (Outcome.ANSWERED, "second")
    assert told(record) == [("first", "no-answer", 0), ("second", "answered", 200)]


def test_an_answer_that_crosses_our_cancel(calls: dict[str, Slow]) -> None:
    """It is acknowledged and hung up, and the caller hears that nobody answered.

    ::

        node                 destination
         | CANCEL ------------->|
         |<-- 200 (CANCEL) -----|
         |<-- 200 (INVITE) -----|
         | ACK ---------------->|
         | BYE ---------------->|
    """
    record = calls["crosses"].record()
    assert (record.outcome, record.status) == (Outcome.NO_ANSWER, 480)
    assert record.fee == 0


def test_a_lost_ack_ends_both_sides(calls: dict[str, Slow]) -> None:
    record = calls["lost ack"].record()
    assert record.end_reason.startswith("caller lost")
    assert record.talk_ms == pytest.approx(32_000, abs=2_000)


def test_a_session_is_refreshed(calls: dict[str, Slow]) -> None:
    """First by us, then, turned around, by the caller."""
    record = calls["refresh"].record()
    assert (record.outcome, record.end_reason) == (Outcome.ANSWERED, "caller hung up")
    assert record.talk_ms == pytest.approx(45_000, abs=2_000)


def test_a_call_without_audio_is_ended_on_both_sides(calls: dict[str, Slow]) -> None:
    record = calls["silence"].record()
    assert (record.outcome, record.end_reason) == (Outcome.ANSWERED, "no audio")
    assert record.talk_ms == pytest.approx(50_000, abs=3_000)


def test_nothing_is_left(node: Node, calls: dict[str, Slow]) -> None:
    for call in calls.values():
        call.record()
    node.quiet()
