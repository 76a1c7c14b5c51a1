"""Counts months beside the portal's loop; pages ask how far it is.

A month of a busy number is a million records. So few that a page does not feel them are
counted in a thread; more in a process of their own (:mod:`b2bua.web.counter`), one number
at a time, so that pages go on being served. The outcome is kept a while.
"""

import asyncio
import pickle
import sys
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final, TypeAlias

from b2bua.report.counting import span
from b2bua.report.figures import Figures, Subject, nowhere
from b2bua.store.errors import Unavailable
from b2bua.store.pool import Database
from b2bua.store.records import Records
from b2bua.store.tenant import Tenant
from b2bua.web import counter

KEPT: Final = 32
"""Months that are kept."""
FRESH_SECONDS: Final = 30.0
"""How long a month that is not over is shown as it was counted."""
LASTING_SECONDS: Final = 900.0
"""The same for a month that is."""
WORTH: Final = 10.0
"""What took long to count is shown so many times as long."""
FEW: Final = 2000
"""Records that are counted here: about 50 ms of work."""

Key: TypeAlias = tuple[str, str, int]


@dataclass(slots=True, eq=False)
class Count:
    """One month being counted, or counted."""

    task: "asyncio.Task[Figures]"
    began: float
    ended: float | None = None
    calls: list[int] = field(default_factory=lambda: [0])
    """How many so far, by whoever counts."""

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
        key = (subject.number, str(subject.period), version)
        known = self._counts.get(key)
        if known is None or self._stale(known):
            calls = [0]
            task = asyncio.create_task(self._work(database, subject, calls))
            known = fresh = Count(task=task, began=self._clock(), calls=calls)
            task.add_done_callback(lambda _: self._end(fresh))
            self._counts[key] = known
        self._counts.move_to_end(key)
        self._forget()
        return known

    async def _work(
        self, database: Database, subject: Subject, calls: list[int]
    ) -> Figures:
        # Where areas lie is a table of some megabytes, which stays here.
        plain = replace(subject, province_of=nowhere)
        own = Records(Tenant(database, subject.number).database)
        if await own.many(subject.number, FEW, *span(subject)):
            async with self._turn:
                found = await counted_apart(database.dsn, plain, calls)
        else:
            found = await asyncio.to_thread(counted, database.dsn, plain, calls)
        areas = (
            replace(one, province=subject.province_of(one.area) if one.area else "")
            for one in found.areas
        )
        return replace(found, areas=tuple(areas))

    def _end(self, count: Count) -> None:
        count.ended = self._clock()

    def _stale(self, known: Count) -> bool:
        if not known.task.done() or known.ended is None:
            return False
        if known.task.cancelled() or known.task.exception() is not None:
            return True
        complete = known.task.result().complete
        lasting = LASTING_SECONDS if complete else FRESH_SECONDS
        lasting = max(lasting, WORTH * (known.ended - known.began))
        return self._clock() - known.ended > lasting

    def _forget(self) -> None:
        over = [key for key, one in self._counts.items() if one.task.done()]
        for key in over[: max(0, len(self._counts) - KEPT)]:
            del self._counts[key]


def counted(dsn: str, subject: Subject, calls: list[int]) -> Figures:
    """Count in this thread; ``calls`` tells how many, from time to time."""

    def tell(done: int) -> None:
        calls[0] = done

    return asyncio.run(counter.counted(dsn, subject, tell))


async def counted_apart(dsn: str, subject: Subject, calls: list[int]) -> Figures:
    """Count in a process of its own. Raises Unavailable if that dies."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", counter.__name__),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(pickle.dumps((dsn, subject)))
        process.stdin.close()
        while line := (await process.stdout.readline()).strip():
            calls[0] = int(line)
        told = await process.stdout.read()
        status = await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if status:
        raise Unavailable(f"the process that counts has ended with {status}")
    found = pickle.loads(told)  # Both ends of these pipes are ours.
    assert isinstance(found, Figures)
    return found
