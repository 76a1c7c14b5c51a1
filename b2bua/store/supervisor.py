"""The embedded PostgreSQL: initialise, start, watch, stop.

The cluster lives in ``<data_dir>/postgres`` and listens on a Unix socket alone. It outlives
the program that started it if that one is killed, and is taken over by the next. Every
program that uses it holds a shared lock; the last one out stops it:

    serve                              a command
    start: shared lock
                                       start: shared lock, reattached
    stop: someone else is here
                                       stop: alone, so PostgreSQL is shut down

PostgreSQL refuses to run as root, so root hands it to :data:`DEDICATED_UID`. That user owns
``data`` and ``run`` and nothing else, and need not be able to reach them by their paths: it
gets them as open descriptors and names them ``/proc/self/fd/N``, so no parent directory is
ever opened to it.
"""

import asyncio
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import asyncpg

from b2bua.store.binaries import find_binaries, major_version, runnable, runnable_copy
from b2bua.store.errors import PostgresFailed, StoreError, VersionMismatch
from b2bua.store.filelock import FileLock

DEDICATED_UID: Final = 54329
"""User and group that PostgreSQL runs as when we are root: no account has this number."""
LONGEST_SOCKET_PATH: Final = 107
"""Bytes; what fits into ``sun_path``."""
SOCKET_NAME: Final = ".s.PGSQL.5432"
START_SECONDS: Final = 60.0
"""Recovery after a power failure may take a while."""
STOP_SECONDS: Final = 20.0
SHORTEST_PAUSE: Final = 1.0
LONGEST_PAUSE: Final = 30.0
SETTINGS: Final = (
    "--listen_addresses=",
    "--unix_socket_permissions=0700",
    "--shared_buffers=64MB",
    "--max_connections=60",
    "--logging_collector=off",
    "--timezone=UTC",
)
LONGEST_LOG: Final = 10_000_000
"""Bytes; a longer log is put aside at the next start."""


class EmbeddedPostgres:
    """One cluster in one data directory, shared by whoever needs it."""

    def __init__(
        self, data_dir: Path, *, binaries: Path | None = None, durable: bool = True
    ) -> None:
        self._home = data_dir.absolute() / "postgres"
        self._data = self._home / "data"
        self._binaries = binaries
        self._durable = durable
        self._uid = DEDICATED_UID if os.geteuid() == 0 else os.geteuid()
        self._users = FileLock(self._home / "users.lock")
        self._changing = FileLock(self._home / "change.lock")

    @property
    def dsn(self) -> str:
        """Where to connect, once :meth:`start` has returned."""
        host = quote(str(self._socket_directory()), safe="")
        return f"postgresql://b2bua@/b2bua?host={host}"

    @property
    def pid(self) -> int | None:
        """The live postmaster of this data directory, whoever started it."""
        pid = self._written_pid()
        try:
            alive = os.path.samefile(f"/proc/{pid}/cwd", self._data)
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            return None
        return pid if alive else None

    def _written_pid(self) -> int:
        """What ``postmaster.pid`` says, alive or not; 0 if it says nothing."""
        try:
            return int((self._data / "postmaster.pid").read_text().split("\n", 1)[0])
        except (FileNotFoundError, ValueError):
            return 0

    async def start(self) -> str:
        """Bring the cluster up, or join it if it is up, and return its DSN.

        Raises PostgresFailed, ending with its log, if it does not come up; VersionMismatch
        if the data is of another major version.
        """
        self._prepare_home()
        async with self._changing.exclusive(START_SECONDS):
            await self._bring_up()
            self._users.share()
        return self.dsn

    async def watch(self, tell: Callable[[str], None]) -> None:
        """Start the cluster again whenever it dies, until cancelled; tell of each time."""
        pause = SHORTEST_PAUSE
        while True:
            pid = self.pid
            if pid is not None:
                await self._exit_of(pid)
            try:
                async with self._changing.exclusive(START_SECONDS):
                    await self._bring_up()
            except StoreError as error:
                tell(str(error))
                await asyncio.sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE)
            else:
                tell("PostgreSQL died and was started again")
                pause = SHORTEST_PAUSE

    async def stop(self) -> bool:
        """Leave the cluster, shut it down if nobody else uses it; True if it did."""
        async with self._changing.exclusive(START_SECONDS):
            self._users.release()
            if not self._users.try_exclusive():
                return False
            try:
                await self._shut_down()
            finally:
                self._users.release()
            return True

    def _prepare_home(self) -> None:
        self._home.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self._uid != os.geteuid():
            self._home.chmod(0o711)  # a copy of the binaries must be reachable

    async def _bring_up(self) -> None:
        if self.pid is None:
            await self._clear_remains()
            binaries = await asyncio.to_thread(self._usable_binaries)
            await asyncio.to_thread(self._initialise, binaries)
            await self._launch(binaries)
        await self._make_database()

    def _usable_binaries(self) -> Path:
        binaries = (self._binaries or find_binaries()).resolve()
        if self._uid != os.geteuid() and not runnable(binaries / "postgres", self._uid):
            return runnable_copy(binaries, self._home, self._uid)
        return binaries

    def _initialise(self, binaries: Path) -> None:
        """Make the cluster, under another name until whole, or check what is there."""
        major = major_version(binaries)
        version = self._data / "PG_VERSION"
        if version.exists():
            found = version.read_text().strip()
            if found != str(major):
                raise VersionMismatch(
                    f"{self._data} was made by PostgreSQL {found}, but {binaries} is"
                    f" {major}: dump it with {found} and load it into a new directory,"
                    f" or install PostgreSQL {found}"
                )
            return
        unfinished = self._home / "data.new"
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        # initdb insists on a user with a name; the nameless one is given what it made.
        uid = self._uid if self._uid == os.geteuid() else _any_named_uid()
        _give(unfinished, uid)
        self._run_initdb(binaries, unfinished, uid, major)
        _give(unfinished, self._uid)
        unfinished.rename(self._data)

    def _run_initdb(self, binaries: Path, directory: Path, uid: int, major: int) -> None:
        descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
        command = [str(binaries / "initdb"), "-D", f"/proc/self/fd/{descriptor}"]
        command += ["-U", "b2bua", "--auth=trust", "--encoding=UTF8", "--locale=C"]
        if major >= 17:
            command += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        if not self._durable:
            command += ["--no-sync"]
        try:
            done: subprocess.CompletedProcess[bytes] = subprocess.run(
                command,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                pass_fds=[descriptor],
                cwd="/",
                env=_environment(),
                check=False,
                **_as_user(uid),
            )
        finally:
            os.close(descriptor)
        if done.returncode != 0:
            raise PostgresFailed(
                f"initdb failed: {done.stdout.decode(errors='replace')[-800:]}"
            )

    async def _clear_remains(self) -> None:
        """Wait for the last processes of a killed postmaster, then remove its file.

        The file stops a new one if its number is now a zombie's or, in a container begun
        anew, another program's. All of PostgreSQL works in the data directory.
        """
        loop = asyncio.get_running_loop()
        give_up = loop.time() + START_SECONDS
        while at_work := await asyncio.to_thread(_working_in, self._data):
            if loop.time() > give_up:
                raise PostgresFailed(f"processes of a killed PostgreSQL stay: {at_work}")
            await asyncio.sleep(0.02)
        _reap(self._written_pid())
        (self._data / "postmaster.pid").unlink(missing_ok=True)

    async def _launch(self, binaries: Path) -> None:
        loop = asyncio.get_running_loop()
        give_up = loop.time() + START_SECONDS
        process = self._spawn(binaries)
        while process.poll() is None and not self._accepts(process.pid):
            await asyncio.sleep(0.01)
            if loop.time() > give_up:
                process.kill()
                process.wait()
                raise PostgresFailed(f"PostgreSQL does not come up: {self._log_tail()}")
        if process.returncode is not None:
            raise PostgresFailed(f"PostgreSQL does not start: {self._log_tail()}")
        # From now on it is known by its file, like one that another program started;
        # Popen must not complain that it was never waited for.
        process.returncode = 0

    def _spawn(self, binaries: Path) -> subprocess.Popen[bytes]:
        log = self._home / "log"
        if log.exists() and log.stat().st_size > LONGEST_LOG:
            log.rename(self._home / "log.1")
        with ExitStack() as opened:

            def descriptor(path: Path, flags: int) -> int:
                number = os.open(path, flags, 0o600)
                opened.callback(os.close, number)
                return number

            data = descriptor(self._data, os.O_RDONLY | os.O_DIRECTORY)
            sockets = descriptor(self._socket_directory(), os.O_RDONLY | os.O_DIRECTORY)
            output = descriptor(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
            try:
                return subprocess.Popen(
                    [
                        str(binaries / "postgres"),
                        *("-D", f"/proc/self/fd/{data}"),
                        *("-k", f"/proc/self/fd/{sockets}"),
                        *SETTINGS,
                        f"--fsync={'on' if self._durable else 'off'}",
                    ],
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    pass_fds=[data, sockets],
                    cwd="/",
                    env=_environment(),
                    start_new_session=True,
                    **_as_user(self._uid),
                )
            except OSError as error:
                raise PostgresFailed(
                    f"{binaries / 'postgres'} does not run: {error}"
                ) from error

    def _accepts(self, pid: int) -> bool:
        """Whether this postmaster has written that it is ready."""
        try:
            lines = (self._data / "postmaster.pid").read_text().split("\n")
        except FileNotFoundError:
            return False
        return lines[0] == str(pid) and len(lines) > 7 and "ready" in lines[7]

    async def _make_database(self) -> None:
        """Wait for an answer, and make the database on first use."""
        connection = await self._connect()
        try:
            if not await connection.fetchval(
                "select 1 from pg_database where datname='b2bua'"
            ):
                await connection.execute("create database b2bua")
        finally:
            await connection.close()

    async def _connect(self) -> asyncpg.Connection:
        loop = asyncio.get_running_loop()
        give_up = loop.time() + START_SECONDS
        host = str(self._socket_directory())
        while True:
            try:
                return await asyncpg.connect(
                    host=host, user="b2bua", database="postgres", timeout=10.0
                )
            except (OSError, asyncpg.CannotConnectNowError) as error:
                if loop.time() > give_up or self.pid is None:
                    raise PostgresFailed(f"no connection to {host}: {error}") from error
            await asyncio.sleep(0.02)

    async def _shut_down(self) -> None:
        for number in (signal.SIGINT, signal.SIGQUIT):
            pid = self.pid
            if pid is None:
                break
            os.kill(pid, number)
            try:
                await asyncio.wait_for(self._exit_of(pid), STOP_SECONDS)
            except TimeoutError:
                continue
        if self.pid is not None:
            raise PostgresFailed(f"PostgreSQL {self.pid} does not stop")

    async def _exit_of(self, pid: int) -> None:
        try:
            descriptor = os.pidfd_open(pid)
        except ProcessLookupError:
            return
        loop = asyncio.get_running_loop()
        gone = asyncio.Event()
        loop.add_reader(descriptor, gone.set)
        try:
            await gone.wait()
        finally:
            loop.remove_reader(descriptor)
            os.close(descriptor)
        _reap(pid)

    def _socket_directory(self) -> Path:
        """``run``, or a short directory that ``run`` is a link to."""
        directory = self._home / "run"
        if not directory.is_dir() or directory.stat().st_uid != self._uid:
            directory.unlink(missing_ok=True)
            if len(os.fsencode(directory / SOCKET_NAME)) <= LONGEST_SOCKET_PATH:
                directory.mkdir(mode=0o700)
            else:
                directory.symlink_to(tempfile.mkdtemp(prefix="b2bua-", dir="/tmp"))
            os.chown(directory, self._uid, self._uid)
        return directory.resolve() if directory.is_symlink() else directory

    def _log_tail(self) -> str:
        return (self._home / "log").read_bytes()[-800:].decode(errors="replace")


def _working_in(directory: Path) -> list[int]:
    """The processes whose working directory this is."""
    found: list[int] = []
    for link in Path("/proc").glob("[0-9]*/cwd"):
        with suppress(FileNotFoundError, ProcessLookupError, PermissionError):
            if link.samefile(directory):
                found.append(int(link.parent.name))
    return found


def _reap(pid: int) -> None:
    """Collect a dead child: to PostgreSQL, a zombie is another postmaster still running."""
    with suppress(ChildProcessError):
        if pid:
            os.waitpid(pid, os.WNOHANG)


def _as_user(uid: int) -> dict[str, Any]:
    if uid == os.geteuid():
        return {}
    return {"user": uid, "group": uid, "extra_groups": []}


def _any_named_uid() -> int:
    names = sorted(pwd.getpwall(), key=lambda entry: entry.pw_name != "nobody")
    for entry in names:
        if entry.pw_uid != 0:
            return entry.pw_uid
    raise PostgresFailed(
        "root needs some other account in /etc/passwd to initialise PostgreSQL"
    )


def _environment() -> dict[str, str]:
    """Ours without what would steer PostgreSQL elsewhere."""
    kept = {
        key: value for key, value in os.environ.items() if not key.startswith(("PG", "LC_"))
    }
    return {**kept, "LC_ALL": "C"}


def _give(tree: Path, uid: int) -> None:
    if os.geteuid() != 0:
        return
    for directory, _, files in os.walk(tree):
        os.chown(directory, uid, uid)
        for name in files:
            os.chown(Path(directory) / name, uid, uid, follow_symlinks=False)
