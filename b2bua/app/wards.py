"""Processes that outlive the one that started them, watched by their descriptors.

A ward may be a child of ours or a stranger's: both are known by a pidfd, which says when
the process ends and cannot be confused by a number that is used again.
"""

import asyncio
import os
import signal
import socket
import struct
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

LONGEST_LOG: Final = 10_000_000
"""Bytes; a longer log is put aside at the next start."""
_CREDENTIALS: Final = struct.Struct("3i")


class Ward:
    """One live process."""

    def __init__(self, pid: int, child: subprocess.Popen[bytes] | None = None) -> None:
        """Raises ProcessLookupError if there is no such process."""
        self.pid = pid
        self._child = child
        self._descriptor = os.pidfd_open(pid)
        self._ended = asyncio.Event()
        asyncio.get_running_loop().add_reader(self._descriptor, self._end)

    async def ended(self) -> int | None:
        """Wait for its end; its exit status, None if it was no child of ours."""
        await self._ended.wait()
        return None if self._child is None else self._child.wait()

    @property
    def alive(self) -> bool:
        """Whether it has not ended."""
        return not self._ended.is_set()

    def signal(self, number: signal.Signals) -> None:
        """Send a signal, if it lives."""
        if self.alive:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._descriptor, number)

    def let_go(self) -> None:
        """Watch it no more."""
        if self.alive:
            asyncio.get_running_loop().remove_reader(self._descriptor)
            os.close(self._descriptor)
            self._ended.set()
        if self._child is not None and self._child.poll() is None:
            self._child.returncode = 0  # Popen would complain when it is collected

    def _end(self) -> None:
        asyncio.get_running_loop().remove_reader(self._descriptor)
        os.close(self._descriptor)
        self._ended.set()


def spawn(
    module: str,
    arguments: Sequence[str],
    *,
    log: Path | None = None,
    ready: int | None = None,
) -> Ward:
    """Start a module of ours in a session of its own, so that no terminal ends it.

    What it says goes to ``log``, or where ours goes; ``ready`` is passed on to it.
    """
    command = [sys.executable, "-m", module, *arguments]
    pass_fds = () if ready is None else (ready,)
    if log is None:
        child = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, pass_fds=pass_fds, start_new_session=True
        )
        return Ward(child.pid, child)
    if log.exists() and log.stat().st_size > LONGEST_LOG:
        log.rename(log.with_suffix(".log.1"))
    with log.open("ab") as output:
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            pass_fds=pass_fds,
            start_new_session=True,
        )
    return Ward(child.pid, child)


def listening_on(path: Path) -> Ward | None:
    """The process that answers at a Unix socket, None if nobody does."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(str(path))
            data = probe.getsockopt(
                socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size
            )
            return Ward(_CREDENTIALS.unpack(data)[0])
        except (OSError, ProcessLookupError):
            return None
