"""What each input of a call costs the pure program, without sockets, journal or neighbours.

    python -m tests.bench.pure [--calls N] [--profile]

Each input's time is the least of all calls, so that a busy machine does not show. This is
the loop to optimise in: the whole takes seconds.
"""

import argparse
import cProfile
import gc
import pstats
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final, cast

from b2bua.call.media import MediaFact
from b2bua.core.clock import Instant
from b2bua.exchange.exchange import Exchange, Output
from b2bua.sip.transport.flow import Flow
from tests.exchange.scripts import FIRST, Answers, plan, quiet
from tests.support.stage import CALLER, Stage

APART: Final = 4.0
"""Seconds between calls, each over before the next."""
WARM: Final = 50
ROWS: Final = 30


class Timed:
    """The exchange, with a watch at its door."""

    def __init__(self, exchange: Exchange, profile: cProfile.Profile | None) -> None:
        self.spent: defaultdict[str, list[int]] = defaultdict(list)
        self._in_this_call: Counter[str] = Counter()
        self._exchange = exchange
        self._profile = profile

    def __getattr__(self, name: str) -> Any:
        return getattr(self._exchange, name)

    def next_call(self) -> None:
        """Count inputs anew."""
        self._in_this_call.clear()

    def receive(
        self, data: bytes, flow: Flow, now: Instant, at: datetime
    ) -> Sequence[Output]:
        """One message."""
        return self._watched(
            _name(data), lambda: self._exchange.receive(data, flow, now, at)
        )

    def hear_of(self, fact: MediaFact, now: Instant, at: datetime) -> Sequence[Output]:
        """One fact of media."""
        return self._watched(
            type(fact).__name__, lambda: self._exchange.hear_of(fact, now, at)
        )

    def wake(self, now: Instant, at: datetime) -> Sequence[Output]:
        """What is due."""
        return self._watched("wake", lambda: self._exchange.wake(now, at))

    def _watched(self, name: str, act: Callable[[], list[Output]]) -> Sequence[Output]:
        """The driver asks for the deadline after every input."""
        if self._profile is not None:
            self._profile.enable()
        began = time.perf_counter_ns()
        outputs = act()
        _ = self._exchange.deadline
        spent = time.perf_counter_ns() - began
        self._in_this_call[name] += 1
        self.spent[f"{name}, {self._in_this_call[name]}"].append(spent)
        if self._profile is not None:
            self._profile.disable()
        return outputs


def play(calls: int, profile: cProfile.Profile | None = None) -> dict[str, list[int]]:
    """So many calls, one after the other; nanoseconds of every input, by its name."""
    stage = Stage(plan())
    caller = stage.phone(CALLER, quiet)
    stage.phone(FIRST, Answers(after=0.5, talk=1.0), trunk="first")
    timed = Timed(stage.exchange, profile)
    stage.exchange = cast(Exchange, timed)
    for number in range(WARM + calls):
        if number == WARM:
            timed.spent.clear()
            gc.collect()
            gc.freeze()
        timed.next_call()
        stage.dial(caller)
        stage.run(APART)
        caller.told.clear()
    assert len(stage.records) == WARM + calls
    assert stage.faults == []
    return timed.spent


def main() -> None:
    """Run as a command."""
    parser = argparse.ArgumentParser(prog="tests.bench.pure", description=__doc__)
    parser.add_argument("--calls", type=int, default=500)
    parser.add_argument("--profile", action="store_true", help="of every function")
    options = parser.parse_args()
    if options.profile:
        profile = cProfile.Profile()
        play(options.calls, profile)
        pstats.Stats(profile).sort_stats("tottime").print_stats(ROWS)
        return
    total = 0.0
    for name, spent in play(options.calls).items():
        share, least = len(spent) / options.calls, min(spent) / 1000
        total += share * least
        print(f"{least:8.1f} µs  {name}" + ("" if share == 1 else f", in {share:.0%}"))
    print(f"{total:8.1f} µs a call")


def _name(data: bytes) -> str:
    """Method, or status and the method that it answers."""
    start, _, rest = data.partition(b"\r\n")
    if not start.startswith(b"SIP/2.0"):
        return start.partition(b" ")[0].decode()
    sequence = rest[rest.lower().index(b"\ncseq:") + 6 :].split(b"\r\n", 1)[0]
    return f"{start[8:11].decode()} to {sequence.split()[1].decode()}"


if __name__ == "__main__":
    main()
