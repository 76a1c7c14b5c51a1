"""A month or a week in a plan's zone, cut into quarters of an hour.

A call belongs to the period, the day and the hour in which its INVITE came. Quarters are
counted from the period's first midnight and not from the clock, so that a day of 23 or 25
hours (summer time) needs no exception: each quarter knows its day, weekday and hour.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import ClassVar, Final, Self, TypeAlias
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

    days_back: ClassVar[int] = 28
    """To the day that a day is set beside, on the same weekday."""

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


@dataclass(frozen=True, slots=True, order=True)
class Week:
    """A week of the calendar, from Monday on (ISO 8601)."""

    days_back: ClassVar[int] = 7

    year: int
    """That most of its days are in."""
    number: int
    """1 to 53."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``2026-W47``. Raises :class:`MalformedMonth`."""
        matched = re.fullmatch(r"([0-9]{4})-W([0-5][0-9])", text)
        if matched is None or not EARLIEST_YEAR <= int(matched[1]) <= LATEST_YEAR:
            raise MalformedMonth(f"{text[:40]!r} is no week such as 2026-W47")
        found = cls(int(matched[1]), int(matched[2]))
        try:
            date.fromisocalendar(found.year, found.number, 1)
        except ValueError as error:
            raise MalformedMonth(f"there is no week {text}") from error
        return found

    @classmethod
    def of(cls, day: date) -> Self:
        """The week that a day is in."""
        year, number, _ = day.isocalendar()
        return cls(year, number)

    def __str__(self) -> str:
        return f"{self.year:04}-W{self.number:02}"

    @property
    def first(self) -> date:
        """Its Monday."""
        return date.fromisocalendar(self.year, self.number, 1)

    @property
    def next(self) -> "Week":
        """The week after."""
        return Week.of(self.first + timedelta(days=7))

    @property
    def before(self) -> "Week":
        """The week before."""
        return Week.of(self.first - timedelta(days=7))

    def start(self, zone: ZoneInfo) -> datetime:
        """When it begins on the clocks of ``zone``, in UTC."""
        return datetime.combine(self.first, time.min, zone).astimezone(UTC)


Period: TypeAlias = Month | Week
"""What figures are of."""


def period_of(text: str) -> Period:
    """Read ``2026-11`` or ``2026-W47``. Raises :class:`MalformedMonth`."""
    return Week.parse(text) if "W" in text else Month.parse(text)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a quarter of an hour lies in its period."""

    day: int
    """0 is the first of the period."""
    cell: int
    """Weekday (Monday is 0) x 24 + hour."""


@dataclass(frozen=True, slots=True)
class Quarters:
    """The quarters of an hour of one period."""

    start: int
    """Microseconds since 1970."""
    places: tuple[Place, ...]

    @classmethod
    def of(cls, period: Period, zone: ZoneInfo) -> Self:
        """Cut up a period."""
        start = microseconds(period.start(zone))
        count = (microseconds(period.next.start(zone)) - start) // QUARTER
        return cls(
            start, tuple(_place(start + n * QUARTER, zone, period) for n in range(count))
        )

    @property
    def end(self) -> int:
        """When the period is over, microseconds since 1970."""
        return self.start + len(self.places) * QUARTER

    @property
    def days(self) -> int:
        """Days of the period."""
        return self.places[-1].day + 1


def _place(at: int, zone: ZoneInfo, period: Period) -> Place:
    local = moment_of(at, zone)
    return Place((local.date() - period.first).days, local.weekday() * 24 + local.hour)
