"""Scheduled reports: what pages and programs ask for, judged, kept and noted."""

import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from b2bua.report.timetable import (
    Fault,
    Means,
    Rhythm,
    Subscription,
    due_at,
    faults,
    period_at,
)
from b2bua.service.webhook import Reach, shown
from b2bua.store.audit import Act
from b2bua.store.outbox import MAILTO
from b2bua.store.reports import Content, Kept, Reports, Run, Sent, TooMany
from b2bua.store.roles import Right
from b2bua.web.gate import NotAllowed
from b2bua.web.portal import Visit

MOST_TOLD = 3
"""Addresses that a line of the audit log names."""


def reports(visit: Visit) -> Reports:
    """The number's own."""
    return Reports(visit.tenant.database, visit.tenant.number)


async def add(
    visit: Visit, asked: Subscription, secret: str
) -> tuple[int, str] | list[Fault]:
    """Keep a new one: its id, and its secret if one was drawn. Or what is wrong."""
    if found := _wrong(visit, asked, secret):
        return found
    drawn = "" if secret or not asked.webhook else secrets.token_urlsafe(24)
    try:
        made = await reports(visit).add(asked, secret or drawn, visit.actor)
    except TooMany as error:
        return [Fault("", str(error))]
    await visit.note(Act.REPORT_SET, f"{made}", _told(asked))
    return made, drawn


async def change(
    visit: Visit, subscription: int, asked: Subscription, secret: str
) -> tuple[int, str] | list[Fault]:
    """The same of one that is there."""
    if found := _wrong(visit, asked, secret):
        return found
    before = {one.id: one.asked for one in await reports(visit).all()}
    was = before.get(subscription)
    drawn = ""
    if asked.webhook and not secret and (was is None or not was.webhook):
        drawn = secrets.token_urlsafe(24)
    kept = await reports(visit).change(subscription, asked, secret or drawn, visit.actor)
    if not kept:
        return [Fault("", "gone")]
    await visit.note(Act.REPORT_SET, f"{subscription}", _told(asked))
    return subscription, drawn


async def remove(visit: Visit, subscription: int) -> bool:
    """Send it no more; whether it was there."""
    done = await reports(visit).remove(subscription)
    if done:
        await visit.note(Act.REPORT_REMOVED, f"{subscription}")
    return done


async def send(visit: Visit, subscription: int, zone: ZoneInfo) -> str | Fault:
    """Send the last whole week or month now; the report's id, or why not."""
    asked = next(
        (one.asked for one in await reports(visit).all() if one.id == subscription), None
    )
    if asked is None:
        return Fault("", "gone")
    if asked.whole and not visit.may(Right.REVEAL):
        return Fault("whole", "whole")
    period = period_at(asked.rhythm, datetime.now(UTC), zone).before
    try:
        run = await reports(visit).ask(subscription, period, visit.actor)
    except TooMany as error:
        return Fault("", str(error))
    await visit.note(Act.REPORT_SENT, f"{subscription}", f"{period} {_told(asked)}")
    visit.portal.reports_asked.set()
    return run


async def content(visit: Visit, run: str) -> Content | None:
    """What was sent. Raises NotAllowed where whole numbers are in it, for who sees none."""
    found = await reports(visit).content(run)
    if found is None:
        return None
    if found.whole and not visit.may(Right.REVEAL):
        raise NotAllowed
    await visit.note(Act.EXPORTED, f"report {run}")
    return found


def next_at(kept: Kept, zone: ZoneInfo, now: datetime) -> datetime | None:
    """When the next one is due; None while it rests."""
    if not kept.asked.active:
        return None
    period = period_at(kept.asked.rhythm, now, zone)
    before = due_at(period.before, kept.asked.hour, zone)
    return before if before > now else due_at(period, kept.asked.hour, zone)


def subscription(kept: Kept, zone: ZoneInfo, *, whole: bool) -> dict[str, object]:
    """One as programs see it; a webhook's query may be a key."""
    asked = kept.asked
    due = next_at(kept, zone, datetime.now(UTC))
    return {
        "id": kept.id,
        "rhythm": asked.rhythm.value,
        "hour": asked.hour,
        "language": asked.language.value,
        "mail": list(asked.mail),
        "webhook": asked.webhook if whole else shown(asked.webhook),
        "whole": asked.whole,
        "active": asked.active,
        "next": None if due is None else due.isoformat(),
        "changed_by": kept.changed_by,
    }


def run(one: Run) -> dict[str, object]:
    """One report as programs see it."""
    return {
        "id": one.id,
        "subscription": one.subscription,
        "period": one.period,
        "asked_by": one.asked_by,
        "state": one.state,
        "said": one.said,
        "created_at": one.created_at.isoformat(),
        "made_at": None if one.made_at is None else one.made_at.isoformat(),
        "sent": [
            {
                "to": address(sent),
                "state": sent.state,
                "attempts": sent.attempts,
                "said": sent.said,
                "settled_at": None
                if sent.settled_at is None
                else sent.settled_at.isoformat(),
            }
            for sent in one.sent
        ],
    }


def address(sent: Sent) -> str:
    """Where it went, as it may be shown."""
    return shown(sent.to.removeprefix(MAILTO))


def rhythms() -> Mapping[str, Rhythm]:
    """By what forms call them."""
    return {one.value: one for one in Rhythm}


def _wrong(visit: Visit, asked: Subscription, secret: str) -> list[Fault]:
    means = Means(
        mail=visit.portal.mail,
        reach=visit.portal.known.webhooks or Reach(),
        reveal=visit.may(Right.REVEAL),
    )
    return list(faults(asked, secret, means))


def _told(asked: Subscription) -> str:
    to = [*asked.mail[:MOST_TOLD], *(("…",) if len(asked.mail) > MOST_TOLD else ())]
    if asked.webhook:
        to.append(shown(asked.webhook))
    rest = "" if asked.active else " (resting)"
    return f"{asked.rhythm.value} {asked.hour}:00 → {', '.join(to)}{rest}"
