"""Work that goes on beside the calls, and begins again when it raises."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

PAUSE: Final = 1.0
"""Seconds before work that raised begins again."""


class Tasks:
    """Every task of one process."""

    def __init__(self, fault: Callable[[str], None]) -> None:
        """``fault`` is told the name of a task that raised."""
        self._fault = fault
        self._tasks: list[asyncio.Task[None]] = []
        self._log = structlog.get_logger()

    def spawn(self, name: str, run: Callable[[], Awaitable[None]]) -> None:
        """Run for ever."""
        self._tasks.append(asyncio.create_task(self._forever(name, run)))

    async def cancel(self) -> None:
        """End them all."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _forever(self, name: str, run: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await run()
            except Exception:
                self._log.exception("task failed", task=name)
                self._fault(name)
            await asyncio.sleep(PAUSE)
