"""What UDP sockets are asked for, and whom they say could not be reached."""

import asyncio
import socket

import pytest

from b2bua.net.udp import RECEIVE_BUFFER, REMEMBERED, open_udp
from b2bua.sip.transport.flow import Flow
from tests.net.machines import Side, loopback, on_both_loops, received


def closed_port(host: str) -> tuple[str, int]:
    """An address where nobody listens."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind((host, 0))
        address: tuple[str, int] = probe.getsockname()
        return address


def test_the_receive_buffer_is_wide() -> None:
    async def main() -> None:
        side = Side()
        way = await open_udp(side.driver, loopback("127.0.2.1"))
        size = way._socket.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)
        assert size >= RECEIVE_BUFFER
        side.driver.close()

    asyncio.run(main())


def test_each_peer_has_its_own_flow_and_a_flood_of_peers_is_not_kept() -> None:
    async def main() -> None:
        side = Side()
        way = await open_udp(side.driver, loopback("127.0.2.12"))
        peers = [("192.0.2.1", port) for port in range(1, REMEMBERED + 10)]
        for peer in (*peers, peers[0], peers[-1]):
            way.datagram_received(b"x", peer)
            expected = ("received", b"x", Flow("udp", way.local, peer))
            assert await side.machine.next() == expected
            assert len(way._flows) <= REMEMBERED
        side.driver.close()

    asyncio.run(main())


def test_an_icmp_error_fails_the_flow_it_belongs_to_and_no_other() -> None:
    async def main() -> None:
        near, far = Side(), Side()
        way = await open_udp(near.driver, loopback("127.0.2.2"))
        peer = await open_udp(far.driver, loopback("127.0.2.3"))
        dead = Flow("udp", way.local, closed_port("127.0.2.4"))
        alive = Flow("udp", way.local, peer.local)
        for _ in range(20):
            near.transmit(b"dead", dead)
            near.transmit(b"alive", alive)
        for _ in range(20):
            assert (await received(far))[0] == b"alive"
        assert await near.machine.next() == ("failed", dead)
        while not near.machine.heard.empty():
            assert await near.machine.next() == ("failed", dead)
        near.driver.close()
        far.driver.close()

    on_both_loops(main)


def test_an_error_leaves_the_loop_asleep() -> None:
    """An error queue that is not emptied would wake the loop without end."""

    async def main() -> None:
        side = Side()
        way = await open_udp(side.driver, loopback("127.0.2.5"))
        dead = Flow("udp", way.local, closed_port("127.0.2.6"))
        side.transmit(b"dead", dead)
        assert await side.machine.next() == ("failed", dead)
        with pytest.raises(BlockingIOError):
            way._socket.recvmsg(1, 512, socket.MSG_ERRQUEUE | socket.MSG_DONTWAIT)
        side.driver.close()

    on_both_loops(main)


def test_what_cannot_be_sent_at_all_fails_its_flow() -> None:
    async def main() -> None:
        side = Side()
        way = await open_udp(side.driver, loopback("127.0.2.7"))
        flow = Flow("udp", way.local, ("127.0.2.8", 5060))
        side.transmit(b"x" * 70000, flow)
        assert await side.machine.next() == ("failed", flow)
        side.driver.close()

    on_both_loops(main)


def test_an_address_in_use_is_an_error_and_leaves_no_socket() -> None:
    async def main() -> None:
        side = Side()
        way = await open_udp(side.driver, loopback("127.0.2.9"))
        with pytest.raises(OSError, match="in use"):
            await open_udp(side.driver, way.local)
        side.driver.close()

    asyncio.run(main())


def test_an_empty_datagram_and_the_largest_come_through() -> None:
    async def main() -> None:
        near, far = Side(), Side()
        way = await open_udp(near.driver, loopback("127.0.2.10"))
        peer = await open_udp(far.driver, loopback("127.0.2.11"))
        flow = Flow("udp", way.local, peer.local)
        near.transmit(b"", flow)
        near.transmit(b"x" * 65507, flow)
        assert (await received(far))[0] == b""
        assert len((await received(far))[0]) == 65507
        near.driver.close()
        far.driver.close()

    on_both_loops(main)


def test_what_is_under_way_does_not_wait_behind_a_flood() -> None:
    async def main() -> None:
        near, far = Side(), Side()
        way = await open_udp(near.driver, loopback("127.0.2.21"))
        peer = await open_udp(far.driver, loopback("127.0.2.22"))
        to = Flow("udp", peer.local, way.local)
        for number in range(50):
            far.transmit(b"INVITE %d" % number, to)
        far.transmit(b"BYE", to)
        heard = [(await received(near))[0] for _ in range(51)]
        assert heard.index(b"BYE") <= 1
        assert heard.count(b"INVITE 49") == 1
        near.driver.close()
        far.driver.close()

    on_both_loops(main)
