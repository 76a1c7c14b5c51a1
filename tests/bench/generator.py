"""Many telephones in one compiled program: ``rtp.c``, built where it is first needed."""

import hashlib
import os
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.bench.measured import GENERATOR_CPU, pin

SOURCE: Final = Path(__file__).with_name("rtp.c")
SETTLE: Final = 0.5
"""Seconds that it listens on after the last packet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """One telephone's socket, and where it speaks to."""

    local: tuple[str, int]
    remote: tuple[str, int]
    payload_type: int = 8
    sends: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What one flow counted."""

    sent: int
    received: int
    missing: int
    """Gaps in the sequence numbers of what was received."""
    out_of_order: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What all telephones say; delays in microseconds, of packets relayed untouched."""

    flows: tuple[Heard, ...]
    median_delay: float
    high_delay: float
    """The 99th percentile."""
    longest_delay: float
    latest: float
    """How late a packet was sent at worst: the generator's own fault."""


class Telephones:
    """The running program. Sockets are bound once it is made."""

    def __init__(self, program: Path, flows: Sequence[Flow], seconds: float) -> None:
        """Raises RuntimeError when a socket cannot be bound."""
        self._process = subprocess.Popen(
            [str(program), str(seconds)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        pin(self._process.pid, GENERATOR_CPU)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(b"".join(map(_line, flows)))
        self._process.stdin.close()
        if self._process.stdout.readline() != b"ready\n":
            self._process.wait()
            raise RuntimeError("the telephones did not start")

    def report(self) -> Report:
        """Wait for the end."""
        assert self._process.stdout is not None
        with self._process.stdout as told:
            *flows, last = [line.split() for line in told.read().splitlines()]
        self._process.wait()
        median, high, longest, latest = map(float, last)
        return Report(
            flows=tuple(_heard(*map(int, words)) for words in flows),
            median_delay=median,
            high_delay=high,
            longest_delay=longest,
            latest=latest,
        )

    def stop(self) -> None:
        """End it now."""
        self._process.kill()
        self._process.wait()


def compiled() -> Path:
    """The program, built once for each version of its source."""
    version = hashlib.sha256(SOURCE.read_bytes()).hexdigest()[:12]
    program = Path(tempfile.gettempdir()) / f"b2bua-bench-rtp-{os.geteuid()}-{version}"
    if not program.exists():
        fresh = program.with_suffix(f".{os.getpid()}")
        subprocess.run(["cc", "-O2", "-Wall", "-o", fresh, SOURCE], check=True)
        fresh.rename(program)
    return program


def _line(flow: Flow) -> bytes:
    (local, local_port), (remote, remote_port) = flow.local, flow.remote
    words = (local, local_port, remote, remote_port, flow.payload_type, int(flow.sends))
    return " ".join(map(str, words)).encode() + b"\n"


def _heard(sent: int, received: int, missing: int, out_of_order: int) -> Heard:
    return Heard(sent=sent, received=received, missing=missing, out_of_order=out_of_order)
