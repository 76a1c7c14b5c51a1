"""TCP and TLS: connections accepted and made, each with its framing.

A flow whose connection is gone, or was not yet made, uses a connection to the same peer if
there is one and otherwise opens it; what is sent meanwhile waits, bounded in number and in
time. A connection that is lost fails its flow: what was pending on it is told, dialogs go
on (RFC 3261 §18.4).
"""

import asyncio
import itertools
import socket
import ssl
from collections import Counter
from dataclasses import dataclass
from typing import Literal, cast

from b2bua.core.address import Address
from b2bua.net.driver import Driver
from b2bua.sip.transport.flow import Flow, TransportName
from b2bua.sip.transport.framing import (
    PATIENCE,
    Broken,
    Framed,
    Output,
    Pong,
    StreamFraming,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamLimits:
    """What connections may cost."""

    per_source: int = 32
    """Accepted connections of one host."""
    accepted: int = 2000
    """Of all hosts."""
    connect: float = 4.0
    """Seconds for making a connection."""
    waiting: int = 200
    """Messages that may wait for one connection to be made."""
    unsent: int = 2**20
    """Bytes that a peer may leave unread before its connection is cut."""
    message: float = PATIENCE
    """Seconds from the first byte of a message to its last."""
    first_message: float = PATIENCE
    """Seconds from accepting to the end of the first message or keep-alive."""


class Connection(asyncio.Protocol):
    """One connection, accepted or made."""

    def __init__(self, way: "StreamWay", number: int, *, accepted: bool) -> None:
        self._way = way
        self._framing = StreamFraming(way.limits.message)
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._armed_for: float | None = None
        self._idle_until = self._loop.time() + way.limits.first_message
        self.number = number
        self.accepted = accepted
        self.admitted = False
        self.flow: Flow

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._stream = cast(asyncio.Transport, transport)
        remote: Address = transport.get_extra_info("peername")[:2]
        self.flow = Flow(self._way.transport, self._way.local, remote, self.number)
        self.admitted = self._way.admit(self)
        if not self.admitted:
            self._stream.abort()
            return
        connected = transport.get_extra_info("socket")
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        if self.accepted:
            self._timer = self._loop.call_at(self._idle_until, self._stream.abort)

    def data_received(self, data: bytes) -> None:
        now = self._loop.time()
        self._carry_out(self._framing.receive(data, now))

    def connection_lost(self, exc: Exception | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self.admitted:
            self._way.lost(self)

    def send(self, data: bytes) -> None:
        """Send a whole message; a peer that does not read is cut off."""
        self._stream.write(data)
        if self._stream.get_write_buffer_size() > self._way.limits.unsent:
            self._stream.abort()

    def close(self) -> None:
        """Send what waits, then close."""
        self._stream.close()

    def _carry_out(self, outputs: list[Output]) -> None:
        for output in outputs:
            match output:
                case Framed(data):
                    self._way.received(data, self.flow)
                case Pong():
                    self.send(b"\r\n")
                case Broken(answer=answer):
                    if answer:
                        self.send(answer)
                    self.close()
        self._arm(heard=bool(outputs))

    def _arm(self, *, heard: bool) -> None:
        """Heed the framing's deadline; until something was heard, that of the first."""
        deadline = self._framing.deadline
        if deadline == self._armed_for or (deadline is None and not heard):
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer = (
            None if deadline is None else self._loop.call_at(deadline, self._wake, deadline)
        )
        self._armed_for = deadline

    def _wake(self, due: float) -> None:
        self._timer = self._armed_for = None
        self._carry_out(self._framing.wake(max(due, self._loop.time())))


class StreamWay:
    """One listening address and every connection that belongs to it."""

    def __init__(
        self,
        driver: Driver,
        transport: Literal["tcp", "tls"],
        *,
        limits: StreamLimits,
        client_tls: ssl.SSLContext | None,
    ) -> None:
        self.transport: TransportName = transport
        self.local: Address = ("", 0)
        self.limits = limits
        self._driver = driver
        self._client_tls = client_tls
        self._numbers = itertools.count(1)
        self._connections: dict[int, Connection] = {}
        self._by_remote: dict[Address, Connection] = {}
        self._accepted: Counter[str] = Counter()
        self._waiting: dict[Address, list[tuple[bytes, Flow]]] = {}
        self._attempts: set[asyncio.Task[None]] = set()

    async def listen(self, local: Address, server_tls: ssl.SSLContext | None) -> None:
        """Accept connections to ``local``; port 0 takes a free one. Raises OSError."""
        self._server = await asyncio.get_running_loop().create_server(
            lambda: Connection(self, next(self._numbers), accepted=True),
            *local,
            ssl=server_tls,
            backlog=512,
            reuse_address=True,
        )
        self.local = self._server.sockets[0].getsockname()[:2]
        self._driver.attach(self)

    def send(self, data: bytes, flow: Flow) -> None:
        """Send by the flow's connection, another to the same peer, or a new one."""
        connection = self._connections.get(flow.connection)
        if connection is None:
            connection = self._by_remote.get(flow.remote)
        if connection is not None:
            connection.send(data)
            return
        waiting = self._waiting.get(flow.remote)
        if waiting is None:
            waiting = self._waiting[flow.remote] = []
            attempt = asyncio.get_running_loop().create_task(self._connect(flow.remote))
            self._attempts.add(attempt)
            attempt.add_done_callback(self._attempts.discard)
        if len(waiting) < self.limits.waiting:
            waiting.append((data, flow))
        else:
            self._driver.report_failure(flow)

    def close(self) -> None:
        """Accept no more and close every connection."""
        self._server.close()
        for attempt in self._attempts:
            attempt.cancel()
        for connection in tuple(self._connections.values()):
            connection.close()

    def admit(self, connection: Connection) -> bool:
        """Take a connection in, unless its host or all hosts have too many."""
        flow = connection.flow
        if connection.accepted:
            host = flow.remote[0]
            if (
                self._accepted[host] >= self.limits.per_source
                or self._accepted.total() >= self.limits.accepted
            ):
                return False
            self._accepted[host] += 1
        self._connections[connection.number] = connection
        self._by_remote[flow.remote] = connection
        return True

    def received(self, data: bytes, flow: Flow) -> None:
        """Pass a message on to the machine."""
        self._driver.receive(data, flow)

    def lost(self, connection: Connection) -> None:
        """Forget a connection that was taken in, and let the machine know."""
        flow = connection.flow
        del self._connections[connection.number]
        if self._by_remote.get(flow.remote) is connection:
            del self._by_remote[flow.remote]
        if connection.accepted:
            host = flow.remote[0]
            self._accepted[host] -= 1
            if not self._accepted[host]:
                del self._accepted[host]
        self._driver.report_failure(flow)

    async def _connect(self, remote: Address) -> None:
        """Make a connection and send what waits for it, or let it fail."""
        host = self.local[0]
        try:
            async with asyncio.timeout(self.limits.connect):
                await asyncio.get_running_loop().create_connection(
                    lambda: Connection(self, next(self._numbers), accepted=False),
                    *remote,
                    ssl=self._client_tls,
                    local_addr=None if host in {"0.0.0.0", "::"} else (host, 0),
                )
        except OSError:
            for flow in {flow for _, flow in self._waiting.pop(remote)}:
                self._driver.report_failure(flow)
            return
        for data, flow in self._waiting.pop(remote):
            self.send(data, flow)


async def open_tcp(
    driver: Driver, local: Address, limits: StreamLimits = StreamLimits()
) -> StreamWay:
    """Listen on ``local`` for TCP. Raises OSError."""
    way = StreamWay(driver, "tcp", limits=limits, client_tls=None)
    await way.listen(local, None)
    return way


async def open_tls(
    driver: Driver,
    local: Address,
    *,
    server: ssl.SSLContext,
    client: ssl.SSLContext,
    limits: StreamLimits = StreamLimits(),
) -> StreamWay:
    """Listen on ``local`` for TLS; ``client`` is for the connections we make."""
    way = StreamWay(driver, "tls", limits=limits, client_tls=client)
    await way.listen(local, server)
    return way
