"""What a call costs the control process under SIPp, beside the floor in the same run."""

import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median
from typing import Final, TypeAlias

from tests.bench.measured import MEASURED_CPU, cpu, pin
from tests.bench.node import SERVICE, Node, Place
from tests.bench.sipp import Load, Outcome, callers

Say: TypeAlias = Callable[[str], None]
"""Tells how far the bench is."""

FLOOR: Final = Place(host="127.0.90.5", caller="127.0.90.6", destination="127.0.90.7")
NODE: Final = Place(host="127.0.90.1", caller="127.0.90.2", destination="127.0.90.3")
WRITTEN: Final = re.compile(r"pwrite64\(.*= (\d+)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Signalling:
    """One rate, medians of the runs; milliseconds of CPU time a call."""

    rate: float
    floor_ms: float
    control_ms: float
    media_ms: float
    failed: int
    retransmissions: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Journal:
    """What a call adds to the journal's log."""

    octets: float
    writes: float
    flushes: float


@contextmanager
def floor(place: Place) -> Iterator[int]:
    """Run the floor; gives the number of its process."""
    command = [sys.executable, "-m", "tests.bench.floor"]
    addresses = [f"{place.host}:5060", f"{place.destination}:5060"]
    process = subprocess.Popen([*command, *addresses], stdin=subprocess.DEVNULL)
    try:
        _wait_until_bound(place.host)
        pin(process.pid, MEASURED_CPU)
        yield process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


def compare(node: Node, floor_pid: int, load: Load, *, runs: int, say: Say) -> Signalling:
    """Load both in turn, ``runs`` times."""
    floors, controls, medias = [], [], []
    failed = retransmissions = 0
    for number in range(runs):
        say(f"signalling at {load.rate:g} calls/s, run {number + 1} of {runs}")
        before = cpu(floor_pid)
        place_calls(FLOOR, load)
        floors.append((cpu(floor_pid) - before) / load.calls)
        before_control, before_media = cpu(node.control), cpu(node.media)
        outcome = place_calls(node.place, load)
        controls.append((cpu(node.control) - before_control) / load.calls)
        medias.append((cpu(node.media) - before_media) / load.calls)
        failed += outcome.failed
        retransmissions += outcome.retransmissions
    return Signalling(
        rate=load.rate,
        floor_ms=1000 * median(floors),
        control_ms=1000 * median(controls),
        media_ms=1000 * median(medias),
        failed=failed,
        retransmissions=retransmissions,
    )


def journal(node: Node, load: Load) -> Journal | None:
    """Watch the system calls of control; None where there is no strace."""
    if shutil.which("strace") is None:
        return None
    told = node.directory / "strace"
    traced = "trace=pwrite64,fsync,fdatasync"
    command = ["strace", "-f", "-y", "-qq", "-e", traced, "-o", str(told)]
    watcher = subprocess.Popen([*command, "-p", str(node.control)])
    try:
        place_calls(node.place, load)
    finally:
        watcher.send_signal(signal.SIGINT)
        watcher.wait()
    log = f"{node.journal.name}-wal"
    lines = [line for line in told.read_text().splitlines() if log in line]
    written = [int(found[1]) for line in lines if (found := WRITTEN.search(line))]
    flushes = sum("sync(" in line for line in lines)
    return Journal(
        octets=sum(written) / load.calls,
        writes=len(written) / load.calls,
        flushes=flushes / load.calls,
    )


def place_calls(place: Place, load: Load) -> Outcome:
    """Calls from one side to the other."""
    return callers(place.caller, f"{place.host}:5060", SERVICE, load)


def _wait_until_bound(host: str) -> None:
    """Until the port is taken: nobody else can be heard."""
    for _ in range(100):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            try:
                probe.bind((host, 5060))
            except OSError:
                return
        time.sleep(0.05)
    raise RuntimeError("the floor did not start")
