"""Metrics and health over HTTP."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest

from b2bua.app.health import HealthServer
from b2bua.core.address import Address

LOCAL: Address = ("127.0.74.1", 9401)


class State:
    def __init__(self) -> None:
        self.unready = "starting"


@pytest.fixture
async def state() -> AsyncIterator[State]:
    found = State()
    server = HealthServer(lambda: b"figures 1\n", lambda: found.unready, lambda: b"bans\n")
    await server.start(LOCAL)
    yield found
    server.close()


async def asked(request: bytes) -> bytes:
    reader, writer = await asyncio.open_connection(*LOCAL)
    writer.write(request)
    try:
        return await reader.read()
    finally:
        writer.close()


async def test_ready_follows_the_node(state: State) -> None:
    request = b"GET /readyz HTTP/1.1\r\n\r\n"
    answer = await asked(request)
    assert answer.startswith(b"HTTP/1.1 503 ")
    assert answer.endswith(b"starting\n")
    state.unready = ""
    assert (await asked(request)).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize(
    ("request_line", "status", "body"),
    [
        (b"GET /healthz HTTP/1.1", b"200", b"alive\n"),
        (b"GET /metrics?x=1 HTTP/1.1", b"200", b"figures 1\n"),
        (b"HEAD /metrics HTTP/1.1", b"200", b""),
        (b"GET /etc/passwd HTTP/1.1", b"404", b"/metrics, /healthz, /readyz, /bans\n"),
        (b"GET /bans HTTP/1.1", b"200", b"bans\n"),
        (b"POST /metrics HTTP/1.1", b"400", b"GET is all there is\n"),
        (b"\xff", b"400", b"GET is all there is\n"),
    ],
)
@pytest.mark.usefixtures("state")
async def test_pages(request_line: bytes, status: bytes, body: bytes) -> None:
    answer = await asked(request_line + b"\r\nHost: x\r\n\r\n")
    assert answer.split(b" ")[1] == status
    assert answer.partition(b"\r\n\r\n")[2] == body


@pytest.mark.usefixtures("state")
async def test_a_head_without_end_is_cut_off() -> None:
    answer = b""
    with suppress(ConnectionError):
        answer = await asked(b"GET /" + b"x" * 100_000)
    assert answer == b""
