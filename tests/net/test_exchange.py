"""The real exchange behind real sockets: asked, answered, refused."""

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable

from b2bua.core.address import Address
from b2bua.core.tokens import Tokens
from b2bua.exchange.exchange import Exchange
from b2bua.exchange.outlook import Outlook
from b2bua.net.driver import Crashed, Driver
from b2bua.net.resolver import Resolver
from b2bua.net.tcp import open_tcp
from b2bua.net.udp import open_udp
from b2bua.service.area import AreaTable
from b2bua.sip.endpoint.endpoint import SipEndpoint
from b2bua.sip.endpoint.settings import EndpointSettings, Listener
from b2bua.sip.endpoint.trunks import Trunk
from b2bua.sip.message.message import Response
from b2bua.sip.message.parser import parse
from tests.net.machines import PATIENCE, on_both_loops
from tests.net.test_udp import closed_port

HOST = "127.0.5.1"
TRUNK = "127.0.5.2"
STRANGER = "127.0.5.3"


def exchange(local: Address) -> Exchange:
    listeners = tuple(
        Listener(transport=transport, local=local, advertised=local)
        for transport in ("udp", "tcp")
    )
    trunk = Trunk(name="unicom", networks=(TRUNK,))
    settings = EndpointSettings(listeners=listeners, trunks=(trunk,))
    tokens = Tokens(os.urandom)
    return Exchange(
        SipEndpoint(settings, tokens), tokens, Outlook(node="one", areas=AreaTable(()))
    )


def message(method: str, source: Address, transport: str) -> bytes:
    lines = [
        f"{method} sip:4006001234@{HOST} SIP/2.0",
        f"Via: SIP/2.0/{transport} {source[0]}:{source[1]};branch=z9hG4bK{method};rport",
        "Max-Forwards: 70",
        "From: <sip:a@b>;tag=1",
        f"To: <sip:4006001234@{HOST}>",
        f"Call-ID: {source[1]}",
        f"CSeq: 1 {method}",
        f"Contact: <sip:a@{source[0]}:{source[1]}>",
        "Content-Length: 0",
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def status(data: bytes) -> int:
    response = parse(data)
    assert isinstance(response, Response)
    return response.status


async def by_udp(local: Address, host: str, method: str) -> int:
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        peer.setblocking(False)
        peer.bind((host, 0))
        peer.sendto(message(method, peer.getsockname(), "UDP"), local)
        while True:
            answer = await asyncio.wait_for(loop.sock_recv(peer, 65536), PATIENCE)
            if status(answer) >= 200:
                return status(answer)


async def by_tcp(local: Address, host: str, method: str) -> int:
    reader, writer = await asyncio.open_connection(*local, local_addr=(host, 0))
    source: Address = writer.get_extra_info("sockname")
    writer.write(message(method, source, "TCP"))
    try:
        while True:
            answer = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), PATIENCE)
            if status(answer) >= 200:
                return status(answer)
    finally:
        writer.close()


Ask = Callable[[Address, str, str], Awaitable[int]]


def check(ask: Ask, host: str, method: str, expected: int) -> None:
    async def main() -> None:
        local = closed_port(HOST)
        told: list[object] = []
        resolver = Resolver([])
        driver = Driver(exchange(local), told.append, resolver.resolve)
        await open_udp(driver, local)
        await open_tcp(driver, local)
        try:
            assert await ask(local, host, method) == expected
        finally:
            driver.close()
            resolver.close()
        assert not any(isinstance(one, Crashed) for one in told)

    on_both_loops(main)


def test_a_trunk_that_asks_whether_we_live_is_told_by_either_transport() -> None:
    check(by_udp, TRUNK, "OPTIONS", 200)
    check(by_tcp, TRUNK, "OPTIONS", 200)


def test_a_stranger_is_refused_by_either_transport() -> None:
    check(by_udp, STRANGER, "INVITE", 403)
    check(by_tcp, STRANGER, "INVITE", 403)
