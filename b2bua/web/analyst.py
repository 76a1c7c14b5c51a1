"""Counts months, one at a time, beside the portal's loop; pages ask how far it is.

A month of a busy number is a million records. They are counted in a thread with a loop
and a connection of its own, so that pages go on being served; the outcome is kept a while.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from b2bua.report.analysis import summed
from b2bua.report.counting import Counting, span
from b2bua.report.figures import Figures, Subject
from b2bua.store.pool import PAGE_SECONDS, Database
from b2bua.store.tenant import Tenant

KEPT: Final = 32
"""Months that are kept."""
FRESH_SECONDS: Final = 30.0
"""How long a month that is not over is shown as it was counted."""
LASTING_SECONDS: Final = 900.0
"""The same for a month that is."""
STEP: Final = 1000

Key: TypeAlias = tuple[str, str, int]


@dataclass(slots=True, eq=False)
class Count:
    """One month being counted, or counted."""

    task: "asyncio.Task[Figures]"
    began: float
    calls: list[int] = field(default_factory=lambda: [0])
    """How many so far, by the thread."""

    @property
    def so_far(self) -> int:
        """Calls that were counted."""
        return self.calls[0]


class Analyst:
    """The months of every number that somebody asked for."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._counts: OrderedDict[Key, Count] = OrderedDict()
        self._turn = asyncio.Semaphore(1)

    def count(self, database: Database, subject: Subject) -> Count:
        """The month's count, begun now unless it is under way or still fresh."""
        version = 0 if subject.plan is None else subject.plan.version
        key = (subject.number, str(subject.month), version)
        known = self._counts.get(key)
        if known is None or self._stale(known):
            calls = [0]
            task = asyncio.create_task(self._work(database.dsn, subject, calls))
            known = Count(task=task, began=self._clock(), calls=calls)
            self._counts[key] = known
        self._counts.move_to_end(key)
        self._forget()
        return known

    async def _work(self, dsn: str, subject: Subject, calls: list[int]) -> Figures:
        async with self._turn:
            return await asyncio.to_thread(counted, dsn, subject, calls)

    def _stale(self, known: Count) -> bool:
        if not known.task.done():
            return False
        if known.task.cancelled() or known.task.exception() is not None:
            return True
        complete = known.task.result().complete
        lasting = LASTING_SECONDS if complete else FRESH_SECONDS
        return self._clock() - known.began > lasting

    def _forget(self) -> None:
        over = [key for key, one in self._counts.items() if one.task.done()]
        for key in over[: max(0, len(self._counts) - KEPT)]:
            del self._counts[key]


def counted(dsn: str, subject: Subject, calls: list[int]) -> Figures:
    """Count in this thread; ``calls`` tells how many, from time to time."""

    async def work() -> Figures:
        counting = Counting(subject)
        database = Database(dsn, connections=1, patience=PAGE_SECONDS)
        await database.open()
        try:
            done = 0
            async for record in Tenant(database, subject.number).in_order(*span(subject)):
                counting.add(record)
                done += 1
                if done % STEP == 0:
                    calls[0] = done
        finally:
            await database.close()
        return summed(counting, subject)

    return asyncio.run(work())
