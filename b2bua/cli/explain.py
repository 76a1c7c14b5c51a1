"""``b2bua explain``: what would happen to a call, and by which rule."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from b2bua.app.atlas import Atlas
from b2bua.app.build import trunk_rules
from b2bua.app.publishing import plan_files, read_files
from b2bua.app.storage import Storage, opened_storage
from b2bua.cli.common import Wanting, moment, run, say, say_json, settings_of
from b2bua.config.settings import Settings
from b2bua.service.area import identify
from b2bua.service.flow.decision import World
from b2bua.service.flow.explain import Enquiry, Explanation
from b2bua.service.flow.explain import explain as decide
from b2bua.service.number import service_number
from b2bua.service.plan import Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What was asked on the command line."""

    number: str
    caller: str
    at: str
    keys: str
    plan: Path | None


def explain(config: Path, question: Question, *, as_json: bool) -> int:
    """Print the decision and its trace; status 0 whatever it is."""
    settings = settings_of(config)

    async def ask() -> Explanation:
        async with opened_storage(settings) as storage:
            return await _asked(settings, storage, question)

    explanation = run(ask())
    if as_json:
        say_json(explanation.to_mapping())
    else:
        say(_told(explanation))
    return 0


async def _asked(settings: Settings, storage: Storage, question: Question) -> Explanation:
    snapshot = await storage.plans.snapshot(trunk_rules(settings))
    number = service_number(question.number) or question.number
    plans = dict(snapshot.plans)
    if question.plan is not None:
        draft = await draft_of(settings, snapshot.tariffs, question.plan, number)
        published = plans.get(number)
        version = 0 if published is None else published.version
        plans[number] = replace(draft, version=version)
    plan = plans.get(number)
    zone = "" if plan is None else plan.timezone
    at = moment(question.at, zone) if question.at else datetime.now(UTC)
    table = await Atlas(storage.areas, settings).table()
    enquiry = Enquiry(
        number=number,
        caller=identify(question.caller, table),
        at=at,
        keys=tuple(key for key in question.keys.split(",") if key),
    )
    world = World(
        calendar=snapshot.calendar, own_numbers=plans.keys(), phones=snapshot.phones
    )
    if plan is not None:
        usage = await storage.records.usage(number, at, plan.timezone)
        known = await storage.talks.familiar(plan, enquiry.caller.number, at)
        world = replace(world, usage=lambda: usage, familiar=known)
    return decide(plan, enquiry, world)


async def draft_of(
    settings: Settings, tariffs: Iterable[str], path: Path, number: str
) -> Plan:
    """The plan of a number in a file. Raises :class:`Wanting` with what is wrong."""
    reading = await read_files(plan_files([path]), settings, tariffs)
    if reading.findings:
        raise Wanting("\n".join(map(str, reading.findings)))
    for plan in reading.plans:
        if plan.number == number:
            return plan
    raise Wanting(f"{path}: there is no plan for {number} in it")


def _told(explanation: Explanation) -> str:
    enquiry = explanation.enquiry
    caller = enquiry.caller
    who = f"{caller.number or 'anonymous'} ({caller.province} {caller.area})"
    lines = [f"{who} calls {enquiry.number} at {explanation.at:%a %Y-%m-%d %H:%M %Z}", ""]
    lines += [
        f"  {'+' if step.passed else '-'} {step.rule}: {step.why}"
        for step in explanation.trace
    ]
    lines.append("")
    if explanation.refusal is not None:
        refusal = explanation.refusal
        spoken = f", {refusal.announcement!r} is spoken" if explanation.announced else ""
        lines.append(
            f"refused by {refusal.rule}: {refusal.status}, Q.850 {refusal.q850}{spoken}"
        )
    elif explanation.destinations:
        lines.append(f"{explanation.outcome.value}: {', '.join(explanation.destinations)}")
    else:
        lines.append(f"{explanation.outcome.value}: waits for a key")
    lines.append(f"charged from: {explanation.charge_basis.value}")
    return "\n".join(lines)
