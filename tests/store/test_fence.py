"""The database itself keeps numbers apart, whatever a query forgets."""

import asyncpg
import pytest

from b2bua.store.accounts import Accounts
from b2bua.store.audit import Act, Audit, Deed
from b2bua.store.fence import OPERATOR, TENANT, gaps
from b2bua.store.live import Live
from b2bua.store.migrate import migrate
from b2bua.store.plans import Draft, Plans
from b2bua.store.pool import Database
from b2bua.store.records import Records
from b2bua.store.roles import Role
from b2bua.store.tokens import Tokens
from tests.store.builders import SOURCE, plan, record
from tests.store.test_live import CALL

OURS, THEIRS = "4006001234", "4006009999"
OWN = """
select relname from pg_class join pg_attribute on attrelid = pg_class.oid
where relnamespace = 'public'::regnamespace and relkind = 'r' and attname = 'number'
"""


@pytest.fixture
async def filled(database: Database) -> Database:
    """Rows of two numbers in every table that a page reads."""
    for number in (OURS, THEIRS):
        await Plans(database).publish([Draft(plan=plan(number), source=SOURCE)])
        await Accounts(database).set_password(number, "a password")
        await Accounts(database).add(number, "helper", Role.VIEWER, "a password")
        await Tokens(database).make(number, "helper", "statistics", (), None)
        await Audit(database).note(
            Deed(number=number, actor="owner", role="owner", address="", act=Act.REVEALED)
        )
    await Records(database).add([record("a", number=OURS), record("b", number=THEIRS)])
    await Live(database).announce("n1", [CALL])
    return database


async def numbers(database: Database, table: str) -> set[str]:
    """Whose rows a query finds that asks for nobody's."""
    async with database.connection() as connection:
        rows = await connection.fetch(f"select distinct number from {table}")
    return {row["number"] for row in rows}


async def test_every_table_with_a_number_is_fenced(database: Database) -> None:
    async with database.connection() as connection:
        tables = [row["relname"] for row in await connection.fetch(OWN)]
    assert {"call_record", "plan", "plan_version", "usage", "live_call"} <= set(tables)
    assert await gaps(database) == []
    ours = database.acting(TENANT, OURS)
    for table in tables:
        assert await numbers(ours, table) <= {OURS}, table


async def test_a_query_without_a_where_clause_finds_ones_own_rows(filled: Database) -> None:
    ours = filled.acting(TENANT, OURS)
    for table in ("call_record", "plan", "plan_version", "usage", "account", "audit"):
        assert {OURS, THEIRS} <= await numbers(filled, table), table
        assert await numbers(ours, table) == {OURS}, table
        assert await numbers(filled.acting(TENANT), table) == set()
        assert {OURS, THEIRS} <= await numbers(filled.acting(OPERATOR), table)
    assert [one.id async for one in Records(ours).calls()] == ["a"]
    assert await Records(ours).call("b") is None
    assert (await Plans(ours).snapshot({})).plans.keys() == {OURS}
    assert len(await Tokens(ours).of(THEIRS)) == 0


async def test_nobody_writes_what_is_anothers(filled: Database) -> None:
    ours = filled.acting(TENANT, OURS)
    await Plans(ours).publish([Draft(plan=plan(OURS, name="new"), source=SOURCE)])
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await Plans(ours).publish([Draft(plan=plan(THEIRS, name="x"), source=SOURCE)])
    assert not await Accounts(ours).remove(THEIRS, "helper")
    assert await Accounts(filled).exists(THEIRS, "helper")
    for statement in (
        "update call_record set fee = 0",
        "delete from call_record",
        "select hash from account",
        "select csrf from web_session",
        "select totp_secret from account",
        "update audit set act = ''",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with ours.connection() as connection:
                await connection.execute(statement)


async def test_the_role_ends_with_the_transaction(filled: Database) -> None:
    single = Database(filled.dsn, connections=1)
    await single.open()
    assert await numbers(single.acting(TENANT, OURS), "plan") == {OURS}
    assert await numbers(single, "plan") >= {OURS, THEIRS}
    async with single.acting(TENANT, OURS).transaction(one_moment=True) as connection:
        assert await connection.fetchval("select count(*) from plan") == 1
    await single.close()


async def test_what_was_noted_stands(filled: Database) -> None:
    for statement in ("delete from audit", "update audit set act = ''", "truncate audit"):
        with pytest.raises(asyncpg.RaiseError, match="stands"):
            async with filled.connection() as connection:
                await connection.execute(statement)


async def test_without_the_right_to_make_roles_it_is_said(own_dsn: str) -> None:
    """A user who owns the database and nothing else, as providers give it."""
    connection = await asyncpg.connect(own_dsn)
    name = own_dsn.rsplit("/", maxsplit=1)[-1].partition("?")[0]
    await connection.execute(
        f"create role tenantless login; alter database {name} owner to tenantless;"
        " grant tenantless to current_user; drop schema public cascade;"
        " create schema public authorization tenantless"
    )
    await connection.close()
    dsn = own_dsn.replace("b2bua@", "tenantless@")
    await migrate(dsn)
    limited = Database(dsn)
    await limited.open()
    assert await gaps(limited) == [
        f"the role {role} is missing, or not granted to us" for role in (OPERATOR, TENANT)
    ]
    await Plans(limited).publish([Draft(plan=plan(OURS), source=SOURCE)])
    assert await numbers(limited.acting(TENANT, OURS), "plan") == {OURS}
    connection = await asyncpg.connect(own_dsn)
    await connection.execute(f"grant {TENANT}, {OPERATOR} to tenantless")
    await connection.close()
    await migrate(dsn)
    assert await gaps(limited) == []
    assert await numbers(limited.acting(TENANT, THEIRS), "plan") == set()
    await limited.close()
