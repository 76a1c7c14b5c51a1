"""A number's plan while somebody is at work on it: kept, and followed by no call.

There is one draft for a number: whoever edits its routes goes on where the others stopped.
"""

from dataclasses import dataclass
from datetime import datetime

from b2bua.store.pool import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A plan that is not published."""

    base: int
    """The version that it was made from."""
    source: str
    """YAML that was read without findings when it was kept."""
    changed_at: datetime


class Drafts:
    """The draft of one number."""

    def __init__(self, database: Database, number: str) -> None:
        self._database = database
        self._number = number

    async def read(self) -> Draft | None:
        """The draft; None if nobody is at work."""
        async with self._database.connection() as connection:
            row = await connection.fetchrow(
                "select base, source, changed_at from plan_draft where number = $1",
                self._number,
            )
        return None if row is None else Draft(**dict(row))

    async def keep(self, source: str, base: int) -> None:
        """Make this the draft."""
        async with self._database.connection() as connection:
            await connection.execute(
                "insert into plan_draft (number, base, source) values ($1, $2, $3)"
                " on conflict (number) do update set base = excluded.base,"
                " source = excluded.source, changed_at = now()",
                self._number,
                base,
                source,
            )

    async def drop(self) -> None:
        """Forget it."""
        async with self._database.connection() as connection:
            await connection.execute(
                "delete from plan_draft where number = $1", self._number
            )
