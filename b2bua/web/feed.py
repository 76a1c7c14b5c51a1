"""Who looks at a number's live calls, and one look a second for all who do.

A page that shows live calls holds a stream open. Streams of one number share one question
to the database; each is told when the answer changes. There is room for so many streams:
a page that finds none asks again from time to time instead. No stream is endless: a
browser opens the next by itself.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

from b2bua.store.errors import StoreError

LOOK_SECONDS: Final = 1.0
MOST_STREAMS: Final = 256
LONGEST_SECONDS: Final = 600.0

Look = Callable[[], Awaitable[Hashable]]


class NoRoom(Exception):
    """Too many streams are open."""


@dataclass(slots=True, eq=False)
class Watch:
    """One number that is looked at."""

    streams: int = 0
    looks: "asyncio.Task[None] | None" = None
    _seen: Hashable = None
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def saw(self, seen: Hashable) -> None:
        """Tell everybody who waits, if it is something else than before."""
        if seen != self._seen:
            self._seen = seen
            self._changed.set()
            self._changed = asyncio.Event()

    async def change(self, seconds: float) -> bool:
        """Wait for a change, or so long; whether there was one."""
        try:
            async with asyncio.timeout(seconds):
                await self._changed.wait()
        except TimeoutError:
            return False
        return True


class Feed:
    """Every number that somebody looks at."""

    def __init__(
        self,
        *,
        most: int = MOST_STREAMS,
        look: float = LOOK_SECONDS,
        longest: float = LONGEST_SECONDS,
    ) -> None:
        """``look`` is seconds between two looks, ``longest`` how long a stream may be."""
        self.longest = longest
        self._watches: dict[str, Watch] = {}
        self._most = most
        self._look = look

    @property
    def streams(self) -> int:
        """How many are open."""
        return sum(watch.streams for watch in self._watches.values())

    @asynccontextmanager
    async def watching(self, number: str, look: Look) -> AsyncIterator[Watch]:
        """Watch a number while the block runs. Raises NoRoom."""
        if self.streams >= self._most:
            raise NoRoom
        watch = self._watches.setdefault(number, Watch())
        watch.streams += 1
        if watch.looks is None:
            watch.looks = asyncio.create_task(self._go_on_looking(watch, look))
        try:
            yield watch
        finally:
            watch.streams -= 1
            if not watch.streams:
                watch.looks.cancel()
                del self._watches[number]

    async def _go_on_looking(self, watch: Watch, look: Look) -> None:
        while True:
            try:
                watch.saw(await look())
            except StoreError:
                watch.saw(None)  # The page says that the database is away.
            await asyncio.sleep(self._look)
