"""A real PostgreSQL for the whole session, and an empty database for each test."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest

from b2bua.store.migrate import migrate
from b2bua.store.pool import Database
from b2bua.store.supervisor import EmbeddedPostgres

NUMBERS = itertools.count()
EMPTIED = (
    *("plan", "plan_prompt", "plan_version", "prompt", "tariff"),
    *("calendar_year", "calendar_day", "call_record", "usage", "live_call", "account"),
    *("webhook_message", "area_table", "trunk_status", "phone", "lease"),
    *("report_subscription", "report_run"),
)
"""In the order that references between them ask for."""


def named(dsn: str, database: str) -> str:
    return dsn.replace("/b2bua?", f"/{database}?")


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The DSN of its one database, migrated."""
    postgres = EmbeddedPostgres(Path(tmp_path_factory.mktemp("pg")), durable=False)
    dsn = asyncio.run(postgres.start())
    asyncio.run(migrate(dsn))
    yield dsn
    assert asyncio.run(postgres.stop())


@pytest.fixture
async def dsn(server: str) -> str:
    """The DSN of a migrated database that is as empty as a new one."""
    connection = await asyncpg.connect(server)
    await connection.execute("".join(f"delete from {table};" for table in EMPTIED))
    await connection.execute("insert into tariff values ('standard', 1, 60, 400)")
    await connection.close()
    return server


@pytest.fixture
async def own_dsn(server: str) -> str:
    """The DSN of a migrated database whose schema the test may change."""
    name = f"test{next(NUMBERS)}"
    connection = await asyncpg.connect(named(server, "postgres"))
    await connection.execute(f"create database {name} template b2bua strategy file_copy")
    await connection.close()
    return named(server, name)


@pytest.fixture
async def database(dsn: str) -> AsyncIterator[Database]:
    opened = Database(dsn)
    await opened.open()
    yield opened
    await opened.close()
