"""Keeps the ledger in step with PostgreSQL, and a copy of its figures in the journal.

A start with PostgreSQL reads what it holds and which of the journal's records are in
that, at one moment. A start without it goes by the copy, which is written together with
each delivery: the copy and the records that still wait are all calls, each once.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Final

import msgspec
import structlog

from b2bua.app.lender import Lender
from b2bua.exchange.ledger import Ledger
from b2bua.service.limits import Period, PeriodUsage, Standing
from b2bua.service.plan import Plan
from b2bua.service.record import CallRecord
from b2bua.store.delivery import Delivery
from b2bua.store.encoding import decode_record
from b2bua.store.errors import StoreError, Unavailable
from b2bua.store.journal import Journal
from b2bua.store.records import Records

REFRESH_SECONDS: Final = 5.0
"""Between two looks at what other nodes have delivered."""
LONGEST_PERIOD: Final = timedelta(days=33)
"""A month, and a day for the zone at either end."""
KEY: Final = "usage"
"""Under which name the journal keeps figures, with number and period."""
EVERY_RECORD: Final = 10_000_000


class Books:
    """What the periods of one node's ledger are made of."""

    def __init__(self, journal: Journal, records: Records, lender: Lender) -> None:
        self.lender = lender
        self.delivery = Delivery(journal, records, self.hear)
        self._journal = journal
        self._records = records
        self._ledger = Ledger()
        self._kept: dict[str, PeriodUsage] = {}
        self._log = structlog.get_logger()

    async def open(self, plans: Mapping[str, Plan]) -> Ledger:
        """The ledger as the process before left it, but for the calls that were up."""
        counters = self._journal.counters()
        self._kept = dict(_kept(counters))
        self._ledger.quota.restore(counters)
        waiting = self._waiting()
        try:
            standing = await self._standing(list(waiting))
        except Unavailable as error:
            self._log.warning("usage as last known", why=str(error))
            standing = Standing(usage=tuple(self._kept.values()))
        for name in waiting.keys() - set(standing.known):
            plan = plans.get(waiting[name].number)
            if plan is not None:
                self._ledger.enter(plan, waiting[name])
        self.hear(standing)
        return self._ledger

    def hear(self, standing: Standing) -> None:
        """Take what PostgreSQL holds."""
        own = tuple(lease for lease in standing.leases if lease.node == self.lender.node)
        for saved in self._ledger.learn(replace(standing, leases=own)):
            self._journal.save_counter(saved.key, saved.state)
        for row in standing.usage:
            key = f"{KEY}/{row.number}/{row.period.value}"
            kept = self._kept.get(key)
            if kept is None or _figures(kept) < _figures(row):
                self._kept[key] = row
                figures = (row.admitted, row.spend, row.offered, row.answered)
                text = " ".join((row.starts.isoformat(), *map(str, figures)))
                self._journal.save_counter(key, text)

    async def run(self, heard: Callable[[], None]) -> None:
        """Look again and again until cancelled: others may serve the same numbers.

        ``heard`` is called after each look.
        """
        while True:
            await asyncio.sleep(REFRESH_SECONDS)
            try:
                asked = self._ledger.unconfirmed
                standing = await self._standing(asked)
                with self._journal.batch():
                    self.hear(standing)
                heard()
            except StoreError as error:
                self._log.debug("usage not refreshed", why=str(error))

    async def _standing(self, calls: list[str]) -> Standing:
        return await self._records.standing(calls, _since(), self.lender.node)

    def _waiting(self) -> dict[str, CallRecord]:
        """Records that the journal holds; one that cannot be read is delivery's to tell."""
        found = {}
        for name, data in self._journal.undelivered(EVERY_RECORD):
            try:
                found[name] = decode_record(data)
            except msgspec.MsgspecError as error:
                self._log.error("record not counted", call=name, why=str(error))
        return found


def _figures(row: PeriodUsage) -> tuple[date, int, int, int]:
    return row.starts, row.offered, row.admitted, row.spend


def _kept(counters: Mapping[str, str]) -> list[tuple[str, PeriodUsage]]:
    rows = []
    for key, state in counters.items():
        if key.startswith(f"{KEY}/"):
            _, number, period = key.split("/")
            # Versions before this one wrote the first two figures alone.
            starts, *figures = state.split()
            admitted, spend, offered, answered = (*map(int, figures), 0, 0)[:4]
            row = PeriodUsage(
                number=number,
                period=Period(period),
                starts=date.fromisoformat(starts),
                admitted=admitted,
                spend=spend,
                offered=offered,
                answered=answered,
            )
            rows.append((key, row))
    return rows


def _since() -> date:
    return (datetime.now(UTC) - LONGEST_PERIOD).date()
