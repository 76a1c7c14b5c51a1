"""Exactly once, whatever dies between the steps."""

import asyncio
import os
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest

from b2bua.service.limits import Usage
from b2bua.service.record import Outcome
from b2bua.store.delivery import Delivery
from b2bua.store.encoding import decode_record, encode_record
from b2bua.store.errors import Unavailable
from b2bua.store.journal import Journal
from b2bua.store.plans import Draft, Plans
from b2bua.store.pool import Database
from b2bua.store.records import Records
from tests.store.builders import RECORD, SOURCE, plan, record
from tests.support.cutting_proxy import CuttingProxy

ROOT = Path(__file__).parents[2]
MARCH = datetime(2026, 3, 31, 12, 0, tzinfo=UTC)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    opened = Journal(tmp_path / "journal.sqlite", clock=time.monotonic)
    yield opened
    opened.close()


def finish(journal: Journal, *ids: str, **changes: object) -> None:
    for call_id in ids:
        journal.save(call_id, b"image")
        journal.finish(call_id, encode_record(record(call_id, **changes)))


async def stored(database: Database) -> list[str]:
    return sorted([found.id async for found in Records(database).calls()])


async def usage(database: Database, at: datetime = MARCH) -> Usage:
    return await Records(database).usage("4006001234", at, "Asia/Shanghai")


async def test_a_record_arrives_as_it_was_and_leaves_the_journal(
    database: Database, journal: Journal
) -> None:
    finish(journal, "c1")
    delivery = Delivery(journal, Records(database))
    assert await delivery.deliver() == 1
    assert await Records(database).call("c1") == record("c1")
    assert await Records(database).call("c2") is None
    assert journal.undelivered(10) == []
    assert await delivery.deliver() == 0


async def test_usage_moves_with_the_record_in_the_zone_of_its_plan(
    database: Database, journal: Journal
) -> None:
    await Plans(database).publish([Draft(plan=plan(), source=SOURCE)])
    finish(journal, "c1", "c2")
    finish(journal, "c3", outcome=Outcome.REFUSED, admitted=False, fee=0)
    # Refused by its password: it had passed screening, and counts.
    finish(journal, "c6", outcome=Outcome.REFUSED, admitted=True, fee=400)
    # One second later it is April in Shanghai, and the same week.
    finish(journal, "c4", invite_at=datetime(2026, 3, 31, 16, 0, tzinfo=UTC))
    finish(journal, "c5", number="99999", plan_version=0)
    await Delivery(journal, Records(database)).deliver()
    assert await usage(database) == Usage(
        calls_this_month=3, calls_this_week=4, spent_this_month=1200
    )
    april = datetime(2026, 4, 1, 12, 0, tzinfo=UTC)
    assert await usage(database, april) == Usage(
        calls_this_month=1, calls_this_week=4, spent_this_month=400
    )


@pytest.mark.parametrize("outcome", list(Outcome))
def test_a_record_of_the_version_before_counts_as_it_did(outcome: Outcome) -> None:
    trace = (RECORD.trace[0].__class__("rule", False, '"admitted":true'),)
    told = msgspec.json.decode(encode_record(record("c1", outcome=outcome, trace=trace)))
    del told["admitted"]
    old = decode_record(msgspec.json.encode(told))
    assert old.admitted is (outcome is not Outcome.REFUSED)


async def test_dying_between_commit_and_journal_counts_nothing_twice(
    database: Database, journal: Journal
) -> None:
    await Plans(database).publish([Draft(plan=plan(), source=SOURCE)])
    finish(journal, "c1", "c2")
    await Records(database).add([decode_record(data) for _, data in journal.undelivered(1)])
    assert await Delivery(journal, Records(database)).deliver() == 2
    assert await stored(database) == ["c1", "c2"]
    assert (await usage(database)).calls_this_month == 2


async def test_two_that_deliver_the_same_at_once_count_it_once(
    database: Database, journal: Journal
) -> None:
    await Plans(database).publish([Draft(plan=plan(), source=SOURCE)])
    finish(journal, *[f"c{number}" for number in range(300)])
    waiting = [decode_record(data) for _, data in journal.undelivered(1000)]
    records = Records(database)
    added = await asyncio.gather(
        records.add(waiting), records.add(waiting[::-1]), records.add(waiting[100:])
    )
    assert sum(one.fresh for one in added) == 300
    assert (await usage(database)).calls_this_month == 300


@pytest.mark.parametrize("after", [1, 150, 700, 1500, 3000, 4500, 6000, 9000])
async def test_a_connection_cut_anywhere_loses_and_doubles_nothing(
    dsn: str, database: Database, journal: Journal, after: int
) -> None:
    await Plans(database).publish([Draft(plan=plan(), source=SOURCE)])
    finish(journal, "c1", "c2", "c3")
    async with CuttingProxy(socket_path(dsn)) as proxy:
        distant = Database(proxy.dsn(urlsplit(dsn).path[1:]))
        await distant.open()
        delivery = Delivery(journal, Records(distant))
        proxy.cut_after(after)
        for _ in range(3):
            try:
                await delivery.deliver()
            except Unavailable:
                assert len(journal.undelivered(10)) == 3
        await distant.close()
    assert journal.undelivered(10) == []
    assert await stored(database) == ["c1", "c2", "c3"]
    assert (await usage(database)).calls_this_month == 3


async def test_records_wait_while_postgresql_is_away(
    dsn: str, database: Database, journal: Journal
) -> None:
    async with CuttingProxy(socket_path(dsn)) as proxy:
        distant = Database(proxy.dsn(urlsplit(dsn).path[1:]))
        await distant.open()
        delivery = Delivery(journal, Records(distant))
        running = asyncio.create_task(delivery.run())
        proxy.refuse()
        finish(journal, "c1", "c2")
        delivery.nudge()
        async with asyncio.timeout(10):
            await until(lambda: delivery.fault != "")
            proxy.admit()
            await until(lambda: delivery.delivered == 2)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await distant.close()
    assert await stored(database) == ["c1", "c2"]


async def test_a_record_that_cannot_be_stored_is_put_aside_and_holds_up_no_other(
    database: Database, journal: Journal
) -> None:
    finish(journal, "c1", "c2", "c3", "c4")
    finish(journal, "huge", fee=2**70)
    finish(journal, "c5")
    journal.finish("junk", b"{}")
    delivery = Delivery(journal, Records(database))
    await delivery.deliver()
    assert await stored(database) == ["c1", "c2", "c3", "c4", "c5"]
    assert sorted(call_id for call_id, _, _ in journal.rejected()) == ["huge", "junk"]
    assert (delivery.delivered, delivery.rejected) == (5, 2)
    assert journal.undelivered(10) == []


async def test_text_that_postgresql_cannot_hold_is_made_holdable(
    database: Database, journal: Journal
) -> None:
    hostile = record("c1", caller="1\0002", end_reason="\ud800", ladder=())
    trace = (RECORD.trace[0], RECORD.trace[0].__class__("\0", False, "\\u0000"))
    journal.finish("c1", encode_record(record("c1", caller=hostile.caller, trace=trace)))
    journal.finish("c2", encode_record(record("c2", end_reason=hostile.end_reason)))
    await Delivery(journal, Records(database)).deliver()
    first = await Records(database).call("c1")
    second = await Records(database).call("c2")
    assert first is not None
    assert second is not None
    assert first.caller == "1\ufffd2"
    assert first.trace[1].rule == "\ufffd"
    assert first.trace[1].why == "\\u0000"
    assert second.end_reason == "?"


async def test_calls_are_listed_newest_first_across_pages(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("b2bua.store.records.PAGE", 3)
    records = Records(database)
    # Pairs share a moment, so that a page ends within a pair.
    moments = [datetime(2026, 1, 1 + number // 2, tzinfo=UTC) for number in range(10)]
    await records.add(
        [record(f"c{number}", invite_at=at) for number, at in enumerate(moments)]
        + [record("other", number="4006009999")]
    )
    found = [call.id async for call in records.calls("4006001234")]
    assert found == [f"c{number}" for number in reversed(range(10))]
    assert [call.id async for call in records.calls("4006001234", limit=4)] == found[:4]
    some = records.calls("4006001234", since=moments[2], until=moments[6])
    assert [call.id async for call in some] == ["c5", "c4", "c3", "c2"]


DELIVERER = """
import asyncio, sys, time
from pathlib import Path
from b2bua.store.delivery import Delivery
from b2bua.store.encoding import encode_record
from b2bua.store.journal import Journal
from b2bua.store.pool import Database
from b2bua.store.records import Records
from tests.store.builders import record

async def main() -> None:
    journal = Journal(Path(sys.argv[1]), clock=time.monotonic)
    database = Database(sys.argv[2])
    await database.open()
    delivery = Delivery(journal, Records(database))
    number = 0
    while True:
        for _ in range(20):
            number += 1
            call_id = f"{sys.argv[3]}-{number}"
            journal.finish(call_id, encode_record(record(call_id)))
            print(call_id)
        sys.stdout.flush()
        await delivery.deliver()

asyncio.run(main())
"""


async def test_kill_9_at_any_moment_loses_and_doubles_nothing(
    dsn: str, database: Database, tmp_path: Path
) -> None:
    await Plans(database).publish([Draft(plan=plan(), source=SOURCE)])
    path = tmp_path / "journal.sqlite"
    said: set[str] = set()
    for moment in range(4):
        deliverer = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-c", DELIVERER, str(path), dsn, str(moment)),
            stdout=asyncio.subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        assert deliverer.stdout is not None
        for _ in range(20 + 67 * moment):
            said.add((await deliverer.stdout.readline()).decode().strip())
        deliverer.kill()
        rest = (await deliverer.stdout.read()).decode()
        said |= set(rest[: rest.rfind("\n") + 1].split())
        await deliverer.wait()
    journal = Journal(path, clock=time.monotonic)
    delivery = Delivery(journal, Records(database))
    while await delivery.deliver():
        pass
    journal.close()
    arrived = set(await stored(database))
    assert said <= arrived
    assert (await usage(database)).calls_this_month == len(arrived)


async def until(true: Callable[[], bool]) -> None:
    while not true():  # noqa: ASYNC110 - nothing tells of it
        await asyncio.sleep(0.01)


def socket_path(dsn: str) -> str:
    return parse_qs(urlsplit(dsn).query)["host"][0] + "/.s.PGSQL.5432"
