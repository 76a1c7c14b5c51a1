"""Months, their quarters of an hour, and what lies where."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from b2bua.report.month import (
    QUARTER,
    MalformedMonth,
    Month,
    Quarters,
    microseconds,
    moment_of,
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
