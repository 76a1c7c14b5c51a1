"""What signalling is marked with, as whoever receives it sees it (RFC 2474)."""

import asyncio
import socket
from typing import Any

import pytest

from b2bua.net.tcp import open_tcp
from b2bua.net.udp import open_udp
from b2bua.sip.transport.flow import Flow
from tests.net.machines import PATIENCE, Side, received

CS3, CS5 = 0x60, 0xA0
"""In the octet of the type of service."""
OPTIONS = (
    b"OPTIONS sip:b2bua SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.9;branch=z9hG4bK1\r\n"
    b"From: <sip:a@b>;tag=1\r\nTo: <sip:b2bua>\r\nCall-ID: c\r\nCSeq: 1 OPTIONS\r\n"
    b"Content-Length: 0\r\n\r\n"
)
ANCILLARY = {
    "127.0.2.31": (socket.IPPROTO_IP, socket.IP_RECVTOS),
    "::1": (socket.IPPROTO_IPV6, socket.IPV6_RECVTCLASS),
}


@pytest.mark.parametrize("host", ["127.0.2.31", "::1"])
@pytest.mark.parametrize(("dscp", "octet"), [(None, CS3), (40, CS5), (0, 0)])
def test_a_datagram_arrives_marked(host: str, dscp: int | None, octet: int) -> None:
    async def main() -> None:
        side = Side()
        chosen: dict[str, Any] = {} if dscp is None else {"dscp": dscp}
        way = await open_udp(side.driver, (host, 0), **chosen)
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.socket(family, socket.SOCK_DGRAM) as far:
            far.settimeout(PATIENCE)
            far.bind((host, 0))
            far.setsockopt(*ANCILLARY[host], 1)
            side.transmit(OPTIONS, Flow("udp", way.local, far.getsockname()[:2]))
            _, ancillary, _, _ = far.recvmsg(4096, 256)
        assert [data[0] for _, _, data in ancillary] == [octet]
        side.driver.close()

    asyncio.run(main())


@pytest.mark.parametrize("host", ["127.0.2.32", "::1"])
def test_both_ends_of_a_connection_are_marked(host: str) -> None:
    async def main() -> None:
        near, far = Side(), Side()
        way = await open_tcp(near.driver, (host, 0))
        peer = await open_tcp(far.driver, (host, 0), dscp=40)
        near.transmit(OPTIONS, Flow("tcp", way.local, peer.local))
        await received(far)
        assert [_marked(one) for one in way._connections.values()] == [CS3]
        assert [_marked(one) for one in peer._connections.values()] == [CS5]
        near.driver.close()
        far.driver.close()

    asyncio.run(main())


def _marked(connection: Any) -> int:
    bound = connection._stream.get_extra_info("socket")
    if bound.family == socket.AF_INET6:
        octet: int = bound.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_TCLASS)
    else:
        octet = bound.getsockopt(socket.IPPROTO_IP, socket.IP_TOS)
    return octet & 0xFC
