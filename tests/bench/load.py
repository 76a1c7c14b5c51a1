"""Calls with audio through a whole node: none is lost, and no packet of theirs.

python -m tests.bench.load --calls 200 --seconds 120
"""

import argparse
import asyncio
import json
import subprocess
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from tests.bench.generator import Flow, Report, Telephones, compiled
from tests.bench.intruder import Intruder
from tests.bench.measured import (
    GENERATOR_CPU,
    Memory,
    confined,
    cpu,
    cpu_by_thread,
    memory,
)
from tests.bench.node import Node, Place, node
from tests.bench.phones import Callers, Destinations, media_port

PLACE: Final = Place(host="127.0.92.1", caller="127.0.92.2", destination="127.0.92.3")
CALLS_PER_SECOND: Final = 25.0
SETTLE: Final = 1.0
"""Seconds for what was just set up to come to rest."""
RECORDS_PATIENCE: Final = 20.0
MOST_OF_A_CORE: Final = 0.25
"""For any Python, while only audio flows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shares:
    """Parts of a core, while audio flows."""

    control: float
    media_python: float
    media_engine: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What became of the calls."""

    calls: int
    ended_by_caller: int
    ended_at_destination: int
    answered_records: int
    sent: int
    lost: int
    """Sent by one telephone and not received by the other."""
    report: Report
    mean: Shares
    highest: Shares
    """Of any second."""
    control_memory: Memory
    media_memory: Memory
    intruded: int
    """Datagrams that a third party sent to the ports of these calls."""
    overheard: int
    """Datagrams that it got."""

    @property
    def faults(self) -> list[str]:
        """What is not as it must be."""
        calls, mean = self.calls, self.mean
        counts = {
            "callers hung up": self.ended_by_caller,
            "destinations heard the end": self.ended_at_destination,
            "records tell of an answered call": self.answered_records,
        }
        faults = [
            f"{count} of {calls} {what}" for what, count in counts.items() if count != calls
        ]
        if self.overheard:
            faults.append(f"a third party heard {self.overheard} packets")
        if extra := sum(max(0, one.received - one.sent) for one in self.report.flows):
            faults.append(f"{extra} packets of a third party were heard")
        if self.lost:
            faults.append(f"{self.lost} packets lost")
        shares = {"control": mean.control, "media's Python": mean.media_python}
        for name, share in shares.items():
            if share > MOST_OF_A_CORE:
                faults.append(f"{name} took {share:.2f} of a core")
        return faults


async def load(
    calls: int, seconds: float, say: Callable[[str], None], place: Place = PLACE
) -> Result:
    """Start a node, hold so many calls for so long, and count. Raises RuntimeError."""
    program = compiled()
    with confined(GENERATOR_CPU), node(place) as measured:
        callers = await Callers.at(place.caller)
        destinations = await Destinations.at(place.destination)
        callers.to = (place.host, 5060)
        try:
            say(f"placing {calls} calls")
            await _paced(callers.call, calls)
            await asyncio.sleep(SETTLE)
            flows = _flows(place, callers, destinations, calls)
            with Intruder(_third(place), [flow.remote for flow in flows]) as intruder:
                telephones = await asyncio.to_thread(Telephones, program, flows, seconds)
                try:
                    mean, highest = await _watch(measured, seconds, say)
                    report = await asyncio.to_thread(telephones.report)
                finally:
                    telephones.stop()
            held = memory(measured.control), memory(measured.media)
            say("hanging up")
            await _paced(callers.hang_up, calls)
            records = await _records(measured, calls)
        finally:
            callers.close()
            destinations.close()
    return Result(
        calls=calls,
        ended_by_caller=callers.ended,
        ended_at_destination=destinations.ended,
        answered_records=records,
        sent=sum(heard.sent for heard in report.flows),
        lost=sum(heard.sent - heard.received for heard in report.flows),
        report=report,
        mean=mean,
        highest=highest,
        control_memory=held[0],
        media_memory=held[1],
        intruded=intruder.sent,
        overheard=intruder.heard,
    )


def _third(place: Place) -> str:
    """Where somebody is who has no part in the calls."""
    return f"{place.host.rpartition('.')[0]}.9"


async def _paced(act: Callable[[int], Awaitable[None]], calls: int) -> None:
    """Every call by itself, at a steady rate."""
    async with asyncio.TaskGroup() as group:
        for number in range(calls):
            group.create_task(_coroutine(act, number))
            await asyncio.sleep(1 / CALLS_PER_SECOND)


async def _coroutine(act: Callable[[int], Awaitable[None]], number: int) -> None:
    await act(number)


def _flows(
    place: Place, callers: Callers, destinations: Destinations, calls: int
) -> list[Flow]:
    """Each call's two telephones, side by side."""
    return [
        Flow(local=(host, media_port(number)), remote=(place.host, phones.audio[number]))
        for number in range(calls)
        for host, phones in ((place.caller, callers), (place.destination, destinations))
    ]


async def _watch(
    measured: Node, seconds: float, say: Callable[[str], None]
) -> tuple[Shares, Shares]:
    """Look every second; the mean, and the highest of each."""
    loop = asyncio.get_running_loop()
    shares = []
    began = last = loop.time()
    before = _spent(measured)
    for number in range(1, int(seconds) + 1):
        await asyncio.sleep(began + number - loop.time())
        spent, now = _spent(measured), loop.time()
        shares.append([(b - a) / (now - last) for a, b in zip(before, spent, strict=True)])
        before, last = spent, now
        if number % 10 == 0:
            say(f"{number} of {seconds:g} s")
    columns = list(zip(*shares, strict=True))
    return (
        _shares([sum(column) / len(column) for column in columns]),
        _shares([max(column) for column in columns]),
    )


def _spent(measured: Node) -> tuple[float, float, float]:
    threads = cpu_by_thread(measured.media)
    python = threads.pop(measured.media)
    return cpu(measured.control), python, sum(threads.values())


def _shares(values: list[float]) -> Shares:
    control, python, engine = values
    return Shares(control=control, media_python=python, media_engine=engine)


async def _records(measured: Node, calls: int) -> int:
    """How many answered calls the store knows, once it knows them all."""
    config = measured.directory / "b2bua.toml"
    command = [sys.executable, "-m", "b2bua", "calls", "--config", str(config), "--json"]
    loop = asyncio.get_running_loop()
    until = loop.time() + RECORDS_PATIENCE
    while True:
        told = await asyncio.to_thread(
            subprocess.run, command, capture_output=True, check=True
        )
        records = [json.loads(line) for line in told.stdout.splitlines()]
        answered = [record["outcome"] for record in records].count("answered")
        if answered >= calls or loop.time() > until:
            return answered
        await asyncio.sleep(0.5)


def described(result: Result) -> str:
    """The figures, a line each."""
    report, mean, highest = result.report, result.mean, result.highest
    missing = sum(heard.missing for heard in report.flows)
    swapped = sum(heard.out_of_order for heard in report.flows)
    lines = [
        f"calls               {result.calls} placed, {result.ended_by_caller} ended, "
        f"{result.answered_records} records",
        f"packets             {result.sent} sent, {result.lost} lost, "
        f"{missing} missing by sequence, {swapped} out of order",
        f"delay, µs           median {report.median_delay:.0f}, "
        f"99th percentile {report.high_delay:.0f}, longest {report.longest_delay:.0f}",
        f"a third party       sent {result.intruded} packets, heard {result.overheard}",
        f"sender late, µs     {report.latest:.0f}",
        f"control             {mean.control:.4f} of a core, {highest.control:.4f} at most",
        f"media, Python       {mean.media_python:.4f} of a core, "
        f"{highest.media_python:.4f} at most",
        f"media, engine       {mean.media_engine:.4f} of a core, "
        f"{highest.media_engine:.4f} at most",
        f"control's memory    {result.control_memory.resident} kB resident, "
        f"{result.control_memory.proportional} kB its own share",
        f"media's memory      {result.media_memory.resident} kB resident, "
        f"{result.media_memory.proportional} kB its own share",
    ]
    return "\n".join(lines)


def main() -> int:
    """Run as a command; status 1 when anything is not as it must be."""
    parser = argparse.ArgumentParser(prog="tests.bench.load", description=__doc__)
    parser.add_argument("--calls", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=120.0)
    options = parser.parse_args()
    result = asyncio.run(load(options.calls, options.seconds, _say))
    print(described(result))
    for fault in result.faults:
        print(f"not well: {fault}")
    return 1 if result.faults else 0


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
