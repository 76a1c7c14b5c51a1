"""What the portal's pages cost with a million records in the table.

    python -m tests.bench.portal [RECORDS]

Time is the process's own (CPU), the median of some requests, spoken to the application
without a socket; PostgreSQL's work is in the wall clock beside it.
"""

import asyncio
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import httpx

from b2bua.store.migrate import migrate
from b2bua.store.plans import Draft, Plans
from b2bua.store.pool import Database
from b2bua.store.records import Records
from b2bua.store.supervisor import EmbeddedPostgres
from tests.store.builders import SOURCE, plan
from tests.web.browser.history import history
from tests.web.conftest import OURS, build, signed_in

RECORDS: Final = 1_000_000
TIMES: Final = 15
PATHS: Final = (
    "/",
    "/wall",
    "/calls",
    "/calls?outcome=refused",
    "/calls?area=0736&destination=wang",
    "/calls?caller=0736600",
    "/calls/history-000000",
)
"""Those that the database answers; the analysis is measured apart."""
ANALYSIS: Final = "/analysis"
FILL: Final = """
insert into call_record ({columns})
select {values} from call_record as seen cross join generate_series(1, $1) as copy
"""


async def fill(database: Database, records: int) -> int:
    """Months of calls, each many times over at other times; how many there are."""
    made = history(OURS, datetime.now(UTC))
    for start in range(0, len(made), 500):
        await Records(database).add(made[start : start + 500])
    async with database.transaction(600) as connection:
        rows = await connection.fetch(
            "select column_name as name from information_schema.columns"
            " where table_name = 'call_record' order by ordinal_position"
        )
        columns = [row["name"] for row in rows]
        changed = {
            "id": "seen.id || '-' || copy",
            "invite_at": "seen.invite_at - make_interval(mins => 17 * copy)",
        }
        values = ", ".join(changed.get(name, f"seen.{name}") for name in columns)
        filling = FILL.format(columns=", ".join(columns), values=values)
        await connection.execute(filling, records // len(made))
        await connection.execute("analyze call_record")
        found: int = await connection.fetchval("select count(*) from call_record")
    return found


async def measure(dsn: str, records: int) -> None:
    """Fill, ask, print."""
    database = Database(dsn)
    await database.open()
    await Plans(database).publish([Draft(plan=plan(), source=SOURCE)])
    began = time.monotonic()
    print(f"{await fill(database, records)} records in {time.monotonic() - began:.0f} s")
    portal = build(database)
    await portal.accounts.set_password(OURS, "correct horse")
    async with signed_in(portal) as client:
        print(f"{'page':36} {'CPU ms':>8} {'wall ms':>8} {'kB':>6}")
        for path in PATHS:
            await line(client, path)
        await analysis(client)
    await database.close()


async def line(client: httpx.AsyncClient, path: str) -> None:
    """One page, some times."""
    spent, took, size = [], [], 0
    for _ in range(TIMES):
        cpu, wall = time.process_time(), time.perf_counter()
        answer = await client.get(path)
        spent.append((time.process_time() - cpu) * 1000)
        took.append((time.perf_counter() - wall) * 1000)
        assert answer.status_code == 200, (path, answer.status_code)
        size = len(answer.content)
    cpu_ms, wall_ms = statistics.median(spent[1:]), statistics.median(took[1:])
    print(f"{path:36} {cpu_ms:8.1f} {wall_ms:8.1f} {size / 1000:6.0f}")


async def analysis(client: httpx.AsyncClient) -> None:
    """The analysis of a month: pages while it is counted beside, and once it is."""
    began, cpu, asked = time.perf_counter(), time.process_time(), 0
    worst = 0.0
    while True:
        before = time.process_time()
        answer = await client.get(ANALYSIS, headers={"accept-language": "en"})
        worst = max(worst, (time.process_time() - before) * 1000)
        assert answer.status_code == 200
        asked += 1
        if "Counting:" not in answer.text:
            break
        await asyncio.sleep(1)
    took, spent = time.perf_counter() - began, time.process_time() - cpu
    print(
        f"counted beside in {took:.0f} s; {asked} pages meanwhile took"
        f" {spent * 1000 / asked:.1f} ms of CPU each, {worst:.1f} ms at most"
    )
    await line(client, ANALYSIS)


def main(records: int) -> int:
    """Run it on a PostgreSQL of its own."""
    with tempfile.TemporaryDirectory() as where:
        postgres = EmbeddedPostgres(Path(where), durable=False)
        dsn = asyncio.run(postgres.start())
        try:
            asyncio.run(migrate(dsn))
            asyncio.run(measure(dsn, records))
        finally:
            asyncio.run(postgres.stop())
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else RECORDS))
