"""Live calls of all nodes, and those of a node that died."""

from dataclasses import replace
from datetime import UTC, datetime

from b2bua.store.live import Live, LiveCall
from b2bua.store.pool import Database

CALL = LiveCall(
    id="c1",
    node="n1",
    number="4006001234",
    caller="13800138000",
    state="ringing",
    since=datetime(2026, 3, 31, 12, 0, tzinfo=UTC),
)
LATER = replace(CALL, id="c2", since=datetime(2026, 3, 31, 12, 1, tzinfo=UTC))


async def test_each_announcement_replaces_the_nodes_calls(database: Database) -> None:
    live = Live(database)
    other = replace(CALL, id="c9", node="n2", number="4006009999")
    await live.announce("n2", [other])
    await live.announce("n1", [CALL, LATER])
    assert await live.live("4006001234") == [CALL, LATER]
    talking = replace(LATER, state="talking", destination="one")
    await live.announce("n1", [talking])
    assert await live.live() == [other, talking]
    await live.announce("n1", [])
    assert await live.live() == [other]


async def test_calls_of_a_silent_node_are_lost_until_it_speaks(database: Database) -> None:
    live = Live(database)
    await live.announce("n1", [CALL], lease=-1)
    assert await live.live() == [replace(CALL, lost=True)]
    await live.announce("n1", [CALL])
    assert await live.live() == [CALL]
    await live.announce("n1", [CALL, LATER], lease=-1)
    await live.forget(["c1"])
    assert await live.live() == [replace(LATER, lost=True)]


async def test_a_call_can_pass_to_another_node(database: Database) -> None:
    live = Live(database)
    await live.announce("n1", [CALL], lease=-1)
    await live.announce("n2", [replace(CALL, node="n2")])
    assert await live.live() == [replace(CALL, node="n2")]
    await live.announce("n1", [])
    assert [call.node for call in await live.live()] == ["n2"]
