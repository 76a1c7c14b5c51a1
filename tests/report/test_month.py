"""Months, their quarters of an hour, and what lies where."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from b2bua.report.month import (
    QUARTER,
    MalformedMonth,
    Month,
    Quarters,
    Week,
    microseconds,
    moment_of,
    period_of,
)

SHANGHAI = ZoneInfo("Asia/Shanghai")
ZONES = ("Asia/Shanghai", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe")


@pytest.mark.parametrize(
    "text", ["", "2026", "2026-13", "2026-00", "2026-1", "26-11", "٢٠٢٦-11", "1900-01"]
)
def test_what_is_no_month(text: str) -> None:
    with pytest.raises(MalformedMonth, match="2026-11"):
        Month.parse(text)


def test_neighbours() -> None:
    assert Month.parse("2026-12").next == Month(2027, 1)
    assert Month.parse("2026-01").before == Month(2025, 12)
    assert str(Month(2026, 3)) == "2026-03"


@pytest.mark.parametrize("text", ["2026-W54", "2025-W53", "2026-W00", "2026-W7", "W47"])
def test_what_is_no_week(text: str) -> None:
    with pytest.raises(MalformedMonth, match="week"):
        period_of(text)


@given(st.dates(date(1990, 1, 1), date(2090, 1, 1)))
def test_a_week_is_seven_days_from_monday(day: date) -> None:
    week = Week.of(day)
    assert period_of(str(week)) == week
    assert week.first <= day < week.next.first == week.first + timedelta(days=7)
    assert week.first.weekday() == 0
    assert week.next.before == week
    assert len(Quarters.of(week, SHANGHAI).places) == 7 * 96


def test_weeks_at_the_turn_of_a_year() -> None:
    assert str(Week.of(date(2027, 1, 1))) == "2026-W53"
    assert Week(2026, 53).next == Week(2027, 1)


def test_it_begins_at_midnight_in_its_zone() -> None:
    assert Month(2026, 11).start(SHANGHAI) == datetime(2026, 10, 31, 16, tzinfo=UTC)


@given(
    month=st.builds(Month, st.integers(1990, 2040), st.integers(1, 12)),
    zone=st.sampled_from(ZONES),
)
def test_every_quarter_knows_its_place(month: Month, zone: str) -> None:
    there = ZoneInfo(zone)
    quarters = Quarters.of(month, there)
    assert moment_of(quarters.end, there) == month.next.start(there)
    for index in range(0, len(quarters.places), 7):
        begins = quarters.start + index * QUARTER
        for at in (begins, begins + QUARTER - 1):
            local = moment_of(at, there)
            place = quarters.places[index]
            assert (place.day + 1, place.cell) == (
                local.day,
                local.weekday() * 24 + local.hour,
            )


@given(st.datetimes(datetime(1971, 1, 1), datetime(9990, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_microseconds_and_back(at: datetime) -> None:
    assert moment_of(microseconds(at), SHANGHAI) == at
