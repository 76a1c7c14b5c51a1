"""Carries questions for quota to the store, and its answers back to the exchange."""

import asyncio
from collections.abc import Callable
from typing import Final

import structlog

from b2bua.service.quota import Granted, ReserveQuota
from b2bua.store.errors import StoreError
from b2bua.store.leases import Leases

FAREWELL_SECONDS: Final = 2.0
"""How long a node that goes away waits to have given back its quota."""


class Lender:
    """Between one exchange and the leases of all nodes."""

    def __init__(
        self, leases: Leases, node: str, answered: Callable[[Granted], None]
    ) -> None:
        self._leases = leases
        self.node = node
        self._answered = answered
        self._under_way: set[asyncio.Task[None]] = set()
        self._log = structlog.get_logger()
        self.asked = 0
        """Questions that were sent."""
        self.failed = 0
        """Those that were not answered."""

    def reserve(self, question: ReserveQuota) -> None:
        """Ask; never waits."""
        task = asyncio.get_running_loop().create_task(self._ask(question))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def close(self) -> None:
        """Wait a little for what is under way, and drop the rest."""
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=FAREWELL_SECONDS)
        for task in self._under_way:
            task.cancel()

    async def _ask(self, question: ReserveQuota) -> None:
        self.asked += 1
        try:
            answer = await self._leases.ask(self.node, question)
        except StoreError as error:
            self.failed += 1
            self._log.debug("no quota", number=question.number, why=str(error))
            answer = Granted(number=question.number, turn=question.turn, fault=str(error))
        self._answered(answer)
