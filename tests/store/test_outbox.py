"""The outbox: nothing lost, nothing doubled, in order, and nobody holds up the others."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace

import asyncpg
import pytest

from b2bua.service.callevent import events_of
from b2bua.service.plan import Plan
from b2bua.service.record import CallRecord, Outcome
from b2bua.service.webhook import Webhook, WebhookEvent
from b2bua.store.outbox import HOLDS, Message, Outbox
from b2bua.store.plans import Draft, Plans
from b2bua.store.pool import Database
from b2bua.store.records import Records
from tests.store.builders import SOURCE, plan, record

SECRET = "correct-horse-battery"
CRM = Webhook(
    url="https://crm.example.com/calls",
    events=frozenset({WebhookEvent.MISSED, WebhookEvent.ENDED}),
    secret=SECRET,
)
ALERT = Webhook(
    url="https://alert.example.com/", events=frozenset({WebhookEvent.MISSED}), secret=SECRET
)


async def publish(database: Database, *hooks: Webhook, number: str = "4006001234") -> None:
    published: Plan = plan(number, webhooks=hooks)
    await Plans(database).publish([Draft(plan=published, source=SOURCE)])


def missed(call_id: str, **changes: object) -> CallRecord:
    return record(call_id, outcome=Outcome.ABANDONED, fee=0, **changes)


async def claim(
    outbox: Outbox, most: int = 100, busy: dict[str, int] | None = None, lease: float = 30.0
) -> list[Message]:
    return await outbox.claim(most, busy=busy or {}, of_one_origin=4, lease=lease)


async def make_due(dsn: str) -> None:
    """As if pauses and leases were over."""
    connection = await asyncpg.connect(dsn)
    await connection.execute("update webhook_message set due_at = now()")
    await connection.close()


def ids(messages: Sequence[Message]) -> list[str]:
    return [message.id for message in messages]


async def test_a_record_and_what_it_tells_come_together(database: Database) -> None:
    await publish(database, CRM, ALERT)
    await publish(database, number="4006009999")
    records, outbox = Records(database), Outbox(database)
    ended = record("c1")
    refused = record("c3", outcome=Outcome.REFUSED)
    await records.add([ended, missed("c2"), refused, missed("c4", number="4006009999")])
    waiting = await outbox.posted()
    assert {(one.id, one.url) for one in waiting} == {
        ("c1:ended", CRM.url),
        ("c2:missed", CRM.url),
        ("c2:missed", ALERT.url),
        ("c2:ended", CRM.url),
        ("c3:ended", CRM.url),
    }
    assert {one.state for one in waiting} == {"pending"}
    await records.add([ended, missed("c2"), missed("c5")])
    assert len(await outbox.posted()) == 5 + 3


async def test_records_of_two_nodes_at_once_tell_once(database: Database) -> None:
    await publish(database, CRM)
    records = [missed(f"c{number}") for number in range(100)]
    store = Records(database)
    await asyncio.gather(*(store.add(records) for _ in range(4)))
    assert len(await Outbox(database).posted()) == 200


async def test_a_record_that_fails_tells_nothing(database: Database) -> None:
    await publish(database, CRM)
    with pytest.raises(Exception, match="number of a record"):
        await Records(database).add([missed("c1"), record("c2", talk_ms=2**70)])
    assert await Outbox(database).posted() == []


async def test_a_message_holds_what_is_sent_and_its_secret(database: Database) -> None:
    await publish(database, CRM)
    await Records(database).add([missed("c1", caller_private=True)])
    (message,) = await claim(Outbox(database))
    told = json.loads(message.body)
    assert (told["id"], told["event"], told["number"]) == (
        "c1:missed",
        "missed",
        "4006001234",
    )
    assert told["call"]["caller"] == ""
    assert told["call"]["outcome"] == "abandoned"
    assert message.secret == SECRET
    assert SECRET not in repr(message)


async def test_a_changed_secret_signs_what_waits_and_a_changed_address_gets_none(
    database: Database,
) -> None:
    await publish(database, CRM, ALERT)
    await Records(database).add([missed("c1")])
    await publish(database, replace(CRM, secret="another-secret-of-it"))
    found = {one.url: one.secret for one in await claim(Outbox(database))}
    assert found == {CRM.url: "another-secret-of-it", ALERT.url: None}


async def test_one_lane_goes_in_order(database: Database) -> None:
    await publish(database, CRM)
    await Records(database).add([missed("c1"), missed("c2")])
    outbox, order = Outbox(database), []
    while messages := await claim(outbox):
        (message,) = messages
        assert await claim(outbox) == [], "the next must wait for this one"
        order.append(message.id)
        await outbox.delivered(message.seq)
    assert order == ["c1:missed", "c1:ended", "c2:missed", "c2:ended"]


async def test_numbers_and_addresses_do_not_wait_for_each_other(database: Database) -> None:
    await publish(database, CRM, ALERT)
    await publish(database, CRM, number="4006009999")
    await Records(database).add([missed("c1"), missed("c2", number="4006009999")])
    found = {(one.id, one.url) for one in await claim(Outbox(database))}
    assert found == {
        ("c1:missed", CRM.url),
        ("c1:missed", ALERT.url),
        ("c2:missed", CRM.url),
    }


async def test_what_fails_holds_the_next_for_a_while_and_then_steps_aside(
    database: Database, dsn: str
) -> None:
    await publish(database, ALERT)
    await Records(database).add([missed("c1"), missed("c2")])
    outbox = Outbox(database)
    for failures in range(1, HOLDS + 1):
        (message,) = await claim(outbox)
        assert (message.id, message.attempts) == ("c1:missed", failures - 1)
        assert not await outbox.failed(message.seq, "answered 503", 60.0)
        if failures < HOLDS:
            assert await claim(outbox) == []
            await make_due(dsn)
    assert ids(await claim(outbox)) == ["c2:missed"]
    await make_due(dsn)
    assert sorted(ids(await claim(outbox))) == ["c1:missed", "c2:missed"]


async def test_a_sender_that_dies_is_followed_by_another(
    database: Database, dsn: str
) -> None:
    await publish(database, ALERT)
    await Records(database).add([missed("c1")])
    outbox = Outbox(database)
    (first,) = await claim(outbox)
    assert await claim(outbox) == []
    await make_due(dsn)
    (second,) = await claim(outbox)
    assert (second.id, second.body) == (first.id, first.body)


async def test_two_senders_never_claim_the_same(database: Database) -> None:
    for number in range(30):
        await publish(database, ALERT, number=f"40060012{number:02}")
    await Records(database).add(
        [missed(f"c{number}", number=f"40060012{number:02}") for number in range(30)]
    )
    outbox = Outbox(database)
    claims = await asyncio.gather(
        *(outbox.claim(10, busy={}, of_one_origin=30) for _ in range(8))
    )
    claimed = [message.id for found in claims for message in found]
    assert len(claimed) == len(set(claimed))
    while found := await outbox.claim(10, busy={}, of_one_origin=30):
        claimed += ids(found)
    assert len(claimed) == len(set(claimed)) == 30


async def test_one_receiver_takes_few_of_the_places(database: Database) -> None:
    for number in range(10):
        await publish(database, ALERT, number=f"40060012{number:02}")
    await publish(database, CRM, number="4006009999")
    records = [missed(f"c{number}", number=f"40060012{number:02}") for number in range(10)]
    await Records(database).add([*records, missed("other", number="4006009999")])
    busy = {"https://alert.example.com": 3}
    found = await claim(Outbox(database), busy=busy)
    assert sorted(one.origin for one in found) == [
        "https://alert.example.com",
        "https://crm.example.com",
    ]
    assert await claim(Outbox(database), busy={"https://alert.example.com": 4}) == []


async def test_after_a_day_a_message_is_dead_until_somebody_retries(
    database: Database, dsn: str
) -> None:
    await publish(database, ALERT)
    await Records(database).add([missed("c1")])
    outbox = Outbox(database)
    (message,) = await claim(outbox)
    assert not await outbox.failed(message.seq, "answered 500", 1e6)
    (waiting,) = await outbox.posted()
    day = (waiting.due_at - waiting.created_at).total_seconds()
    assert day == pytest.approx(86_400, abs=1), "the last attempt comes when the day ends"
    connection = await asyncpg.connect(dsn)
    await connection.execute(
        "update webhook_message set due_at = now(), expires_at = now()"
    )
    await connection.close()
    (message,) = await claim(outbox)
    assert await outbox.failed(message.seq, "answered 500", 1.0)
    (dead,) = await outbox.posted(states=["dead"])
    assert (dead.id, dead.said, dead.attempts) == ("c1:missed", "answered 500", 2)
    assert await claim(outbox) == []
    assert await outbox.retry("c1:missed") == 1
    (message,) = await claim(outbox)
    await outbox.delivered(message.seq)
    assert await outbox.retry("c1:missed") == 0
    assert await outbox.retry("c9:missed") == 0
    assert [one.state for one in await outbox.posted("4006001234")] == ["delivered"]
    assert await outbox.posted("4006009999") == []


async def test_what_no_record_tells_is_put_once(database: Database) -> None:
    await publish(database, replace(CRM, events=frozenset(WebhookEvent)))
    answered = record("c1", destination_answered_at=record("c1").answered_at)
    events = events_of(answered)
    outbox = Outbox(database)
    await outbox.put(events[:1])
    await outbox.put(events[:1])
    await Records(database).add([answered])
    assert [one.id for one in await outbox.posted()] == ["c1:ended", "c1:answered"]
    await outbox.put([replace(events[0], number="4006000000", id="nobody")])
    assert len(await outbox.posted()) == 2


async def test_what_is_done_with_is_forgotten_in_time(database: Database, dsn: str) -> None:
    await publish(database, ALERT)
    await Records(database).add([missed(f"c{number}") for number in range(3)])
    outbox = Outbox(database)
    for dead in (False, True):
        (message,) = await claim(outbox)
        if dead:
            assert await outbox.failed(message.seq, "gone", 1.0, dead=True)
        else:
            await outbox.delivered(message.seq)
    await outbox.prune()
    assert len(await outbox.posted()) == 3
    connection = await asyncpg.connect(dsn)
    for days, left in ((8, {"dead", "pending"}), (31, {"pending"})):
        await connection.execute(
            "update webhook_message set settled_at = now() - make_interval(days => $1)"
            " where state <> 'pending'",
            days,
        )
        await outbox.prune()
        assert {one.state for one in await outbox.posted()} == left
    await connection.close()
