"""Take finished records from the journal to PostgreSQL, exactly once, many at a time.

    journal                     PostgreSQL
    undelivered
                                records and usage, one commit, known ids left out
    delivered

Whatever dies between two lines, the next attempt begins at the first: records that are
there already insert nothing and move no usage.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from b2bua.service.limits import Standing
from b2bua.service.record import CallRecord
from b2bua.store.encoding import decode_record
from b2bua.store.errors import Rejected, Unavailable
from b2bua.store.journal import Journal
from b2bua.store.records import Records

BATCH: Final = 200
"""Small enough that encoding it holds up no call."""
GATHER_SECONDS: Final = 0.1
"""How long records are let gather after the first."""
IDLE_SECONDS: Final = 5.0
SHORTEST_PAUSE: Final = 0.5
LONGEST_PAUSE: Final = 15.0


class Delivery:
    """Empties one journal into one database."""

    def __init__(
        self,
        journal: Journal,
        records: Records,
        told: Callable[[Standing], None] = lambda _: None,
    ) -> None:
        """``told`` hears what the store holds after each delivery.

        What it writes into the journal is written together with the delivery.
        """
        self._told = told
        self._journal = journal
        self._records = records
        self._finished = asyncio.Event()
        self.delivered = 0
        self.rejected = 0
        self.fault = ""
        """Why records wait; empty if they do not."""

    def nudge(self) -> None:
        """Say that a record was finished."""
        self._finished.set()

    async def run(self) -> None:
        """Deliver for ever, with growing pauses while PostgreSQL is away."""
        pause = SHORTEST_PAUSE
        while True:
            try:
                while await self.deliver():
                    pass
            except Unavailable as error:
                self.fault = str(error)
                await asyncio.sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE)
                continue
            self.fault = ""
            pause = SHORTEST_PAUSE
            try:
                async with asyncio.timeout(IDLE_SECONDS):
                    await self._finished.wait()
            except TimeoutError:
                continue
            await asyncio.sleep(GATHER_SECONDS)
            self._finished.clear()

    async def deliver(self) -> int:
        """Deliver one batch; how many records left the journal. May raise Unavailable."""
        waiting = self._journal.undelivered(BATCH)
        records: list[CallRecord] = []
        for call_id, data in waiting:
            try:
                records.append(decode_record(data))
            except msgspec.MsgspecError as error:
                self._reject(call_id, data, str(error))
        if records:
            await self._add(records, dict(waiting))
        return len(waiting)

    async def _add(self, records: Sequence[CallRecord], data: dict[str, bytes]) -> None:
        """Add records; if one of them is refused, find it by halves and put it aside."""
        try:
            added = await self._records.add(records)
        except Rejected as error:
            if len(records) == 1:
                self._reject(records[0].id, data[records[0].id], str(error))
                return
            half = len(records) // 2
            await self._add(records[:half], data)
            await self._add(records[half:], data)
        else:
            with self._journal.batch():
                self._journal.delivered([record.id for record in records])
                self._told(added.standing)
            self.delivered += len(records)

    def _reject(self, call_id: str, data: bytes, why: str) -> None:
        self._journal.reject(call_id, data, why)
        self.rejected += 1
