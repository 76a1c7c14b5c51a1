"""Apply the numbered scripts in ``schema/``, once, in order, by one program at a time."""

import hashlib
import re
from dataclasses import dataclass
from importlib import resources
from typing import Final

import asyncpg
from asyncpg.connect_utils import SessionAttribute

from b2bua.store.errors import MigrationRefused
from b2bua.store.fence import raise_fence

LOCK: Final = 0x62326275
"""Key of the advisory lock: the letters b2bu."""
VERSIONS: Final = """
create table if not exists schema_version (
    version int primary key, name text not null, sha256 text not null,
    applied_at timestamptz not null default now())
"""


@dataclass(frozen=True, slots=True)
class Script:
    """One step of the schema."""

    version: int
    name: str
    sql: str

    @property
    def sha256(self) -> str:
        """What the version table remembers of it."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


def scripts() -> list[Script]:
    """The scripts of this program, by version."""
    found: list[Script] = []
    for entry in resources.files("b2bua.store").joinpath("schema").iterdir():
        matched = re.fullmatch(r"(\d{3})_\w+\.sql", entry.name)
        if matched is not None:
            found.append(Script(int(matched[1]), entry.name, entry.read_text("utf-8")))
    return sorted(found, key=lambda script: script.version)


async def migrate(dsn: str, known: list[Script] | None = None) -> list[str]:
    """Bring the database up to date, and name the scripts that were applied.

    Raises MigrationRefused if a script was changed after it was applied, or if the
    database is newer than this program; then nothing is changed.
    """
    connection = await asyncpg.connect(
        dsn,
        target_session_attrs=SessionAttribute.read_write,
        timeout=10.0,
        command_timeout=600.0,
    )
    try:
        await connection.execute("select pg_advisory_lock($1)", LOCK)
        await connection.execute("set client_min_messages = warning")
        await connection.execute(VERSIONS)
        applied = await _apply(connection, scripts() if known is None else known)
        await raise_fence(connection)
        return applied
    finally:
        await connection.close()


async def _apply(connection: asyncpg.Connection, known: list[Script]) -> list[str]:
    rows = await connection.fetch("select version, name, sha256 from schema_version")
    applied = {row["version"]: (row["name"], row["sha256"]) for row in rows}
    ours = {script.version: script for script in known}
    for version, (name, sha256) in sorted(applied.items()):
        if version not in ours:
            raise MigrationRefused(
                f"the database has {name}, which is newer than this program"
            )
        if ours[version].sha256 != sha256:
            raise MigrationRefused(f"{name} was changed after it was applied")
    fresh = [script for script in known if script.version not in applied]
    for script in fresh:
        async with connection.transaction():
            await connection.execute(script.sql)
            await connection.execute(
                "insert into schema_version (version, name, sha256) values ($1, $2, $3)",
                script.version,
                script.name,
                script.sha256,
            )
    return [script.name for script in fresh]
