"""``b2bua duty``: who is on duty now, and who is next."""

from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from b2bua.app.storage import opened_storage
from b2bua.cli.common import Wanting, moment, run, say, say_json, settings_of
from b2bua.service.duty import Watch, watches
from b2bua.service.number import service_number
from b2bua.service.plan import Calendar, Group, Mode, Plan


def duty(config: Path, number: str, at: str, *, as_json: bool) -> int:
    """Print each roster of a number: the people of this moment, and of the next."""
    settings = settings_of(config)

    async def look() -> tuple[Plan, Calendar]:
        async with opened_storage(settings) as storage:
            snapshot = await storage.plans.snapshot({})
        wanted = service_number(number) or number
        plan = snapshot.plans.get(wanted)
        if plan is None:
            raise Wanting(f"{wanted} has no plan")
        return plan, snapshot.calendar

    plan, calendar = run(look())
    rosters = [group for group in plan.groups.values() if group.mode is Mode.ROSTER]
    if not rosters:
        raise Wanting(f"{plan.number} has no duty roster")
    instant = moment(at, plan.timezone) if at else datetime.now(UTC)
    for group in rosters:
        found = list(islice(watches(plan, group, instant, calendar), 2))
        if as_json:
            say_json(_mapping(group, found))
        else:
            say(_told(plan, group, found))
    return 0


def _mapping(group: Group, found: list[Watch]) -> dict[str, object]:
    now, *after = (
        {"since": one.since.isoformat(), "shifts": one.shifts, "on": one.on}
        for one in found
    )
    return {"group": group.name, "now": now, "next": after[0] if after else None}


def _told(plan: Plan, group: Group, found: list[Watch]) -> str:
    lines = [f"{group.name}:"]
    for word, watch in zip(("now", "next"), found, strict=False):
        people = ", ".join(_person(plan, name) for name in watch.on) or "nobody"
        shifts = f" ({', '.join(watch.shifts)})" if watch.shifts else ""
        lines.append(f"  {word:4}  {watch.since:%a %Y-%m-%d %H:%M}  {people}{shifts}")
    if len(found) == 1:
        lines.append("  next  no change in two weeks")
    return "\n".join(lines)


def _person(plan: Plan, name: str) -> str:
    destination = plan.destinations[name]
    person = f" {destination.person}" if destination.person else ""
    return f"{name}{person} {destination.number}"
