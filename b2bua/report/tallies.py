"""Tallies being counted: plain rows of integers, made values when all is counted."""

from collections import Counter
from typing import Final, TypeAlias

from b2bua.report.figures import Tally
from b2bua.service.record import CallRecord, Outcome

Row: TypeAlias = list[int]
"""A tally being counted, its fields in their order."""

_PLACE: Final = {
    Outcome.ANSWERED: 1,
    Outcome.BUSY: 2,
    Outcome.NO_ANSWER: 3,
    Outcome.ABANDONED: 4,
    Outcome.REFUSED: 5,
    Outcome.FAILED: 6,
}


def row() -> Row:
    """A tally of nothing."""
    return [0] * 12


class Tallies:
    """Everything that is only counted."""

    def __init__(self, days: int, days_before: int) -> None:
        self.totals = row()
        self.before = row()
        self.days = [row() for _ in range(days)]
        self.days_before = [0] * days_before
        self.cells = [row() for _ in range(168)]
        self.closed = [0] * 168
        self.areas: dict[str, Row] = {}
        self.routes: dict[str, Row] = {}
        self.attempts: Counter[tuple[str, str]] = Counter()
        """By destination and outcome."""
        self.ringing: Counter[str] = Counter()
        self.talk: Counter[str] = Counter()
        self.fees: Counter[str] = Counter()
        self.assigned: Counter[tuple[int, str, str]] = Counter()
        """First assignments by plan version, group and destination."""
        self.presses: Counter[tuple[str, str]] = Counter()
        """By menu and key."""
        self.pressed_answered: Counter[tuple[str, str]] = Counter()
        self.reasons: Counter[tuple[Outcome, str]] = Counter()


def count(into: Row, record: CallRecord) -> None:
    """Add one call to a tally."""
    kind = _PLACE[record.outcome]
    into[0] += 1
    into[kind] += 1
    into[7] += record.talk_ms
    if kind == 1:
        into[8] += record.setup_ms
    elif kind == 4:
        into[9] += record.setup_ms
    into[10] += record.fee
    into[11] += record.caller_fee


def tally(counted: Row) -> Tally:
    """A counted row as a value."""
    return Tally(
        calls=counted[0],
        answered=counted[1],
        busy=counted[2],
        no_answer=counted[3],
        abandoned=counted[4],
        refused=counted[5],
        failed=counted[6],
        talk_ms=counted[7],
        setup_ms=counted[8],
        waited_ms=counted[9],
        fee=counted[10],
        caller_fee=counted[11],
    )
