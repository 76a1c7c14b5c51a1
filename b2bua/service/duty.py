"""Who is on duty (值班): the shifts of a roster, now and at its next change.

A shift is a time rule with names; hours that go over midnight belong to the day on which
they start. Whoever is in any shift that covers the moment is on duty, in the order in
which the plan has shifts and names.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from b2bua.service.plan import Calendar, Group, Plan, Shift
from b2bua.service.schedule import Clock, clock, time_mismatch

LONGEST_LOOK: Final = timedelta(days=15)
"""How far ahead a change is looked for: over the longest holidays and a weekend."""


def shifts_on(group: Group, moment: Clock) -> tuple[Shift, ...]:
    """The shifts of a roster that cover a moment; none of any other group."""
    return tuple(shift for shift in group.shifts if not time_mismatch(shift.when, moment))


def on_duty(group: Group, moment: Clock) -> tuple[str, ...]:
    """Names of the destinations of every shift that covers a moment, in their order."""
    return _names(shifts_on(group, moment))


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """A time in which the same people are on duty."""

    since: datetime
    """Aware, in the plan's zone."""
    shifts: tuple[str, ...]
    on: tuple[str, ...]
    """Names of destinations; empty: nobody."""


def watches(plan: Plan, group: Group, at: datetime, calendar: Calendar) -> Iterator[Watch]:
    """Who is on duty from ``at`` on, and at each change for :data:`LONGEST_LOOK`."""
    last: tuple[Shift, ...] | None = None
    for instant in _instants(group, at):
        moment = clock(plan, instant, calendar)
        shifts = shifts_on(group, moment)
        if shifts != last:
            names = tuple(shift.name for shift in shifts)
            yield Watch(since=moment.local, shifts=names, on=_names(shifts))
        last = shifts


def _instants(group: Group, at: datetime) -> Iterator[datetime]:
    """``at``, then each minute of the following days at which a shift may change.

    All that a shift asks of the time changes with the minute at most, and a zone's clock
    moves by quarters of an hour: whole quarters and the shifts' own minutes are enough.
    """
    yield at
    marks = {first % 15 for shift in group.shifts for first, _ in shift.when.hours}
    marks |= {(last + 1) % 15 for shift in group.shifts for _, last in shift.when.hours}
    marks.add(0)
    start = at.replace(second=0, microsecond=0)
    minutes = int(LONGEST_LOOK.total_seconds()) // 60
    for ahead in range(1, minutes):
        if (start.minute + ahead) % 15 in marks:
            yield start + timedelta(minutes=ahead)


def _names(shifts: tuple[Shift, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for shift in shifts for name in shift.on))
