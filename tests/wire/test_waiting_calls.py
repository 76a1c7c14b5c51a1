"""Calls that take their time by the rules: each test waits for its own.

Ring times are ten seconds, a lost ACK costs 64·T1, and a session is refreshed after half
of ninety seconds. The node takes a leg for dead that was silent for fifty.
"""

import pytest

from b2bua.service.record import CallRecord, Outcome
from tests.wire.waiting import Slow

pytestmark = pytest.mark.wire


@pytest.fixture
def calls(waiting: dict[str, Slow]) -> dict[str, Slow]:
    return waiting


def told(record: CallRecord) -> list[tuple[str, str, int]]:
    return [(a.destination, a.outcome, a.status) for a in record.attempts]


def test_a_destination_that_never_says_a_word_is_passed_over(
    calls: dict[str, Slow],
) -> None:
    """After a few seconds, not after timer B: a trunk that lives answers 100 at once."""
    record = calls["deaf, next"].record()
    assert record.outcome is Outcome.ANSWERED
    assert told(record) == [("first", "unreachable", 408), ("second", "answered", 200)]
    assert 3_500 < record.attempts[0].ring_ms < 8_000


def test_nobody_there_is_a_failure_of_the_trunk(calls: dict[str, Slow]) -> None:
    record = calls["nobody there"].record()
    assert (record.outcome, record.status, record.q850) == (Outcome.FAILED, 480, 41)
    assert record.end_reason == "every outbound trunk failed"
    assert told(record) == [("first", "unreachable", 408)]


def test_nobody_answers(calls: dict[str, Slow]) -> None:
    record = calls["rings"].record()
    assert (record.outcome, record.status, record.q850) == (Outcome.NO_ANSWER, 480, 19)
    assert record.end_reason == "nobody answered"
    assert told(record) == [("first", "no-answer", 0)]
    assert record.attempts[0].ring_ms == pytest.approx(10_000, abs=1_500)
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


def test_nothing_is_left(calls: dict[str, Slow]) -> None:
    for call in calls.values():
        call.record()
    calls["rings"].node.quiet()
