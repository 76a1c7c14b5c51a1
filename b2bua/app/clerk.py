"""Makes the reports that are due, in the portal's process, and hands them to the outbox.

Every node's portal has a clerk, and all look at the same rows: whoever claims a report
makes it, and says all the while that it is still at it. What it counts it counts as pages
do, beside the loop.
"""

import asyncio
import random
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

import msgspec
import structlog

from b2bua.app.webhooks import pause
from b2bua.core.errors import B2buaError
from b2bua.report.figures import Figures
from b2bua.report.letter import letter
from b2bua.report.mapping import mapping
from b2bua.report.page import page
from b2bua.report.tables import manner_of
from b2bua.report.workbook import workbook
from b2bua.store.errors import StoreError
from b2bua.store.pool import Database
from b2bua.store.reportruns import EVENT, Claimed, Made, ReportRuns, message_id
from b2bua.store.tenant import Tenant
from b2bua.web.analyst import Analyst
from b2bua.web.reporting import subject_of

LOOK_SECONDS: Final = 5.0
HOLD_SECONDS: Final = 20.0
"""Between two words that a report is still being made."""
PRUNE_SECONDS: Final = 3600.0


class Clerk:
    """Makes reports, one at a time, for as long as it runs."""

    def __init__(
        self,
        database: Database,
        analyst: Analyst,
        province_of: Callable[[str], str],
        asked: asyncio.Event,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """``asked`` is set when somebody wants a report now."""
        self._database = database
        self._runs = ReportRuns(database)
        self._analyst = analyst
        self._province_of = province_of
        self._asked = asked
        self._clock = clock
        self._log = structlog.get_logger()

    async def run(self) -> None:
        """Make what is due until cancelled."""
        loop = asyncio.get_running_loop()
        prune_at = loop.time()
        while True:
            self._asked.clear()
            try:
                await self.look()
                if loop.time() >= prune_at:
                    prune_at = loop.time() + PRUNE_SECONDS
                    await self._runs.prune()
            except StoreError as error:
                self._log.debug("reports wait", why=str(error))
            try:
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._asked.wait()
            except TimeoutError:
                continue

    async def look(self) -> int:
        """Make everything that is due; how many were made. May raise StoreError."""
        await self._runs.open(self._clock())
        made = 0
        while claimed := await self._runs.claim():
            made += await self._work(claimed)
        return made

    async def _work(self, claimed: Claimed) -> bool:
        holding = asyncio.create_task(self._hold(claimed.run))
        try:
            made = await self._made(claimed)
            fresh = await self._runs.settle(claimed, made)
        except B2buaError as error:
            wait = pause(claimed.attempts, random.random())
            await self._runs.failed(claimed.run, str(error), wait)
            self._log.warning("report not made", run=claimed.run, why=str(error))
            return False
        finally:
            holding.cancel()
        number, period = claimed.number, str(claimed.period)
        if fresh:
            self._log.info("report made", run=claimed.run, number=number, period=period)
        return fresh

    async def _hold(self, run: str) -> None:
        while True:
            await asyncio.sleep(HOLD_SECONDS)
            try:
                await self._runs.hold(run)
            except StoreError as error:
                self._log.debug("report not held", run=run, why=str(error))

    async def _made(self, claimed: Claimed) -> Made:
        tenant = Tenant(self._database, claimed.number)
        subject = await subject_of(tenant, claimed.period, self._province_of, self._clock())
        figures = await asyncio.shield(self._analyst.count(self._database, subject).task)
        # A workbook of a thousand rows takes a tenth of a second.
        return await asyncio.to_thread(rendered, claimed, figures)


def rendered(claimed: Claimed, figures: Figures) -> Made:
    """Everything that is sent."""
    asked = claimed.asked
    manner = manner_of(figures, asked.language, full=asked.whole)
    told = letter(figures, manner)
    event = {
        "id": message_id(claimed.run),
        "event": EVENT,
        "number": claimed.number,
        "at": figures.at.astimezone(UTC).isoformat(),
        "report": mapping(figures, manner),
    }
    return Made(
        subject=told.subject,
        text=told.text,
        html=told.html,
        page=page(figures, manner).encode("utf-8", "replace"),
        sheet=workbook(figures, manner),
        told=msgspec.json.encode(event).decode(),
    )
