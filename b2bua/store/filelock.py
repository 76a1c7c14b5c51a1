"""Locks between processes, on a file; the kernel gives them back when a process dies."""

import asyncio
import fcntl
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from b2bua.store.errors import StoreError


class FileLock:
    """One lock; an instance holds it once, shared or alone."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    @asynccontextmanager
    async def exclusive(self, seconds: float) -> AsyncIterator[None]:
        """Hold the lock alone; raises StoreError if others hold it for so long."""
        give_up = asyncio.get_running_loop().time() + seconds
        while not self.try_exclusive():
            if asyncio.get_running_loop().time() > give_up:
                raise StoreError(f"{self._path} is held by another process")
            await asyncio.sleep(0.02)
        try:
            yield
        finally:
            self.release()

    def try_exclusive(self) -> bool:
        """Take the lock alone if nobody else has it."""
        return self._take(fcntl.LOCK_EX | fcntl.LOCK_NB)

    def share(self) -> None:
        """Hold the lock together with others, until :meth:`release`."""
        self._take(fcntl.LOCK_SH)

    def release(self) -> None:
        """Give the lock back, if held."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _take(self, operation: int) -> bool:
        if self._descriptor is not None:
            return False
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, operation)
        except BlockingIOError:
            os.close(descriptor)
            return False
        self._descriptor = descriptor
        return True
