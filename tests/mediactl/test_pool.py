"""Processes come and go; each call's media is somewhere, or is said to be lost."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from b2bua.call.media import (
    CallId,
    CloseMedia,
    ClosePort,
    HearPrompts,
    HearSilence,
    KeyPressed,
    LegId,
    LetHear,
    MediaLost,
    OpenPort,
    PortClosed,
    PortFailed,
    PortOpened,
    PromptsEnded,
    Quality,
)
from b2bua.mediactl.pool import GRACE, MediaPool
from media.control import messages as wire
from media.engine import plan as engine
from tests.mediactl.standing_in import Ear, StandIn

LEG = LegId("caller")
OTHER = LegId("called")


def call(name: str) -> CallId:
    return CallId(name)


def opening(name: str, leg: LegId = LEG) -> OpenPort:
    return OpenPort(call=call(name), leg=leg, lifetime=60.0)


@asynccontextmanager
async def pool_of(
    ear: Ear, *paths: Path, adopt: tuple[str, ...] = (), owner: str = ""
) -> AsyncIterator[MediaPool]:
    pool = MediaPool(paths, ear.tell, ear.notes.append, owner=owner)
    await pool.start(map(call, adopt))
    try:
        yield pool
    finally:
        await pool.stop()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10.0):
        while not condition():  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.01)


@pytest.fixture
async def process(tmp_path: Path) -> AsyncIterator[StandIn]:
    process = await StandIn(tmp_path / "one.sock").start()
    yield process
    await process.die()


@pytest.fixture
def ear() -> Ear:
    return Ear()


@pytest.fixture
async def pool(ear: Ear, process: StandIn) -> AsyncIterator[MediaPool]:
    async with pool_of(ear, process.path) as pool:
        yield pool


async def test_a_call_is_opened_heard_and_closed(
    ear: Ear, pool: MediaPool, process: StandIn
) -> None:
    pool.send(opening("a"))
    opened = await ear.hear(PortOpened)
    assert (opened.call, opened.leg, opened.rtp_port) == ("a", LEG, 20002)
    process.hear(engine.Pressed(1, "5", 80))
    assert (await ear.hear(KeyPressed)).digit == "5"
    pool.send(CloseMedia(call("a")))
    assert (await ear.hear(PortClosed)).quality.packets_received == 5
    assert pool.calls == frozenset()
    assert len(process.sessions) == 0


async def test_orders_of_one_call_keep_their_order(
    ear: Ear, pool: MediaPool, process: StandIn
) -> None:
    pool.send(opening("a"))
    prompts = HearPrompts(prompts=("x",), token="t")
    pool.send(LetHear(call=call("a"), leg=LEG, hearing=prompts))
    pool.send(LetHear(call=call("a"), leg=LEG, hearing=HearSilence()))
    pool.send(CloseMedia(call("a")))
    await ear.hear(PortClosed)
    assert [type(order) for order in process.orders] == [
        wire.Adopt,
        wire.Open,
        wire.Feed,
        wire.Feed,
        wire.CloseSession,
    ]
    assert [type(fact) for fact in ear.facts] == [PortOpened, PromptsEnded]


async def test_new_calls_go_where_there_are_fewest(tmp_path: Path, ear: Ear) -> None:
    one = await StandIn(tmp_path / "1").start()
    two = await StandIn(tmp_path / "2").start()
    async with pool_of(ear, one.path, two.path) as pool:
        for name in "abcd":
            pool.send(opening(name))
            pool.send(opening(name, OTHER))
        await until(lambda: len(ear.facts) == 8)
        assert (len(one.sessions), len(two.sessions)) == (2, 2)
        for name in pool.calls:
            pool.send(CloseMedia(name))
        await until(lambda: not pool.calls)
    await one.die()
    await two.die()


async def test_no_port_leaves_no_call(ear: Ear, pool: MediaPool, process: StandIn) -> None:
    process.full = True
    pool.send(opening("a"))
    assert (await ear.hear(PortFailed)).reason == "none left"
    assert pool.calls == frozenset()


async def test_a_dead_process_loses_its_calls_and_no_others(
    tmp_path: Path, ear: Ear
) -> None:
    one = await StandIn(tmp_path / "1").start()
    two = await StandIn(tmp_path / "2").start()
    async with pool_of(ear, one.path, two.path) as pool:
        pool.send(opening("a"))
        pool.send(opening("b"))
        for _ in range(2):
            await ear.hear(PortOpened)
        dead, alive = (one, two) if "a" in one_calls(one) else (two, one)
        began = asyncio.get_running_loop().time()
        await dead.die()
        assert await ear.hear(MediaLost) == MediaLost(call("a"))
        assert asyncio.get_running_loop().time() - began < GRACE + 1.0
        assert pool.calls == {"b"}
        pool.send(opening("c"))
        assert (await ear.hear(PortOpened)).call == "c"
        assert len(alive.sessions) == 2
        reborn = await StandIn(dead.path).start()
        await until(lambda: pool.answering == 2)
        pool.send(opening("d"))
        await ear.hear(PortOpened)
        assert len(reborn.sessions) == 1
    await alive.die()
    await reborn.die()


def one_calls(process: StandIn) -> set[str]:
    return {order.session for order in process.orders if isinstance(order, wire.Open)}


async def test_a_broken_connection_costs_nothing_if_it_is_mended_in_time(
    ear: Ear, pool: MediaPool, process: StandIn
) -> None:
    pool.send(opening("a"))
    await ear.hear(PortOpened)
    await process.hang_up()
    await until(lambda: pool.answering == 0)
    pool.send(opening("a", OTHER))
    assert (await ear.hear(PortOpened)).leg == OTHER
    process.hear(engine.Pressed(1, "5", 80))
    await ear.hear(KeyPressed)
    assert ear.facts == []


async def test_what_a_broken_connection_swallowed_is_told_after_it(
    ear: Ear, pool: MediaPool, process: StandIn
) -> None:
    pool.send(opening("a"))
    pool.send(opening("a", OTHER))
    for _ in range(2):
        await ear.hear(PortOpened)
    (ours,) = process.clients
    await process.hang_up()
    process.sessions.receive(ours, wire.Adopt(("a",)), 0.0)
    process.sessions.receive(ours, wire.Close(session="a", port=OTHER), 0.0)
    process.disconnected(ours, "")
    gone = await ear.hear(PortClosed)
    assert (gone.leg, gone.quality) == (OTHER, Quality())
    assert pool.calls == {"a"}


async def test_a_process_that_forgot_a_call_has_lost_it_at_once(
    ear: Ear, pool: MediaPool, process: StandIn
) -> None:
    pool.send(opening("a"))
    await ear.hear(PortOpened)
    await process.die()
    reborn = await StandIn(process.path).start()
    assert await ear.hear(MediaLost) == MediaLost(call("a"))
    assert pool.answering == 1
    await reborn.die()


async def test_a_session_that_expired_is_lost(
    ear: Ear, pool: MediaPool, process: StandIn
) -> None:
    pool.send(opening("a"))
    pool.send(opening("a", OTHER))
    for _ in range(2):
        await ear.hear(PortOpened)
    process.expire()
    assert await ear.hear(MediaLost) == MediaLost(call("a"))
    assert pool.calls == frozenset()
    assert any("outlived" in note for note in ear.notes)


async def test_without_any_process_a_call_fails_at_once(tmp_path: Path, ear: Ear) -> None:
    async with pool_of(ear, tmp_path / "nobody.sock") as pool:
        assert "0 of 1" in ear.notes[0]
        pool.send(opening("a"))
        assert ear.facts == []
        assert (await ear.hear(PortFailed)).reason == "no media process answers"
        pool.send(ClosePort(call=call("a"), leg=LEG))
        assert (await ear.hear(PortClosed)).leg == LEG
        assert pool.calls == frozenset()


async def test_a_process_that_hangs_gets_no_more_calls_until_it_answers(
    ear: Ear, pool: MediaPool, process: StandIn
) -> None:
    process.hangs = True
    pool.send(opening("a"))
    await asyncio.sleep(GRACE + 0.1)
    pool.send(opening("b"))
    assert (await ear.hear(PortFailed)).call == "b"
    process.hangs = False
    (client,) = process.clients
    process.received(client, wire.Open(session="a", port=LEG, lifetime=60.0))
    assert (await ear.hear(PortOpened)).call == "a"
    pool.send(opening("c"))
    assert (await ear.hear(PortOpened)).call == "c"


async def test_calls_of_the_journal_are_taken_back(
    ear: Ear, process: StandIn, tmp_path: Path
) -> None:
    other = await StandIn(tmp_path / "two.sock").start()
    async with pool_of(ear, process.path) as before:
        for name in ("kept", "forgotten"):
            before.send(opening(name))
            await ear.hear(PortOpened)
    adopt = ("kept", "dead")
    async with pool_of(ear, process.path, other.path, adopt=adopt) as after:
        assert after.calls == {"kept"}
        assert ear.facts == []
        assert len(process.sessions) == 1
        process.hear(engine.Pressed(1, "5", 80))
        await ear.hear(KeyPressed)
        after.send(ClosePort(call=call("kept"), leg=LEG))
        await ear.hear(PortClosed)
        assert after.calls == frozenset()
    await other.die()


async def test_a_process_that_cannot_be_reached_delays_the_start_by_its_grace_alone(
    ear: Ear, process: StandIn, tmp_path: Path
) -> None:
    began = asyncio.get_running_loop().time()
    missing = tmp_path / "late.sock"
    async with pool_of(ear, process.path, missing, adopt=("lost",)) as pool:
        assert GRACE - 0.1 < asyncio.get_running_loop().time() - began < GRACE + 1.0
        assert ear.facts == []
        late = await StandIn(missing).start()
        await until(lambda: pool.answering == 2)
        assert late.orders == [wire.Adopt(())]
        await late.die()


async def test_a_process_that_talks_rubbish_is_left_and_tried_again(
    ear: Ear, tmp_path: Path
) -> None:
    came = 0

    async def babble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal came
        came += 1
        writer.write(os.urandom(8) + b"\xff" * 100)
        await reader.read()
        writer.close()

    server = await asyncio.start_unix_server(babble, str(tmp_path / "mad.sock"))
    async with pool_of(ear, tmp_path / "mad.sock") as pool:
        await until(lambda: came >= 2)
        assert pool.answering == 0
        assert any("went away" in note for note in ear.notes)
    server.close()
    await server.wait_closed()


async def test_what_goes_wrong_in_processes_is_added_up(
    pool: MediaPool, process: StandIn, ear: Ear
) -> None:
    before = pool.recording_fails
    for failed, lost in ((1, 0), (3, 5), (1, 0)):  # the last is another process
        process.count(wire.Counted(recordings_failed=failed, events_lost=lost))
    await until(lambda: pool.recordings_failed == 4)
    assert pool.events_lost == 5
    assert (before, pool.recording_fails) == (False, True)
    noted = [note.split(" ", 3)[3] for note in ear.notes]
    assert noted == [
        *("cut 1 recordings short", "lost 5 events"),
        *("cut 2 recordings short", "cut 1 recordings short"),
    ]


async def test_two_controls_share_a_process_and_each_takes_back_its_own(
    ear: Ear, process: StandIn
) -> None:
    other = Ear()
    async with pool_of(other, process.path, owner="two") as two:
        two.send(opening("b"))
        async with pool_of(ear, process.path, owner="one") as one:
            one.send(opening("a"))
            await until(lambda: len(process.sessions) == 2)
        async with pool_of(ear, process.path, adopt=("a", "b"), owner="one") as again:
            assert again.calls == {"a"}
            assert two.calls == {"b"}
            assert len(process.sessions) == 2
            assert [type(fact) for fact in other.facts] == [PortOpened]
