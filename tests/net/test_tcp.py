"""Connections are accepted, made, reused, bounded and lost."""

import asyncio
import ssl
import subprocess
from pathlib import Path

import pytest
from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, Request, TextMessage

from b2bua.core.address import Address
from b2bua.net.tcp import StreamLimits, open_tcp, open_tls, open_websocket
from b2bua.net.tls import TlsContexts
from b2bua.sip.endpoint.outputs import Transmit
from b2bua.sip.transport.flow import Flow
from tests.net.machines import PATIENCE, Side, loopback, on_both_loops, received
from tests.net.test_udp import closed_port

OPTIONS = (
    b"OPTIONS sip:b2bua SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.9;branch=z9hG4bK1\r\n"
    b"From: <sip:a@b>;tag=1\r\nTo: <sip:b2bua>\r\nCall-ID: c\r\nCSeq: 1 OPTIONS\r\n"
    b"Content-Length: 0\r\n\r\n"
)


async def connect(local: Address) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.wait_for(asyncio.open_connection(*local), PATIENCE)


async def until_closed(reader: asyncio.StreamReader) -> bytes:
    """All that comes before the far end closes or cuts."""
    try:
        return await asyncio.wait_for(reader.read(), PATIENCE)
    except ConnectionError:
        return b""


def test_a_message_opens_a_connection_and_the_answer_comes_back_by_it() -> None:
    async def main() -> None:
        near, far = Side(), Side()
        way = await open_tcp(near.driver, loopback("127.0.3.1"))
        peer = await open_tcp(far.driver, loopback("127.0.3.2"))
        far.machine.replies[OPTIONS] = lambda flow: [Transmit(OPTIONS, flow)]
        for _ in range(3):
            near.transmit(OPTIONS, Flow("tcp", way.local, peer.local))
        flows = {(await received(far))[1] for _ in range(3)}
        back = {(await received(near))[1] for _ in range(3)}
        assert len(flows) == len(back) == 1
        [accepted], [made] = flows, back
        assert accepted.local == peer.local
        assert accepted.remote[0] == "127.0.3.1"
        assert accepted.connection > 0
        assert (made.local, made.remote) == (way.local, peer.local)
        near.transmit(OPTIONS, made)
        assert (await received(far))[1] == accepted
        near.driver.close()
        far.driver.close()

    on_both_loops(main)


def test_a_refused_connection_fails_its_flow_once() -> None:
    async def main() -> None:
        side = Side()
        way = await open_tcp(side.driver, loopback("127.0.3.3"))
        flow = Flow("tcp", way.local, closed_port("127.0.3.4"))
        side.transmit(OPTIONS, flow)
        side.transmit(OPTIONS, flow)
        assert await side.machine.next() == ("failed", flow)
        side.say("later")
        assert side.machine.heard.empty()
        side.driver.close()

    on_both_loops(main)


def test_a_lost_connection_fails_its_flow() -> None:
    async def main() -> None:
        side = Side()
        way = await open_tcp(side.driver, loopback("127.0.3.5"))
        _, writer = await connect(way.local)
        writer.write(OPTIONS)
        _, flow = await received(side)
        writer.transport.abort()
        assert await side.machine.next() == ("failed", flow)
        side.driver.close()

    on_both_loops(main)


def test_too_much_waiting_for_a_connection_fails() -> None:
    async def main() -> None:
        near, far = Side(), Side()
        limits = StreamLimits(waiting=2)
        way = await open_tcp(near.driver, loopback("127.0.3.6"), limits)
        peer = await open_tcp(far.driver, loopback("127.0.3.7"))
        flow = Flow("tcp", way.local, peer.local)
        near.say(*[Transmit(OPTIONS, flow)] * 3)
        assert await near.machine.next() == ("failed", flow)
        assert (await received(far))[0] == (await received(far))[0] == OPTIONS
        near.driver.close()
        far.driver.close()

    on_both_loops(main)


def test_keep_alives_are_answered_and_pieces_put_together() -> None:
    async def main() -> None:
        side = Side()
        way = await open_tcp(side.driver, loopback("127.0.3.8"))
        reader, writer = await connect(way.local)
        writer.write(b"\r\n\r\n")
        assert await asyncio.wait_for(reader.readexactly(2), PATIENCE) == b"\r\n"
        for piece in (OPTIONS[:10], OPTIONS[10:100], OPTIONS[100:] + OPTIONS):
            writer.write(piece)
            await writer.drain()
        assert (await received(side))[0] == OPTIONS
        assert (await received(side))[0] == OPTIONS
        side.driver.close()
        writer.close()

    on_both_loops(main)


def test_a_bad_content_length_gets_400_and_the_end() -> None:
    async def main() -> None:
        side = Side()
        way = await open_tcp(side.driver, loopback("127.0.3.9"))
        reader, writer = await connect(way.local)
        writer.write(OPTIONS.replace(b"Length: 0", b"Length: -1"))
        assert (await until_closed(reader)).startswith(b"SIP/2.0 400 Bad Content-Length")
        assert (await side.machine.next())[0] == "failed"
        side.driver.close()
        writer.close()

    on_both_loops(main)


def test_connections_of_one_host_are_bounded_and_places_come_back() -> None:
    async def main() -> None:
        side = Side()
        limits = StreamLimits(per_source=2)
        way = await open_tcp(side.driver, loopback("127.0.3.10"), limits)
        first, second, third = [await connect(way.local) for _ in range(3)]
        assert await until_closed(third[0]) == b""
        first[1].write(OPTIONS)
        assert (await received(side))[0] == OPTIONS
        first[1].close()
        assert (await side.machine.next())[0] == "failed"
        fourth = await connect(way.local)
        fourth[1].write(OPTIONS)
        assert (await received(side))[0] == OPTIONS
        side.driver.close()
        for _, writer in (second, third, fourth):
            writer.close()

    on_both_loops(main)


def test_all_connections_are_bounded_too() -> None:
    async def main() -> None:
        side = Side()
        limits = StreamLimits(accepted=1)
        way = await open_tcp(side.driver, loopback("127.0.3.11"), limits)
        kept = await connect(way.local)
        refused = await connect(way.local)
        assert await until_closed(refused[0]) == b""
        side.driver.close()
        kept[1].close()
        refused[1].close()

    on_both_loops(main)


def test_a_connection_that_says_nothing_is_cut() -> None:
    async def main() -> None:
        side = Side()
        limits = StreamLimits(first_message=0.02)
        way = await open_tcp(side.driver, loopback("127.0.3.12"), limits)
        reader, writer = await connect(way.local)
        assert await until_closed(reader) == b""
        side.driver.close()
        writer.close()

    on_both_loops(main)


def test_a_message_that_is_never_finished_is_cut() -> None:
    async def main() -> None:
        side = Side()
        limits = StreamLimits(message=0.02)
        way = await open_tcp(side.driver, loopback("127.0.3.13"), limits)
        reader, writer = await connect(way.local)
        writer.write(OPTIONS[:40])
        assert await until_closed(reader) == b""
        assert (await side.machine.next())[0] == "failed"
        side.driver.close()
        writer.close()

    on_both_loops(main)


def test_a_peer_that_does_not_read_is_cut() -> None:
    async def main() -> None:
        side = Side()
        limits = StreamLimits(unsent=100_000)
        way = await open_tcp(side.driver, loopback("127.0.3.14"), limits)
        _, writer = await connect(way.local)
        writer.write(OPTIONS)
        _, flow = await received(side)
        large = b"x" * 1_000_000
        side.say(*[Transmit(large, flow)] * 30)
        assert await side.machine.next() == ("failed", flow)
        side.driver.close()
        writer.transport.abort()

    on_both_loops(main)


def test_a_flow_whose_connection_is_gone_is_reached_by_another_to_that_peer() -> None:
    async def main() -> None:
        near, far = Side(), Side()
        way = await open_tcp(near.driver, loopback("127.0.3.15"))
        peer = await open_tcp(far.driver, loopback("127.0.3.16"))
        gone = Flow("tcp", way.local, peer.local, connection=999)
        near.transmit(OPTIONS, gone)
        assert (await received(far))[0] == OPTIONS
        near.driver.close()
        far.driver.close()

    on_both_loops(main)


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    """A certificate of our own for 127.0.3.18."""
    key, chain = tmp_path / "key.pem", tmp_path / "chain.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-nodes", "-days", "2"),
            *("-pkeyopt", "ec_paramgen_curve:prime256v1", "-subj", "/CN=127.0.3.18"),
            *("-addext", "subjectAltName=IP:127.0.3.18", "-keyout", key, "-out", chain),
        ],
        check=True,
        capture_output=True,
    )
    return chain, key


def test_tls_carries_messages_and_verifies_the_peer(certificate: tuple[Path, Path]) -> None:
    chain, key = certificate
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(chain, key)
    trusting = ssl.create_default_context(cafile=str(chain))
    doubting = ssl.create_default_context()

    async def main() -> None:
        near, wary, far = Side(), Side(), Side()
        way = await open_tls(
            near.driver, loopback("127.0.3.17"), TlsContexts(server, trusting)
        )
        other = await open_tls(
            wary.driver, loopback("127.0.3.19"), TlsContexts(server, doubting)
        )
        peer = await open_tls(
            far.driver, loopback("127.0.3.18"), TlsContexts(server, trusting)
        )
        near.transmit(OPTIONS, Flow("tls", way.local, peer.local))
        data, flow = await received(far)
        assert (data, flow.transport) == (OPTIONS, "tls")
        refused = Flow("tls", other.local, peer.local)
        wary.transmit(OPTIONS, refused)
        assert await wary.machine.next() == ("failed", refused)
        for side in (near, wary, far):
            side.driver.close()

    on_both_loops(main)


def test_a_websocket_carries_messages_and_is_not_opened_again() -> None:
    async def main() -> None:
        side = Side()
        way = await open_websocket(side.driver, loopback("127.0.3.20"), None)
        side.machine.replies[OPTIONS] = lambda flow: [Transmit(OPTIONS, flow)]
        client = WSConnection(ConnectionType.CLIENT)
        reader, writer = await connect(way.local)
        writer.write(client.send(Request(host="h", target="/", subprotocols=["sip"])))
        client.receive_data(await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), PATIENCE))
        assert list(client.events()) == [AcceptConnection(subprotocol="sip")]
        writer.write(client.send(TextMessage(data=OPTIONS.decode())))
        _, flow = await received(side)
        assert (flow.transport, flow.connection > 0) == ("ws", True)
        client.receive_data(await asyncio.wait_for(reader.read(4096), PATIENCE))
        assert list(client.events()) == [TextMessage(data=OPTIONS.decode())]
        writer.close()
        assert await side.machine.next() == ("failed", flow)
        side.transmit(OPTIONS, flow)
        assert await side.machine.next() == ("failed", flow)
        side.driver.close()

    on_both_loops(main)
