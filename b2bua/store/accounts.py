"""Who may look at a number's calls in the portal: the number and an argon2 hash."""

import asyncio
import secrets
from functools import cache
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from b2bua.store.errors import Rejected
from b2bua.store.pool import Database

SHORTEST_PASSWORD: Final = 6
LONGEST_PASSWORD: Final = 128
"""Characters; a longer one only costs us time."""
HASHER: Final = PasswordHasher()


class Accounts:
    """The portal's accounts; hashes never leave this class."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def set_password(self, number: str, password: str) -> None:
        """Make the account, or change its password; raises Rejected for a useless one."""
        if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
            raise Rejected(
                f"a password has {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters"
            )
        hashed = await asyncio.to_thread(HASHER.hash, password)
        async with self._database.connection() as connection:
            await connection.execute(
                "insert into account (number, hash) values ($1, $2)"
                " on conflict (number, name)"
                " do update set hash = excluded.hash, changed_at = now()",
                number,
                hashed,
            )

    async def verify(self, number: str, password: str) -> bool:
        """Whether this is the password; as slow for a number that has no account."""
        async with self._database.connection() as connection:
            hashed: str | None = await connection.fetchval(
                "select hash from account where number = $1", number
            )
        given = password if len(password) <= LONGEST_PASSWORD else ""
        right = await asyncio.to_thread(_matches, hashed, given)
        if right and hashed is not None and HASHER.check_needs_rehash(hashed):
            await self.set_password(number, password)
        return right

    async def exists(self, number: str) -> bool:
        """Whether the number has an account."""
        async with self._database.connection() as connection:
            found: int | None = await connection.fetchval(
                "select 1 from account where number = $1", number
            )
        return found is not None

    async def remove(self, number: str) -> bool:
        """Close an account; False if there was none."""
        async with self._database.connection() as connection:
            done: str = await connection.execute(
                "delete from account where number = $1", number
            )
        return done == "DELETE 1"


def _matches(hashed: str | None, password: str) -> bool:
    try:
        HASHER.verify(hashed or _nobody(), password)
    except (VerificationError, InvalidHashError):
        return False
    return hashed is not None


@cache
def _nobody() -> str:
    """A hash that no password has: checked in place of one that is missing."""
    return HASHER.hash(secrets.token_hex())
