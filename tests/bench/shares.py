"""A percentage over the wire: so many calls, so many to each, though control is killed.

python -m tests.bench.shares --calls 1000 --rate 100

SIPp places half of the calls, 70 of every 100 for one destination and 30 for another, and
control is killed amid them. Those that had not come to a destination by then, or met a
control that was still catching up (503), are told so and count for none; as many more are
placed as are missing. Whom each call was first meant for is read from its record.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Final

from tests.bench.node import SERVICE, Node, Place, node
from tests.bench.sipp import Load, callers, destination

PLACE: Final = Place(host="127.0.95.1", caller="127.0.95.2", destination="127.0.95.3")
WEIGHTS: Final = {"most": 70, "few": 30}
PLAN: Final = f"""\
number: "{SERVICE}"
tariff: standard
destinations:
  most: {{number: "02088886001", trunk: far}}
  few: {{number: "02088886002", trunk: far}}
routes:
  - {{name: everybody, to: {{percent: {{most: 70, few: 30}}}}}}
"""
NOBODY: Final = ""
PATIENCE: Final = 30.0
"""Seconds until control serves again."""
SETTLED: Final = 4.0
"""Seconds without a new record after which none will come."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What became of the calls."""

    load: Load
    cut_off: int
    """Calls that were killed, or refused, before anybody was chosen for them."""
    first: Mapping[str, int]
    """Calls by the destination that they were first meant for."""
    restarted: bool

    @property
    def faults(self) -> list[str]:
        """What is not as it must be."""
        calls = self.load.calls
        expected = {name: calls * share // 100 for name, share in WEIGHTS.items()}
        faults = []
        if dict(self.first) != expected:
            faults.append(f"{dict(self.first)} instead of {expected}")
        if not self.restarted:
            faults.append("control was not started again")
        return faults


def shares(load: Load, place: Place = PLACE) -> Result:
    """Place calls, kill control amid them, and count. Raises RuntimeError."""
    to = f"{place.host}:5060"
    half = replace(load, calls=load.calls // 2)
    with node(place, plan=PLAN) as measured, destination(place.destination):
        with _killing(measured, half.calls / load.rate / 2) as restarted:
            callers(place.caller, to, SERVICE, half)
        chosen = _first(measured).total()
        callers(place.caller, to, SERVICE, replace(load, calls=load.calls - chosen))
        first = _first(measured)
    return Result(
        load=load,
        cut_off=half.calls - chosen,
        first=first,
        restarted=restarted.is_set(),
    )


@contextmanager
def _killing(measured: Node, after: float) -> Iterator[threading.Event]:
    """Kill control after so many seconds, and see that another one serves."""
    killed = threading.Event()
    lock = measured.directory / "data" / "control.lock"

    def kill() -> None:
        os.kill(measured.control, signal.SIGKILL)
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until and not killed.is_set():
            if lock.read_text().strip() not in ("", str(measured.control)):
                killed.set()
            time.sleep(0.1)

    timer = threading.Timer(after, kill)
    timer.start()
    try:
        yield killed
    finally:
        timer.cancel()
        timer.join()


def _first(measured: Node) -> Counter[str]:
    """Whom the calls were first meant for, once no more records come."""
    config = measured.directory / "b2bua.toml"
    command = [sys.executable, "-m", "b2bua", "calls", "--config", str(config), "--json"]
    known = -1
    while True:
        told = subprocess.run(command, capture_output=True, check=True)
        records = [json.loads(line) for line in told.stdout.splitlines()]
        if len(records) == known:
            break
        known = len(records)
        time.sleep(SETTLED)
    meant = Counter(_meant(record["attempts"]) for record in records)
    del meant[NOBODY]
    return meant


def _meant(attempts: list[dict[str, str]]) -> str:
    return attempts[0]["destination"] if attempts else NOBODY


def described(result: Result) -> str:
    """The figures, a line each."""
    load, first = result.load, sorted(result.first.items())
    return (
        f"calls      {load.calls} at {load.rate:g}/s, and {result.cut_off} cut off\n"
        f"meant for  {', '.join(f'{count} {name}' for name, count in first)}"
    )


def main() -> int:
    """Run as a command; status 1 when anything is not as it must be."""
    parser = argparse.ArgumentParser(prog="tests.bench.shares", description=__doc__)
    parser.add_argument("--calls", type=int, default=1000)
    parser.add_argument("--rate", type=float, default=100.0)
    options = parser.parse_args()
    result = shares(Load(rate=options.rate, calls=options.calls, hold_ms=500))
    print(described(result))
    for fault in result.faults:
        print(f"not well: {fault}")
    return 1 if result.faults else 0


if __name__ == "__main__":
    sys.exit(main())
