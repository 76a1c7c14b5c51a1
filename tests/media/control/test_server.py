"""The socket between the processes: who is heard, who is cut off."""

import asyncio
import os
import socket
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from media.control.client import connect
from media.control.codec import encode
from media.control.messages import (
    CloseSession,
    Expired,
    Fact,
    OpenFailed,
    Order,
    SendDigits,
)
from media.control.server import HOPELESS_AT, AlreadyServed, ControlServer


class Listener:
    """Notes who came, said and went; answers each order with ``answer``."""

    def __init__(self) -> None:
        self.came: list[int] = []
        self.heard: list[tuple[int, Order]] = []
        self.went: dict[int, str] = {}
        self.answer: Fact | None = None
        self.changed = asyncio.Event()
        self.server: ControlServer | None = None

    def connected(self, client: int) -> None:
        self.came.append(client)
        self.changed.set()

    def received(self, client: int, order: Order) -> None:
        self.heard.append((client, order))
        self.changed.set()
        if self.answer is not None and self.server is not None:
            self.server.say(client, self.answer)

    def disconnected(self, client: int, reason: str) -> None:
        self.went[client] = reason
        self.changed.set()

    async def until(self, count: int, of: str) -> None:
        async with asyncio.timeout(10.0):
            while len(getattr(self, of)) < count:
                self.changed.clear()
                await self.changed.wait()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "control.sock"


@pytest.fixture
async def listener(path: Path) -> AsyncIterator[Listener]:
    listener = Listener()
    listener.server = ControlServer(path)
    await listener.server.start(listener)
    yield listener
    await listener.server.close()


def say(listener: Listener, client: int, fact: Fact) -> None:
    assert listener.server is not None
    listener.server.say(client, fact)


async def test_orders_and_facts_cross(listener: Listener, path: Path) -> None:
    facts: asyncio.Queue[Fact] = asyncio.Queue()
    client = await connect(path, facts.put_nowait, lambda _: None)
    client.send(CloseSession(session="s"))
    await listener.until(1, "heard")
    assert listener.heard == [(1, CloseSession(session="s"))]
    say(listener, 1, Expired(session="s"))
    assert await asyncio.wait_for(facts.get(), 5.0) == Expired(session="s")
    client.close()
    await listener.until(1, "went")
    assert listener.went == {1: ""}
    say(listener, 1, Expired(session="s"))
    assert not client.is_open
    client.send(CloseSession(session="s"))


async def test_the_end_of_the_server_is_told_to_the_client(path: Path) -> None:
    server, listener = ControlServer(path), Listener()
    await server.start(listener)
    lost: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    await connect(path, lambda _: None, lost.set_result)
    await listener.until(1, "came")
    await server.close()
    assert os.listdir(path.parent) == []
    assert await asyncio.wait_for(lost, 5.0) == ""


async def test_clients_are_never_named_twice(listener: Listener, path: Path) -> None:
    for _ in range(2):
        client = await connect(path, lambda _: None, lambda _: None)
        client.close()
    await listener.until(2, "went")
    assert listener.came == [1, 2]


async def test_rubbish_cuts_its_sender_off(listener: Listener, path: Path) -> None:
    reader, writer = await asyncio.open_unix_connection(str(path))
    writer.write(encode(CloseSession(session="s")) + b"\0\0\0\1\xc1")
    assert await asyncio.wait_for(reader.read(), 5.0) == b""
    await listener.until(1, "went")
    assert "not a message" in listener.went[1]
    assert len(listener.heard) == 1
    writer.close()
    await writer.wait_closed()


async def test_a_client_that_does_not_read_is_cut_off(
    listener: Listener, path: Path
) -> None:
    _, writer = await asyncio.open_unix_connection(str(path), limit=1)
    await listener.until(1, "came")
    fact = OpenFailed(session="s", port="p", reason="x" * 100_000)
    for _ in range(HOPELESS_AT // 100_000 + 20):
        say(listener, 1, fact)
    await listener.until(1, "went")
    assert listener.went[1] == "it does not read what it is told"
    writer.close()


async def flood_until_stopped(client: socket.socket, flood: bytes) -> None:
    """Send until nothing more is taken for half a second."""
    loop = asyncio.get_running_loop()
    try:
        while True:
            await asyncio.wait_for(loop.sock_sendall(client, flood), 0.5)
    except TimeoutError:
        return


async def test_a_client_that_does_not_read_is_not_listened_to_either(
    listener: Listener, path: Path
) -> None:
    """What it may make us hold is bounded by what we take from it."""
    listener.answer = OpenFailed(session="s", port="p", reason="x" * 10_000)
    flood = encode(SendDigits(session="s", port="p", digits="1")) * 1000
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.setblocking(False)
        await asyncio.get_running_loop().sock_connect(client, str(path))
        await flood_until_stopped(client, flood)
        heard = len(listener.heard)
        assert 0 < heard < 2_000
        other = await connect(path, lambda _: None, lambda _: None)
        other.send(CloseSession(session="s"))
        await listener.until(heard + 1, "heard")
        assert listener.heard[-1] == (2, CloseSession(session="s"))
        other.close()


async def test_only_we_may_connect(listener: Listener, path: Path) -> None:
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600


async def test_a_path_that_is_served_is_not_taken(listener: Listener, path: Path) -> None:
    with pytest.raises(AlreadyServed):
        await ControlServer(path).start(Listener())


async def test_a_file_is_not_taken_for_a_socket() -> None:
    with pytest.raises(AlreadyServed, match="not a socket"):
        await ControlServer(Path(__file__)).start(Listener())
    assert os.stat(__file__).st_size > 0


async def test_a_dead_socket_is_taken_over(path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as dead:
        dead.bind(str(path))
    server = ControlServer(path)
    await server.start(Listener())
    await server.close()
