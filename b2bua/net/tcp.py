"""TCP, TLS and WebSockets: connections accepted and made, each with its framing.

A flow whose connection is gone, or was not yet made, uses a connection to the same peer if
there is one and otherwise opens it; what is sent meanwhile waits, bounded in number and in
time. A connection that is lost fails its flow: what was pending on it is told, dialogs go
on (RFC 3261 §18.4).

Over TLS a connection that we make must prove to lead to one of those the flow expects
(RFC 5922), and is used only by flows that expect the same. One that is accepted has its
place among those of its host from the first byte, not from the end of the handshake.
A WebSocket is opened by its client alone (RFC 7118 §5): once it is gone, its flow fails.
"""

import asyncio
import itertools
import socket
import ssl
from collections import Counter
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal, TypeAlias, cast

from b2bua.core.address import Address
from b2bua.net.driver import Driver, Unconnected
from b2bua.net.marking import CS3, mark
from b2bua.net.tls import TlsContexts, proved
from b2bua.sip.endpoint.outputs import Dropped
from b2bua.sip.transport.flow import Flow
from b2bua.sip.transport.framing import (
    PATIENCE,
    Broken,
    Framed,
    Output,
    Pong,
    StreamFraming,
)
from b2bua.sip.transport.identity import is_fingerprint
from b2bua.sip.transport.websocket import Reply, WebSocketFraming

StreamName: TypeAlias = Literal["tcp", "tls", "ws", "wss"]

NO_DESCRIPTOR: Final = 0.1
"""Seconds to wait when a connection cannot be accepted, for want of descriptors."""

Place: TypeAlias = tuple[Address, tuple[str, ...]]
"""Who is to be connected to: an address, and over TLS who must be there."""


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

    def __init__(
        self,
        way: "StreamWay",
        number: int,
        *,
        accepted: bool,
        expects: tuple[str, ...] = (),
    ) -> None:
        self._way = way
        self._framing: StreamFraming | WebSocketFraming = (
            WebSocketFraming(way.limits.message, way.origins)
            if way.is_websocket
            else StreamFraming(way.limits.message)
        )
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._armed_for: float | None = None
        self._idle_until = self._loop.time() + way.limits.first_message
        self.number = number
        self.accepted = accepted
        self.expects = expects
        self.met = False
        """It came about."""
        self.refusal = ""
        """Why it was not taken in."""
        self.flow: Flow

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.met = True
        self._stream = cast(asyncio.Transport, transport)
        remote: Address = transport.get_extra_info("peername")[:2]
        secured = transport.get_extra_info("ssl_object")
        self.flow = Flow(
            self._way.transport,
            self._way.local,
            remote,
            self.number,
            expects=self.expects,
            certificate=None if secured is None else proved(secured),
        )
        self.refusal = self._way.admit(self)
        if self.refusal:
            self._stream.abort()
            return
        connected = transport.get_extra_info("socket")
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        mark(connected, self._way.dscp)
        if self.accepted:
            self._timer = self._loop.call_at(self._idle_until, self._stream.abort)

    def data_received(self, data: bytes) -> None:
        now = self._loop.time()
        self._carry_out(self._framing.receive(data, now))

    def connection_lost(self, exc: Exception | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if not self.refusal:
            self._way.lost(self)

    def send(self, data: bytes) -> None:
        """Send a whole message; a peer that does not read is cut off."""
        self._write(self._framing.wrap(data))

    def _write(self, data: bytes) -> None:
        self._stream.write(data)
        if self._stream.get_write_buffer_size() > self._way.limits.unsent:
            self._stream.abort()

    def close(self) -> None:
        """Send what waits, then close."""
        self._stream.close()

    def _carry_out(self, outputs: Sequence[Output | Reply]) -> None:
        for output in outputs:
            match output:
                case Framed(data):
                    self._way.received(data, self.flow)
                case Pong():
                    self._write(b"\r\n")
                case Reply(answer):
                    self._write(answer)
                case Broken(answer=answer):
                    if answer:
                        self._write(answer)
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
        transport: StreamName,
        *,
        limits: StreamLimits,
        tls: TlsContexts | None = None,
        dscp: int = CS3,
    ) -> None:
        self.transport: StreamName = transport
        self.is_websocket = transport in ("ws", "wss")
        self.local: Address = ("", 0)
        self.limits = limits
        self.dscp = dscp
        self.origins: tuple[str, ...] = ()
        """Of pages whose WebSockets are taken besides those of our own host."""
        self.tls = tls
        """What new connections use; another may be put here at any time."""
        self._driver = driver
        self._numbers = itertools.count(1)
        self._connections: dict[int, Connection] = {}
        self._by_remote: dict[Address, list[Connection]] = {}
        self._accepted: Counter[str] = Counter()
        self._waiting: dict[Place, list[tuple[bytes, Flow]]] = {}
        self._attempts: set[asyncio.Task[None]] = set()

    @property
    def connecting(self) -> bool:
        """Whether something waits for a connection that is being made."""
        return bool(self._waiting)

    async def listen(self, local: Address) -> None:
        """Accept connections to ``local``; port 0 takes a free one. Raises OSError."""
        family = socket.AF_INET6 if ":" in local[0] else socket.AF_INET
        self._listening = socket.create_server(local, family=family, backlog=512)
        self._listening.setblocking(False)
        mark(self._listening, self.dscp)
        self.local = self._listening.getsockname()[:2]
        self._driver.attach(self)
        self._attempt(self._accept())

    def send(self, data: bytes, flow: Flow) -> None:
        """Send by the flow's connection, another to the same peer, or a new one."""
        connection = self._connections.get(flow.connection) or self._fitting(flow)
        if connection is not None:
            connection.send(data)
            return
        if self.is_websocket:
            self._driver.report_failure(flow)
            return
        place = self._place(flow)
        waiting = self._waiting.get(place)
        if waiting is None:
            waiting = self._waiting[place] = []
            self._attempt(self._connect(place))
        if len(waiting) < self.limits.waiting:
            waiting.append((data, flow))
        else:
            self._driver.report_failure(flow)

    def close(self) -> None:
        """Accept no more and close every connection."""
        for attempt in self._attempts:
            attempt.cancel()
        for connection in tuple(self._connections.values()):
            connection.close()

    def admit(self, connection: Connection) -> str:
        """Take a connection in, or say why not."""
        flow = connection.flow
        if not connection.accepted and not _proves(flow):
            return f"its certificate is not that of {' or '.join(flow.expects)}"
        self._connections[connection.number] = connection
        self._by_remote.setdefault(flow.remote, []).append(connection)
        return ""

    def received(self, data: bytes, flow: Flow) -> None:
        """Pass a message on to the machine."""
        self._driver.receive(data, flow)

    def lost(self, connection: Connection) -> None:
        """Forget a connection that was taken in, and let the machine know."""
        flow = connection.flow
        del self._connections[connection.number]
        others = self._by_remote[flow.remote]
        others.remove(connection)
        if not others:
            del self._by_remote[flow.remote]
        if connection.accepted:
            self._leave(flow.remote[0])
        self._driver.report_failure(flow)

    def _attempt(self, work: Coroutine[Any, Any, None]) -> None:
        """Do it beside all else; it ends with this way."""
        attempt = asyncio.get_running_loop().create_task(work)
        self._attempts.add(attempt)
        attempt.add_done_callback(self._attempts.discard)

    async def _accept(self) -> None:
        """Take whoever connects, as long as there is a place for one of that host."""
        loop = asyncio.get_running_loop()
        with self._listening:
            while True:
                try:
                    connected, remote = await loop.sock_accept(self._listening)
                except OSError:
                    await asyncio.sleep(NO_DESCRIPTOR)
                    continue
                if (
                    self._accepted[remote[0]] >= self.limits.per_source
                    or self._accepted.total() >= self.limits.accepted
                ):
                    connected.close()
                    continue
                self._accepted[remote[0]] += 1
                self._attempt(self._take_in(connected, remote[:2]))

    async def _take_in(self, connected: socket.socket, remote: Address) -> None:
        """Make a connection of what was accepted; over TLS, once hands were shaken."""
        connection = Connection(self, next(self._numbers), accepted=True)
        tls = self.tls
        try:
            await asyncio.get_running_loop().connect_accepted_socket(
                lambda: connection,
                connected,
                ssl=None if tls is None else tls.server,
                ssl_handshake_timeout=None if tls is None else self.limits.first_message,
            )
        except OSError:
            flow = Flow(self.transport, self.local, remote)
            self._driver.tell(Dropped("TLS handshake failed", flow))
        finally:
            if not connection.met:
                connected.close()
                self._leave(remote[0])

    def _leave(self, host: str) -> None:
        self._accepted[host] -= 1
        if not self._accepted[host]:
            del self._accepted[host]

    def _place(self, flow: Flow) -> Place:
        if self.tls is None:
            return flow.remote, ()
        return flow.remote, flow.expects or (flow.remote[0],)

    def _fitting(self, flow: Flow) -> Connection | None:
        """The latest connection to the same peer, which over TLS is who is expected."""
        _, expects = self._place(flow)
        for connection in reversed(self._by_remote.get(flow.remote, ())):
            if not expects or _proves(replace(connection.flow, expects=expects)):
                return connection
        return None

    async def _connect(self, place: Place) -> None:
        """Make a connection and send what waits for it, or let it fail."""
        remote, expects = place
        host, made = self.local[0], None
        reason = "no connection"
        try:
            async with asyncio.timeout(self.limits.connect):
                _, made = await asyncio.get_running_loop().create_connection(
                    lambda: Connection(
                        self, next(self._numbers), accepted=False, expects=expects
                    ),
                    *remote,
                    ssl=None if self.tls is None else self.tls.client,
                    server_hostname=_named(expects),
                    local_addr=None if host in {"0.0.0.0", "::"} else (host, 0),
                )
            reason = made.refusal
        except ssl.SSLError as error:
            reason = _worded(error)
        except OSError as error:
            reason = error.strerror or reason
        waited = self._waiting.pop(place)
        if made is None or made.refusal:
            for flow in {flow for _, flow in waited}:
                self._driver.report_failure(flow)
            self._driver.tell(Unconnected(waited[0][1], reason))
            return
        for data, _ in waited:
            made.send(data)


def _proves(flow: Flow) -> bool:
    """Whether over TLS the far end is one of those that are expected."""
    if not flow.expects:
        return True
    shown = flow.certificate
    return shown is not None and any(shown.speaks_for(name) for name in flow.expects)


def _named(expects: tuple[str, ...]) -> str | None:
    """What to say in the handshake of whom we want; None without TLS."""
    names = [name for name in expects if not is_fingerprint(name)]
    return next(iter(names), "") if expects else None


def _worded(error: ssl.SSLError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted: {error.verify_message}"
    return f"no TLS: {error.reason or error}"


async def open_tcp(
    driver: Driver,
    local: Address,
    limits: StreamLimits = StreamLimits(),
    *,
    dscp: int = CS3,
) -> StreamWay:
    """Listen on ``local`` for TCP. Raises OSError."""
    way = StreamWay(driver, "tcp", limits=limits, dscp=dscp)
    await way.listen(local)
    return way


async def open_tls(
    driver: Driver,
    local: Address,
    tls: TlsContexts,
    limits: StreamLimits = StreamLimits(),
    *,
    dscp: int = CS3,
) -> StreamWay:
    """Listen on ``local`` for TLS."""
    way = StreamWay(driver, "tls", limits=limits, tls=tls, dscp=dscp)
    await way.listen(local)
    return way


async def open_websocket(
    driver: Driver,
    local: Address,
    tls: TlsContexts | None,
    limits: StreamLimits = StreamLimits(),
    *,
    dscp: int = CS3,
) -> StreamWay:
    """Listen on ``local`` for WebSockets, over TLS if there is a context for it."""
    name: StreamName = "ws" if tls is None else "wss"
    way = StreamWay(driver, name, limits=limits, tls=tls, dscp=dscp)
    await way.listen(local)
    return way
