"""Guess one number's password from many addresses, over HTTP, at a portal that runs.

    python -m tests.bench.guessing [ATTEMPTS] [ADDRESSES] [SECONDS]

Nobody gets in. The owner, who came before from the same address, always does. Who comes
from an address that nobody knows does, when they wait as long as they are told; in the
first minute, when the guessers are as new as they, that may be long.
"""

import asyncio
import json
import math
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.web.browser.served import HOST, Portal, serving

NUMBER: Final = "4006001234"
OWNER: Final = "127.48.9.9"
ABROAD: Final = "127.49.0.{}"
PAUSE: Final = 1.0
"""Seconds between two sign-ins of the owner."""
PATIENCE: Final = 120.0
"""Seconds after which somebody counts as locked out."""
LONGEST: Final = 900.0
"""Seconds after which guessers stop, wherever they are."""


@dataclass(slots=True)
class Outcome:
    """What became of all that."""

    statuses: Counter[int] = field(default_factory=Counter)
    owner: list[float] = field(default_factory=list)
    """Seconds until the owner was in, each time; infinite for never."""
    abroad: list[float] = field(default_factory=list)
    """The same from an address that nobody knows."""
    seconds: float = 0.0

    def __str__(self) -> str:
        return (
            f"{self.statuses.total()} guesses in {self.seconds:.0f} s:"
            f" {dict(sorted(self.statuses.items()))};"
            f" the owner came in {_told(self.owner)};"
            f" from new addresses {_told(self.abroad)}"
        )

    @property
    def kept_out(self) -> bool:
        """Whether the owner did not come in once, or abroad more than once in ten."""
        return math.inf in self.owner or self.abroad.count(math.inf) * 10 > len(self.abroad)


def _told(waits: list[float]) -> str:
    if not waits:
        return "never tried"
    let_in = sum(one < math.inf for one in waits)
    middle = sorted(waits)[len(waits) // 2]
    return f"{let_in} of {len(waits)} times, in {middle:.2f} s ({max(waits):.2f} at worst)"


def request_of(password: str) -> bytes:
    """A sign-in."""
    body = json.dumps({"number": NUMBER, "password": password}).encode()
    head = (
        f"POST /api/session HTTP/1.1\r\nHost: {HOST}:8400\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def status_of(reader: asyncio.StreamReader) -> tuple[int, float]:
    """The status of the next answer and how long to wait; its body is forgotten."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
    length = int(head.partition("content-length:")[2].split("\r\n", 1)[0])
    await reader.readexactly(length)
    wait = head.partition("retry-after:")[2].split("\r\n", 1)[0]
    return int(head.split(" ", 2)[1]), float(wait or 1)


async def guess(address: str, times: int, found: Outcome, until: float) -> None:
    """One guesser, one connection, who never waits."""
    reader, writer = await asyncio.open_connection(HOST, 8400, local_addr=(address, 0))
    for n in range(times):
        if time.monotonic() > until:
            break
        writer.write(request_of(f"guess {n}"))
        status, _ = await status_of(reader)
        found.statuses[status] += 1
    writer.close()


async def come_in(address: str, password: str) -> float:
    """Sign in; seconds until it was done."""
    began = time.monotonic()
    while time.monotonic() - began < PATIENCE:
        where = (address, 0)
        reader, writer = await asyncio.open_connection(HOST, 8400, local_addr=where)
        writer.write(request_of(password))
        status, wait = await status_of(reader)
        writer.close()
        if status == 200:
            return time.monotonic() - began
        await asyncio.sleep(wait)
    return math.inf


async def own(password: str, done: asyncio.Event, found: Outcome) -> None:
    """The owner, again and again."""
    while not done.is_set():
        found.owner.append(await come_in(OWNER, password))
        await asyncio.sleep(PAUSE)


async def travel(password: str, done: asyncio.Event, found: Outcome) -> None:
    """The same from elsewhere each time."""
    for n in range(1, 250):
        if done.is_set():
            return
        found.abroad.append(await come_in(ABROAD.format(n), password))
        await asyncio.sleep(PAUSE)


async def attack(
    portal: Portal, attempts: int, addresses: int, longest: float = LONGEST
) -> Outcome:
    """All of them at once."""
    found, done = Outcome(), asyncio.Event()
    assert await come_in(OWNER, portal.password) < math.inf
    began = time.monotonic()
    owners = [
        asyncio.create_task(one(portal.password, done, found)) for one in (own, travel)
    ]
    async with asyncio.TaskGroup() as group:
        for n in range(addresses):
            address = f"127.50.{n // 250}.{n % 250 + 1}"
            times = attempts // addresses
            group.create_task(guess(address, times, found, began + longest))
    found.seconds = time.monotonic() - began
    done.set()
    await asyncio.gather(*owners)
    return found


def main(attempts: int = 100_000, addresses: int = 1_000, longest: int = 900) -> int:
    """Print what became of it; 1 if somebody came in, or the owner did not."""
    with tempfile.TemporaryDirectory() as where, serving(Path(where)) as portal:
        found = asyncio.run(attack(portal, attempts, addresses, longest))
    print(found, flush=True)
    came_in = found.statuses.keys() - {401, 429, 503}
    return 1 if came_in or found.kept_out else 0


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
