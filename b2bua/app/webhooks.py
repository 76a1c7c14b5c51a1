"""Tells enterprises of their calls: empties the outbox into their webhooks.

The outbox is asked for what is due about once a second. Each message is signed, sent and
noted by a task of its own; so many at once in all, and few for one receiver, so that one
that is slow holds up only what is meant for it. What fails comes again after growing
pauses, for a day.
"""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Final

import structlog

from b2bua.net.post import NotDelivered, Post
from b2bua.service.callevent import CallEvent, signature
from b2bua.service.webhook import Reach, origin
from b2bua.store.errors import StoreError, Unavailable
from b2bua.store.outbox import Message, Outbox

AT_ONCE: Final = 64
OF_ONE_ORIGIN: Final = 4
LOOK_SECONDS: Final = 1.0
"""Between two looks at the outbox."""
PRUNE_SECONDS: Final = 3600.0
FIRST_PAUSE: Final = 2.0
LONGEST_PAUSE: Final = 3600.0
MOST_NOTED: Final = 10_000
"""Events of no record that wait while PostgreSQL is away."""


def pause(failures: int, fraction: float) -> float:
    """Seconds until the next attempt, doubling; ``fraction`` in [0, 1) spreads them."""
    longest = min(FIRST_PAUSE * 2.0 ** min(failures, 30), LONGEST_PAUSE)
    return longest * (0.5 + fraction / 2)


class Webhooks:
    """Sends what waits, for as long as it runs."""

    def __init__(
        self,
        outbox: Outbox,
        reach: Reach,
        *,
        happened: Callable[[], Iterable[CallEvent]] = tuple,
    ) -> None:
        """``happened`` gives events that no record tells of, at each look."""
        self._outbox = outbox
        self._reach = reach
        self._happened = happened
        self._noted: dict[str, CallEvent] = {}
        self._flying: set[asyncio.Task[None]] = set()
        self._busy: Counter[str] = Counter()
        self._landed = asyncio.Event()
        self._log = structlog.get_logger()
        self.delivered = 0
        self.failed = 0
        """Attempts."""
        self.dead = 0

    async def run(self) -> None:
        """Send until cancelled."""
        async with Post(self._reach) as post:
            try:
                await self._send_for_ever(post)
            finally:
                flying = list(self._flying)
                for task in flying:
                    task.cancel()
                await asyncio.gather(*flying, return_exceptions=True)

    async def _send_for_ever(self, post: Post) -> None:
        loop = asyncio.get_running_loop()
        prune_at = loop.time()
        while True:
            self._landed.clear()
            try:
                await self._note()
                await self._launch(post)
                if loop.time() >= prune_at:
                    prune_at = loop.time() + PRUNE_SECONDS
                    await self._outbox.prune()
            except Unavailable as error:
                self._log.debug("webhooks wait", why=str(error))
            try:
                # A receiver that has answered may have its next message at once.
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._landed.wait()
            except TimeoutError:
                continue

    async def _note(self) -> None:
        """Put what happened besides records into the outbox."""
        for event in self._happened():
            if len(self._noted) < MOST_NOTED:
                self._noted[event.id] = event
        if self._noted:
            await self._outbox.put(list(self._noted.values()))
            self._noted.clear()

    async def _launch(self, post: Post) -> None:
        free = AT_ONCE - len(self._flying)
        if free <= 0:
            return
        for message in await self._outbox.claim(
            free, busy=self._busy, of_one_origin=OF_ONE_ORIGIN
        ):
            self._busy[message.origin] += 1
            task = asyncio.create_task(self._carry(message, post))
            self._flying.add(task)
            task.add_done_callback(self._flying.discard)

    async def _carry(self, message: Message, post: Post) -> None:
        """Send one message, and note what became of it."""
        try:
            why = await self._sent(message, post)
            if not why:
                self.delivered += 1
                await self._outbox.delivered(message.seq)
                return
            self.failed += 1
            wait = pause(message.attempts, random.random())
            gone = message.secret is None
            if await self._outbox.failed(message.seq, why, wait, dead=gone):
                self._tell_dead(message, why)
        except StoreError as error:
            # It was not noted: it comes again when its lease is over, under the same id.
            self._log.debug("webhook not noted", id=message.id, why=str(error))
        finally:
            self._busy[message.origin] -= 1
            if not self._busy[message.origin]:
                del self._busy[message.origin]
            self._landed.set()

    async def _sent(self, message: Message, post: Post) -> str:
        """Send it; why it was not taken, or nothing."""
        if message.secret is None:
            return "the plan names this address no more"
        body = message.body.encode()
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "b2bua",
            "X-B2bua-Event": message.event,
            "X-B2bua-Id": message.id,
            "X-B2bua-Signature": signature(message.secret, int(time.time()), body),
        }
        try:
            reply = await post.send(message.url, body, headers)
        except NotDelivered as error:
            return str(error)
        return "" if reply.taken else f"answered {reply.status}"

    def _tell_dead(self, message: Message, why: str) -> None:
        self.dead += 1
        self._log.warning(
            "webhook given up",
            id=message.id,
            number=message.number,
            receiver=origin(message.url),
            attempts=message.attempts + 1,
            why=why,
        )
