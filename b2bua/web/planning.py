"""Change a number's plan: check it as ``b2bua check`` does, publish it, question it.

What an enterprise may not decide for itself stays as it is: whose number it is, whether it
is in service, and what a minute costs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

from b2bua.service.flow.decision import World
from b2bua.service.flow.explain import Enquiry, Explanation, explain
from b2bua.service.lint import Around, check
from b2bua.service.plan import Plan
from b2bua.service.planchanges import merged
from b2bua.service.planediting import edited
from b2bua.service.planfile import Finding, read_plain, read_plans
from b2bua.service.planreading import Known
from b2bua.service.planwriting import plain
from b2bua.store.audit import Act
from b2bua.store.errors import PlanMoved
from b2bua.store.plans import Published
from b2bua.store.tenant import Current, Version
from b2bua.web.portal import Visit

NAME: Final = "plan"
"""Of the file that findings are about: there is but one."""
ZONE: Final = "Asia/Shanghai"
"""Of numbers that have no plan."""
MOST_KEYS: Final = 32


@dataclass(frozen=True, slots=True)
class NoPlan(Exception):
    """The number has no plan, so nothing about it can be changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A call that might be made."""

    caller: str
    at: datetime | None = None
    """None: now; without a zone it is the plan's."""
    keys: Sequence[str] = ()
    draft: str = ""
    """YAML; empty: the published plan."""


async def current_plan(visit: Visit) -> Current:
    """The plan of the visit's number. Raises NoPlan."""
    found = await visit.tenant.plan()
    if found is None:
        raise NoPlan
    return found


def zone_of(current: Current | None) -> ZoneInfo:
    """Whose midnight counts."""
    return ZoneInfo(ZONE if current is None else current.plan.timezone)


async def known(
    visit: Visit, current: Current, prompts: Mapping[str, str] | None = None
) -> Known:
    """What the number's next plan may name: its own prompts are stored already.

    A prompt that was uploaded again counts from the next version on; ``prompts`` are
    those of an earlier version, which go before all others.
    """
    own = {one.name: one.prompt for one in await visit.sounds.all()}
    named = {**current.plan.prompts, **own, **(prompts or {})}
    phones = (await visit.tenant.surroundings()).phones
    return replace(visit.portal.known, own_prompts=named, phones=phones)


async def read_text(visit: Visit, current: Current, text: str) -> Plan | list[Finding]:
    """One plan from YAML, or everything that keeps it from being published."""
    read = read_plans(text, NAME, await known(visit, current))
    if isinstance(read, list):
        return read
    if len(read) != 1:
        return [_finding("", "one plan, of this number alone")]
    return _reserved(read[0], current.plan) or read[0]


async def remarks(visit: Visit, current: Current, text: str) -> list[Finding]:
    """Everything that is wrong with a plan; of a faultless one, what looks odd."""
    shared = await visit.tenant.surroundings()
    around = Around(
        calendar=shared.calendar,
        today=datetime.now(zone_of(current)).date(),
        own_numbers=shared.own_numbers,
        prompts=visit.portal.prompts,
    )
    read = await read_text(visit, current, text)
    if isinstance(read, list):
        return read
    return check(text, NAME, await known(visit, current), around)


async def publish_text(
    visit: Visit, current: Current, text: str, base: int | None
) -> Published | list[Finding]:
    """Publish YAML as it stands. May raise PlanMoved."""
    read = await read_text(visit, current, text)
    if isinstance(read, list):
        return read
    return await _publish(visit, read, text, base)


async def publish_plain(
    visit: Visit,
    current: Current,
    value: object,
    base: int | None,
) -> Published | list[Finding]:
    """Publish a plan given as plain values; the text keeps its comments.

    Raises PlanMoved if ``base`` is not the current version any more.
    """
    if base is not None and base != current.plan.version:
        raise PlanMoved(f"{current.plan.number}: version {base} is not the current")
    read = await read_value(visit, current, value)
    if isinstance(read, list):
        return read
    text = edited(current.source, current.plan, read)
    return await _publish(visit, read, text, current.plan.version)


async def read_value(
    visit: Visit,
    current: Current,
    value: object,
    prompts: Mapping[str, str] | None = None,
) -> Plan | list[Finding]:
    """A plan from plain values, or everything that keeps it from being published."""
    read = read_plain(value, NAME, await known(visit, current, prompts))
    if isinstance(read, list):
        return read
    return _reserved(read, current.plan) or read


async def publish_merged(
    visit: Visit, current: Current, value: object, base: int | None
) -> Published | list[Finding]:
    """Publish a plan that was made from version ``base``.

    What was published since then by somebody else, elsewhere in the plan, is kept. Where
    both changed the same thing PlanMoved is raised.
    """
    value = await _brought_up(visit, current, value, base)
    return await publish_plain(visit, current, value, current.plan.version)


async def publish_like(
    visit: Visit, current: Current, plan: Plan, version: Version
) -> Published | list[Finding]:
    """Publish an earlier version again, as far as it may still be, with its own text."""
    prompts = {} if version.plan is None else version.plan.prompts
    read = await read_value(visit, current, plain(plan), prompts)
    if isinstance(read, list) or version.plan is None:
        return read if isinstance(read, list) else []
    text = edited(version.source, version.plan, read)
    again = f"as version {version.version}"
    return await _publish(visit, read, text, current.plan.version, again)


async def _brought_up(
    visit: Visit, current: Current, value: object, base: int | None
) -> object:
    """A plan made from version ``base``, with what was published since."""
    if base is None or base == current.plan.version:
        return value
    before = (await visit.tenant.plans_by_version()).get(base)
    if before is None:
        raise PlanMoved(f"{current.plan.number}: there is no version {base}")
    found, conflicts = merged(plain(before), value, plain(current.plan))
    if conflicts:
        places = ", ".join(".".join(path) for path in conflicts)
        raise PlanMoved(f"{current.plan.number}: changed by somebody else too: {places}")
    return found


async def ask(visit: Visit, question: Question) -> Explanation | list[Finding]:
    """What would happen to a call; the same decision as a live one's."""
    current = await visit.tenant.plan()
    plan = await visit.tenant.rules()
    if question.draft and current is not None:
        read = await read_text(visit, current, question.draft)
        if isinstance(read, list):
            return read
        plan = replace(read, version=current.plan.version)
    at = question.at or datetime.now(UTC)
    if at.tzinfo is None:
        at = at.replace(tzinfo=zone_of(current))
    number = visit.tenant.number
    shared = await visit.tenant.surroundings()
    world = World(
        calendar=shared.calendar, own_numbers=shared.own_numbers, phones=shared.phones
    )
    enquiry = Enquiry(
        number=number,
        caller=visit.portal.identify(question.caller),
        at=at,
        keys=tuple(question.keys[:MOST_KEYS]),
    )
    if plan is not None:
        usage = await visit.tenant.usage(at, plan.timezone)
        talked = await visit.tenant.familiar(plan, enquiry.caller.number, at)
        world = replace(world, usage=lambda: usage, familiar=talked)
    return explain(plan, enquiry, world)


async def _publish(
    visit: Visit, plan: Plan, source: str, base: int | None, detail: str = ""
) -> Published | list[Finding]:
    published = await visit.tenant.publish(plan, source, base)
    visit.portal.log.info(
        "plan published",
        number=published.number,
        version=published.version,
        changes=len(published.changes),
    )
    if published.changes or published.new:
        await visit.note(Act.PUBLISHED, f"version {published.version}", detail)
    return published


def _reserved(plan: Plan, before: Plan) -> list[Finding]:
    """What the operator alone may change, and destinations that nobody could reach."""
    findings = []
    if plan.number != before.number:
        findings.append(_finding("number", f"this is the plan of {before.number}"))
    if plan.active != before.active:
        findings.append(_finding("active", "only the operator suspends and resumes"))
    if plan.tariff != before.tariff:
        findings.append(_finding("tariff", f"only the operator changes {before.tariff}"))
    findings += [
        _finding(f"destinations.{name}.number", "a number is needed")
        for name, one in plan.destinations.items()
        if not one.number
    ]
    return findings


def _finding(field: str, message: str) -> Finding:
    return Finding(file=NAME, line=0, field=field, message=message)
