"""What periods hold, read while records are on their way, with and without PostgreSQL."""

import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from b2bua.app.books import Books
from b2bua.app.lender import Lender
from b2bua.exchange.ledger import Ledger
from b2bua.service.flow.dossier import Moment
from b2bua.service.limits import Period
from b2bua.service.plan import Plan
from b2bua.store.encoding import decode_record, encode_record
from b2bua.store.errors import Unavailable
from b2bua.store.journal import Journal
from b2bua.store.leases import Leases
from b2bua.store.plans import Draft, Plans
from b2bua.store.pool import Database
from b2bua.store.records import Records
from tests.store.builders import SOURCE, plan, record
from tests.store.test_delivery import socket_path
from tests.support.cutting_proxy import CuttingProxy

NOW = datetime.now(UTC)
PLANS: dict[str, Plan] = {"4006001234": plan(version=1)}


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    opened = Journal(tmp_path / "journal.sqlite", clock=time.monotonic)
    yield opened
    opened.close()


@pytest.fixture
async def published(database: Database) -> Database:
    await Plans(database).publish([Draft(plan=plan(), source=SOURCE)])
    return database


def books_of(journal: Journal, database: Database) -> Books:
    lender = Lender(Leases(database), "n1", lambda _: None)
    return Books(journal, Records(database), lender)


def finish(journal: Journal, *ids: str) -> None:
    for name in ids:
        journal.finish(name, encode_record(record(name, invite_at=NOW)))


def calls(ledger: Ledger) -> tuple[int, int]:
    usage = ledger.usage(PLANS["4006001234"], Moment(0.0, NOW))
    return usage.calls_this_month, usage.spent_this_month


async def commit_unheard(database: Database, journal: Journal, count: int) -> None:
    """Deliver, and die before the journal hears of it."""
    waiting = journal.undelivered(count)
    await Records(database).add([decode_record(data) for _, data in waiting])


async def test_a_start_counts_each_record_once(
    published: Database, journal: Journal
) -> None:
    finish(journal, "c1", "c2", "c3", "c4", "c5")
    before = books_of(journal, published)
    await before.open(PLANS)
    await commit_unheard(published, journal, 2)
    books = books_of(journal, published)
    ledger = await books.open(PLANS)
    assert calls(ledger) == (5, 2000)
    await books.delivery.deliver()
    assert calls(ledger) == (5, 2000)
    assert ledger.unconfirmed == []


async def test_a_start_without_postgresql_counts_each_record_once(
    published: Database, journal: Journal
) -> None:
    finish(journal, "c1", "c2", "c3")
    first = books_of(journal, published)
    await first.open(PLANS)
    await first.delivery.deliver()
    finish(journal, "c4", "c5")
    await commit_unheard(published, journal, 1)
    nowhere = Database("postgresql://b2bua@127.0.0.1:1/b2bua")
    await nowhere.open()
    second = books_of(journal, nowhere)
    assert calls(await second.open(PLANS)) == (5, 2000)
    await nowhere.close()
    third = books_of(journal, published)
    assert calls(await third.open(PLANS)) == (5, 2000)


async def test_what_others_deliver_is_seen(published: Database, journal: Journal) -> None:
    books = books_of(journal, published)
    ledger = await books.open(PLANS)
    await Records(published).add([record("other", node="n2", invite_at=NOW)])
    books.hear(await Records(published).standing(ledger.unconfirmed, date(2026, 1, 1)))
    assert calls(ledger) == (1, 400)


@pytest.mark.parametrize("after", [1, 700, 3000, 6000])
async def test_an_answer_that_is_lost_counts_nothing_twice(
    dsn: str, published: Database, journal: Journal, after: int
) -> None:
    finish(journal, "c1", "c2")
    async with CuttingProxy(socket_path(dsn)) as proxy:
        distant = Database(proxy.dsn(urlsplit(dsn).path[1:]))
        await distant.open()
        books = books_of(journal, distant)
        ledger = await books.open(PLANS)
        proxy.cut_after(after)
        for _ in range(3):
            with suppress(Unavailable):
                await books.delivery.deliver()
            assert calls(ledger) == (2, 800)
        await distant.close()
    assert journal.undelivered(1) == []


async def test_every_version_of_a_plan_moves_one_usage(
    published: Database, journal: Journal
) -> None:
    newer = replace(plan(), name="renamed")
    await Plans(published).publish([Draft(plan=newer, source=SOURCE)])
    added = await Records(published).add(
        [record("old", invite_at=NOW), record("new", invite_at=NOW, plan_version=2)]
    )
    months = [row for row in added.standing.usage if row.period is Period.MONTH]
    assert [(row.admitted, row.spend) for row in months] == [(2, 800)]
    again = await Records(published).add([record("new", invite_at=NOW, plan_version=2)])
    assert (again.fresh, again.standing.known) == (0, ("new",))
    assert [row for row in again.standing.usage if row.period is Period.MONTH] == months
