"""``b2bua serve``: starts PostgreSQL, media, control and the portal, and again what dies.

What lives already is taken over: media processes by their sockets, control and the portal
by their locks, PostgreSQL by its own. So a supervisor that dies costs nothing, and neither
does a control process: media relays on, and the next control reads the journal.
"""

import asyncio
import fcntl
import os
import signal
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

import structlog

from b2bua.app import build, demo
from b2bua.app.places import Places, catalogue
from b2bua.app.publishing import plan_files, read_files, summary
from b2bua.app.run import CANNOT_START
from b2bua.app.storage import embedded_postgres, prepare, storage_of
from b2bua.app.wards import Ward, listening_on, spawn
from b2bua.config.settings import Settings
from b2bua.core.errors import B2buaError
from b2bua.store.errors import StoreError, Unavailable
from b2bua.store.pool import PAGE_SECONDS, Database

SHORTEST_PAUSE: Final = 0.1
LONGEST_PAUSE: Final = 10.0
"""Seconds before what died is started again; doubled while it dies at once."""
LONG_LIFE: Final = 30.0
"""Seconds after which a death is no sign of a fault that lasts."""
STOP_SECONDS: Final = 5.0


class CannotServe(B2buaError):
    """Something that a node cannot do without did not start; it has said why."""


class Supervisor:
    """One node's processes."""

    def __init__(self, settings: Settings, config: Path, seed: Path | None) -> None:
        self._settings = settings
        self._config = config
        self._seed = seed
        self._places = Places(Path(settings.data_dir))
        self._postgres = embedded_postgres(settings)
        self._log = structlog.get_logger()
        self._control: Ward | None = None
        self._media: dict[int, Ward] = {}
        self._web: Ward | None = None
        self._stopping = False
        self._stopped = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    async def run(self, serving: Callable[[], None]) -> int:
        """Serve until told to stop; the exit status. ``serving`` is called once ready."""
        self._places.make()
        lock = self._locked()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop)
        loop.add_signal_handler(signal.SIGHUP, self._reload)
        try:
            await self._bring_up()
            return await self._keep_control(serving)
        finally:
            await self._bring_down()
            os.close(lock)

    async def _bring_up(self) -> None:
        """Everything that control needs."""
        dsn = self._settings.store.dsn
        self._control = self._living(self._places.control_lock, "control")
        if self._postgres is not None:
            try:
                dsn = await self._postgres.start()
            except StoreError as error:
                if self._control is None:
                    raise
                # Calls go on without it, and the watch tries again.
                self._note_postgres(str(error))
            self._begin(self._postgres.watch(self._note_postgres))
        for index, ports in enumerate(build.media_ports(self._settings)):
            self._begin(self._keep_media(index, ports))
        if self._control is None:
            await self._fill(dsn)
        if self._settings.web.listen:
            self._begin(self._keep_web())

    async def _fill(self, dsn: str) -> None:
        """Bring the database up to date, and publish the seed where there is no plan."""
        told = False
        while not self._stopping:
            try:
                await prepare(dsn)
                break
            except Unavailable as error:
                if not told:
                    self._log.warning("waiting for PostgreSQL", why=str(error))
                told = True
                await self._rest(1.0)
        if self._seed is None or self._stopping:
            return
        database = Database(dsn, patience=PAGE_SECONDS)
        await database.open()
        try:
            storage = storage_of(database)
            for tariff in build.tariffs(self._settings):
                await storage.plans.publish_tariff(tariff)
            snapshot = await storage.plans.snapshot({})
            files = plan_files([self._seed])
            reading = await read_files(files, self._settings, snapshot.tariffs)
            if reading.findings:
                raise CannotServe("\n".join(map(str, reading.findings)))
            fresh = [one for one in reading.drafts if one.plan.number not in snapshot.plans]
            for published in await storage.plans.publish(fresh):
                self._log.info("seeded", plan=summary(published))
            if demo.offered(self._settings):
                await demo.open_accounts(storage.accounts, reading.files, self._places)
        finally:
            await database.close()

    async def _keep_control(self, serving: Callable[[], None]) -> int:
        """Run control, again when it dies; its last exit status."""
        served = self._control is not None
        if served:
            serving()
        pause = SHORTEST_PAUSE
        loop = asyncio.get_running_loop()
        while not self._stopping or self._control is not None:
            began = loop.time()
            if self._control is None:
                ready = await self._start_control()
                if ready and not served:
                    served = True
                    serving()
                if not ready and not served:
                    return 1
            if self._control is not None:
                status = await self._control.ended()
                self._control = None
                if self._stopping:
                    return 0 if status in (0, None) else 1
                self._log.error("control died", status=status)
            pause = SHORTEST_PAUSE if loop.time() - began > LONG_LIFE else pause
            await self._rest(pause)
            pause = min(2 * pause, LONGEST_PAUSE)
        return 0

    async def _rest(self, seconds: float) -> None:
        """Wait, unless told to stop."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stopped.wait()

    async def _start_control(self) -> bool:
        """Start it and wait until it serves or ends; whether it serves."""
        reading, writing = os.pipe()
        arguments = ["--config", str(self._config), "--ready", str(writing)]
        try:
            self._control = control = spawn("b2bua.app.run", arguments, ready=writing)
        finally:
            os.close(writing)
        if self._stopping:
            control.signal(signal.SIGTERM)
        said: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        loop = asyncio.get_running_loop()
        loop.add_reader(reading, lambda: _settle(said, os.read(reading, 64)))
        try:
            ready = bool(await said)
        finally:
            loop.remove_reader(reading)
            os.close(reading)
        if not ready:
            status = await control.ended()
            self._control = None
            if status != CANNOT_START:
                self._log.error("control died before it served", status=status)
        return ready

    async def _keep_media(self, index: int, ports: str) -> None:
        """Run one media process, again when it dies."""
        path = self._places.media_socket(index)
        loop = asyncio.get_running_loop()
        pause = SHORTEST_PAUSE
        ward = listening_on(path)
        if ward is not None:
            self._log.info("media taken over", pid=ward.pid, socket=str(path))
        while True:
            began = loop.time()
            if ward is None:
                ward = self._start_media(index, path, ports)
            self._media[index] = ward
            status = await ward.ended()
            ward = None
            if not self._stopping and status != 0:
                log = self._places.logs / f"media-{index}.log"
                self._log.error("media died", process=index, status=status, log=str(log))
            pause = SHORTEST_PAUSE if loop.time() - began > LONG_LIFE else pause
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    async def _keep_web(self) -> None:
        """Run the portal, again when it dies; calls need none."""
        loop = asyncio.get_running_loop()
        pause = SHORTEST_PAUSE
        ward = self._living(self._places.web_lock, "portal")
        log = self._places.logs / "web.log"
        while not self._stopped.is_set():
            began = loop.time()
            if ward is None:
                ward = spawn("b2bua.app.web", ["--config", str(self._config)], log=log)
            self._web = ward
            status = await ward.ended()
            ward = None
            if status not in (0, -signal.SIGTERM) and not self._stopped.is_set():
                self._log.error("portal died", status=status, log=str(log))
            pause = SHORTEST_PAUSE if loop.time() - began > LONG_LIFE else pause
            await self._rest(pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    def _start_media(self, index: int, path: Path, ports: str) -> Ward:
        media, places = self._settings.media, build.media_addresses(self._settings)
        arguments = {
            "--socket": str(path),
            "--ports": ports,
            "--threads": str(media.threads),
            "--silence-after": str(media.silence_after),
            "--dscp": str(media.dscp),
        }
        prompts = (self._places.prompts, catalogue(media.prompts))
        return spawn(
            "media.worker.main",
            [
                *(text for pair in arguments.items() for text in pair),
                *("--address", *(place.bind for place in places)),
                *("--advertise", *(place.advertise for place in places)),
                *(text for one in prompts for text in ("--prompts", str(one.absolute()))),
            ],
            log=self._places.logs / f"media-{index}.log",
        )

    def _living(self, lock: Path, name: str) -> Ward | None:
        """The process of a supervisor that died, by the lock that it holds."""
        try:
            descriptor = os.open(lock, os.O_RDONLY)
        except FileNotFoundError:
            return None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            try:
                ward = Ward(int(os.pread(descriptor, 32, 0)))
            except (ValueError, ProcessLookupError):
                return None
            self._log.info(f"{name} taken over", pid=ward.pid)
            return ward
        finally:
            os.close(descriptor)
        return None

    async def _bring_down(self) -> None:
        """Stop media and portal, which nobody needs any more, and leave PostgreSQL."""
        self._stopping = True
        if self._control is not None:
            self._control.signal(signal.SIGTERM)
            await self._control.ended()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        wards = [*self._media.values(), *([] if self._web is None else [self._web])]
        for ward in wards:
            ward.signal(signal.SIGTERM)
        for ward in wards:
            try:
                await asyncio.wait_for(ward.ended(), STOP_SECONDS)
            except TimeoutError:
                ward.signal(signal.SIGKILL)
                await ward.ended()
        if self._postgres is not None:
            await self._postgres.stop()

    def _begin(self, work: Awaitable[None]) -> None:
        self._tasks.append(asyncio.ensure_future(self._reported(work)))

    async def _reported(self, work: Awaitable[None]) -> None:
        try:
            await work
        except Exception:
            self._log.exception("supervision failed")
            os.kill(os.getpid(), signal.SIGTERM)

    def _note_postgres(self, line: str) -> None:
        self._log.error("postgres", what=line)

    def _stop(self) -> None:
        """Each signal is passed on: the first drains, the second ends all calls."""
        self._stopping = True
        self._stopped.set()
        if self._control is not None:
            self._control.signal(signal.SIGTERM)

    def _reload(self) -> None:
        if self._web is not None:
            self._web.signal(signal.SIGTERM)
        if self._control is not None:
            self._control.signal(signal.SIGHUP)

    def _locked(self) -> int:
        """Be the only supervisor of this directory. Raises :class:`CannotServe`."""
        descriptor = os.open(self._places.serve_lock, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pid = os.pread(descriptor, 32, 0).decode().strip()
            os.close(descriptor)
            raise CannotServe(
                f"b2bua serves from {self._places.data_dir} already: process {pid}"
            ) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        return descriptor


def _settle(future: asyncio.Future[bytes], data: bytes) -> None:
    with suppress(asyncio.InvalidStateError):
        future.set_result(data)
