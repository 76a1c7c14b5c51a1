"""What others did is heard, also what they did while nobody listened."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import parse_qs, urlsplit

import pytest

from b2bua.service.plan import Calendar, Tariff
from b2bua.store import changes
from b2bua.store.calendars import Calendars
from b2bua.store.changes import Changes, Command, HangUp, LiftBan, command
from b2bua.store.errors import Unavailable
from b2bua.store.plans import Draft, Plans
from b2bua.store.pool import Database
from tests.store.builders import SOURCE, plan
from tests.support.cutting_proxy import CuttingProxy


class Ear:
    """Counts changes and keeps commands; an event for each."""

    def __init__(self) -> None:
        self.changes = 0
        self.fail = False
        self.heard: asyncio.Queue[Command | None] = asyncio.Queue()

    async def changed(self) -> None:
        if self.fail:
            self.fail = False
            raise Unavailable("not now")
        self.changes += 1
        self.heard.put_nowait(None)

    def commanded(self, order: Command) -> None:
        self.heard.put_nowait(order)

    async def next(self) -> Command | None:
        async with asyncio.timeout(10):
            return await self.heard.get()


@asynccontextmanager
async def listening(dsn: str, ear: Ear) -> AsyncIterator[Changes]:
    listener = Changes(dsn, changed=ear.changed, commanded=ear.commanded)
    running = asyncio.create_task(listener.run())
    try:
        yield listener
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def proxy_for(dsn: str) -> CuttingProxy:
    directory = parse_qs(urlsplit(dsn).query)["host"][0]
    return CuttingProxy(f"{directory}/.s.PGSQL.5432")


@pytest.fixture(autouse=True)
def short_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changes, "PAUSE_SECONDS", 0.05)


async def test_every_kind_of_publication_is_heard(dsn: str, database: Database) -> None:
    ear = Ear()
    plans = Plans(database)
    async with listening(dsn, ear):
        assert await ear.next() is None
        for act in (
            plans.publish([Draft(plan=plan(), source=SOURCE)]),
            plans.publish_tariff(Tariff(name="new")),
            Calendars(database).publish(Calendar(years=frozenset({2026})), "notice"),
            plans.withdraw("4006001234"),
        ):
            await act
            assert await ear.next() is None
    assert ear.changes == 5


async def test_many_changes_are_one(dsn: str, database: Database) -> None:
    ear = Ear()
    plans = Plans(database)
    async with listening(dsn, ear):
        await ear.next()
        for number in range(10):
            await plans.publish_tariff(Tariff(name="new", unit_price=number))
        await ear.next()
    assert ear.changes < 6


async def test_commands_arrive_and_malformed_ones_are_counted(
    dsn: str, database: Database
) -> None:
    ear = Ear()
    async with listening(dsn, ear) as listener:
        await ear.next()
        async with database.connection() as connection:
            for text in ("nonsense", '{"hangup": 1}', '{"lift": []}', "[]", ""):
                await connection.execute("select pg_notify('b2bua_command', $1)", text)
        await command(database, HangUp("c1"))
        assert await ear.next() == HangUp("c1")
        await command(database, LiftBan("192.0.2.1"))
        assert await ear.next() == LiftBan("192.0.2.1")
        assert listener.malformed == 5


async def test_what_was_told_while_the_connection_was_away_is_read_after_it(
    dsn: str, database: Database
) -> None:
    ear = Ear()
    async with (
        proxy_for(dsn) as proxy,
        listening(proxy.dsn(urlsplit(dsn).path[1:]), ear) as listener,
    ):
        await ear.next()
        proxy.refuse()
        await Plans(database).publish_tariff(Tariff(name="new"))
        proxy.admit()
        assert await ear.next() is None
        assert listener.fault == ""
        await command(database, HangUp("c1"))
        assert await ear.next() == HangUp("c1")


async def test_a_connection_that_has_gone_silent_is_replaced(
    dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changes, "HEARTBEAT_SECONDS", 0.1)
    monkeypatch.setattr(changes, "ANSWER_SECONDS", 0.1)
    ear = Ear()
    async with proxy_for(dsn) as proxy, listening(proxy.dsn(urlsplit(dsn).path[1:]), ear):
        await ear.next()
        proxy.stall()
        async with asyncio.timeout(10):
            while proxy.connections < 2:  # noqa: ASYNC110 - nothing tells of it
                await asyncio.sleep(0.01)
        proxy.admit()
        assert await ear.next() is None


async def test_a_change_that_could_not_be_read_is_read_again(dsn: str) -> None:
    ear = Ear()
    ear.fail = True
    async with listening(dsn, ear):
        assert await ear.next() is None
    assert ear.changes == 1
