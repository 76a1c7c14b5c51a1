"""A cap over the wire: two nodes, one database, and not a call more than it allows.

python -m tests.bench.caps --calls 200 --left 50

A number has room for so many calls more. Twice as many callers as it has at least come to
two nodes at once, and while they do the control of one is killed. Who was connected and
who was refused is read from the records of both.
"""

import argparse
import asyncio
import os
import signal
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

from b2bua.service.record import CallRecord
from b2bua.store.pool import Database
from b2bua.store.records import Records
from b2bua.store.supervisor import EmbeddedPostgres
from tests.bench.node import SERVICE, Node, Place, node
from tests.bench.sipp import Load, callers, destination

FIRST: Final = Place(host="127.0.97.1", caller="127.0.97.2", destination="127.0.97.3")
SECOND: Final = Place(
    host="127.0.98.1",
    caller="127.0.98.2",
    destination="127.0.98.3",
    ports="30000-39999",
)
USED: Final = 50
"""Calls that have ended before; the cap counts them too."""
PLAN: Final = f"""\
number: "{SERVICE}"
tariff: standard
announcements: none
limits: {{calls_per_month: %d}}
destinations:
  only: {{number: "02088886001", trunk: far}}
routes:
  - {{name: everybody, to: only}}
"""
PATIENCE: Final = 40.0
"""Seconds until the last record is in the store."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What became of the calls."""

    cap: int
    calls: int
    admitted: int
    reasons: Counter[str]

    @property
    def faults(self) -> list[str]:
        """What is not as it must be."""
        faults = []
        if self.admitted != self.cap:
            faults.append(f"{self.admitted} calls were admitted, not {self.cap}")
        if sum(self.reasons.values()) != self.calls:
            faults.append(f"{sum(self.reasons.values())} records of {self.calls} calls")
        return faults


def caps(calls: int, left: int) -> Result:
    """Place calls at two nodes, kill one's control, and count. Raises RuntimeError."""
    cap = USED + left
    plan = PLAN % cap
    with node(FIRST, plan=plan, environment={"B2BUA_NODE": "first"}) as first:
        shared = {
            "B2BUA_NODE": "second",
            "B2BUA_STORE__DSN": EmbeddedPostgres(first.directory / "data").dsn,
        }
        with (
            node(SECOND, plan=plan, environment=shared) as second,
            destination(FIRST.destination),
            destination(SECOND.destination),
        ):
            _place(FIRST, Load(rate=25.0, calls=USED, hold_ms=100))
            _records(first, USED)
            half = Load(rate=50.0, calls=calls // 2, hold_ms=4000)
            killing = threading.Timer(1.0, os.kill, (second.control, signal.SIGKILL))
            killing.start()
            with ThreadPoolExecutor() as pool:
                for _ in pool.map(_place, (FIRST, SECOND), (half, half)):
                    pass
            killing.join()
            records = _records(first, USED + calls)
    return Result(
        cap=cap,
        calls=USED + calls,
        admitted=sum(record.admitted for record in records),
        reasons=Counter(record.end_reason for record in records),
    )


def _place(place: Place, load: Load) -> None:
    callers(place.caller, f"{place.host}:5060", SERVICE, load)


def _records(measured: Node, calls: int) -> list[CallRecord]:
    """All records, once so many are in the store that both nodes have."""
    until = time.monotonic() + PATIENCE
    while True:
        records = asyncio.run(_read(EmbeddedPostgres(measured.directory / "data").dsn))
        if len(records) >= calls or time.monotonic() > until:
            return records
        time.sleep(0.5)


async def _read(dsn: str) -> list[CallRecord]:
    database = Database(dsn)
    await database.open()
    try:
        return [record async for record in Records(database).calls(SERVICE)]
    finally:
        await database.close()


def described(result: Result) -> str:
    """The figures, a line each."""
    reasons = (f"{count} {why}" for why, count in sorted(result.reasons.items()))
    return (
        f"cap       {result.cap}, of which {USED} were used before\n"
        f"admitted  {result.admitted} of {result.calls}\n"
        f"ended by  {', '.join(reasons)}"
    )


def main() -> int:
    """Run as a command; status 1 when anything is not as it must be."""
    parser = argparse.ArgumentParser(prog="tests.bench.caps", description=__doc__)
    parser.add_argument("--calls", type=int, default=200)
    parser.add_argument("--left", type=int, default=50)
    options = parser.parse_args()
    result = caps(options.calls, options.left)
    print(described(result))
    for fault in result.faults:
        print(f"not well: {fault}")
    return 1 if result.faults else 0


if __name__ == "__main__":
    sys.exit(main())
