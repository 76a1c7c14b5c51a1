"""Keeps the table of live calls: soon after each change, and before the lease runs out."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

import structlog

from b2bua.exchange.outlook import LiveCall as CallHere
from b2bua.store.errors import StoreError
from b2bua.store.live import LEASE_SECONDS, Live, LiveCall

LOOK_SECONDS: Final = 1.0
"""Between two looks at the calls."""
RENEWAL: Final = LEASE_SECONDS / 3


class Announcer:
    """Tells what one node has up."""

    def __init__(
        self, live: Live, node: str, calls: Callable[[], Sequence[CallHere]]
    ) -> None:
        self._live = live
        self._node = node
        self._calls = calls
        self._log = structlog.get_logger()

    async def run(self) -> None:
        """Announce until cancelled."""
        loop = asyncio.get_running_loop()
        told: list[LiveCall] | None = None
        due = 0.0
        while True:
            calls = [self._announced(call) for call in self._calls()]
            if calls != told or loop.time() >= due:
                try:
                    await self._live.announce(self._node, calls)
                except StoreError as error:
                    self._log.debug("live calls not announced", why=str(error))
                    told = None
                else:
                    told, due = calls, loop.time() + RENEWAL
            await asyncio.sleep(LOOK_SECONDS)

    def _announced(self, call: CallHere) -> LiveCall:
        return LiveCall(
            id=call.id,
            node=self._node,
            number=call.number,
            caller=call.caller,
            state=call.state,
            since=call.since,
            destination=call.destination,
            private=call.private,
        )
