"""Entry point of the control process: ``python -m b2bua.app.run --config FILE``.

It ends with status 0 after draining, 78 with one line if it cannot start. SIGTERM drains,
a second one ends all calls; SIGHUP reads trunks and prices again.
"""

import argparse
import asyncio
import fcntl
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

import structlog
import uvloop

from b2bua.app.node import STORE_PATIENCE, Node
from b2bua.app.places import Places
from b2bua.app.storage import embedded_postgres, storage_of
from b2bua.config.load import UnusableSettings, load
from b2bua.config.settings import Settings
from b2bua.core.errors import B2buaError
from b2bua.observe.logs import configure
from b2bua.store.errors import StoreError
from b2bua.store.pool import Database
from b2bua.store.supervisor import EmbeddedPostgres

CANNOT_START: Final = 78
"""EX_CONFIG of sysexits.h."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run as a command; returns the exit status."""
    parser = argparse.ArgumentParser(prog="b2bua.app.run", description=__doc__)
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--ready", type=int, metavar="FD", help="is told when serving")
    options = parser.parse_args(arguments)
    try:
        settings = load(options.config, os.environ)
        configure(settings.log.level, whole_numbers=settings.log.callers == "full")
        return uvloop.run(_run(settings, options.config, options.ready))
    except (B2buaError, OSError) as error:
        print(f"b2bua: {error}", file=sys.stderr)
        return CANNOT_START


async def _run(settings: Settings, config: Path, ready: int | None) -> int:
    places = Places(Path(settings.data_dir))
    places.make()
    lock = locked(places.control_lock)
    async with AsyncExitStack() as ending:
        ending.callback(os.close, lock)
        database = Database(await _joined(settings, places, ending))
        await database.open()
        ending.push_async_callback(database.close)
        node = Node(settings, storage_of(database))
        ending.push_async_callback(node.stop)
        orders = _Orders(node, config)
        await _start(node, orders)
        _tell_ready(ready)
        await orders.followed()
    return 0


async def _joined(settings: Settings, places: Places, ending: AsyncExitStack) -> str:
    """The DSN, as soon as PostgreSQL is up or a kept snapshot lets us do without it."""
    postgres = embedded_postgres(settings)
    if postgres is None:
        return settings.store.dsn
    joining = asyncio.ensure_future(_join(postgres))
    patience = STORE_PATIENCE if places.snapshot.exists() else None
    await asyncio.wait((joining,), timeout=patience)

    async def leave() -> None:
        if joining.done() and not joining.cancelled():
            await postgres.stop()
        joining.cancel()

    ending.push_async_callback(leave)
    return postgres.dsn


async def _join(postgres: EmbeddedPostgres) -> None:
    """Use the PostgreSQL of this directory, however long it takes to come up."""
    told = False
    while True:
        try:
            await postgres.start()
            return
        except StoreError as error:
            if not told:
                structlog.get_logger().error("postgres", what=str(error))
            told = True
            await asyncio.sleep(STORE_PATIENCE)


async def _start(node: Node, orders: "_Orders") -> None:
    """Start, unless told to stop while PostgreSQL is waited for."""
    starting = asyncio.ensure_future(node.start())
    stopping = asyncio.ensure_future(orders.stopping.wait())
    await asyncio.wait((starting, stopping), return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if not starting.done():
        starting.cancel()
        await asyncio.gather(starting, return_exceptions=True)
        raise B2buaError("stopped before it served")
    await starting


class _Orders:
    """What signals ask for."""

    def __init__(self, node: Node, config: Path) -> None:
        self.stopping = asyncio.Event()
        self._node = node
        self._config = config
        self._again = asyncio.Event()
        self._reloads: set[asyncio.Task[None]] = set()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop)
        loop.add_signal_handler(signal.SIGHUP, self._reload)

    async def followed(self) -> None:
        """Wait until told to stop, and until the last call has ended."""
        await self.stopping.wait()
        self._node.drain()
        again = asyncio.ensure_future(self._again.wait())
        drained = asyncio.ensure_future(self._node.drained.wait())
        await asyncio.wait((again, drained), return_when=asyncio.FIRST_COMPLETED)
        if not drained.done():
            self._node.hang_up_all("shutdown")
        again.cancel()
        drained.cancel()

    def _stop(self) -> None:
        if self.stopping.is_set():
            self._again.set()
        self.stopping.set()

    def _reload(self) -> None:
        try:
            settings = load(self._config, os.environ)
        except UnusableSettings as error:
            structlog.get_logger().error("not reloaded", why=str(error))
            return
        reload = asyncio.ensure_future(self._node.reload(settings))
        self._reloads.add(reload)
        reload.add_done_callback(self._reloads.discard)


def locked(path: Path) -> int:
    """Be the only process that holds this lock. Raises B2buaError."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        owner = os.pread(descriptor, 32, 0).decode().strip()
        os.close(descriptor)
        raise B2buaError(f"{path} is held by process {owner}") from None
    # In one write of always the same length: whoever reads it never sees half of it.
    os.pwrite(descriptor, f"{os.getpid():<10}\n".encode(), 0)
    return descriptor


def _tell_ready(descriptor: int | None) -> None:
    if descriptor is not None:
        os.write(descriptor, b"ready\n")
        os.close(descriptor)


if __name__ == "__main__":
    sys.exit(main())
