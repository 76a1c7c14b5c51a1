"""The asking side: one connection to one media process.

Nothing here waits: an order is written or the connection is given up, and its end is
told once. Who reconnects is up to the user.
"""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Final, cast

from media.control.codec import MalformedFrame, encode, fact_decoder
from media.control.messages import Fact, Order

HOPELESS_AT: Final = 16 << 20
"""Octets that the process has not read at which the connection is given up."""


class ControlClient(asyncio.Protocol):
    """Made by :func:`connect`."""

    def __init__(
        self, receive: Callable[[Fact], None], lost: Callable[[str], None]
    ) -> None:
        self._receive = receive
        self._lost = lost
        self._decoder = fact_decoder()
        self._gave_up_for = ""

    @property
    def is_open(self) -> bool:
        """Whether orders still go out."""
        return not self._transport.is_closing()

    def send(self, order: Order) -> None:
        """Send, unless the connection has ended, which ``lost`` tells."""
        if not self.is_open:
            return
        self._transport.write(encode(order))
        if self._transport.get_write_buffer_size() > HOPELESS_AT:
            self._give_up("the media process does not read its orders")

    def close(self) -> None:
        """End the connection; sessions live on until their lifetimes end."""
        self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        try:
            for fact in self._decoder.feed(data):
                self._receive(fact)
        except MalformedFrame as fault:
            self._give_up(str(fault))

    def connection_lost(self, exc: Exception | None) -> None:
        self._lost(self._gave_up_for or ("" if exc is None else str(exc)))

    def _give_up(self, reason: str) -> None:
        self._gave_up_for = reason
        self._transport.abort()


async def connect(
    path: Path, receive: Callable[[Fact], None], lost: Callable[[str], None]
) -> ControlClient:
    """Connect to the process at ``path``.

    ``lost`` is called once, with a reason that is empty if the process closed in order.
    Raises OSError if nobody answers.
    """
    loop = asyncio.get_running_loop()
    _, client = await loop.create_unix_connection(
        lambda: ControlClient(receive, lost), str(path)
    )
    return client
