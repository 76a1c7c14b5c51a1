"""§8: the N-th call is accepted and the next is not."""

from datetime import datetime

import pytest

from b2bua.service.limits import (
    Cap,
    CapState,
    Usage,
    cap_states,
    first_reached,
    full,
    month_start,
    week_start,
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
    found = first_reached(CAPS, usage)
    assert (found and found.cap) == reached


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
        ("2026-11-15T15:59:59+00:00", "2026-10-31T16:00+00:00", "2026-11-08T16:00+00:00"),
        ("2026-11-15T16:00:00+00:00", "2026-10-31T16:00+00:00", "2026-11-15T16:00+00:00"),
        ("2026-10-31T16:00:00+00:00", "2026-10-31T16:00+00:00", "2026-10-25T16:00+00:00"),
        ("2026-12-31T17:00:00+00:00", "2026-12-31T16:00+00:00", "2026-12-27T16:00+00:00"),
    ],
)
def test_periods_begin_in_the_plans_zone(moment: str, month: str, week: str) -> None:
    when = datetime.fromisoformat(moment)
    assert month_start(when, "Asia/Shanghai") == datetime.fromisoformat(month)
    assert week_start(when, "Asia/Shanghai") == datetime.fromisoformat(week)
