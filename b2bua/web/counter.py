"""Counts one month in a process of its own: ``python -m b2bua.web.counter``.

It is told on standard input where the records are and whose are asked for, and answers on
standard output: a line for every so many calls, then an empty line and the figures. If
nobody listens any more it ends. It is nice to whoever else wants the processor.
"""

import asyncio
import os
import pickle
import sys
from collections.abc import Callable
from typing import Final

from b2bua.report.analysis import summed
from b2bua.report.counting import Counting, span
from b2bua.report.figures import Figures, Subject
from b2bua.store.errors import StoreError
from b2bua.store.pool import PAGE_SECONDS, Database
from b2bua.store.tenant import Tenant

STEP: Final = 2000
"""Calls between two words about how far it is."""
NICE: Final = 10


async def counted(dsn: str, subject: Subject, tell: Callable[[int], None]) -> Figures:
    """The figures, counted here; ``tell`` hears from time to time of how many calls."""
    counting = Counting(subject)
    database = Database(dsn, connections=1, patience=PAGE_SECONDS)
    await database.open()
    try:
        done = 0
        async for record in Tenant(database, subject.number).in_order(*span(subject)):
            counting.add(record)
            done += 1
            if done % STEP == 0:
                tell(done)
    finally:
        await database.close()
    return summed(counting, subject)


def main() -> int:
    """Count what standard input asks for."""
    os.nice(NICE)
    # Both ends of these pipes are ours.
    dsn, subject = pickle.load(sys.stdin.buffer)
    out = sys.stdout.buffer

    def tell(calls: int) -> None:
        out.write(b"%d\n" % calls)
        out.flush()

    try:
        figures = asyncio.run(counted(dsn, subject, tell))
    except StoreError as error:
        print(f"b2bua: not counted: {error}", file=sys.stderr)
        return 1
    out.write(b"\n" + pickle.dumps(figures))
    out.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
