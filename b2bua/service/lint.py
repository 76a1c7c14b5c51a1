"""What is legal in a plan and yet hardly meant: gaps, shadows, loops, missing data.

``b2bua check`` prints these beside the findings of ``planfile``; none of them keeps a plan
from being published.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from datetime import date
from itertools import product
from typing import Final, TypeAlias

from b2bua.service.number import service_number
from b2bua.service.plan import Calendar, Menu, Plan, Route, ToMenu, When
from b2bua.service.planfile import Finding, read_documents
from b2bua.service.planreading import Known
from b2bua.service.plantext import Path, field_name
from b2bua.service.schedule import WEEKDAYS, minute_text

Remark: TypeAlias = tuple[Path, str]

DAY: Final = 24 * 60
ALARM_MONTH: Final = 12
"""The next year's holidays are announced in November; from December they are missed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What a plan is held against."""

    calendar: Calendar
    today: date
    own_numbers: Collection[str] = ()
    """Our 400 numbers besides the plan's own."""
    prompts: Collection[str] | None = None
    """Names of the catalogue; None: do not check."""


def lint(plan: Plan, around: Around) -> list[Finding]:
    """Everything about a published plan that deserves a second look."""
    return [
        Finding(file=plan.number, line=0, field=field_name(path), message=message)
        for path, message in _remarks(plan, around)
    ]


def check(text: str, file_name: str, known: Known, around: Around) -> list[Finding]:
    """Everything that is wrong with a file; of a faultless one, what looks odd."""
    read = read_documents(text, file_name, known)
    if isinstance(read, list):
        return read
    ours = {*around.own_numbers, *(plan.number for _, plan in read)}
    around = replace(around, own_numbers=ours)
    return [
        Finding(
            file=file_name,
            line=document.line(path),
            field=field_name(path),
            message=message,
        )
        for document, plan in read
        for path, message in _remarks(plan, around)
    ]


def _remarks(plan: Plan, around: Around) -> Iterator[Remark]:
    yield from _gaps(plan)
    yield from _shadows(plan)
    yield from _loops(plan, around.own_numbers)
    yield from _rounds(plan)
    yield from _prompts(plan, around.prompts)
    yield from _calendar(plan, around)


def _gaps(plan: Plan) -> Iterator[Remark]:
    """The first moment of the week at which some caller fits no route."""
    open_to_all = [
        route.when
        for route in plan.routes
        if not (route.when.areas or route.when.callers or route.when.dates)
    ]
    if any(when == When() for when in open_to_all):
        return
    for worked, day, minute in product((True, False), range(7), range(DAY)):
        if not any(_covers_moment(when, day, minute, worked) for when in open_to_all):
            kind = "workday" if worked else "day off"
            yield (
                ("routes",),
                f"no route on {WEEKDAYS[day]} at {minute_text(minute)} if it is a {kind}; "
                "add a last route without conditions",
            )
            return


def _covers_moment(when: When, day: int, minute: int, worked: bool) -> bool:
    if when.workday not in (None, worked):
        return False
    if not when.hours:
        return day in when.days
    return any(
        (day in when.days and first <= minute <= last)
        if first <= last
        else (day in when.days and minute >= first)
        or ((day - 1) % 7 in when.days and minute <= last)
        for first, last in when.hours
    )


def _shadows(plan: Plan) -> Iterator[Remark]:
    for place, route in enumerate(plan.routes):
        above = next((one for one in plan.routes[:place] if _covers(one, route)), None)
        if above is not None:
            yield (
                ("routes", place),
                f"{route.name!r} is never reached: {above.name!r} takes all its calls; "
                "move it further up",
            )


def _covers(wide: Route, narrow: Route) -> bool:
    """Whether every call that fits ``narrow`` fits ``wide``."""
    over, under = wide.when, narrow.when
    # Moved days count as other weekdays only for rules on workdays.
    same_days = over.workday in (None, under.workday) and over.days >= under.days
    if over.workday is None and under.workday is not None and len(over.days) < 7:
        same_days = False
    if over.dates:
        same_days = bool(under.dates) and set(under.dates) <= set(over.dates)
    elif under.dates:
        same_days = over.workday is None and len(over.days) == 7
    return (
        same_days
        and _minutes(over) >= _minutes(under)
        and (not over.areas or (bool(under.areas) and {*under.areas} <= {*over.areas}))
        and (
            not over.callers
            or (bool(under.callers) and {*under.callers} <= {*over.callers})
        )
    )


def _minutes(when: When) -> frozenset[int]:
    """Minutes from the start of the day a rule belongs to, into the next day."""
    if not when.hours:
        return frozenset(range(2 * DAY))
    return frozenset(
        minute
        for first, last in when.hours
        for minute in range(first, (last if first <= last else last + DAY) + 1)
    )


def _loops(plan: Plan, own_numbers: Collection[str]) -> Iterator[Remark]:
    ours = {plan.number, *own_numbers}
    for name, destination in plan.destinations.items():
        if service_number(destination.number) in ours:
            yield (
                ("destinations", name, "number"),
                f"{destination.number} is one of our own 400 numbers and is always skipped",
            )


def _rounds(plan: Plan) -> Iterator[Remark]:
    """Menus in which a caller who says nothing goes round."""
    for name in plan.menus:
        seen: set[str] = set()
        at: Menu | None = plan.menus[name]
        while at is not None and at.name not in seen:
            seen.add(at.name)
            following = at.otherwise
            at = plan.menus[following.name] if isinstance(following, ToMenu) else None
        if at is not None and at.name == name:
            yield (
                ("menus", name, "otherwise"),
                "a silent caller comes back to the same menu",
            )


def _prompts(plan: Plan, catalogue: Collection[str] | None) -> Iterator[Remark]:
    if catalogue is None:
        return
    named: list[tuple[Path, str]] = [
        (("menus", name, "prompt"), menu.prompt) for name, menu in plan.menus.items()
    ]
    if plan.greeting is not None:
        named.append((("greeting",), plan.greeting))
    for path, prompt in named:
        if prompt not in plan.prompts and prompt not in catalogue:
            yield path, f"no prompt {prompt!r} beside the plan or in the catalogue"


def _calendar(plan: Plan, around: Around) -> Iterator[Remark]:
    whens = [route.when for route in plan.routes]
    whens += [one.when for one in plan.destinations.values() if one.when is not None]
    if all(when.workday is None for when in whens):
        return
    years = [around.today.year]
    if around.today.month >= ALARM_MONTH:
        years.append(around.today.year + 1)
    for year in years:
        if year not in around.calendar.years:
            yield (
                ("routes",),
                f"the calendar has no holidays for {year}: weekdays alone decide; "
                "bring the calendar up to date",
            )
