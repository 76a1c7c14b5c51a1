"""The answering side: a unix socket that only our own user may open.

A client that sends rubbish, or does not read what it is told, is cut off; the media of
its sessions does not notice. While a client's facts wait in its socket, no more orders
are taken from it, so what one client may make us hold is bounded.
"""

import asyncio
import os
import socket
import stat
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Final, Protocol, cast

from media.control.codec import MalformedFrame, encode, order_decoder
from media.control.messages import Fact, Order

SLOW_AT: Final = 256 * 1024
"""Octets unread by a client at which we stop listening to it."""
HOPELESS_AT: Final = 16 << 20
"""Octets unread by a client at which it is cut off."""


PARTING: Final = 1.0
"""Seconds that a client has to read its last facts when we end."""


class AlreadyServed(OSError):
    """Another process answers at this path."""


class Listener(Protocol):
    """What hears the clients; a client is a number that is never used again."""

    def connected(self, client: int) -> None:
        """Somebody came."""

    def received(self, client: int, order: Order) -> None:
        """An order arrived."""

    def disconnected(self, client: int, reason: str) -> None:
        """The connection is gone; ``reason`` is empty if the client closed it."""


class ControlServer:
    """Accepts clients and keeps their connections."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._clients: dict[int, _Connection] = {}
        self._named = 0
        self._ending = False
        self._server: asyncio.Server | None = None

    async def start(self, listener: Listener) -> None:
        """Listen. Raises :class:`AlreadyServed`, or OSError if the path cannot be bound."""

        def connection() -> _Connection:
            self._named += 1
            return _Connection(self._named, listener, self)

        loop = asyncio.get_running_loop()
        listening = _bind(self._path)
        self._server = await loop.create_unix_server(connection, sock=listening)

    def say(self, client: int, fact: Fact) -> None:
        """Tell a client, if it is still there."""
        if (connection := self._clients.get(client)) is not None:
            connection.say(fact)

    async def close(self) -> None:
        """Stop listening, and let what was said reach those who read."""
        self._ending = True
        if self._server is not None:
            self._server.close()
            self._path.unlink(missing_ok=True)
        connections = list(self._clients.values())
        for connection in connections:
            connection.close()
        if connections:
            gone = [connection.gone for connection in connections]
            await asyncio.wait(gone, timeout=PARTING)
        for connection in list(self._clients.values()):
            connection.abort()

    def enter(self, client: int, connection: "_Connection") -> None:
        """Keep a connection; one that was accepted in our last moment is closed."""
        self._clients[client] = connection
        if self._ending:
            connection.close()

    def leave(self, client: int) -> None:
        """Forget a connection."""
        del self._clients[client]


class _Connection(asyncio.Protocol):
    def __init__(self, number: int, listener: Listener, server: ControlServer) -> None:
        self._number = number
        self._listener = listener
        self._server = server
        self._decoder = order_decoder()
        self._orders: Iterator[Order] = iter(())
        """Those that arrived and were not yet taken."""
        self._slow = False
        self._cut_off_for = ""
        self.gone = asyncio.get_running_loop().create_future()
        """Done when the connection is."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._transport.set_write_buffer_limits(high=SLOW_AT)
        self._listener.connected(self._number)
        self._server.enter(self._number, self)

    def data_received(self, data: bytes) -> None:
        self._orders = chain(self._orders, self._decoder.feed(data))
        self._take_orders()

    def pause_writing(self) -> None:
        self._slow = True
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        self._slow = False
        self._take_orders()
        if not self._slow and not self._transport.is_closing():
            self._transport.resume_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        self._server.leave(self._number)
        self.gone.set_result(None)
        reason = self._cut_off_for or ("" if exc is None else str(exc))
        self._listener.disconnected(self._number, reason)

    def _take_orders(self) -> None:
        """Take what arrived, as long as the client reads what it is told."""
        while not self._slow and not self._transport.is_closing():
            try:
                order = next(self._orders, None)
            except MalformedFrame as fault:
                self._cut_off(str(fault))
                return
            if order is None:
                return
            self._listener.received(self._number, order)

    def say(self, fact: Fact) -> None:
        if self._transport.is_closing():
            return
        self._transport.write(encode(fact))
        if self._transport.get_write_buffer_size() > HOPELESS_AT:
            self._cut_off("it does not read what it is told")

    def close(self) -> None:
        self._transport.close()

    def abort(self) -> None:
        self._transport.abort()

    def _cut_off(self, reason: str) -> None:
        self._cut_off_for = reason
        self._transport.abort()


def _bind(path: Path) -> socket.socket:
    """Take the path, from a process that died too, but not from one that lives."""
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        if path.exists():
            _remove_dead(path)
        # Narrow from its first moment: connect() needs the permission to write.
        before = os.umask(0o177)
        try:
            listening.bind(str(path))
        finally:
            os.umask(before)
        listening.listen()
        listening.setblocking(False)
    except OSError:
        listening.close()
        raise
    return listening


def _remove_dead(path: Path) -> None:
    if not stat.S_ISSOCK(path.stat().st_mode):
        raise AlreadyServed(f"{path} is not a socket")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1.0)
        try:
            probe.connect(str(path))
        except (ConnectionRefusedError, FileNotFoundError):
            path.unlink(missing_ok=True)
            return
    raise AlreadyServed(f"another process answers at {path}")
