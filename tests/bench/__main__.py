"""What a call costs, as ratios: ``make bench``.

    python -m tests.bench [--runs N]

About three minutes. The figures of one machine say little; the ratios to the floor and to
the peer, measured in the same run and in turn, are what to compare.
"""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from typing import Final

from rich.console import Console
from rich.table import Table

from tests.bench import media, signalling
from tests.bench.measured import GENERATOR_CPU, confined
from tests.bench.media import Cost, Task
from tests.bench.node import node
from tests.bench.rtpengine import rtpengine
from tests.bench.signalling import FLOOR, NODE, Journal, Signalling
from tests.bench.sipp import Load, destination

RATES: Final = (50.0, 100.0)
SECONDS: Final = 5.0
"""Of one run at one rate."""
CALLS: Final = 100
MEDIA_SECONDS: Final = 3.0
TASKS: Final[Sequence[Task]] = ("relay", "transcode", "play")


def main() -> int:
    """Run as a command."""
    parser = argparse.ArgumentParser(prog="tests.bench", description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    runs: int = parser.parse_args().runs
    costs, journal = of_signalling(runs)
    with confined(GENERATOR_CPU):
        audio = asyncio.run(of_media(runs))
    console = Console()
    console.print(_signalling_table(costs))
    if journal is not None:
        console.print(
            f"journal: {journal.octets:.0f} bytes in {journal.writes:.1f} writes and "
            f"{journal.flushes:.2f} flushes a call"
        )
    console.print(_media_table(audio))
    failed = sum(cost.failed for cost in costs)
    return 1 if failed else 0


def of_signalling(runs: int) -> tuple[list[Signalling], Journal | None]:
    """Control beside the floor, at each rate."""
    with (
        destination(FLOOR.destination),
        destination(NODE.destination),
        signalling.floor(FLOOR) as floor_pid,
        node(NODE) as measured,
    ):
        for place in (FLOOR, NODE):
            signalling.place_calls(place, Load(rate=RATES[0], calls=round(2 * RATES[0])))
        costs = [
            signalling.compare(
                measured,
                floor_pid,
                Load(rate=rate, calls=round(rate * SECONDS)),
                runs=runs,
                say=_say,
            )
            for rate in RATES
        ]
        _say("what the journal writes")
        return costs, signalling.journal(
            measured, Load(rate=RATES[0], calls=round(2 * RATES[0]))
        )


async def of_media(runs: int) -> list[Cost]:
    """A media process beside rtpengine."""
    with rtpengine() as peer:
        async with media.worker() as measured:
            return [
                await media.compare(
                    measured,
                    peer,
                    task,
                    media.Extent(calls=CALLS, seconds=MEDIA_SECONDS, runs=runs),
                    _say,
                )
                for task in TASKS
            ]


def _signalling_table(costs: Sequence[Signalling]) -> Table:
    table = Table(title="signalling: CPU a call, ms")
    for name in ("calls/s", "floor", "control", "ratio", "media", "failed", "repeated"):
        table.add_column(name, justify="right")
    for cost in costs:
        table.add_row(
            f"{cost.rate:g}",
            f"{cost.floor_ms:.3f}",
            f"{cost.control_ms:.3f}",
            f"{cost.control_ms / cost.floor_ms:.2f}",
            f"{cost.media_ms:.3f}",
            str(cost.failed),
            str(cost.retransmissions),
        )
    return table


def _media_table(costs: Sequence[Cost]) -> Table:
    table = Table(title=f"audio of {CALLS} calls: CPU a call and second, µs")
    columns = (
        "",
        "b2bua",
        "its Python",
        "rtpengine",
        "ratio",
        "lost",
        "delay",
        "its delay",
    )
    for name in columns:
        table.add_column(name, justify="right" if name else "left")
    for cost in costs:
        peer = cost.peer
        table.add_row(
            cost.task,
            f"{cost.ours:.0f}",
            f"{cost.python:.0f}",
            "" if peer is None else f"{peer:.0f}",
            "" if peer is None else f"{cost.ours / peer:.2f}",
            str(cost.lost),
            f"{cost.delay:.0f}" if cost.delay else "",
            f"{cost.peer_delay:.0f}" if cost.peer_delay else "",
        )
    table.caption = "delay: 99th percentile through each, µs"
    return table


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
