"""§6: weekdays, minutes, nights, holidays and make-up workdays."""

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from b2bua.service.plan import Calendar, When
from b2bua.service.schedule import (
    DayKind,
    clock,
    days_text,
    hours_text,
    time_mismatch,
)
from tests.service.plans import CALENDAR, at, the_plan

MON_FRI = frozenset(range(5))
SAT_SUN = frozenset((5, 6))
FRIDAY = frozenset((4,))

OFFICE = When(days=MON_FRI, hours=((540, 1079),))
OFFICE_WORKDAYS = When(days=MON_FRI, hours=((540, 1079),), workday=True)
WHOLE_DAY = When(hours=((0, 1439),))
FRIDAY_NIGHT = When(days=FRIDAY, hours=((22 * 60, 6 * 60),))
NIGHT_OF_WORKDAYS = When(hours=((22 * 60, 6 * 60),), workday=True)
DAYS_OFF = When(workday=False)
WEEKEND_AND_HOLIDAYS = When(days=SAT_SUN, workday=False)
GOLDEN_WEEK = When(dates=((date(2026, 10, 1), date(2026, 10, 7)),))
LUNCH_AND_EVENING = When(hours=((720, 779), (1080, 1199)))


def holds(when: When, moment: datetime, calendar: Calendar = CALENDAR) -> bool:
    return not time_mismatch(when, clock(the_plan(), moment, calendar))


@pytest.mark.parametrize(
    ("when", "moment", "expected"),
    [
        # 2026-11-16 is a Monday; the end minute is inclusive
        (OFFICE, "2026-11-16 08:59", False),
        (OFFICE, "2026-11-16 09:00", True),
        (OFFICE, "2026-11-16 17:59", True),
        (OFFICE, "2026-11-16 18:00", False),
        (OFFICE, "2026-11-21 10:00", False),
        (WHOLE_DAY, "2026-11-16 00:00", True),
        (WHOLE_DAY, "2026-11-16 23:59", True),
        (LUNCH_AND_EVENING, "2026-11-16 12:59", True),
        (LUNCH_AND_EVENING, "2026-11-16 13:00", False),
        (LUNCH_AND_EVENING, "2026-11-16 19:59", True),
        # a night belongs to the day on which it starts
        (FRIDAY_NIGHT, "2026-11-20 21:59", False),
        (FRIDAY_NIGHT, "2026-11-20 22:00", True),
        (FRIDAY_NIGHT, "2026-11-21 06:00", True),
        (FRIDAY_NIGHT, "2026-11-21 06:01", False),
        (FRIDAY_NIGHT, "2026-11-20 05:00", False),
        (FRIDAY_NIGHT, "2026-11-21 23:00", False),
        # the night before the holiday is a workday's, the holiday's own is not
        (NIGHT_OF_WORKDAYS, "2026-10-01 05:00", True),
        (NIGHT_OF_WORKDAYS, "2026-10-01 23:00", False),
        (NIGHT_OF_WORKDAYS, "2026-10-02 05:00", False),
        (NIGHT_OF_WORKDAYS, "2026-10-08 05:00", False),
        (NIGHT_OF_WORKDAYS, "2026-10-08 23:00", True),
        # holiday, make-up workday, weekday
        (OFFICE_WORKDAYS, "2026-10-08 10:00", True),
        (OFFICE_WORKDAYS, "2026-10-01 10:00", False),
        (OFFICE_WORKDAYS, "2026-10-10 10:00", True),
        (OFFICE_WORKDAYS, "2026-09-20 10:00", True),
        (OFFICE_WORKDAYS, "2026-10-17 10:00", False),
        (OFFICE, "2026-10-01 10:00", True),
        (OFFICE, "2026-10-10 10:00", False),
        (DAYS_OFF, "2026-10-01 10:00", True),
        (DAYS_OFF, "2026-10-10 10:00", False),
        (DAYS_OFF, "2026-10-17 10:00", True),
        (WEEKEND_AND_HOLIDAYS, "2026-10-01 10:00", True),
        (WEEKEND_AND_HOLIDAYS, "2026-10-10 10:00", False),
        (WEEKEND_AND_HOLIDAYS, "2026-10-08 10:00", False),
        # an explicit date outranks all that
        (GOLDEN_WEEK, "2026-09-30 23:59", False),
        (GOLDEN_WEEK, "2026-10-01 00:00", True),
        (GOLDEN_WEEK, "2026-10-07 23:59", True),
        (GOLDEN_WEEK, "2026-10-08 00:00", False),
    ],
)
def test_when_a_rule_holds(when: When, moment: str, expected: bool) -> None:
    assert holds(when, at(moment)) is expected


def test_a_make_up_day_is_no_day_of_a_part_of_the_week() -> None:
    """Nobody says which weekday it stands for, so only whole working weeks take it in."""
    part = When(days=frozenset((0, 1)), workday=True)
    assert not holds(part, at("2026-10-10 10:00"))
    assert holds(When(days=SAT_SUN, workday=True), at("2026-10-10 10:00"))


def test_the_enterprises_own_calendar_outranks_the_states() -> None:
    plan = replace(
        the_plan(),
        closed_days=frozenset((date(2026, 10, 8), date(2026, 10, 10))),
        open_days=frozenset((date(2026, 10, 1),)),
    )
    kinds = [
        clock(plan, at("2026-10-01 10:00"), CALENDAR).kind(date(2026, 10, day))
        for day in (1, 2, 8, 10, 12)
    ]
    assert kinds == [
        DayKind.OWN_OPEN,
        DayKind.HOLIDAY,
        DayKind.OWN_CLOSED,
        DayKind.OWN_CLOSED,
        DayKind.WORKDAY,
    ]


def test_without_data_for_the_year_weekdays_decide() -> None:
    assert holds(OFFICE_WORKDAYS, at("2027-10-01 10:00"))
    assert not holds(OFFICE_WORKDAYS, at("2027-10-02 10:00"))


def test_the_plans_zone_decides_what_time_it_is() -> None:
    """01:00 UTC is 09:00 in Shanghai, and 23:30 UTC on Friday is Saturday there."""
    assert holds(OFFICE, datetime.fromisoformat("2026-11-16T01:00+00:00"))
    assert not holds(OFFICE, datetime.fromisoformat("2026-11-20T23:30+00:00"))


def test_why_a_rule_does_not_hold_is_said() -> None:
    def why(when: When, moment: str) -> str:
        return time_mismatch(when, clock(the_plan(), at(moment), CALENDAR))

    assert why(OFFICE, "2026-11-16 18:00") == "18:00 is not in 09:00-17:59"
    assert why(OFFICE, "2026-11-21 10:00") == "Sat is not in Mon-Fri"
    assert why(DAYS_OFF, "2026-11-16 10:00") == "2026-11-16 is a workday, not a day off"


@pytest.mark.parametrize(
    ("days", "text"),
    [
        (range(5), "Mon-Fri"),
        (range(7), "Mon-Sun"),
        ((0, 2, 3, 6), "Mon,Wed-Thu,Sun"),
        ((1,), "Tue"),
    ],
)
def test_days_are_written_as_in_a_plan(days: range, text: str) -> None:
    assert days_text(frozenset(days)) == text


def test_hours_are_written_as_in_a_plan() -> None:
    assert hours_text(((0, 1439), (1320, 360))) == "00:00-23:59,22:00-06:00"


minutes = st.integers(0, 1439)
moments = st.integers(0, 3 * 365 * 1440).map(
    lambda minute: at("2025-01-01 00:00") + timedelta(minutes=minute)
)


@given(moments, minutes, minutes)
def test_hours_and_their_complement_cover_the_week_once(
    moment: datetime, first: int, last: int
) -> None:
    """Every minute lies either in a range or in what is left of the day."""
    rest = ((last + 1) % 1440, (first - 1) % 1440)
    inside = holds(When(hours=((first, last),)), moment)
    outside = holds(When(hours=(rest,)), moment)
    if rest[0] == first:
        assert inside  # the range is the whole day
    else:
        assert inside != outside


@given(moments)
def test_every_day_is_either_worked_or_off(moment: datetime) -> None:
    assert holds(When(workday=True), moment) != holds(DAYS_OFF, moment)
    weekly = holds(OFFICE_WORKDAYS, moment) or holds(WEEKEND_AND_HOLIDAYS, moment)
    in_hours = 540 <= moment.hour * 60 + moment.minute <= 1079
    assert weekly or not in_hours


@given(moments, minutes, minutes)
def test_a_night_is_the_evening_and_the_next_morning(
    moment: datetime, first: int, last: int
) -> None:
    if first <= last:
        return
    night = When(days=FRIDAY, hours=((first, last),))
    minute = moment.hour * 60 + moment.minute
    evening = moment.weekday() == 4 and minute >= first
    morning = (moment - timedelta(days=1)).weekday() == 4 and minute <= last
    assert holds(night, moment) == (evening or morning)
