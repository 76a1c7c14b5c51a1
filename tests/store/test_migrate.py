"""Each script once, in order; a database that is not ours to change is left alone."""

import asyncio

import asyncpg
import pytest

from b2bua.app.storage import prepare
from b2bua.store.errors import MigrationRefused
from b2bua.store.migrate import Script, migrate, scripts

ONE = Script(901, "901_one.sql", "create table one (x int)")
TWO = Script(902, "902_two.sql", "create table two (x int)")
BAD = Script(903, "903_bad.sql", "create table three (x int); select nonsense")


async def tables(dsn: str) -> set[str]:
    connection = await asyncpg.connect(dsn)
    rows = await connection.fetch(
        "select tablename from pg_tables where schemaname = 'public'"
    )
    await connection.close()
    return {row["tablename"] for row in rows}


def test_each_version_is_there_once() -> None:
    versions = [script.version for script in scripts()]
    assert versions[0] == 1
    assert versions == sorted(set(versions))


async def test_only_what_is_new_is_applied(own_dsn: str) -> None:
    assert await migrate(own_dsn) == [], "the template is up to date"
    assert await migrate(own_dsn, [*scripts(), ONE]) == ["901_one.sql"]
    assert await migrate(own_dsn, [*scripts(), ONE, TWO]) == ["902_two.sql"]
    assert {"one", "two", "call_record", "plan"} <= await tables(own_dsn)


async def test_several_at_once_apply_it_once(own_dsn: str) -> None:
    applied = await asyncio.gather(*(migrate(own_dsn, [*scripts(), ONE]) for _ in range(4)))
    assert sorted(applied) == [[], [], [], ["901_one.sql"]]


async def test_a_script_that_fails_leaves_nothing(own_dsn: str) -> None:
    with pytest.raises(asyncpg.UndefinedColumnError):
        await migrate(own_dsn, [*scripts(), ONE, BAD])
    assert "one" in await tables(own_dsn)
    assert "three" not in await tables(own_dsn)


async def test_a_changed_script_or_a_newer_database_is_refused(own_dsn: str) -> None:
    await migrate(own_dsn, [*scripts(), ONE])
    changed = Script(ONE.version, ONE.name, ONE.sql + " ")
    with pytest.raises(MigrationRefused, match=r"901_one\.sql was changed"):
        await migrate(own_dsn, [*scripts(), changed, TWO])
    with pytest.raises(MigrationRefused, match="newer than this program"):
        await migrate(own_dsn)
    assert "two" not in await tables(own_dsn)


async def test_waiting_gives_a_role_no_rights(own_dsn: str) -> None:
    """What PostgreSQL refuses to us is told at once; only its absence is waited for."""
    connection = await asyncpg.connect(own_dsn)
    await connection.execute("create role guest login")
    try:
        with pytest.raises(MigrationRefused, match="permission denied"):
            await prepare(own_dsn.replace("b2bua@", "guest@"))
    finally:
        await connection.execute("drop role guest")
        await connection.close()
