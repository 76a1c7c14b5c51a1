"""``b2bua reports``: reports that are sent by themselves, and what became of them."""

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from b2bua.app import build
from b2bua.app.storage import Storage, opened_storage
from b2bua.cli.common import Misused, Wanting, run, say, say_json, settings_of
from b2bua.report.month import Period
from b2bua.report.timetable import Means, Rhythm, Subscription, faults, period_at
from b2bua.report.wording import Language
from b2bua.service.number import service_number
from b2bua.service.webhook import shown
from b2bua.store.outbox import MAILTO
from b2bua.store.reports import Kept, Reports, Run

ZONE: Final = "Asia/Shanghai"
"""Of numbers that have no plan any more."""
WHO: Final = "operator (command)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What ``reports add`` was told."""

    every: str
    hour: int
    language: str
    mail: list[str]
    webhook: str
    whole: bool


def listed(config: Path, number: str, *, as_json: bool) -> int:
    """What a number has sent, and the last reports."""
    settings, wanted = settings_of(config), _number(number)

    async def look() -> tuple[list[Kept], list[Run]]:
        async with opened_storage(settings) as storage:
            own = Reports(storage.database, wanted)
            return await own.all(), await own.runs()

    kept, runs = run(look())
    for one in kept:
        if as_json:
            say_json({"id": one.id, **_told(one.asked)})
        else:
            rest = "" if one.asked.active else ", off"
            to = ", ".join(_addresses(one.asked))
            when = f"every {one.asked.rhythm.value} at {one.asked.hour}:00{rest}"
            say(f"{one.id}: {when}: {to}")
    for report in runs:
        _say_run(report, as_json=as_json)
    if not as_json and not kept:
        say("no report is scheduled")
    return 0


def add(config: Path, number: str, asked: Asked) -> int:
    """Send a report from now on."""
    settings, wanted = settings_of(config), _number(number)
    try:
        rhythm, language = Rhythm(asked.every), Language(asked.language)
    except ValueError as error:
        raise Misused("--every is week or month, --language zh or en") from error
    wish = Subscription(
        rhythm=rhythm,
        hour=asked.hour,
        language=language,
        mail=tuple(asked.mail),
        webhook=asked.webhook,
        whole=asked.whole,
    )
    means = Means(
        mail=bool(settings.mail.server), reach=build.webhook_reach(settings), reveal=True
    )
    if wrong := list(faults(wish, "", means)):
        raise Wanting("\n".join(f"{one.field}: {one.said(Language.EN)}" for one in wrong))
    secret = secrets.token_urlsafe(24) if wish.webhook else ""

    async def store() -> int:
        async with opened_storage(settings) as storage:
            await _planned(storage, wanted)
            return await Reports(storage.database, wanted).add(wish, secret, WHO)

    made = run(store())
    say(f"{made}: every {rhythm.value} at {wish.hour}:00: {', '.join(_addresses(wish))}")
    if secret:
        say(f"secret of the webhook, shown this once: {secret}")
    return 0


def remove(config: Path, number: str, subscription: int) -> int:
    """Send it no more."""
    settings, wanted = settings_of(config), _number(number)

    async def forget() -> bool:
        async with opened_storage(settings) as storage:
            return await Reports(storage.database, wanted).remove(subscription)

    if not run(forget()):
        raise Wanting(f"{wanted} has no scheduled report {subscription}")
    say(f"{subscription}: removed")
    return 0


def send(config: Path, number: str, subscription: int) -> int:
    """Send the last whole week or month now; a node's portal makes it."""
    settings, wanted = settings_of(config), _number(number)

    async def ask() -> Period:
        async with opened_storage(settings) as storage:
            own = Reports(storage.database, wanted)
            found = [one for one in await own.all() if one.id == subscription]
            if not found:
                raise Wanting(f"{wanted} has no scheduled report {subscription}")
            plan = (await storage.plans.snapshot({})).plans.get(wanted)
            zone = ZoneInfo(ZONE if plan is None else plan.timezone)
            now = datetime.now(UTC)
            period = period_at(found[0].asked.rhythm, now, zone).before
            await own.ask(subscription, period, WHO)
            return period

    say(f"{subscription}: {run(ask())} is sent as soon as a portal has made it")
    return 0


async def _planned(storage: Storage, number: str) -> None:
    if number not in (await storage.plans.snapshot({})).plans:
        raise Wanting(f"{number} has no plan")


def _number(text: str) -> str:
    return service_number(text) or text


def _addresses(asked: Subscription) -> list[str]:
    return [*asked.mail, *([shown(asked.webhook)] if asked.webhook else [])]


def _told(asked: Subscription) -> dict[str, object]:
    return {
        "every": asked.rhythm.value,
        "hour": asked.hour,
        "language": asked.language.value,
        "mail": list(asked.mail),
        "webhook": shown(asked.webhook),
        "whole": asked.whole,
        "active": asked.active,
    }


def _say_run(report: Run, *, as_json: bool) -> None:
    sent = [
        {"to": shown(one.to.removeprefix(MAILTO)), "state": one.state, "said": one.said}
        for one in report.sent
    ]
    if as_json:
        say_json(
            {
                "report": report.id,
                "period": report.period,
                "state": report.state,
                "said": report.said,
                "sent": sent,
            }
        )
        return
    said = f" ({report.said})" if report.said else ""
    say(f"  {report.period} {report.state}{said}")
    for one in sent:
        why = f" ({one['said']})" if one["said"] else ""
        say(f"    {one['state']} {one['to']}{why}")
