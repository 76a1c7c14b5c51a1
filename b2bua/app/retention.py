"""Recordings and messages are kept for so many days, and no longer."""

import asyncio
import time
from pathlib import Path
from typing import Final

import structlog

DAY: Final = 86_400.0
LOOK_SECONDS: Final = 3600.0


def forget_old(directory: Path, before: float) -> tuple[int, int]:
    """Delete recordings last written before a moment (seconds since 1970).

    Gives how many were deleted, and how many could not be.
    """
    gone = kept = 0
    for path in directory.glob("*.wav"):
        try:
            if path.lstat().st_mtime < before:
                path.unlink()
                gone += 1
        except FileNotFoundError:
            continue
        except OSError:
            kept += 1
    return gone, kept


class Retention:
    """Deletes what has been kept for long enough, now and again."""

    def __init__(self, directory: Path, days: int) -> None:
        self._directory = directory
        self._days = days
        self._log = structlog.get_logger()

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            before = time.time() - self._days * DAY
            gone, kept = await asyncio.to_thread(forget_old, self._directory, before)
            if gone:
                self._log.info("recordings deleted", files=gone, days=self._days)
            if kept:
                self._log.error("recordings cannot be deleted", files=kept)
            await asyncio.sleep(LOOK_SECONDS)
