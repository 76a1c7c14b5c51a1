"""``b2bua replay``: recorded calls under a draft plan."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from b2bua.app.build import area_table, trunk_rules
from b2bua.app.storage import Storage, opened_storage
from b2bua.cli.common import Misused, Wanting, moment, run, say, say_json, settings_of
from b2bua.cli.explain import draft_of
from b2bua.config.settings import Settings
from b2bua.service.flow.decision import World
from b2bua.service.flow.replay import Difference, Replay, Summary, Verdict
from b2bua.service.limits import Period, period_start
from b2bua.service.number import service_number

MOST_CHANGES: Final = 20
"""Kinds of change that the summary names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What is tried out, on which calls."""

    plan: Path
    number: str
    since: str


def replay(config: Path, draft: Draft, *, as_json: bool) -> int:
    """Print the calls that would go elsewhere, then how many; status 0 whatever it is."""
    settings = settings_of(config)
    number = service_number(draft.number)
    if number is None:
        raise Misused(f"{draft.number!r} is no 400 number")

    async def ask() -> Summary:
        summary = Summary()
        async with opened_storage(settings) as storage:
            async for verdict in _verdicts(settings, storage, number, draft):
                summary.add(verdict)
                if verdict.moved and as_json:
                    say_json(_shown(verdict))
                elif verdict.difference is Difference.ELSEWHERE:
                    say(_told(verdict))
        return summary

    summary = run(ask())
    if as_json:
        say_json({"summary": _figures(summary)})
    else:
        _tell(summary)
    return 0


async def _verdicts(
    settings: Settings, storage: Storage, number: str, draft: Draft
) -> AsyncIterator[Verdict]:
    snapshot = await storage.plans.snapshot(trunk_rules(settings))
    plan = await draft_of(settings, snapshot.tariffs, draft.plan, number)
    since = moment(draft.since, plan.timezone)
    now = datetime.now(UTC)
    if since > now:
        raise Wanting(f"{draft.since} is still to come")
    machine = Replay(
        plan,
        await storage.plans.versions(number),
        World(
            calendar=snapshot.calendar,
            own_numbers={*snapshot.plans, number},
            phones=snapshot.phones,
        ),
        area_table(settings),
    )
    # What counts for a cap began before: with the month or week that ``since`` lies in.
    first = min(period_start(period, since, plan.timezone) for period in Period)
    begin = min(since, moment(str(first), plan.timezone))
    async for record in storage.records.in_order(number, begin, now + timedelta(hours=1)):
        verdict = machine.decide(record)
        if record.invite_at >= since:
            yield verdict


def _shown(verdict: Verdict) -> dict[str, object]:
    record = verdict.record
    return {
        "id": record.id,
        "at": record.invite_at.isoformat(),
        "caller": "" if record.caller_private else record.caller,
        "area": record.area,
        "before": verdict.before.told,
        "after": verdict.after.told,
        "route_before": verdict.before.route,
        "route_after": verdict.after.route,
        "moved": round(float(verdict.moved), 4),
        "why": verdict.after.why,
    }


def _figures(summary: Summary) -> dict[str, object]:
    return {
        "calls": summary.calls,
        "elsewhere": summary.differences[Difference.ELSEWHERE],
        "other_shares": summary.differences[Difference.SHARE],
        "other_route": summary.differences[Difference.ROUTE],
        "same": summary.differences[Difference.NONE],
        "expected_elsewhere": round(float(summary.expected), 2),
        "unlike_their_plan": summary.unlike,
        "changes": [
            {"before": before, "after": after, "calls": calls}
            for (before, after), calls in summary.changes.most_common()
        ],
    }


def _told(verdict: Verdict) -> str:
    record = verdict.record
    caller = "" if record.caller_private else record.caller
    return (
        f"{record.invite_at.astimezone():%Y-%m-%d %H:%M:%S} {caller or 'anonymous':<12}"
        f" {record.id}\n    {verdict.before.told} -> {verdict.after.told}"
        f"\n    by {verdict.after.why}"
    )


def _tell(summary: Summary) -> None:
    count = summary.differences
    say(f"{count[Difference.ELSEWHERE]} of {summary.calls} calls would go elsewhere")
    if count[Difference.SHARE]:
        part = summary.expected - count[Difference.ELSEWHERE]
        shared = f"{count[Difference.SHARE]} would be shared otherwise"
        say(f"{shared}: about {float(part):.0f} of them move")
    if count[Difference.ROUTE]:
        say(f"{count[Difference.ROUTE]} would take another route to the same place")
    if summary.unlike:
        why = "limits, passwords, data that changed since"
        say(f"{summary.unlike} went otherwise than their plan says: {why}")
    for (before, after), calls in summary.changes.most_common(MOST_CHANGES):
        say(f"  {calls:>7}  {before} -> {after}")
