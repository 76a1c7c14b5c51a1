"""What a plan would have meant for the calls of the last month."""

from datetime import UTC, datetime, timedelta
from typing import Final

from b2bua.service.flow.decision import World
from b2bua.service.flow.replay import Difference, Replay, Summary, Verdict
from b2bua.service.plan import Plan
from b2bua.web.portal import Visit

LOOK_BACK: Final = timedelta(days=31)
MOST_CALLS: Final = 20_000
"""Decided again at one request: some seconds of work."""
EXAMPLES: Final = 8


class Reckoning:
    """The outcome for a page."""

    def __init__(self) -> None:
        self.summary = Summary()
        self.examples: list[Verdict] = []
        self.cut = False
        """There were more calls than are decided again."""

    @property
    def elsewhere(self) -> int:
        """Calls that would have gone elsewhere, in whole or in part."""
        found = self.summary.differences
        return found[Difference.ELSEWHERE] + found[Difference.SHARE]


async def reckoned(visit: Visit, draft: Plan) -> Reckoning:
    """Decide the last month's calls by a draft."""
    shared = await visit.tenant.surroundings()
    world = World(
        calendar=shared.calendar, own_numbers=shared.own_numbers, phones=shared.phones
    )
    versions = await visit.tenant.plans_by_version()
    replay = Replay(draft, versions, world, visit.portal.table)
    found = Reckoning()
    now = datetime.now(UTC)
    async for record in visit.tenant.in_order(now - LOOK_BACK, now):
        if found.summary.calls >= MOST_CALLS:
            found.cut = True
            break
        verdict = replay.decide(record)
        found.summary.add(verdict)
        if verdict.moved and len(found.examples) < EXAMPLES:
            found.examples.append(verdict)
    return found
