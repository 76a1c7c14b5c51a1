"""The area table that an operator imported: one file, dated, for all nodes."""

import hashlib
from dataclasses import dataclass
from datetime import date, datetime

from b2bua.store.pool import WORK_SECONDS, Database


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaSource:
    """Which table it is."""

    name: str
    """Of the file."""
    dated: date | None
    """As of when it is right, if that was said; else the file may tell."""
    sha256: bytes
    imported_at: datetime


class Areas:
    """The area table in one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def publish(self, name: str, dated: date | None, content: bytes) -> None:
        """Put a table in the place of the one that was there."""
        async with self._database.transaction() as connection:
            await connection.execute("delete from area_table")
            await connection.execute(
                "insert into area_table (name, dated, sha256, content)"
                " values ($1, $2, $3, $4)",
                name,
                dated,
                hashlib.sha256(content).digest(),
                content,
            )

    async def withdraw(self) -> bool:
        """Go back to the table that comes with the program; False if it is in use."""
        async with self._database.connection() as connection:
            done: str = await connection.execute("delete from area_table")
        return done == "DELETE 1"

    async def current(self) -> AreaSource | None:
        """Which table was imported, if any."""
        async with self._database.connection() as connection:
            row = await connection.fetchrow(
                "select name, dated, sha256, imported_at from area_table"
            )
        return None if row is None else AreaSource(**dict(row))

    async def content(self, source: AreaSource) -> bytes | None:
        """The file itself; None if it was replaced meanwhile."""
        async with self._database.connection(WORK_SECONDS) as connection:
            found: bytes | None = await connection.fetchval(
                "select content from area_table where sha256 = $1", source.sha256
            )
        return found
