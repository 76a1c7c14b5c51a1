"""The connection to one media process, made again for ever."""

import asyncio
from pathlib import Path
from typing import Final, Protocol

from media.control.client import ControlClient, connect
from media.control.messages import Fact, Order

FIRST_WAIT: Final = 0.05
LONGEST_WAIT: Final = 1.0
"""Seconds between two attempts to connect: the first, doubled up to the longest."""


class LinkListener(Protocol):
    """What hears of the connection, always on the loop and never from inside ``send``."""

    def linked(self, link: "Link") -> None:
        """The process answers; it has not been told anything yet."""

    def heard(self, link: "Link", fact: Fact) -> None:
        """A fact arrived."""

    def unlinked(self, link: "Link", reason: str) -> None:
        """The connection broke; attempts to make it again have begun."""


class Link:
    """One process, named by the path of its socket."""

    def __init__(self, path: Path, listener: LinkListener) -> None:
        self.path = path
        self._listener = listener
        self._client: ControlClient | None = None

    async def run(self) -> None:
        """Keep the connection until cancelled."""
        wait = FIRST_WAIT
        try:
            while True:
                if await self._one_connection():
                    wait = FIRST_WAIT
                await asyncio.sleep(wait)
                wait = min(2 * wait, LONGEST_WAIT)
        finally:
            if self._client is not None:
                self._client.close()

    def send(self, order: Order) -> None:
        """Send; what a broken connection swallows is told by ``unlinked``."""
        if self._client is not None:
            self._client.send(order)

    async def _one_connection(self) -> bool:
        """From its beginning to its end; False if there was no beginning."""
        lost: asyncio.Future[str] = asyncio.get_running_loop().create_future()

        def end(reason: str) -> None:
            if not lost.done():
                lost.set_result(reason)

        try:
            self._client = await connect(
                self.path, lambda fact: self._listener.heard(self, fact), end
            )
        except OSError:
            return False
        self._listener.linked(self)
        reason = await lost
        self._client = None
        self._listener.unlinked(self, reason)
        return True
