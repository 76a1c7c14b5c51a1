"""Memory stays flat: what the processes hold before and after thousands of calls.

    python -m tests.bench.flat --calls 2000

As many calls go before. What is compared was measured at rest: SIP forgets a transaction
after 32 seconds, and the allocator keeps the room for as many as there ever were at once.
"""

import argparse
import sys
import time
from dataclasses import dataclass
from typing import Final

from tests.bench.measured import Memory, descriptors, memory
from tests.bench.node import Node, Place, node
from tests.bench.signalling import place_calls
from tests.bench.sipp import Load, Outcome, destination

PLACE: Final = Place(host="127.0.93.1", caller="127.0.93.2", destination="127.0.93.3")
RATE: Final = 50.0
HOLD_MS: Final = 200
REST: Final = 40.0
"""Seconds: 64 T1 and a pair of media ports out of quarantine."""
GROWTH: Final = 2048
"""Kilobytes that may come and go by chance."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What a process holds at rest."""

    memory: Memory
    descriptors: int


def main() -> int:
    """Run as a command; status 1 when something grew."""
    parser = argparse.ArgumentParser(prog="tests.bench.flat", description=__doc__)
    parser.add_argument("--calls", type=int, default=2000)
    calls: int = parser.parse_args().calls
    with node(PLACE) as measured, destination(PLACE.destination):
        _run(calls)
        before = _at_rest(measured)
        outcome = _run(calls)
        after = _at_rest(measured)
    print(f"{outcome.completed} calls completed, {outcome.failed} refused")
    grew = False
    for name in before:
        print(f"{name:8}  {_described(before[name])}\n{'':6}->  {_described(after[name])}")
        growth = after[name].memory.proportional - before[name].memory.proportional
        grew |= growth > GROWTH or after[name].descriptors > before[name].descriptors
    return 1 if grew else 0


def _run(calls: int) -> Outcome:
    print(f"{calls} calls", file=sys.stderr, flush=True)
    return place_calls(PLACE, Load(rate=RATE, calls=calls, hold_ms=HOLD_MS))


def _at_rest(measured: Node) -> dict[str, Held]:
    time.sleep(REST)
    processes = {"control": measured.control, "media": measured.media}
    return {
        name: Held(memory=memory(pid), descriptors=descriptors(pid))
        for name, pid in processes.items()
    }


def _described(held: Held) -> str:
    return (
        f"{held.memory.resident:7} kB resident, {held.memory.proportional:7} kB its own "
        f"share, {held.descriptors:4} descriptors"
    )


if __name__ == "__main__":
    sys.exit(main())
