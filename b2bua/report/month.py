"""A month in a plan's zone, cut into quarters of an hour.

A call belongs to the month, the day and the hour in which its INVITE came. Quarters are
counted from the month's first midnight and not from the clock, so that a day of 23 or 25
hours (summer time) needs no exception: each quarter knows its day, weekday and hour.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, Self
from zoneinfo import ZoneInfo

from b2bua.core.errors import B2buaError

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND: Final = timedelta(microseconds=1)
QUARTER: Final = 900_000_000
"""Microseconds in a quarter of an hour."""
DAY: Final = 86_400_000_000
EARLIEST_YEAR: Final = 1971
LATEST_YEAR: Final = 9997


class MalformedMonth(B2buaError):
    """The text names no month; the message says what one looks like."""


def microseconds(at: datetime) -> int:
    """An aware datetime as microseconds since 1970."""
    return (at - EPOCH) // MICROSECOND


def moment_of(at: int, zone: ZoneInfo) -> datetime:
    """The reverse of :func:`microseconds`, on the clocks of ``zone``."""
    return (EPOCH + at * MICROSECOND).astimezone(zone)


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """A month of the calendar."""

    year: int
    number: int
    """1 to 12."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``2026-11``. Raises :class:`MalformedMonth`."""
        matched = re.fullmatch(r"([0-9]{4})-(0[1-9]|1[0-2])", text)
        if matched is None or not EARLIEST_YEAR <= int(matched[1]) <= LATEST_YEAR:
            raise MalformedMonth(f"{text[:40]!r} is no month such as 2026-11")
        return cls(int(matched[1]), int(matched[2]))

    def __str__(self) -> str:
        return f"{self.year:04}-{self.number:02}"

    @property
    def first(self) -> date:
        """Its first day."""
        return date(self.year, self.number, 1)

    @property
    def next(self) -> "Month":
        """The month after."""
        return Month(self.year + self.number // 12, self.number % 12 + 1)

    @property
    def before(self) -> "Month":
        """The month before."""
        return Month(self.year - (self.number == 1), (self.number - 2) % 12 + 1)

    def start(self, zone: ZoneInfo) -> datetime:
        """When it begins on the clocks of ``zone``, in UTC."""
        return datetime.combine(self.first, time.min, zone).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a quarter of an hour lies in its month."""

    day: int
    """0 is the first of the month."""
    cell: int
    """Weekday (Monday is 0) x 24 + hour."""


@dataclass(frozen=True, slots=True)
class Quarters:
    """The quarters of an hour of one month."""

    start: int
    """Microseconds since 1970."""
    places: tuple[Place, ...]

    @classmethod
    def of(cls, month: Month, zone: ZoneInfo) -> Self:
        """Cut up a month."""
        start = microseconds(month.start(zone))
        count = (microseconds(month.next.start(zone)) - start) // QUARTER
        return cls(
            start, tuple(_place(start + n * QUARTER, zone, month) for n in range(count))
        )

    @property
    def end(self) -> int:
        """When the month is over, microseconds since 1970."""
        return self.start + len(self.places) * QUARTER

    @property
    def days(self) -> int:
        """Days of the month."""
        return self.places[-1].day + 1


def _place(at: int, zone: ZoneInfo, month: Month) -> Place:
    local = moment_of(at, zone)
    return Place((local.date() - month.first).days, local.weekday() * 24 + local.hour)
