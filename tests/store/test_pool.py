"""Dead, demoted and silent servers are left, and what is wrong is said."""

import time
from contextlib import nullcontext
from urllib.parse import parse_qs, urlsplit

import asyncpg
import pytest

from b2bua.core.errors import InvalidState
from b2bua.store.errors import Rejected, Unavailable
from b2bua.store.pool import Database
from tests.support.cutting_proxy import CuttingProxy


def socket_path(dsn: str) -> str:
    return parse_qs(urlsplit(dsn).query)["host"][0] + "/.s.PGSQL.5432"


async def ask(database: Database, question: str) -> object:
    async with database.connection() as connection:
        return await connection.fetchval(question)


async def backend(database: Database) -> object:
    return await ask(database, "select pg_backend_pid()")


@pytest.mark.parametrize(
    "state",
    ["57P01", "57P02", "08006", "08003", "25006"],
    ids=lambda state: f"SQLSTATE {state}",
)
async def test_an_error_that_means_a_dead_server_ends_the_connection(
    database: Database, state: str
) -> None:
    before = await backend(database)
    with pytest.raises(Unavailable):
        await ask(database, f"do $$ begin raise 'gone' using errcode = '{state}'; end $$")
    assert database.fault.startswith("gone")
    assert await backend(database) != before
    assert database.fault == ""


async def test_other_errors_keep_it(database: Database) -> None:
    before = await backend(database)
    with pytest.raises(Unavailable, match="statement timeout"):
        await ask(database, "select pg_sleep(5)")
    with pytest.raises(Rejected, match="division by zero"):
        await ask(database, "select 1 / 0")
    with pytest.raises(asyncpg.UndefinedColumnError):
        await ask(database, "select nonsense")
    assert await backend(database) == before


async def test_a_backend_that_is_killed_is_replaced(database: Database) -> None:
    with pytest.raises(Unavailable):
        await ask(database, "select pg_terminate_backend(pg_backend_pid())")
    assert await ask(database, "select 1") == 1


async def test_nobody_there_is_no_error_at_opening() -> None:
    nowhere = Database("postgresql://b2bua@127.0.0.1:1/b2bua")
    with pytest.raises(InvalidState):
        await ask(nowhere, "select 1")
    await nowhere.open()
    with pytest.raises(Unavailable):
        await ask(nowhere, "select 1")
    await nowhere.close()


async def test_connections_do_not_grow_old(dsn: str) -> None:
    database = Database(dsn, oldest=0.05)
    await database.open()
    first = await backend(database)
    began = time.monotonic()
    while await backend(database) == first:
        assert time.monotonic() - began < 5
    await database.close()


async def write_as_if_demoted(database: Database) -> None:
    async with database.connection() as connection:
        await connection.execute("set default_transaction_read_only = on")
        await connection.execute("create table never (x int)")


async def test_a_demoted_server_is_left(database: Database) -> None:
    async with database.connection() as connection:
        first = connection.get_server_pid()
    with pytest.raises(Unavailable, match="read-only"):
        await write_as_if_demoted(database)
    async with database.connection() as connection:
        assert connection.get_server_pid() != first
        await connection.execute("create table now (x int)")


async def test_how_long_an_answer_may_take_is_the_askers_choice(dsn: str) -> None:
    for patience, answered in ((0.1, False), (5.0, True)):
        database = Database(dsn, patience=patience)
        await database.open()
        try:
            with nullcontext() if answered else pytest.raises(Unavailable):
                async with database.connection() as connection:
                    await connection.execute("select pg_sleep(0.3)")
        finally:
            await database.close()


async def test_a_stalled_server_costs_no_more_than_its_time(dsn: str) -> None:
    async with CuttingProxy(socket_path(dsn)) as proxy:
        distant = Database(proxy.dsn(urlsplit(dsn).path[1:]))
        await distant.open()
        async with distant.connection() as connection:
            await connection.execute("select 1")
        proxy.stall()
        began = time.monotonic()
        with pytest.raises(Unavailable, match="no answer in time"):
            async with distant.connection(0.3) as connection:
                await connection.execute("select 1")
        assert time.monotonic() - began < 2.0
        proxy.admit()
        async with distant.connection() as connection:
            assert await connection.fetchval("select 1") == 1
        assert distant.fault == ""
        await distant.close()
