"""Carries questions for last talks to the store, and its answers back to the exchange."""

import asyncio
from collections.abc import Callable

from b2bua.service.talks import LookUpTalk, TalkFound
from b2bua.store.talks import LastTalks


class Recollection:
    """Between one exchange and the records of all nodes."""

    def __init__(self, talks: LastTalks, answered: Callable[[TalkFound], None]) -> None:
        self._talks = talks
        self._answered = answered
        self._under_way: set[asyncio.Task[None]] = set()

    def look_up(self, question: LookUpTalk) -> None:
        """Ask; never waits."""
        task = asyncio.get_running_loop().create_task(self._ask(question))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    def close(self) -> None:
        """Drop what is under way: nobody waits for it any more."""
        for task in self._under_way:
            task.cancel()

    async def _ask(self, question: LookUpTalk) -> None:
        self._answered(await self._talks.find(question))
