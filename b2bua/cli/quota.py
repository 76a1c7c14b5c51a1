"""``b2bua quota``: what each node holds of capped periods, and closing one that is gone."""

from pathlib import Path

import typer

from b2bua.app.storage import opened_storage
from b2bua.cli.common import Misused, Wanting, run, say, say_json, settings_of, stamp
from b2bua.config.settings import Settings
from b2bua.service.limits import Unit
from b2bua.service.number import service_number
from b2bua.service.tariff import yuan
from b2bua.store.leases import Holding
from b2bua.store.nodes import Nodes


def quota(config: Path, number: str | None, *, as_json: bool) -> int:
    """List the leases of periods that are not over."""
    settings = settings_of(config)
    wanted = None if number is None else service_number(number)
    if number is not None and wanted is None:
        raise Misused(f"{number!r} is no 400 number")
    held = run(_holdings(settings, wanted))
    for one in held:
        if as_json:
            say_json(_shown(one))
        else:
            say(_line(one))
    if not held and not as_json:
        say("no node holds quota of a period with a cap")
    return 0


def close(config: Path, node: str, *, sure: bool) -> int:
    """Give back what a node holds that will not come back; asks first unless ``sure``."""
    settings = settings_of(config)
    held = [one for one in run(_holdings(settings, None)) if one.node == node and one.held]
    if not held:
        raise Wanting(f"{node} holds no quota")
    for one in held:
        say(
            f"{node} holds {amount(one.unit, one.held)} of {one.number},"
            f" {one.period.value} from {one.starts}"
        )
    if not sure:
        typer.confirm(
            f"Will {node} never come back? What its calls used and it did not deliver"
            " is not counted from now on. Give its quota to the others?",
            abort=True,
        )
    run(_close(settings, node))
    say(f"{node}: closed, the other nodes may use what it held")
    return 0


async def _close(settings: Settings, node: str) -> None:
    async with opened_storage(settings) as storage:
        for one in await Nodes(storage.database).all():
            if one.name == node and not one.silent:
                seen = f"{one.seen_at.astimezone():%H:%M:%S}"
                raise Wanting(
                    f"{node} is {one.state} and spoke at {seen}; a node that stops"
                    " gives back by itself what it does not use"
                )
        await storage.leases.close(node)


async def _holdings(settings: Settings, number: str | None) -> list[Holding]:
    async with opened_storage(settings) as storage:
        return await storage.leases.holdings(number)


def amount(unit: Unit, value: int) -> str:
    """Calls, or money."""
    match unit:
        case Unit.CALLS:
            return f"{value} call{'' if value == 1 else 's'}"
        case Unit.SPEND:
            return f"{yuan(value)} yuan"


def _shown(one: Holding) -> dict[str, object]:
    money = one.unit is Unit.SPEND
    granted, settled, spare, held = (
        yuan(value) if money else value
        for value in (one.granted, one.settled, one.spare, one.held)
    )
    return {
        "number": one.number,
        "period": one.period.value,
        "since": one.starts.isoformat(),
        "unit": one.unit.value,
        "node": one.node,
        "granted": granted,
        "settled": settled,
        "held": held,
        "spare": spare,
        "asked_at": stamp(one.asked_at),
        "heard_at": stamp(one.heard_at),
        "silent": one.silent,
    }


def _line(one: Holding) -> str:
    spare = f", {amount(one.unit, one.spare)} spare" if one.spare else ""
    return (
        f"{one.number}  {one.period.value:<5} from {one.starts}  {one.node}:"
        f" holds {amount(one.unit, one.held)}{spare},"
        f" heard {one.heard_at.astimezone():%m-%d %H:%M:%S}{', silent' * one.silent}"
    )
