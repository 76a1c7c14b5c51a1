"""``b2bua override``: send every call of a number elsewhere for a while, or end that."""

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from b2bua.app.publishing import summary
from b2bua.app.storage import Storage, opened_storage
from b2bua.cli.common import Misused, Wanting, moment, run, say, settings_of
from b2bua.service.number import service_number
from b2bua.service.plan import Calendar, Plan, ToVoicemail
from b2bua.service.planediting import edited
from b2bua.service.planfile import read_plain
from b2bua.service.planreading import Known
from b2bua.service.planwriting import plain
from b2bua.service.schedule import clock, override_mismatch, stamp
from b2bua.store.errors import PlanMoved
from b2bua.store.plans import Draft

_SPAN: Final = re.compile(r"\+([0-9]{1,5})([mhd])")
_UNITS: Final = {"m": "minutes", "h": "hours", "d": "days"}
_CLOCK: Final = re.compile(r"[0-2][0-9]:[0-5][0-9]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What was asked on the command line."""

    number: str
    to: str = ""
    """Name of a destination, group or menu, or ``voicemail``; empty: say what holds."""
    since: str = ""
    until: str = ""
    note: str = ""
    end: bool = False


def override(config: Path, wish: Wish) -> int:
    """Publish the number's plan with another override, or tell the one it has."""
    _refuse_nonsense(wish)
    settings = settings_of(config)

    async def publish() -> str:
        async with opened_storage(settings) as storage:
            number = service_number(wish.number) or wish.number
            plan = (await storage.plans.snapshot({})).plans.get(number)
            if plan is None:
                raise Wanting(f"{number} has no plan")
            now = datetime.now(UTC)
            if not (wish.to or wish.end):
                return told(plan, now)
            changed = replace(plan, override=None) if wish.end else _with(plan, wish, now)
            return await _published(storage, plan, changed, now)

    say(run(publish()))
    return 0


async def _published(storage: Storage, plan: Plan, changed: Plan, now: datetime) -> str:
    source = edited(await storage.plans.export(plan.number), plan, changed)
    draft = Draft(plan=changed, source=source, base=plan.version)
    try:
        (published,) = await storage.plans.publish([draft])
    except PlanMoved as error:
        raise Wanting(f"{error}; try again") from error
    return f"{summary(published)}\n{told(changed, now)}"


def _refuse_nonsense(wish: Wish) -> None:
    if wish.end and (wish.to or wish.until or wish.since or wish.note):
        raise Misused("--end stands alone")
    if wish.to and not wish.until:
        raise Misused("say until when: --until 2026-11-24T08:00, 18:00 or +2h")
    if not wish.to and (wish.until or wish.since or wish.note):
        raise Misused("say where calls go: --to NAME")


def _with(plan: Plan, wish: Wish, now: datetime) -> Plan:
    """The plan with the override that is wished; raises Wanting with what is wrong."""
    until = moment_of(wish.until, now, plan.timezone)
    if until <= now:
        raise Wanting(f"--until {wish.until} is over already")
    rule: dict[str, object] = {"to": _target(plan, wish.to), "until": until.isoformat()}
    if wish.since:
        rule["since"] = moment_of(wish.since, now, plan.timezone).isoformat()
    if wish.note:
        rule["note"] = wish.note
    known = Known(allowed_destinations=("",))
    read = read_plain({**plain(plan), "override": rule}, plan.number, known)
    if not isinstance(read, Plan):
        raise Wanting("\n".join(str(finding) for finding in read))
    return replace(read, version=plan.version, prompts=plan.prompts)


def _target(plan: Plan, name: str) -> object:
    if name in plan.destinations or name in plan.groups:
        return name
    if name in plan.menus:
        return {"menu": name}
    return {"voicemail": True} if name == ToVoicemail.name else name


def moment_of(text: str, now: datetime, zone: str) -> datetime:
    """A moment: ISO, ``18:00`` for the next such hour, or ``+2h`` from now."""
    if span := _SPAN.fullmatch(text):
        ahead = timedelta(**{_UNITS[span[2]]: int(span[1])})
        return (now + ahead).replace(microsecond=0)
    if _CLOCK.fullmatch(text):
        here = now.astimezone(ZoneInfo(zone))
        next_ = moment(f"{here:%Y-%m-%d}T{text}", zone)
        return next_ if next_ > now else next_ + timedelta(days=1)
    return moment(text, zone)


def told(plan: Plan, at: datetime) -> str:
    """The override of a plan, in one line."""
    rule = plan.override
    if rule is None:
        return f"{plan.number}: no override, the routes decide"
    here = clock(plan, at, Calendar())
    why = override_mismatch(rule, here) or "holds now"
    note = f" ({rule.note})" if rule.note else ""
    until = stamp(rule.until, here)
    return f"{plan.number}: to {rule.to} until {until} {plan.timezone}{note}: {why}"
