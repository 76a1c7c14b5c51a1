"""Posting to strangers: what is refused, what is not waited for, what is not followed."""

import asyncio
import socket
import ssl
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import ip_network
from pathlib import Path

import pytest
from aiohttp import web

from b2bua.net.post import LONGEST_ANSWER, NotDelivered, Post
from b2bua.service.webhook import Reach
from tests.support.receiver import Receiver

HERE = "127.0.81.1"
NOWHERE = Reach(networks=())
ONE = Reach(networks=(ip_network("127.0.81.0/24"),))


@asynccontextmanager
async def raw(answer: bytes, host: str = HERE) -> AsyncIterator[str]:
    """A server that sends these bytes to whoever comes, and goes on listening."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1000)
        writer.write(answer)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, host, 0)
    async with server:
        yield f"http://{host}:{server.sockets[0].getsockname()[1]}/"


async def test_a_message_arrives_as_it_is() -> None:
    async with Receiver(HERE) as receiver, Post(ONE) as post:
        for _ in range(2):
            reply = await post.send(receiver.url("/a?key=1"), b"{}", {"X-B2bua-Id": "c1"})
            assert reply.taken
        first = receiver.received[0]
        assert (first.path, first.body) == ("/a?key=1", b"{}")
        assert first.headers["X-B2bua-Id"] == "c1"


@pytest.mark.parametrize(("status", "taken"), [(204, True), (304, False), (500, False)])
async def test_only_2xx_is_an_acceptance(status: int, taken: bool) -> None:
    async with Receiver(HERE, status=status) as receiver, Post(ONE) as post:
        reply = await post.send(receiver.url(), b"{}", {})
        assert (reply.status, reply.taken) == (status, taken)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_a_redirect_is_not_followed(status: int) -> None:
    async with Receiver("127.0.81.2") as other, Receiver(HERE) as receiver:

        async def lead_on(request: web.Request) -> web.Response:
            return web.Response(status=status, headers={"Location": other.url()})

        receiver.behaviour = lead_on
        async with Post(ONE) as post:
            reply = await post.send(receiver.url(), b"{}", {})
        assert reply.status == status
        assert not reply.taken
        assert other.received == []


@pytest.mark.parametrize("host", ["127.0.82.1", "localhost"])
async def test_what_is_out_of_reach_gets_no_packet(host: str) -> None:
    with socket.create_server(("", 0)) as listener:
        listener.setblocking(False)
        url = f"http://{host}:{listener.getsockname()[1]}/"
        async with Post(ONE) as post:
            with pytest.raises(NotDelivered, match="not on the public Internet"):
                await post.send(url, b"{}", {})
        with pytest.raises(BlockingIOError):
            listener.accept()


@pytest.mark.parametrize("host", ["127.1", "2130706433", "0x7f.1", "127.0.0.1%00"])
async def test_an_address_in_disguise_is_none(host: str) -> None:
    async with Post(ONE) as post:
        for scheme in ("http", "https"):
            with pytest.raises(NotDelivered):
                await post.send(f"{scheme}://{host}:9/", b"{}", {})


async def test_without_tls_the_public_internet_is_out_of_reach_too() -> None:
    async with Post(ONE) as post:
        with pytest.raises(NotDelivered, match="only https"):
            await post.send("http://192.0.9.1/", b"{}", {})


async def test_a_name_that_means_nothing() -> None:
    async with Post(ONE) as post:
        with pytest.raises(NotDelivered, match="name is not known"):
            await post.send("https://nobody.invalid/?key=1", b"{}", {})


async def test_a_receiver_that_stalls_is_not_waited_for() -> None:
    async with Receiver(HERE) as receiver, Post(ONE, patience=0.2) as post:

        async def stall(request: web.Request) -> web.Response:
            await asyncio.sleep(60)
            return web.Response()

        receiver.behaviour = stall
        with pytest.raises(NotDelivered, match=r"no answer in 0\.2 seconds"):
            await post.send(receiver.url(), b"{}", {})


async def test_an_answer_that_drips_is_not_waited_for() -> None:
    async with Receiver(HERE) as receiver, Post(ONE, patience=0.3) as post:

        async def drip(request: web.Request) -> web.StreamResponse:
            response = web.StreamResponse()
            await response.prepare(request)
            while True:
                await response.write(b".")
                await asyncio.sleep(0.05)

        receiver.behaviour = drip
        with pytest.raises(NotDelivered, match=r"no answer in 0\.3 seconds"):
            await post.send(receiver.url(), b"{}", {})


async def test_an_answer_without_end_is_read_but_a_little() -> None:
    written = 0
    async with Receiver(HERE) as receiver, Post(ONE) as post:

        async def pour(request: web.Request) -> web.StreamResponse:
            nonlocal written
            response = web.StreamResponse()
            await response.prepare(request)
            while written < 10_000 * LONGEST_ANSWER:
                await response.write(bytes(LONGEST_ANSWER))
                written += LONGEST_ANSWER
            return response

        receiver.behaviour = pour
        assert (await post.send(receiver.url(), b"{}", {})).taken
    assert written < 10_000 * LONGEST_ANSWER


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"", "closed the connection"),
        (b"SIP/2.0 200 OK\r\n\r\n", "no HTTP"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"a" * 100_000 + b"\r\n\r\n", "no HTTP"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "no HTTP"),
    ],
)
async def test_an_answer_that_is_none(answer: bytes, said: str) -> None:
    async with raw(answer) as url, Post(ONE) as post:
        with pytest.raises(NotDelivered, match=said):
            await post.send(url, b"{}", {})


async def test_nobody_listens() -> None:
    with socket.create_server((HERE, 0)) as listener:
        port = listener.getsockname()[1]
    async with Post(ONE) as post:
        with pytest.raises(NotDelivered, match="refused"):
            await post.send(f"http://{HERE}:{port}/", b"{}", {})


async def test_who_speaks_no_tls_gets_nothing() -> None:
    async with raw(b"HTTP/1.1 200 OK\r\n\r\n") as url, Post(ONE) as post:
        with pytest.raises(NotDelivered) as raised:
            await post.send(url.replace("http:", "https:"), b"secret", {})
    assert "TLS" in str(raised.value) or "closed" in str(raised.value)


async def test_a_certificate_of_nobody_gets_nothing(tmp_path: Path) -> None:
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    subprocess.run(  # noqa: ASYNC221 (nothing else is going on)
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-nodes", "-days", "2"),
            *("-pkeyopt", "ec_paramgen_curve:prime256v1", "-subj", "/CN=test"),
            *("-addext", f"subjectAltName=IP:{HERE}"),
            *("-keyout", str(key), "-out", str(certificate)),
        ],
        check=True,
        capture_output=True,
    )
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    asked: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.read(1000))
        writer.close()

    server = await asyncio.start_server(serve, HERE, 0, ssl=context)
    async with server, Post(ONE) as post:
        url = f"https://{HERE}:{server.sockets[0].getsockname()[1]}/"
        with pytest.raises(NotDelivered, match="certificate is not trusted"):
            await post.send(url, b"secret", {})
    assert asked == []
