"""What is legal in a plan and yet hardly meant: gaps, shadows, loops, missing data.

``b2bua check`` prints these beside the findings of ``planfile``; none of them keeps a plan
from being published.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from typing import Final, TypeAlias
from zoneinfo import ZoneInfo

from b2bua.service.coverage import DAY, EVERY, certain, first_of, union
from b2bua.service.lintways import group_path, ways
from b2bua.service.number import service_number
from b2bua.service.plan import Calendar, Menu, Plan, Route, ToMenu, Voicemail, When
from b2bua.service.planfile import Finding, read_documents
from b2bua.service.planreading import Known
from b2bua.service.plantext import Path, field_name

Remark: TypeAlias = tuple[Path, str]

ALARM_MONTH: Final = 12
"""The next year's holidays are announced in November; from December they are missed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What a plan is held against."""

    calendar: Calendar
    today: date
    now: datetime | None = None
    """Aware; None: the beginning of today."""
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
    zone = ZoneInfo(plan.timezone)
    yield from ways(plan, around.now or datetime.combine(around.today, time.min, zone))


def _gaps(plan: Plan) -> Iterator[Remark]:
    """The first moment of the week at which some caller fits no route."""
    missing = EVERY & ~union(certain(route.when) for route in plan.routes)
    if missing:
        yield (
            ("routes",),
            f"no route on {first_of(missing)}; add a last route without conditions",
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
                f"{destination.number} is one of our own 400 numbers and is always "
                "skipped; name the number that answers there",
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
                "a silent caller comes back to the same menu; let one of them lead on to a "
                "destination",
            )


def _prompts(plan: Plan, catalogue: Collection[str] | None) -> Iterator[Remark]:
    if catalogue is None:
        return
    for path, prompt in named_prompts(plan):
        if prompt not in plan.prompts and prompt not in catalogue:
            yield (
                path,
                f"no prompt {prompt!r}: put an audio file of that name beside the plan, or "
                "name one of the catalogue",
            )


def named_prompts(plan: Plan) -> Iterator[tuple[Path, str]]:
    """Every prompt that a plan names, and where."""
    for name, menu in plan.menus.items():
        yield ("menus", name, "prompt"), menu.prompt
    if plan.greeting is not None:
        yield ("greeting",), plan.greeting
    for place, greeting in enumerate(plan.greetings):
        yield ("greetings", place, "prompt"), greeting.prompt
    for name, destination in plan.destinations.items():
        if destination.whisper:
            yield ("destinations", name, "whisper"), destination.whisper
    for name, group in plan.groups.items():
        if group.queue is not None and group.queue.music:
            yield (*group_path(name, plan), "queue", "music"), group.queue.music
    if plan.voicemail != Voicemail():
        yield ("voicemail", "prompt"), plan.voicemail.prompt


def _calendar(plan: Plan, around: Around) -> Iterator[Remark]:
    asking = next((path for path, when in _whens(plan) if when.workday is not None), None)
    if asking is None:
        return
    years = [around.today.year]
    if around.today.month >= ALARM_MONTH:
        years.append(around.today.year + 1)
    for year in years:
        if year not in around.calendar.years:
            yield (
                asking,
                f"the calendar has no holidays for {year}: weekdays alone decide; bring it "
                "up to date with b2bua calendar import",
            )


def _whens(plan: Plan) -> Iterator[tuple[Path, When]]:
    """Every time condition of a plan, and where."""
    for place, route in enumerate(plan.routes):
        yield ("routes", place, "when"), route.when
    for name, destination in plan.destinations.items():
        if destination.when is not None:
            yield ("destinations", name, "when"), destination.when
    for name, group in plan.groups.items():
        for place, shift in enumerate(group.shifts):
            yield (*group_path(name, plan), "roster", place, "when"), shift.when
    for place, greeting in enumerate(plan.greetings):
        yield ("greetings", place, "when"), greeting.when
