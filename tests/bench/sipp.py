"""SIPp at both ends: callers at a rate, and a destination that answers them all."""

import csv
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.bench.measured import GENERATOR_CPU, pin

SCENARIOS: Final = Path(__file__).with_name("scenarios")
GRACE: Final = 40
"""Seconds that the last call may take; SIPp then ends by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What the callers are told to do."""

    rate: float
    """New calls a second."""
    calls: int
    hold_ms: int = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What the callers say of a run."""

    completed: int
    failed: int
    retransmissions: int


@contextmanager
def destination(host: str) -> Iterator[None]:
    """Answer calls at port 5060 of ``host`` while the body runs."""
    process = _start(_sipp("destination", host))
    try:
        yield
    finally:
        process.terminate()
        process.wait()


def callers(host: str, to: str, service: str, load: Load) -> Outcome:
    """Place calls from ``host`` and wait for the last."""
    with tempfile.TemporaryDirectory(prefix="b2bua-bench-") as directory:
        figures = Path(directory) / "figures.csv"
        command = [
            *_sipp("caller", host),
            *("-s", service, "-r", str(load.rate), "-m", str(load.calls)),
            *("-d", str(load.hold_ms), "-l", "100000"),
            *("-timeout", str(int(load.calls / load.rate) + GRACE)),
            *("-trace_stat", "-stf", str(figures), "-fd", "1", to),
        ]
        process = _start(command)
        try:
            process.wait()
        finally:
            process.kill()
            process.wait()
        return _outcome(figures, load.calls)


def _sipp(scenario: str, host: str) -> list[str]:
    return [
        *("sipp", "-sf", str(SCENARIOS / f"{scenario}.xml"), "-i", host, "-p", "5060"),
        *("-nostdin", "-buff_size", "4000000", "-mp", "40000"),
    ]


def _start(command: list[str]) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    pin(process.pid, GENERATOR_CPU)
    return process


def _outcome(figures: Path, calls: int) -> Outcome:
    """The last row that is whole; what it does not count as completed has failed."""
    with figures.open(newline="") as lines:
        head, *rows = csv.reader(lines, delimiter=";")
    whole = [row for row in rows if len(row) >= len(head) - 1]
    last = dict(zip(head, whole[-1], strict=False))
    completed = int(last["SuccessfulCall(C)"])
    return Outcome(
        completed=completed,
        failed=calls - completed,
        retransmissions=int(last["Retransmissions(C)"]),
    )
