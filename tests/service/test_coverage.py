"""Time rules as sets of minutes: they say what the rules themselves say, over the week."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from b2bua.service.coverage import DAY, EVERY, WEEK, certain, first_of, possible, union
from b2bua.service.plan import Calendar, When
from b2bua.service.schedule import clock, time_mismatch
from tests.service.plans import the_plan

ORDINARY = Calendar(years=frozenset((2026,)))
"""A year without holidays: what a day is, its weekday tells."""
MONDAY = datetime(2026, 11, 16, tzinfo=ZoneInfo("Asia/Shanghai"))

minutes = st.integers(0, DAY - 1)
days = st.frozensets(st.integers(0, 6), min_size=1)
spans = st.lists(st.tuples(minutes, minutes), max_size=3).map(tuple)


@given(days, spans, minutes, st.integers(0, 6))
def test_a_rule_holds_at_the_minutes_of_its_set(
    on: frozenset[int], hours: tuple[tuple[int, int], ...], minute: int, day: int
) -> None:
    when = When(days=on, hours=hours)
    at = MONDAY + timedelta(days=day, minutes=minute)
    holds = not time_mismatch(when, clock(the_plan(), at, ORDINARY))
    place = day * DAY + minute + (0 if day < 5 else WEEK)
    assert holds is bool(possible(when) >> place & 1)


@given(days, minutes, minutes)
def test_a_rule_and_what_is_left_of_the_day_cover_the_week(
    on: frozenset[int], first: int, last: int
) -> None:
    """Whatever the hours: they and the hours between their end and their start are all."""
    rest = When(hours=(((last + 1) % DAY, (first - 1) % DAY),))
    hours = When(hours=((first, last),))
    whole = union((certain(hours), certain(rest)))
    assert whole == EVERY or (last + 1) % DAY == first
    others = frozenset(range(7)) - on
    parted = [When(days=on), *([When(days=others)] if others else [])]
    assert union(map(certain, parted)) == EVERY


@pytest.mark.parametrize(
    ("when", "first"),
    [
        (When(), "Mon at 00:00 if it is a workday"),
        (When(workday=False), "Mon at 00:00 if it is a day off"),
        (
            When(days=frozenset((6,)), hours=((1380, 59),)),
            "Mon at 00:00 if it is a workday",
        ),
        (When(days=frozenset((2,)), hours=((61, 62),)), "Wed at 01:01 if it is a workday"),
    ],
)
def test_the_first_minute(when: When, first: str) -> None:
    assert first_of(possible(when)) == first


def test_nothing_is_certain_of_some_callers_and_dates() -> None:
    day = MONDAY.date()
    for when in (When(areas=("010",)), When(callers=("1*",)), When(dates=((day, day),))):
        assert certain(when) == 0
        assert possible(when) == EVERY
