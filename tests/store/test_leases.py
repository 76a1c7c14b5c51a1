"""Leases of quota in a real PostgreSQL: several nodes, one cap."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import date

import asyncpg
import pytest

from b2bua.service.limits import Period, Unit
from b2bua.service.plan import Caps, Counted, Plan
from b2bua.service.quota import ReserveQuota, Want
from b2bua.service.record import Outcome
from b2bua.store.leases import CHANNEL, Leases
from b2bua.store.plans import Draft, Plans
from b2bua.store.pool import Database
from b2bua.store.records import Records
from tests.exchange.test_quota import NOON, Node
from tests.store.builders import SOURCE, plan, record
from tests.support.quota_store import QuotaStore

NOVEMBER = date(2026, 11, 1)
TURN_SECONDS = 0.002
WANT = Want(
    period=Period.MONTH,
    starts=NOVEMBER,
    unit=Unit.CALLS,
    limit=100,
    used=0,
    keep=0,
    need=1,
    step=1,
)


class RealNode(Node):
    """A node whose questions go to PostgreSQL."""

    def __init__(self, name: str, plan_: Plan, database: Database) -> None:
        super().__init__(name, plan_, QuotaStore(away=True))
        self.leases, self.records = Leases(database), Records(database)
        self.now = asyncio.get_running_loop().time()
        self.asking = False

    async def run(self) -> None:
        """Carry questions and answers until cancelled; an answer takes no time of ours.

        A call waits a second for its answer. On a busy machine PostgreSQL may need longer,
        and this is not about who gives up.
        """
        while True:
            while self.asked:
                question, self.asking = self.asked.pop(0), True
                self.answers.append(await self.leases.ask(self.name, question))
                self.hear()
                self.asking = False
            self.pass_time(TURN_SECONDS)
            await asyncio.sleep(TURN_SECONDS)

    async def restart(self) -> None:
        """Die, and begin with journal and store; those who waited call again."""
        again = len(self.waiting)
        asked, names = list(self.asked), list(self.ended)
        self.asked.clear()
        self.crash()
        for question in asked:
            # What was on its way when the process died still arrives.
            await self.leases.ask(self.name, question)
        standing = await self.records.standing(names, NOVEMBER, self.name)
        self.put(self.ledger.learn(standing))
        for _ in range(again):
            self.arrive()

    async def deliver_all(self) -> None:
        added = await self.records.add(list(self.ended.values()))
        self.put(self.ledger.learn(added.standing))
        self.ended.clear()
        self.put(self.ledger.quota.tidy(self.plan.number, self.now))


@asynccontextmanager
async def running(nodes: list[RealNode], dsn: str) -> AsyncIterator[None]:
    """Let the nodes ask, and hear who is short."""

    def recall(_connection: object, _pid: int, _channel: str, text: object) -> None:
        number, _, asker = str(text).partition(" ")
        for node in nodes:
            if node.name != asker:
                node.put(node.ledger.quota.recall(number, node.now))

    listener = await asyncpg.connect(dsn)
    await listener.add_listener(CHANNEL, recall)
    tasks = [asyncio.create_task(node.run()) for node in nodes]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        await listener.close()


async def decided(nodes: list[RealNode]) -> None:
    """Wait until nobody waits, and no question is on its way."""
    async with asyncio.timeout(60.0):
        while any(node.waiting or node.asked or node.asking for node in nodes):  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def published(database: Database, caps: Caps) -> Plan:
    made = replace(plan(), caps=caps, timezone="Asia/Shanghai")
    await Plans(database).publish([Draft(plan=made, source=SOURCE)])
    return replace(made, version=1)


@pytest.mark.parametrize("restart", [False, True])
async def test_two_hundred_callers_on_four_nodes_and_fifty_left_of_the_cap(
    database: Database, dsn: str, restart: bool
) -> None:
    plan_ = await published(database, Caps(calls_per_month=150, calls_per_week=1000))
    await Records(database).add(
        [record(f"old{n}", invite_at=NOON, node="n9") for n in range(100)]
    )
    nodes = [RealNode(f"n{n}", plan_, database) for n in range(4)]
    async with running(nodes, dsn):
        for number in range(200):
            nodes[number % 4].arrive()
            if restart and number in {40, 90, 130}:
                await asyncio.sleep(0.01)
                await nodes[number % 3].restart()
        await decided(nodes)
        assert sum(len(node.up) for node in nodes) == 50
        for node in nodes:
            for name in list(node.up):
                node.end(name, answered=True)
            await node.deliver_all()
        nodes[0].arrive()
        await decided(nodes)
        assert nodes[0].up == {}
    usage = await Records(database).usage("4006001234", NOON, "Asia/Shanghai")
    assert usage.calls_this_month == 150


async def test_far_from_its_cap_a_call_asks_nobody_and_near_it_all_can_be_used(
    database: Database, dsn: str
) -> None:
    plan_ = await published(database, Caps(calls_per_month=400))
    first, second = nodes = [RealNode(f"n{n}", plan_, database) for n in range(2)]
    first.arrive()
    async with running(nodes, dsn):
        await decided(nodes)
    turn = max(held.turn for held in first.ledger.quota._held.values())
    for _ in range(20):
        first.arrive()
    assert (len(first.up), first.waiting, first.asked) == (21, {}, [])
    assert max(held.turn for held in first.ledger.quota._held.values()) == turn
    async with running(nodes, dsn):
        for _ in range(400):
            second.arrive()
        await decided(nodes)
    assert len(first.up) + len(second.up) == 400


async def test_calls_that_nobody_answers_give_their_quota_back(
    database: Database, dsn: str
) -> None:
    plan_ = await published(database, Caps(calls_per_month=5, count=Counted.ANSWERED))
    nodes = [RealNode(f"n{n}", plan_, database) for n in range(2)]
    async with running(nodes, dsn):
        for _ in range(6):
            nodes[0].arrive()
        await decided(nodes)
        assert len(nodes[0].up) == 5
        for name in list(nodes[0].up)[:3]:
            nodes[0].end(name, answered=False)
        await nodes[0].deliver_all()
        await decided(nodes)
        for _ in range(6):
            nodes[1].arrive()
        await decided(nodes)
    assert (len(nodes[0].up), len(nodes[1].up)) == (2, 3)


async def test_a_question_that_was_overtaken_changes_nothing(database: Database) -> None:
    await published(database, Caps(calls_per_month=100))
    leases = Leases(database)
    first = await leases.ask("n1", question(2, replace(WANT, need=3)))
    (lease,) = first.leases
    assert lease.granted >= 3
    late = await leases.ask("n1", question(1, replace(WANT, need=50)))
    (same,) = late.leases
    assert (same.turn, same.granted) == (2, lease.granted)


async def test_offered_calls_count_unless_a_cap_refused_them(database: Database) -> None:
    await published(database, Caps(calls_per_month=10, count=Counted.OFFERED))
    refused = {"outcome": Outcome.REFUSED, "admitted": False, "fee": 0, "invite_at": NOON}
    await Records(database).add(
        [
            record("a", invite_at=NOON),
            record("b", end_reason="blacklist", **refused),
            record("c", end_reason="month cap", **refused),
        ]
    )
    standing = await Records(database).standing([], NOVEMBER)
    (month,) = [row for row in standing.usage if row.period is Period.MONTH]
    assert (month.offered, month.admitted) == (2, 1)
    answer = await Leases(database).ask(
        "n1", question(1, replace(WANT, limit=10, need=9), Counted.OFFERED)
    )
    assert (answer.short, answer.leases[0].granted) == (True, 8)


async def test_a_node_that_will_not_come_back_is_closed(database: Database) -> None:
    await published(database, Caps(calls_per_month=100))
    leases = Leases(database)
    await leases.ask("gone", question(1, replace(WANT, need=60)))
    full = await leases.ask("n1", question(1, replace(WANT, need=90)))
    assert full.short
    assert full.elsewhere
    held = {one.node: one.held for one in await leases.holdings("4006001234")}
    assert held["gone"] >= 60
    assert await leases.close("gone") == 1
    again = await leases.ask("n1", question(2, replace(WANT, need=90, keep=90)))
    assert not again.short
    back = await leases.ask("gone", question(2, replace(WANT, used=5, keep=5, need=0)))
    assert back.leases[0].granted <= 5


def question(turn: int, want: Want, count: Counted = Counted.ADMITTED) -> ReserveQuota:
    return ReserveQuota(number="4006001234", turn=turn, count=count, wants=(want,))
