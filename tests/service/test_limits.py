"""§8: the N-th call is accepted and the next is not."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from b2bua.service.limits import (
    Cap,
    CapState,
    Period,
    Usage,
    cap_states,
    full,
    period_start,
    step_reached,
)
from b2bua.service.plan import Caps, Destination

CAPS = Caps(calls_per_month=100, calls_per_week=30, spend_per_month=500_000)


@pytest.mark.parametrize(
    ("usage", "reached"),
    [
        (Usage(), None),
        (Usage(calls_this_month=99), None),
        (Usage(calls_this_month=100), Cap.CALLS_PER_MONTH),
        (Usage(calls_this_month=101), Cap.CALLS_PER_MONTH),
        (Usage(calls_this_week=29), None),
        (Usage(calls_this_week=30), Cap.CALLS_PER_WEEK),
        (Usage(spent_this_month=499_999), None),
        (Usage(spent_this_month=500_000), Cap.SPEND_PER_MONTH),
        (Usage(spent_this_month=499_600, reserved=400), Cap.SPEND_PER_MONTH),
        (Usage(calls_this_month=100, calls_this_week=30), Cap.CALLS_PER_MONTH),
    ],
)
def test_caps(usage: Usage, reached: Cap | None) -> None:
    found = [state.cap for state in cap_states(CAPS, usage) if state.reached]
    assert found[:1] == ([] if reached is None else [reached])


def test_only_caps_that_are_set_are_looked_at() -> None:
    assert cap_states(Caps(), Usage(calls_this_month=10**9)) == []
    assert cap_states(Caps(calls_per_week=0), Usage()) == [
        CapState(Cap.CALLS_PER_WEEK, 0, 0)
    ]


@pytest.mark.parametrize(
    ("limit", "live", "expected"),
    [(None, 10_000, False), (2, 1, False), (2, 2, True), (2, 3, True)],
)
def test_concurrent_calls(limit: int | None, live: int, expected: bool) -> None:
    one = Destination(name="d", number="02088886001", trunk="t", concurrent=limit)
    assert full(one, live) is expected


@pytest.mark.parametrize(
    ("moment", "month", "week"),
    [
        # 16:00 UTC is midnight in Shanghai; 2026-11-16 is a Monday
        ("2026-11-15T15:59:59+00:00", date(2026, 11, 1), date(2026, 11, 9)),
        ("2026-11-15T16:00:00+00:00", date(2026, 11, 1), date(2026, 11, 16)),
        ("2026-10-31T15:59:59+00:00", date(2026, 10, 1), date(2026, 10, 26)),
        ("2026-10-31T16:00:00+00:00", date(2026, 11, 1), date(2026, 10, 26)),
        ("2026-12-31T17:00:00+00:00", date(2027, 1, 1), date(2026, 12, 28)),
    ],
)
def test_periods_begin_in_the_plans_zone(moment: str, month: date, week: date) -> None:
    when = datetime.fromisoformat(moment)
    assert period_start(Period.MONTH, when, "Asia/Shanghai") == month
    assert period_start(Period.WEEK, when, "Asia/Shanghai") == week


@pytest.mark.parametrize("zone", ["Asia/Kathmandu", "Australia/Eucla", "America/New_York"])
def test_a_day_ends_to_the_second(zone: str) -> None:
    midnight = datetime(2026, 12, 1, tzinfo=ZoneInfo(zone))
    before = midnight.astimezone(UTC) - timedelta(seconds=1)
    assert period_start(Period.MONTH, before, zone) == date(2026, 11, 1)
    assert period_start(Period.MONTH, midnight.astimezone(UTC), zone) == date(2026, 12, 1)


@pytest.mark.parametrize(
    ("used", "limit", "step"),
    [
        (79, 100, 0),
        (80, 100, 80),
        (89, 100, 80),
        (90, 100, 90),
        (99, 100, 90),
        (100, 100, 100),
        (130, 100, 100),
        (0, 1, 0),
        (1, 1, 100),
        (2, 3, 0),
    ],
)
def test_when_somebody_is_told(used: int, limit: int, step: int) -> None:
    assert step_reached(CapState(Cap.CALLS_PER_MONTH, used, limit)) == step
