"""Small months that a person can count."""

from datetime import UTC, datetime, timedelta

import pytest

from b2bua.core.errors import InvalidState
from b2bua.report.analysis import analyse
from b2bua.report.figures import Figures, Tally
from b2bua.report.month import Month
from b2bua.service.record import Attempt, CallRecord, Outcome, Step
from tests.report.builders import NOVEMBER, record, subject

MONDAY = datetime(2026, 11, 2, 2, 0, tzinfo=UTC)
"""10:00 in Shanghai."""
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def figures(
    *records: CallRecord, at: datetime = datetime(2026, 12, 20, tzinfo=UTC)
) -> Figures:
    ordered = sorted(records, key=lambda one: one.invite_at)
    return analyse(ordered, subject(at=at))


def test_no_calls() -> None:
    found = figures()
    assert found.totals == Tally()
    assert found.totals.connection is None
    assert found.lines.asked_1 == 0
    assert found.callers.distinct == 0


def test_a_call_belongs_to_its_start() -> None:
    midnight = datetime(2026, 11, 30, 16, tzinfo=UTC)
    late = record(midnight - timedelta(seconds=1), talk_ms=600_000)
    assert figures(late).totals.calls == 1
    assert figures(late).days[-1].tally.calls == 1
    next_month = record(midnight, talk_ms=600_000)
    assert figures(next_month).totals.calls == 0
    first = record(datetime(2026, 10, 31, 16, tzinfo=UTC))
    assert figures(first).days[0].tally.calls == 1
    before = record(datetime(2026, 10, 31, 15, 59, 59, tzinfo=UTC))
    assert figures(before).totals.calls == 0
    assert figures(before).before.calls == 1


def test_weekday_and_hour() -> None:
    found = figures(record(MONDAY), record(MONDAY + HOUR - timedelta(microseconds=1)))
    assert found.cells[10].calls == 2
    assert sum(one.calls for one in found.cells) == 2


def test_a_month_that_is_not_over_is_compared_with_as_much_of_the_one_before() -> None:
    october = [record(datetime(2026, 10, day, tzinfo=UTC)) for day in (2, 5, 20)]
    now = datetime(2026, 11, 9, tzinfo=UTC)
    found = figures(*october, record(MONDAY), at=now)
    assert not found.complete
    assert found.before.calls == 2
    assert figures(*october, record(MONDAY)).before.calls == 3


def test_order_is_required() -> None:
    with pytest.raises(InvalidState):
        analyse([record(MONDAY), record(MONDAY - HOUR)], subject())


@pytest.mark.parametrize(
    ("again", "now", "lost", "undecided"),
    [
        (None, 2 * DAY, 1, 0),
        (None, DAY, 0, 1),
        (HOUR, 5 * DAY, 0, 0),
        (2 * DAY, 5 * DAY, 0, 0),
    ],
)
def test_who_is_lost(
    again: timedelta | None, now: timedelta, lost: int, undecided: int
) -> None:
    calls = [record(MONDAY, Outcome.BUSY)]
    if again is not None:
        calls.append(record(MONDAY + again))
    found = figures(*calls, at=MONDAY + now)
    assert (found.callers.lost, found.callers.undecided) == (lost, undecided)


@pytest.mark.parametrize(("hours", "lost"), [(20, 0), (30, 1)])
def test_who_comes_back_after_the_month(hours: int, lost: int) -> None:
    last = datetime(2026, 11, 30, 12, tzinfo=UTC)
    calls = (record(last, Outcome.ABANDONED), record(last + hours * HOUR))
    assert figures(*calls).callers.lost == lost
    assert figures(*calls).missed[0].answered_later


def test_a_hidden_number_is_shown_nowhere() -> None:
    calls = [
        record(MONDAY + HOUR * hour, Outcome.BUSY, caller_private=True) for hour in range(3)
    ]
    found = figures(*calls)
    assert {one.caller for one in found.missed} == {""}
    assert [one.caller for one in found.callers.most] == [""]
    assert found.callers.repeat == 1


def test_a_line_is_held_from_its_ringing() -> None:
    answered = Attempt(
        destination="sales-1",
        number="02088886001",
        trunk="unicom",
        outcome="answered",
        ring_ms=3000,
    )
    first = record(MONDAY, attempts=(answered,), setup_ms=10_000, talk_ms=50_000)
    rings = record(MONDAY + timedelta(seconds=50), attempts=(answered,), setup_ms=10_000)
    assert figures(first, rings).lines.peak_lines == 2
    waits = record(MONDAY + timedelta(seconds=53), attempts=(answered,), setup_ms=10_000)
    assert figures(first, waits).lines.peak_lines == 1
    assert figures(first, waits).lines.peak_calls == 2


def test_the_busy_hour_counts_who_found_it_busy() -> None:
    calls = [
        record(MONDAY + timedelta(minutes=minute), setup_ms=0, talk_ms=180_000)
        for minute in range(10)
    ]
    busy = [record(MONDAY + timedelta(minutes=20), Outcome.BUSY) for _ in range(10)]
    found = figures(*calls, *busy).lines
    assert found.busy_hour is not None
    assert found.busy_hour.carried == pytest.approx(0.5)
    assert found.busy_hour.offered == pytest.approx(1.0)
    assert found.peak_lines == 3
    assert (found.asked_1, found.asked_5) == (5, 4)
    assert found.configured == 4


def test_shares_are_first_assignments_under_each_version() -> None:
    def drawn(minute: int, name: str, version: int) -> CallRecord:
        step = Step("group sales", True, f"percent: {name}")
        at = MONDAY + timedelta(minutes=minute)
        return record(at, plan_version=version, trace=(step,), destination="support")

    calls = [
        drawn(minute, "sales-1" if minute < 7 else "sales-2", 1) for minute in range(10)
    ]
    old = drawn(30, "sales-9", 0)
    found = figures(*calls, old).shares
    assert [(one.version, one.destination, one.assigned, one.of) for one in found] == [
        (1, "sales-1", 7, 10),
        (1, "sales-2", 3, 10),
        (0, "sales-9", 1, 1),
    ]
    assert [one.target == one.actual for one in found] == [True, True, False]


def test_keys_are_followed_through_the_menus() -> None:
    calls = (
        record(MONDAY, route="open", keys="3,9"),
        record(MONDAY, Outcome.BUSY, route="open", keys="1"),
        record(MONDAY, route="gone", keys="1"),
        record(MONDAY, route="open", keys=""),
    )
    found = {
        (one.menu, one.key): (one.presses, one.answered) for one in figures(*calls).keys
    }
    assert found == {
        ("main", "1"): (1, 0),
        ("main", "2"): (0, 0),
        ("main", "3"): (1, 1),
        ("more", "1"): (0, 0),
        ("more", "9"): (1, 1),
        ("", "1"): (1, 1),
    }


def test_areas_and_provinces() -> None:
    calls = [record(MONDAY, area=area) for area in ("0755", "020", "020", "", "0999")]
    found = figures(*calls)
    assert (found.areas[0].area, found.areas[0].province) == ("020", "广东")
    assert found.provinces[0] == ("广东", 3, 3)
    assert {name: calls for name, calls, _ in found.provinces}[""] == 2


def test_months_of_the_past_and_the_future() -> None:
    assert analyse((), subject(Month(1990, 5))).totals.calls == 0
    assert not analyse((), subject(NOVEMBER.next)).complete
