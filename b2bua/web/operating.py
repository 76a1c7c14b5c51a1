"""What an operator has done to numbers, prices, calls and tables; all of it is noted."""

import asyncio
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Final

from fastapi import HTTPException

from b2bua.service.area import AreaTable
from b2bua.service.datafiles import read_areas, read_calendar
from b2bua.service.limits import CapState
from b2bua.service.number import service_number
from b2bua.service.plan import Calendar, Plan, Tariff
from b2bua.service.planediting import edited
from b2bua.service.planfile import Finding, plan_to_yaml, read_plain, read_plans, yaml_text
from b2bua.service.planreading import Known
from b2bua.service.planwriting import plain
from b2bua.store.accounts import Accounts
from b2bua.store.areas import Areas
from b2bua.store.audit import Act
from b2bua.store.calendars import Calendars
from b2bua.store.changes import HangUp, command
from b2bua.store.errors import PlanMoved, Rejected
from b2bua.store.fence import gaps
from b2bua.store.house import Held, House
from b2bua.store.live import LiveCall
from b2bua.store.nodes import Alarm, Complaint, Nodes
from b2bua.store.phones import Phones
from b2bua.store.plans import Published
from b2bua.store.register import Register
from b2bua.web.portal import Visit

NAME: Final = "plan"
TEMPLATES: Final = {
    "one": "routes:\n  - {name: all, to: desk}\n",
    "hours": (
        "voicemail: {seconds: 120}\n"
        "routes:\n"
        '  - {name: office hours, when: {days: Mon-Fri, hours: "09:00-17:59",'
        " workday: true}, to: desk}\n"
        "  - {name: otherwise, to: {voicemail: true}}\n"
    ),
    "menu": (
        "menus:\n"
        '  main: {prompt: menu, timeout: 5, retries: 2, keys: {"1": desk, "2": desk},'
        " otherwise: desk}\n"
        "routes:\n  - {name: all, to: {menu: main}}\n"
    ),
}
"""What a new number begins with; ``desk`` is who answers."""
MOST_EXAMPLES: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class NewNumber:
    """A number that is to be opened."""

    number: str
    name: str
    template: str
    """One of :data:`TEMPLATES`, or a number whose plan is taken over."""
    destination: str
    trunk: str
    tariff: str = "standard"
    password: str = ""
    """Of the owner; empty: nobody can sign in yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What the operator decides about a number."""

    active: bool
    tariff: str
    calls_per_month: int | None = None
    calls_per_week: int | None = None
    spend_per_month: int | None = None
    """厘."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What is to be different with many numbers; None: as before."""

    active: bool | None = None
    tariff: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What a file would change; a few examples of each."""

    added: int
    removed: int
    changed: int
    examples: tuple[str, ...]
    total: int
    """What there would be."""


def house_of(visit: Visit) -> House:
    """Everything, as the operator's role sees it."""
    return House(visit.portal.database)


def register_of(visit: Visit) -> Register:
    """The register of all numbers."""
    return Register(visit.portal.database)


async def open_number(visit: Visit, wanted: NewNumber) -> Published | list[Finding]:
    """Publish a new number's first plan. Raises Rejected, or NotFound for a template."""
    house = house_of(visit)
    number = service_number(wanted.number)
    if number is None:
        return [_finding("number", "a 400 number has ten digits")]
    if await house.plan(number) is not None:
        return [_finding("number", f"{number} has a plan already")]
    phones = await Phones(house.database).owners()
    names = replace(await _known(visit, house), phones=phones)
    if wanted.template in TEMPLATES:
        head = {"number": number, "name": wanted.name, "tariff": wanted.tariff}
        desk = {"desk": {"number": wanted.destination, "trunk": wanted.trunk}}
        text = yaml_text({**head, "destinations": desk}) + TEMPLATES[wanted.template]
        read = read_plans(text, NAME, names)
        plan = read if isinstance(read, list) else read[0]
    else:
        model = await house.plan(service_number(wanted.template) or "")
        if model is None:
            return [_finding("template", "there is no such template")]
        copied = _copied(model.plan, number, wanted)
        known = replace(names, own_prompts=copied.prompts)
        read_again = read_plain(plain(copied), NAME, known)
        text = "" if isinstance(read_again, list) else plan_to_yaml(read_again)
        plan = read_again
    if isinstance(plan, list):
        return plan
    done = await house.publish(plan, text, 0)
    await visit.note_of(number, Act.NUMBER_CREATED, number, wanted.template)
    if wanted.password:
        await set_password(visit, number, wanted.password)
    return done


def _copied(plan: Plan, number: str, wanted: NewNumber) -> Plan:
    """Another number's plan, without what is its own: whom it blocks or favours, too."""
    return replace(
        plan,
        number=number,
        name=wanted.name,
        tariff=wanted.tariff,
        active=True,
        password="",
        webhooks=(),
        override=None,
        screening=replace(plan.screening, blacklist=(), whitelist=()),
    )


async def change_terms(visit: Visit, number: str, terms: Terms) -> list[Finding]:
    """Suspend or resume, another price, other caps. Raises 404, PlanMoved."""
    house = house_of(visit)
    held = await held_plan(house, number)
    before = held.plan
    caps = replace(
        before.caps,
        calls_per_month=terms.calls_per_month,
        calls_per_week=terms.calls_per_week,
        spend_per_month=terms.spend_per_month,
    )
    after = replace(before, active=terms.active, tariff=terms.tariff, caps=caps)
    if after == before:
        return []
    names = replace(await _known(visit, house), own_prompts=before.prompts)
    read = read_plain(plain(after), NAME, names)
    if isinstance(read, list):
        return read
    text = edited(held.source, before, read)
    await house.publish(read, text, before.version)
    await visit.note_of(number, _act(before, after), number, _said(before, after))
    return []


async def change_many(
    visit: Visit, numbers: Collection[str], change: Change
) -> list[Finding]:
    """The same change for many numbers; what stood in the way of some of them."""
    found = []
    for number in numbers:
        try:
            plan = (await held_plan(house_of(visit), number)).plan
            terms = Terms(
                active=plan.active if change.active is None else change.active,
                tariff=plan.tariff if change.tariff is None else change.tariff,
                calls_per_month=plan.caps.calls_per_month,
                calls_per_week=plan.caps.calls_per_week,
                spend_per_month=plan.caps.spend_per_month,
            )
            findings = await change_terms(visit, number, terms)
            found += [_finding(number, one.message) for one in findings[:1]]
        except (HTTPException, PlanMoved, Rejected) as error:
            found.append(_finding(number, str(error)))
    return found


async def caps(visit: Visit, plan: Plan) -> list[CapState]:
    """How far a number's caps are used."""
    return await house_of(visit).usage(plan, datetime.now(UTC))


async def set_password(visit: Visit, number: str, password: str) -> None:
    """Give the owner another password, and void codes and tokens. Raises Rejected."""
    await held_plan(house_of(visit), number)
    await Accounts(visit.portal.database).reset(number, password)
    await visit.note_of(number, Act.PASSWORD, "owner")


async def held_plan(house: House, number: str) -> Held:
    """A number's plan. Raises 404."""
    found = await house.plan(number)
    if found is None:
        raise HTTPException(404, "there is no such number")
    return found


async def hang_up(visit: Visit, call_id: str) -> LiveCall:
    """Have a call ended, on whatever node it is. Raises 404."""
    found = next((one for one in await house_of(visit).live() if one.id == call_id), None)
    if found is None:
        raise HTTPException(404, "there is no such call")
    await command(visit.portal.database, HangUp(hangup=call_id))
    await visit.note_of(found.number, Act.HUNG_UP, call_id)
    return found


async def act_for(visit: Visit, number: str, *, changes: bool) -> None:
    """Look at a number's pages; ``changes``: and change its plan. Raises 404."""
    if visit.token:
        raise HTTPException(403, "not_allowed")
    await held_plan(house_of(visit), number)
    await visit.portal.sessions.act_for(visit.session, number, changes=changes)
    how = "may change" if changes else "read-only"
    await visit.note_of(number, Act.ACTED, number, how)


async def stop_acting(visit: Visit) -> None:
    """Back to the operator's own pages."""
    if visit.session.acting_for:
        await visit.portal.sessions.act_for(visit.session, "", changes=False)
        await visit.note_of(visit.session.acting_for, Act.ACTED_NO_MORE)


async def publish_tariff(visit: Visit, tariff: Tariff) -> int:
    """A new version of a price; its version. Raises Rejected."""
    name = tariff.name
    if not (name.isprintable() and 0 < len(name) <= 32 and name.strip() == name):
        raise Rejected("a tariff's name has 1 to 32 characters")
    version = await house_of(visit).publish_tariff(tariff)
    detail = f"version {version}: {tariff.unit_price} / {tariff.unit_seconds} s"
    await visit.note_of("", Act.TARIFF, name, detail)
    return version


async def alarms(visit: Visit) -> list[Alarm]:
    """All that a person should look at."""
    found = await Nodes(house_of(visit).database).alarms()
    found += [
        Alarm(
            kind=Complaint.CAP,
            subject=number,
            detail=f"{state.cap.value}: {state.used} / {state.limit}",
        )
        for number, state in await house_of(visit).strained()
    ]
    for gap in await gaps(visit.portal.database):
        found.append(Alarm(kind=Complaint.FENCE, detail=gap))
    return found


async def areas_difference(
    visit: Visit, content: bytes, dated: date | None
) -> tuple[AreaTable, Difference]:
    """What a table would change. Raises MalformedFile."""
    table = await asyncio.to_thread(read_areas, content, dated)
    if table.version is None:
        raise Rejected("a CSV file does not tell its age: give a date")
    areas = Areas(house_of(visit).database)
    source = await areas.current()
    stored = None if source is None else await areas.content(source)
    before = visit.portal.table
    if source is not None and stored is not None:
        before = await asyncio.to_thread(read_areas, stored, source.dated)
    return table, await asyncio.to_thread(_compared, before, table)


async def import_areas(visit: Visit, name: str, content: bytes, dated: date | None) -> None:
    """Have every node use a table. Raises MalformedFile, Rejected."""
    table = await asyncio.to_thread(read_areas, content, dated)
    if table.version is None:
        raise Rejected("a CSV file does not tell its age: give a date")
    name = _file_name(name)
    await Areas(house_of(visit).database).publish(name, table.version, content)
    detail = f"{len(table)} prefixes as of {table.version}"
    await visit.note_of("", Act.IMPORTED, name, detail)


async def withdraw_areas(visit: Visit) -> None:
    """Have every node use the table that came along. Raises 404."""
    if not await Areas(house_of(visit).database).withdraw():
        raise HTTPException(404, "no table was imported")
    await visit.note_of("", Act.WITHDRAWN, "areas")


async def calendar_difference(visit: Visit, content: bytes) -> tuple[Calendar, Difference]:
    """What a calendar would change, day by day. Raises MalformedFile."""
    wanted = read_calendar(content)
    years = await Calendars(house_of(visit).database).years()
    before = {
        day: kind
        for year in years
        if year.year in wanted.years
        for kind, days in (("off", year.holidays), ("worked", year.workdays))
        for day in days
    }
    after = {
        day: kind
        for kind, days in (("off", wanted.holidays), ("worked", wanted.workdays))
        for day in days
    }
    return wanted, _differing(
        {str(day): kind for day, kind in before.items()},
        {str(day): kind for day, kind in after.items()},
    )


async def import_calendar(visit: Visit, name: str, content: bytes) -> None:
    """Put a file's years in the place of what is known of them. Raises MalformedFile."""
    wanted = read_calendar(content)
    name = _file_name(name)
    await Calendars(house_of(visit).database).publish(wanted, name)
    await visit.note_of("", Act.IMPORTED, name, " ".join(map(str, sorted(wanted.years))))


def _compared(before: AreaTable, after: AreaTable) -> Difference:
    return _differing(dict(before.entries()), dict(after.entries()))


def _differing(before: dict[str, str], after: dict[str, str]) -> Difference:
    added = [key for key in after if key not in before]
    removed = [key for key in before if key not in after]
    changed = [key for key in after if key in before and before[key] != after[key]]
    examples = [f"{key}: {before[key]} → {after[key]}" for key in changed[:MOST_EXAMPLES]]
    examples += [f"+ {key}: {after[key]}" for key in added[:MOST_EXAMPLES]]
    examples += [f"− {key}: {before[key]}" for key in removed[:MOST_EXAMPLES]]  # noqa: RUF001
    return Difference(
        added=len(added),
        removed=len(removed),
        changed=len(changed),
        examples=tuple(examples),
        total=len(after),
    )


async def _known(visit: Visit, house: House) -> Known:
    tariffs = {tariff.name for tariff in await house.tariffs()}
    return replace(visit.portal.known, tariffs=tariffs | {"standard"})


def _act(before: Plan, after: Plan) -> Act:
    if before.active and not after.active:
        return Act.NUMBER_SUSPENDED
    if after.active and not before.active:
        return Act.NUMBER_RESUMED
    return Act.NUMBER_CHANGED


def _said(before: Plan, after: Plan) -> str:
    said = []
    if before.tariff != after.tariff:
        said.append(f"tariff {before.tariff} -> {after.tariff}")
    if before.caps != after.caps:
        said.append("limits")
    return ", ".join(said)


def _file_name(text: str) -> str:
    kept = "".join(letter for letter in text if letter.isprintable())
    return kept.replace("\\", "/").rpartition("/")[2][:100] or "upload"


def _finding(field: str, message: str) -> Finding:
    return Finding(file=NAME, line=0, field=field, message=message)
