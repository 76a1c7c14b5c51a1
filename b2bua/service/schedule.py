"""Time rules: weekdays, minutes of the day, holidays and make-up workdays (§6).

A plan has one time zone. Hours are in minutes and the last minute is inclusive: until
17:59 means until 18:00. Hours that go over midnight belong to the day on which they
start: at Saturday 02:00 a rule for Friday 22:00-06:00 holds, and its weekday and its
holiday are Friday's.

What a day is, first that applies: the enterprise's own calendar, statutory holiday,
make-up workday, weekday. A year without data leaves the weekday to decide.
"""

import enum
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from b2bua.service.plan import Calendar, Override, Plan, When

WORKING_WEEK: Final = frozenset(range(5))
WEEKEND: Final = frozenset((5, 6))
WEEKDAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


class DayKind(enum.Enum):
    """What a day is, and by which rule."""

    OWN_CLOSED = "a day off of the enterprise"
    OWN_OPEN = "a workday of the enterprise"
    HOLIDAY = "a statutory holiday"
    MAKE_UP = "a make-up workday"
    WORKDAY = "a workday"
    WEEKEND = "a weekend day"
    UNDATED_WORKDAY = "a workday by its weekday, the calendar has no data for the year"
    UNDATED_WEEKEND = "a weekend day by its weekday, the calendar has no data for the year"

    @property
    def worked(self) -> bool:
        """Whether people work on it."""
        return self in _WORKED


_WORKED: Final = frozenset(
    (DayKind.OWN_OPEN, DayKind.MAKE_UP, DayKind.WORKDAY, DayKind.UNDATED_WORKDAY)
)


@dataclass(frozen=True, slots=True)
class Clock:
    """A plan's view of a moment: local time, and what each day is."""

    local: datetime
    plan: Plan
    calendar: Calendar

    @property
    def minute(self) -> int:
        """Minute of the day, 0 to 1439."""
        return self.local.hour * 60 + self.local.minute

    def kind(self, day: date) -> DayKind:
        """What ``day`` is for this plan."""
        if day in self.plan.closed_days:
            return DayKind.OWN_CLOSED
        if day in self.plan.open_days:
            return DayKind.OWN_OPEN
        working = day.weekday() in WORKING_WEEK
        if day.year not in self.calendar.years:
            return DayKind.UNDATED_WORKDAY if working else DayKind.UNDATED_WEEKEND
        if day in self.calendar.holidays:
            return DayKind.HOLIDAY
        if day in self.calendar.workdays:
            return DayKind.MAKE_UP
        return DayKind.WORKDAY if working else DayKind.WEEKEND


def clock(plan: Plan, at: datetime, calendar: Calendar) -> Clock:
    """The plan's view of ``at``, an aware datetime."""
    return Clock(at.astimezone(ZoneInfo(plan.timezone)), plan, calendar)


def time_mismatch(when: When, moment: Clock) -> str:
    """Why the time conditions do not hold, in a few words; empty if they do."""
    today = moment.local.date()
    if not when.hours:
        return day_mismatch(when, today, moment)
    reason = f"{moment.local:%H:%M} is not in {hours_text(when.hours)}"
    for first, last in when.hours:
        if first <= last:
            day = today if first <= moment.minute <= last else None
        elif moment.minute >= first:
            day = today
        elif moment.minute <= last:
            day = today - timedelta(days=1)
        else:
            day = None
        if day is not None:
            reason = day_mismatch(when, day, moment)
            if not reason:
                return ""
    return reason


def override_mismatch(rule: Override, moment: Clock) -> str:
    """Why a temporary way is not taken; empty if it is."""
    if rule.since is not None and moment.local < rule.since:
        return f"begins {stamp(rule.since, moment)}"
    if moment.local >= rule.until:
        return f"ended {stamp(rule.until, moment)}"
    return ""


def stamp(at: datetime, moment: Clock) -> str:
    """Another moment as the plan's clock shows it: ``2026-11-24 08:00``."""
    return f"{at.astimezone(moment.local.tzinfo):%Y-%m-%d %H:%M}"


def day_mismatch(when: When, day: date, moment: Clock) -> str:
    """Why the day conditions do not hold for ``day``; empty if they do."""
    if when.dates:
        if any(first <= day <= last for first, last in when.dates):
            return ""
        return f"{day} is not among the dates"
    kind = moment.kind(day)
    if when.workday is not None and kind.worked != when.workday:
        wanted = "a workday" if when.workday else "a day off"
        return f"{day} is {kind.value}, not {wanted}"
    if day.weekday() in when.days or _stands_in(when, kind):
        return ""
    return f"{WEEKDAYS[day.weekday()]} is not in {days_text(when.days)}"


def _stands_in(when: When, kind: DayKind) -> bool:
    """Whether a moved day counts as one of the days the rule names."""
    if when.workday is True:
        return kind in (DayKind.MAKE_UP, DayKind.OWN_OPEN) and when.days >= WORKING_WEEK
    if when.workday is False:
        return kind in (DayKind.HOLIDAY, DayKind.OWN_CLOSED) and when.days >= WEEKEND
    return False


def days_text(days: frozenset[int]) -> str:
    """Weekdays as a plan writes them: ``Mon-Fri``, ``Mon,Wed``."""
    runs: list[list[int]] = []
    for day in sorted(days):
        if runs and runs[-1][-1] == day - 1:
            runs[-1].append(day)
        else:
            runs.append([day])
    return ",".join(
        WEEKDAYS[run[0]] if len(run) == 1 else f"{WEEKDAYS[run[0]]}-{WEEKDAYS[run[-1]]}"
        for run in runs
    )


def hours_text(hours: tuple[tuple[int, int], ...]) -> str:
    """Hours as a plan writes them: ``09:00-17:59``."""
    return ",".join(f"{minute_text(first)}-{minute_text(last)}" for first, last in hours)


def minute_text(minute: int) -> str:
    """A minute of the day: ``09:00``."""
    return f"{minute // 60:02d}:{minute % 60:02d}"
