"""Webhooks from the record to the receiver, with a real database and real receivers."""

import asyncio
import hashlib
import hmac
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from b2bua.app.webhooks import FIRST_PAUSE, LONGEST_PAUSE, Webhooks, pause
from b2bua.service.callevent import CallEvent, events_of, signature
from b2bua.service.record import CallRecord, Outcome
from b2bua.service.webhook import Reach, Webhook, WebhookEvent
from b2bua.store.outbox import Outbox, Posted
from b2bua.store.plans import Draft, Plans
from b2bua.store.pool import Database
from b2bua.store.records import Records
from tests.store.builders import SOURCE, plan, record
from tests.support.receiver import Receiver

HERE = "127.0.83.1"
THERE = "127.0.83.2"
SECRET = "correct-horse-battery"
ROOT = Path(__file__).parents[2]
SENDER = """
import asyncio, sys
from b2bua.app.webhooks import Webhooks
from b2bua.service.webhook import Reach
from b2bua.store.outbox import Outbox
from b2bua.store.pool import Database

async def main():
    database = Database(sys.argv[1])
    await database.open()
    await Webhooks(Outbox(database), Reach()).run()

asyncio.run(main())
"""


async def publish(
    database: Database, url: str, *events: str, number: str = "4006001234"
) -> None:
    wanted = frozenset(map(WebhookEvent, events or ("missed",)))
    hooks = (Webhook(url=url, events=wanted, secret=SECRET),)
    drafts = [Draft(plan=plan(number, webhooks=hooks), source=SOURCE)]
    await Plans(database).publish(drafts)


async def miss(database: Database, *ids: str, **changes: object) -> None:
    records: list[CallRecord] = [
        record(one, outcome=Outcome.NO_ANSWER, fee=0, **changes) for one in ids
    ]
    await Records(database).add(records)


@asynccontextmanager
async def running(
    database: Database, reach: Reach | None = None
) -> AsyncIterator[Webhooks]:
    webhooks = Webhooks(Outbox(database), reach or Reach())
    task = asyncio.create_task(webhooks.run())
    try:
        yield webhooks
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def once(
    database: Database, what: Callable[[list[Posted]], bool], seconds: float = 15.0
) -> list[Posted]:
    """The outbox, as soon as ``what`` is true of it."""
    async with asyncio.timeout(seconds):
        while True:
            found = await Outbox(database).posted()
            if what(found):
                return found
            await asyncio.sleep(0.02)


def delivered(many: int) -> Callable[[list[Posted]], bool]:
    return lambda found: sum(one.state == "delivered" for one in found) == many


async def hurry(dsn: str) -> None:
    """As if pauses and leases were over."""
    connection = await asyncpg.connect(dsn)
    await connection.execute("update webhook_message set due_at = now()")
    await connection.close()


async def test_a_missed_call_is_told_and_signed(database: Database) -> None:
    async with Receiver(HERE) as receiver, running(database):
        await publish(database, receiver.url())
        await miss(database, "c1")
        await receiver.wait_for(1)
        await once(database, delivered(1))
    (message,) = receiver.received
    assert message.told["event"] == "missed"
    assert message.told["call"]["caller"] == "13800138000"
    assert message.headers["X-B2bua-Id"] == message.told["id"] == "c1:missed"
    matched = re.fullmatch(
        r"t=(\d+),v1=([0-9a-f]{64})", message.headers["X-B2bua-Signature"]
    )
    assert matched is not None
    signed = matched[1].encode() + b"." + message.body
    assert hmac.new(SECRET.encode(), signed, hashlib.sha256).hexdigest() == matched[2]
    assert abs(int(matched[1]) - time.time()) < 60


async def test_the_documented_verifier_takes_ours_and_nothing_else() -> None:
    text = (ROOT / "docs" / "webhooks.md").read_text()
    (code,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    scope: dict[str, Callable[..., bool]] = {}
    exec(code, scope)
    verify, now = scope["verify"], int(time.time())
    body = b'{"id":"c1:missed"}'
    good = signature(SECRET, now, body)
    assert verify(SECRET, good, body)
    assert not verify("another-secret-of-it", good, body)
    assert not verify(SECRET, good, body + b" ")
    assert not verify(SECRET, signature(SECRET, now - 301, body), body)
    for header in ("", "t=1", "v1=00", "t=x,v1=y", good.replace("v1", "v0"), "t=1,v1=é"):
        assert not verify(SECRET, header, body)


async def test_events_of_a_number_come_in_order(database: Database) -> None:
    async with Receiver(HERE) as receiver, running(database):
        await publish(database, receiver.url(), "missed", "ended")
        await miss(database, *(f"c{number}" for number in range(20)))
        await receiver.wait_for(40)
    assert receiver.ids == [
        f"c{n}:{event}" for n in range(20) for event in ("missed", "ended")
    ]


async def test_what_fails_comes_again_under_the_same_id(
    database: Database, dsn: str
) -> None:
    async with Receiver(HERE, status=503) as receiver, running(database) as webhooks:
        await publish(database, receiver.url())
        await miss(database, "c1")
        (waiting,) = await once(database, lambda found: found[0].attempts == 1)
        assert (waiting.state, waiting.said) == ("pending", "answered 503")
        receiver.status = 200
        await hurry(dsn)
        (done,) = await once(database, delivered(1))
        assert (done.attempts, done.said) == (2, "")
        assert (webhooks.delivered, webhooks.failed, webhooks.dead) == (1, 1, 0)
    assert receiver.ids == ["c1:missed"] * 2
    assert receiver.received[0].body == receiver.received[1].body


async def test_a_receiver_that_stalls_holds_up_nobody_else(database: Database) -> None:
    async with Receiver(HERE) as slow, Receiver(THERE) as quick:
        waits = asyncio.Event()

        async def stall(request: web.Request) -> web.Response:
            await waits.wait()
            return web.Response()

        slow.behaviour = stall
        numbers = [f"40060012{number:02}" for number in range(30)]
        for number in numbers:
            await publish(database, slow.url(), number=number)
        await publish(database, quick.url(), number="4006009999")
        for number in numbers:
            await miss(database, f"slow-{number}", number=number)
        await miss(database, *(f"quick-{n}" for n in range(20)), number="4006009999")
        async with running(database):
            await quick.wait_for(20, seconds=4.0)
            assert len(slow.received) <= 4
            waits.set()


async def test_a_sender_killed_before_it_noted_sends_again(
    database: Database, dsn: str
) -> None:
    async with Receiver(HERE) as receiver:
        await publish(database, receiver.url())
        await miss(database, "c1")
        sender = subprocess.Popen(  # noqa: ASYNC220 (it is killed, not waited for)
            [sys.executable, "-c", SENDER, dsn], cwd=ROOT
        )

        async def kill(request: web.Request) -> web.Response:
            os.kill(sender.pid, signal.SIGKILL)
            sender.wait()
            return web.Response()

        receiver.behaviour = kill
        try:
            await receiver.wait_for(1)
        finally:
            sender.kill()
            sender.wait()
        (waiting,) = await Outbox(database).posted()
        assert (waiting.state, waiting.attempts) == ("pending", 0)
        receiver.behaviour = None
        async with running(database):
            await hurry(dsn)
            await once(database, delivered(1))
    assert receiver.ids == ["c1:missed"] * 2


async def test_an_address_out_of_reach_gets_nothing(database: Database) -> None:
    async with Receiver(HERE) as receiver:
        await publish(database, receiver.url())
        await miss(database, "c1")
        async with running(database, Reach(networks=())):
            (waiting,) = await once(database, lambda found: found[0].attempts == 1)
    assert "not on the public Internet" in waiting.said
    assert receiver.received == []


async def test_an_address_that_the_plan_dropped_is_told_nothing(database: Database) -> None:
    async with Receiver(HERE) as receiver, Receiver(THERE) as other:
        await publish(database, receiver.url())
        await miss(database, "c1")
        await publish(database, other.url())
        async with running(database) as webhooks:
            (dead,) = await once(database, lambda found: found[0].state == "dead")
            assert webhooks.dead == 1
    assert "names this address no more" in dead.said
    assert receiver.received == other.received == []


async def test_what_no_record_tells_waits_for_the_database(dsn: str) -> None:
    database = Database(dsn)
    await database.open()
    answered = record("c1", destination_answered_at=record("c1").answered_at)
    happened: list[CallEvent] = list(events_of(answered)[:1])

    def tell() -> list[CallEvent]:
        told = list(happened)
        happened.clear()
        return told

    async with Receiver(HERE) as receiver:
        await publish(database, receiver.url(), "answered", "ended")
        webhooks = Webhooks(Outbox(database), Reach(), happened=tell)
        task = asyncio.create_task(webhooks.run())
        await receiver.wait_for(1)
        await Records(database).add([answered])
        await receiver.wait_for(2)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    await database.close()
    assert receiver.ids == ["c1:answered", "c1:ended"]
    assert receiver.received[0].told["call"]["destination"] == "one"


@given(st.integers(0, 200), st.floats(0, 1, exclude_max=True))
def test_pauses_double_and_are_spread(failures: int, fraction: float) -> None:
    low, high = pause(failures, 0.0), pause(failures, 1.0)
    assert low <= pause(failures, fraction) <= high
    assert high == 2 * low
    assert FIRST_PAUSE <= high <= LONGEST_PAUSE
    assert pause(failures + 1, 0.0) == min(2 * low, LONGEST_PAUSE / 2)


@pytest.mark.parametrize("outcome", list(Outcome))
def test_which_calls_count_as_missed(outcome: Outcome) -> None:
    kinds = [event.kind for event in events_of(record("c1", outcome=outcome))]
    let_in_for_nothing = outcome not in (Outcome.ANSWERED, Outcome.REFUSED)
    assert (WebhookEvent.MISSED in kinds) is let_in_for_nothing
    assert kinds[-1] is WebhookEvent.ENDED


def test_a_message_that_was_left_is_told() -> None:
    left = record("c1", outcome=Outcome.NO_ANSWER, voicemail="c1.wav", voicemail_ms=4000)
    events = events_of(left)
    assert [event.kind for event in events] == [
        WebhookEvent.VOICEMAIL,
        WebhookEvent.MISSED,
        WebhookEvent.ENDED,
    ]
    assert '"voicemail_ms":4000' in events[0].body
    assert "c1.wav" not in events[0].body
