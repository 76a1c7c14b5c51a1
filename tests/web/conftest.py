"""The real portal on a real PostgreSQL, spoken to as a browser or a program would."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import httpx
import pytest
from argon2 import PasswordHasher

from b2bua.service.area import AreaTable, identify
from b2bua.service.planfile import read_plans
from b2bua.service.planreading import Known
from b2bua.service.record import CallRecord
from b2bua.store import accounts
from b2bua.store.accounts import Accounts
from b2bua.store.live import Live, LiveCall
from b2bua.store.migrate import migrate
from b2bua.store.plans import Draft, Plans
from b2bua.store.pool import Database
from b2bua.store.records import Records
from b2bua.store.sessions import Sessions
from b2bua.store.supervisor import EmbeddedPostgres
from b2bua.web.app import application
from b2bua.web.feed import Feed
from b2bua.web.portal import Portal
from tests.store.builders import SOURCE, plan, record
from tests.web.holding import as_described

OURS = "4006001234"
THEIRS = "4006009999"
PASSWORD = "correct horse"
FOREIGN = ("13666660000", "1366****0000", "foreign-desk", "02199990000")
"""What nobody but the other tenant may see."""
AREAS = AreaTable(
    [("1380013", "010"), ("1366666", "021"), ("020", "020")],
    provinces={"010": "北京", "020": "广东", "021": "上海"},
)
EMPTIED = (
    "plan",
    "plan_draft",
    "own_prompt",
    "plan_prompt",
    "plan_version",
    "call_record",
    "usage",
    "live_call",
    "account",
    "webhook_message",
    "report_subscription",
    "report_run",
)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The DSN of a PostgreSQL with our schema."""
    postgres = EmbeddedPostgres(Path(tmp_path_factory.mktemp("pg")), durable=False)
    dsn = asyncio.run(postgres.start())
    asyncio.run(migrate(dsn))
    yield dsn
    assert asyncio.run(postgres.stop())


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    cheap = PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1)
    monkeypatch.setattr(accounts, "HASHER", cheap)
    accounts._nobody.cache_clear()


@pytest.fixture
async def database(server: str) -> AsyncIterator[Database]:
    """Two tenants with a plan, records, a live call and an account each."""
    connection = await asyncpg.connect(server)
    await connection.execute("".join(f"delete from {table};" for table in EMPTIED))
    await connection.close()
    opened = Database(server)
    await opened.open()
    await _fill(opened)
    yield opened
    await opened.close()


async def _fill(database: Database) -> None:
    text = SOURCE.replace(OURS, THEIRS).replace("one", "foreign-desk")
    text = text.replace("02088886001", "02199990000")
    foreign = read_plans(text, "theirs", Known())
    assert isinstance(foreign, tuple)
    drafts = [Draft(plan=plan(), source=SOURCE), Draft(plan=foreign[0], source=text)]
    await Plans(database).publish(drafts)
    now = datetime.now(UTC)
    await Records(database).add(
        [
            *(called(f"ours-{n}", now - timedelta(minutes=n)) for n in range(5)),
            called(
                "theirs-0",
                now,
                number=THEIRS,
                caller="13666660000",
                destination="foreign-desk",
            ),
        ]
    )
    await Live(database).announce(
        "n1",
        [
            up("live-ours", OURS, "13800138000", "one"),
            up("live-theirs", THEIRS, "13666660000", "foreign-desk"),
        ],
    )
    for number in (OURS, THEIRS):
        await Accounts(database).set_password(number, PASSWORD)


def called(call_id: str, at: datetime, **changes: object) -> CallRecord:
    """A record of a call that came at that time."""
    return record(
        call_id,
        invite_at=at,
        answered_at=at + timedelta(seconds=5),
        ended_at=at + timedelta(seconds=65),
        **changes,
    )


def up(call_id: str, number: str, caller: str, destination: str) -> LiveCall:
    """A call that is up."""
    return LiveCall(
        id=call_id,
        node="n1",
        number=number,
        caller=caller,
        state="talking",
        since=datetime.now(UTC),
        destination=destination,
    )


@pytest.fixture
def portal(database: Database) -> Portal:
    return build(database)


def build(database: Database) -> Portal:
    """A portal on a database."""
    return Portal(
        database=database,
        accounts=Accounts(database),
        sessions=Sessions(database),
        known=Known(trunks={"unicom"}, prompts={"welcome", "menu"}),
        prompts={"welcome", "menu"},
        identify=lambda text: identify(text, AREAS),
        province_of=AREAS.province_of,
        feed=Feed(look=0.05, longest=0.2),
    )


def client_of(portal: Portal, address: str = "127.0.0.1") -> httpx.AsyncClient:
    """A browser at an address."""
    transport = httpx.ASGITransport(application(portal), client=(address, 40000))
    return httpx.AsyncClient(
        transport=transport,
        base_url="http://portal",
        event_hooks={"response": [as_described]},
    )


@asynccontextmanager
async def signed_in(portal: Portal, number: str = OURS) -> AsyncIterator[httpx.AsyncClient]:
    """A program that has signed in."""
    async with client_of(portal) as client:
        given = {"number": number, "password": PASSWORD}
        answer = await client.post("/api/session", json=given)
        assert answer.status_code == 200, answer.text
        yield client


@pytest.fixture
async def nobody(portal: Portal) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(portal) as client:
        yield client


@pytest.fixture
async def ours(portal: Portal) -> AsyncIterator[httpx.AsyncClient]:
    async with signed_in(portal) as client:
        yield client


async def token(client: httpx.AsyncClient, page: str = "/answering") -> dict[str, str]:
    """The hidden fields that a form on a page repeats."""
    text = (await client.get(page)).text
    found = re.findall(r'name="(csrf|version)" value="([^"]+)"', text)
    return dict(found)
