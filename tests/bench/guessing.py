"""Guess one number's password from many addresses, over HTTP, at a portal that runs.

    python -m tests.bench.guessing [ATTEMPTS] [ADDRESSES]

Nobody gets in, and the owner, who signs in from elsewhere all the while, always does.
"""

import asyncio
import json
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
PAUSE: Final = 0.5
"""Seconds between two sign-ins of the owner."""


@dataclass(slots=True)
class Outcome:
    """What became of all that."""

    statuses: Counter[int] = field(default_factory=Counter)
    owner: list[tuple[int, float]] = field(default_factory=list)
    """Status and seconds of each of the owner's own."""
    seconds: float = 0.0

    def __str__(self) -> str:
        slowest = max(seconds for _, seconds in self.owner)
        let_in = sum(status == 200 for status, _ in self.owner)
        return (
            f"{self.statuses.total()} guesses in {self.seconds:.0f} s:"
            f" {dict(sorted(self.statuses.items()))};"
            f" the owner came in {let_in} of {len(self.owner)} times,"
            f" in {slowest:.2f} s at worst"
        )


def request_of(password: str) -> bytes:
    """A sign-in."""
    body = json.dumps({"number": NUMBER, "password": password}).encode()
    head = (
        f"POST /api/session HTTP/1.1\r\nHost: {HOST}:8400\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def status_of(reader: asyncio.StreamReader) -> int:
    """The status of the next answer; its body is read and forgotten."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
    length = int(head.partition("content-length:")[2].split("\r\n", 1)[0])
    await reader.readexactly(length)
    return int(head.split(" ", 2)[1])


async def guess(address: str, times: int, statuses: Counter[int]) -> None:
    """One guesser, one connection."""
    where = (address, 0)
    reader, writer = await asyncio.open_connection(HOST, 8400, local_addr=where)
    for n in range(times):
        writer.write(request_of(f"guess {n}"))
        statuses[await status_of(reader)] += 1
    writer.close()


async def own(password: str, done: asyncio.Event, found: Outcome) -> None:
    """The owner, again and again."""
    while not done.is_set():
        began = time.monotonic()
        where = (OWNER, 0)
        reader, writer = await asyncio.open_connection(HOST, 8400, local_addr=where)
        writer.write(request_of(password))
        status = await status_of(reader)
        found.owner.append((status, time.monotonic() - began))
        writer.close()
        await asyncio.sleep(PAUSE)


async def attack(portal: Portal, attempts: int, addresses: int) -> Outcome:
    """All of them at once."""
    found, done = Outcome(), asyncio.Event()
    began = time.monotonic()
    owner = asyncio.create_task(own(portal.password, done, found))
    async with asyncio.TaskGroup() as group:
        for n in range(addresses):
            address = f"127.50.{n // 250}.{n % 250 + 1}"
            group.create_task(guess(address, attempts // addresses, found.statuses))
    done.set()
    await owner
    found.seconds = time.monotonic() - began
    return found


def main(attempts: int = 100_000, addresses: int = 1_000) -> int:
    """Print what became of it; 1 if somebody came in, or the owner did not."""
    with tempfile.TemporaryDirectory() as where, serving(Path(where)) as portal:
        found = asyncio.run(attack(portal, attempts, addresses))
    print(found, flush=True)
    came_in = found.statuses.keys() - {401, 429}
    kept_out = any(status != 200 for status, _ in found.owner)
    return 1 if came_in or kept_out else 0


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
