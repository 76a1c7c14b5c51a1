"""UDP: one socket for each listening address.

Linux tells who could not be reached: with IP_RECVERR the ICMP errors of an unconnected
socket wait in its error queue with the address that the datagram was sent to. So a dead
next hop is known after one round trip and not after 32 seconds.
"""

import asyncio
import errno
import socket
import struct
from typing import Final, cast

from b2bua.core.address import Address
from b2bua.net.backlog import Backlog
from b2bua.net.driver import Driver
from b2bua.net.marking import CS3, mark
from b2bua.sip.transport.flow import Flow, TransportName

RECEIVE_BUFFER: Final = 4 * 2**20
"""Bytes: some seconds of a flood, or a pause of ours at full load."""

BATCH: Final = 256
"""Datagrams that are taken from the socket before others have their turn."""
SLICE: Final = 0.02
"""Seconds for which they are worked on before others have theirs."""
LARGEST: Final = 65_535

REMEMBERED: Final = 4096
"""Peers whose flow is kept at most: the same few send nearly everything."""

_SO_RCVBUFFORCE: Final = 33
_RECVERR: Final = {
    socket.AF_INET: (socket.IPPROTO_IP, 11),
    socket.AF_INET6: (socket.IPPROTO_IPV6, 25),
}
"""Level and option of IP_RECVERR and IPV6_RECVERR, which Python does not name."""
_EXTENDED_ERROR: Final = struct.Struct("=IBBBBII")
"""struct sock_extended_err of linux/errqueue.h."""


class UdpWay(asyncio.DatagramProtocol):
    """One listening address."""

    transport: TransportName = "udp"

    def __init__(self, driver: Driver, bound: socket.socket) -> None:
        self._driver = driver
        self._socket = bound
        self.local: Address = bound.getsockname()[:2]
        self._flows: dict[Address, Flow] = {}
        self._loop = asyncio.get_running_loop()
        self._backlog = Backlog()
        self._goes_on = False
        """Whether the backlog is worked on as soon as others had their turn."""
        driver.attach(self)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._datagrams = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._backlog.put(data, self._flow(addr), self._loop.time())
        self._drain()
        if not self._goes_on:
            self._work()

    def _drain(self) -> None:
        """Take what else has come, so that what is under way need not wait behind it."""
        now = self._loop.time()
        for _ in range(BATCH):
            try:
                data, address = self._socket.recvfrom(LARGEST)
            except BlockingIOError:
                return
            except OSError:
                self._read_errors()
                return
            self._backlog.put(data, self._flow(address), now)

    def _work(self) -> None:
        """Feed the machine for a while, then let timers and the socket have their turn."""
        self._goes_on = False
        end = self._loop.time() + SLICE
        while (waiting := self._backlog.take(self._loop.time())) is not None:
            self._driver.receive(*waiting)
            if self._backlog and (now := self._loop.time()) > end:
                self._driver.fell_behind(self._backlog.age(now))
                self._goes_on = True
                self._loop.call_soon(self._work)
                return

    def _flow(self, addr: tuple[str, int]) -> Flow:
        flow = self._flows.get(addr)
        if flow is None:
            if len(self._flows) >= REMEMBERED:
                self._flows.clear()
            flow = self._flows[addr] = Flow("udp", self.local, addr[:2])
        return flow

    def error_received(self, exc: Exception) -> None:
        self._read_errors()

    def send(self, data: bytes, flow: Flow) -> None:
        """Send one datagram.

        An error may be that of an earlier datagram to somebody else, which Linux reports
        at the next call whatever it is; so it is noted, and this one is sent once more.
        """
        try:
            self._socket.sendto(data, flow.remote)
        except BlockingIOError:
            self._datagrams.sendto(data, flow.remote)
        except OSError:
            self._read_errors()
            try:
                self._socket.sendto(data, flow.remote)
            except OSError:
                self._driver.report_failure(flow)

    def close(self) -> None:
        """Stop listening; what waits is not worked on."""
        self._backlog = Backlog()
        self._datagrams.close()

    def _read_errors(self) -> None:
        """Empty the error queue, which would wake the loop without end, and tell."""
        while True:
            try:
                _, ancillary, _, address = self._socket.recvmsg(
                    1, 512, socket.MSG_ERRQUEUE | socket.MSG_DONTWAIT
                )
            except OSError:
                return
            if any(_is_failure(data) for _, _, data in ancillary):
                self._driver.report_failure(Flow("udp", self.local, address[:2]))


async def open_udp(driver: Driver, local: Address, *, dscp: int = CS3) -> UdpWay:
    """Listen on ``local``; port 0 takes a free one. Raises OSError."""
    family = socket.AF_INET6 if ":" in local[0] else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_DGRAM)
    try:
        bound.setblocking(False)
        _widen(bound)
        mark(bound, dscp)
        bound.setsockopt(*_RECVERR[family], 1)
        if family == socket.AF_INET6:
            # So that 0.0.0.0 can be listened to beside ::, and is told as what it is.
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        bound.bind(local)
        way = UdpWay(driver, bound)
        loop = asyncio.get_running_loop()
        await loop.create_datagram_endpoint(lambda: way, sock=bound)
    except BaseException:
        bound.close()
        raise
    return way


def _widen(bound: socket.socket) -> None:
    """Ask for the receive buffer, past the system's limit where that is allowed."""
    try:
        bound.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, RECEIVE_BUFFER)
    except PermissionError:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)


def _is_failure(extended_error: bytes) -> bool:
    """Whether an entry of the error queue says that the address cannot be reached.

    A path too narrow for the datagram is none: the kernel cuts the next one to fit.
    """
    if len(extended_error) < _EXTENDED_ERROR.size:
        return False
    code, *_ = _EXTENDED_ERROR.unpack_from(extended_error)
    return bool(code != errno.EMSGSIZE)
