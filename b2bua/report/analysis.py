"""The way in: records of a month in the order of time in, figures out.

    analyse(records, subject)

:func:`b2bua.report.counting.span` says which records to bring.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Final

from b2bua.report.counting import Counting
from b2bua.report.erlang import lines_for
from b2bua.report.figures import (
    AreaFigures,
    BusyHour,
    DayFigures,
    DestinationFigures,
    Figures,
    HourLoad,
    KeyFigures,
    LineFigures,
    ReasonFigures,
    ShareFigures,
    Subject,
)
from b2bua.report.month import QUARTER, microseconds, moment_of
from b2bua.report.tallies import tally
from b2bua.service.plan import Mode, Plan
from b2bua.service.record import CallRecord

HOUR: Final = 4 * QUARTER


def analyse(records: Iterable[CallRecord], subject: Subject) -> Figures:
    """Count and sum up. Raises InvalidState if the records are not in the order of time."""
    counting = Counting(subject)
    for record in records:
        counting.add(record)
    return summed(counting, subject)


def summed(counting: Counting, subject: Subject) -> Figures:
    """What was counted, as figures; nothing can be added afterwards."""
    counting.finish()
    tallies = counting.tallies
    now = microseconds(subject.at)
    routes = sorted(tallies.routes.items(), key=lambda pair: (-pair[1][0], pair[0]))
    reasons = sorted(
        tallies.reasons.items(), key=lambda pair: (-pair[1], pair[0][0].value, pair[0][1])
    )
    return Figures(
        number=subject.number,
        name="" if subject.plan is None else subject.plan.name,
        zone=subject.zone.key,
        period=subject.period,
        at=subject.at.astimezone(subject.zone),
        complete=now >= counting.quarters.end,
        totals=tally(tallies.totals),
        before=tally(tallies.before),
        cells=tuple(map(tally, tallies.cells)),
        closed=tuple(tallies.closed),
        days=_days(counting, subject),
        areas=_areas(counting, subject),
        destinations=_destinations(counting, subject),
        shares=_shares(counting, subject),
        routes=tuple((name, tally(counted)) for name, counted in routes),
        keys=_keys(counting, subject),
        reasons=tuple(
            ReasonFigures(outcome=outcome, reason=reason, calls=calls)
            for (outcome, reason), calls in reasons
        ),
        lines=_lines(counting, subject, now),
        callers=counting.callers.figures(now, subject.zone),
        missed=counting.missed,
    )


def _days(counting: Counting, subject: Subject) -> tuple[DayFigures, ...]:
    peaks = [0] * counting.quarters.days
    for place, peak in zip(counting.quarters.places, counting.lines.peaks, strict=True):
        peaks[place.day] = max(peaks[place.day], peak)
    tallies = counting.tallies
    calls = [*tallies.days_before, *(counted[0] for counted in tallies.days)]
    beside = len(tallies.days_before) - subject.period.days_back
    return tuple(
        DayFigures(
            day=subject.period.first + timedelta(days=day),
            tally=tally(counted),
            before=calls[beside + day],
            peak=peaks[day],
        )
        for day, counted in enumerate(tallies.days)
    )


def _areas(counting: Counting, subject: Subject) -> tuple[AreaFigures, ...]:
    found = sorted(counting.tallies.areas.items(), key=lambda pair: (-pair[1][0], pair[0]))
    return tuple(
        AreaFigures(
            area=area,
            province=subject.province_of(area) if area else "",
            tally=tally(counted),
        )
        for area, counted in found
    )


def _destinations(counting: Counting, subject: Subject) -> tuple[DestinationFigures, ...]:
    tallies = counting.tallies
    names = {name for name, _ in tallies.attempts} | set(tallies.talk)
    if subject.plan is not None:
        names |= set(subject.plan.destinations)
    found = (
        DestinationFigures(
            name=name,
            answered=tallies.attempts[name, "answered"],
            busy=tallies.attempts[name, "busy"],
            no_answer=tallies.attempts[name, "no-answer"],
            unreachable=tallies.attempts[name, "unreachable"],
            cancelled=tallies.attempts[name, "cancelled"],
            skipped=tallies.attempts[name, "skipped"],
            ring_ms=tallies.ringing[name],
            talk_ms=tallies.talk[name],
            fee=tallies.fees[name],
        )
        for name in names
    )
    return tuple(sorted(found, key=lambda one: (-one.attempts, one.name)))


def _shares(counting: Counting, subject: Subject) -> tuple[ShareFigures, ...]:
    assigned = counting.tallies.assigned
    groups = {(version, group) for version, group, _ in assigned}
    found = []
    for version, group in sorted(groups, reverse=True):
        weights = _weights(subject.plans.get(version), group)
        got = {
            name: calls
            for (v, g, name), calls in assigned.items()
            if (v, g) == (version, group)
        }
        found += [
            ShareFigures(
                group=group,
                version=version,
                destination=name,
                target=Fraction(weights.get(name, 0), 100) if weights else None,
                assigned=got.get(name, 0),
                of=sum(got.values()),
            )
            for name in sorted(
                {*weights, *got}, key=lambda name: (-weights.get(name, 0), name)
            )
        ]
    return tuple(found)


def _weights(plan: Plan | None, group: str) -> dict[str, int]:
    found = None if plan is None else plan.groups.get(group)
    if found is None or found.mode is not Mode.PERCENT:
        return {}
    return dict(found.members)


def _keys(counting: Counting, subject: Subject) -> tuple[KeyFigures, ...]:
    presses = counting.tallies.presses
    leads: dict[tuple[str, str], str] = {}
    if subject.plan is not None:
        leads = {
            (menu.name, key): target.name
            for menu in subject.plan.menus.values()
            for key, target in menu.keys.items()
        }
    return tuple(
        KeyFigures(
            menu=menu,
            key=key,
            to=leads.get((menu, key), ""),
            presses=presses[menu, key],
            answered=counting.tallies.pressed_answered[menu, key],
        )
        for menu, key in sorted({*leads, *presses}, key=lambda one: (not one[0], *one))
    )


def _lines(counting: Counting, subject: Subject, now: int) -> LineFigures:
    lines, up = counting.lines, counting.calls_up
    offered = _offered(counting)
    busy_hour = _busy_hour(counting, subject, offered)
    traffic = 0.0 if busy_hour is None else busy_hour.offered
    return LineFigures(
        peak_calls=up.peak,
        peak_calls_at=_moment(up.peak_at, subject),
        peak_lines=lines.peak,
        peak_lines_at=_moment(lines.peak_at, subject),
        busy_hour=busy_hour,
        asked_1=lines_for(traffic, 0.01),
        asked_5=lines_for(traffic, 0.05),
        configured=_configured(subject.plan),
        hours=_hours(counting, offered, now),
    )


def _moment(at: int | None, subject: Subject) -> datetime | None:
    return None if at is None else moment_of(at, subject.zone)


def _offered(counting: Counting) -> list[float]:
    """Line time asked for in each quarter, microseconds.

    What was carried, and for each caller who found it busy what a call takes on average.
    """
    answered = counting.tallies.totals[1]
    mean = sum(counting.lines.load) / answered if answered else 0.0
    pairs = zip(counting.lines.load, counting.busy, strict=True)
    return [load + busy * mean for load, busy in pairs]


def _busy_hour(
    counting: Counting, subject: Subject, offered: Sequence[float]
) -> BusyHour | None:
    sums = [sum(offered[first : first + 4]) for first in range(len(offered) - 3)]
    most = max(sums)
    if most == 0:
        return None
    first = sums.index(most)
    begins = counting.quarters.start + first * QUARTER
    return BusyHour(
        begins=moment_of(begins, subject.zone),
        carried=sum(counting.lines.load[first : first + 4]) / HOUR,
        offered=most / HOUR,
    )


def _configured(plan: Plan | None) -> int | None:
    if plan is None:
        return None
    total = 0
    for destination in plan.destinations.values():
        if destination.concurrent is None:
            return None
        total += destination.concurrent
    return total


def _hours(counting: Counting, offered: Sequence[float], now: int) -> tuple[HourLoad, ...]:
    quarters = counting.quarters
    peaks, counts = [0] * 168, [0] * 168
    carried, asked = [0.0] * 168, [0.0] * 168
    for index, place in enumerate(quarters.places):
        if quarters.start + index * QUARTER >= now:
            break
        cell = place.cell
        counts[cell] += 1
        peaks[cell] = max(peaks[cell], counting.lines.peaks[index])
        carried[cell] += counting.lines.load[index]
        asked[cell] += offered[index]
    return tuple(
        HourLoad(
            peak=peaks[cell],
            carried=carried[cell] / (counts[cell] * QUARTER) if counts[cell] else 0.0,
            offered=asked[cell] / (counts[cell] * QUARTER) if counts[cell] else 0.0,
        )
        for cell in range(168)
    )
