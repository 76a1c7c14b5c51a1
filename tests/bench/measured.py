"""What a process costs, read from ``/proc``: CPU time, memory, descriptors, writes.

CPU time is the scheduler's own count in nanoseconds, by thread: the ticks of ``stat`` are
too coarse for a run of seconds, and wall time is somebody else's too.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

PROC: Final = Path("/proc")
MEASURED_CPU: Final = min(os.sched_getaffinity(0))
GENERATOR_CPU: Final = max(os.sched_getaffinity(0))
"""What is measured shares no core with who loads it, where there are two."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """In kilobytes."""

    resident: int
    proportional: int
    """Pages that others share are counted by their share (PSS)."""


def cpu_by_thread(pid: int) -> dict[int, float]:
    """Seconds on a core, by thread; that of Python bears the number of the process."""
    seconds = {}
    for task in (PROC / str(pid) / "task").iterdir():
        with suppress(FileNotFoundError, ProcessLookupError):
            ran = (task / "schedstat").read_text().split()[0]
            seconds[int(task.name)] = int(ran) / 1e9
    return seconds


def cpu(pid: int) -> float:
    """Seconds on a core, of all threads that live."""
    return sum(cpu_by_thread(pid).values())


def memory(pid: int) -> Memory:
    """What a process holds now."""
    figures = _figures(PROC / str(pid) / "smaps_rollup")
    return Memory(resident=figures["Rss"], proportional=figures["Pss"])


def descriptors(pid: int) -> int:
    """How many files and sockets a process has open."""
    return len(os.listdir(PROC / str(pid) / "fd"))


def written(pid: int) -> int:
    """Bytes that a process handed to the kernel for files and sockets."""
    return _figures(PROC / str(pid) / "io")["wchar"]


def children(pid: int) -> Mapping[str, int]:
    """The processes that a process started, by the module that they run."""
    found = {}
    for listed in (PROC / str(pid) / "task").glob("*/children"):
        for child in map(int, listed.read_text().split()):
            words = (PROC / str(child) / "cmdline").read_bytes().split(b"\0")
            module = words[words.index(b"-m") + 1] if b"-m" in words else words[0]
            found[module.decode()] = child
    return found


def pin(pid: int, core: int) -> None:
    """Let every thread of a process run on one core only."""
    for task in os.listdir(PROC / str(pid) / "task"):
        with suppress(ProcessLookupError):
            os.sched_setaffinity(int(task), {core})


@contextmanager
def confined(core: int) -> Iterator[None]:
    """Let this thread, and what it starts, run on one core while the body runs."""
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)


def _figures(path: Path) -> dict[str, int]:
    """Lines of ``Name:  number unit``."""
    figures = {}
    for line in path.read_text().splitlines():
        name, colon, value = line.partition(":")
        if colon and value.strip():
            figures[name] = int(value.split()[0])
    return figures
