"""Who may come to the portal: users of a number, or of the house, with argon2 hashes."""

import asyncio
import re
import secrets
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from b2bua.store.errors import Rejected
from b2bua.store.pool import Database
from b2bua.store.roles import FIRST, HOUSE, Role

SHORTEST_PASSWORD: Final = 6
LONGEST_PASSWORD: Final = 128
"""Characters; a longer one only costs us time."""
HASHER: Final = PasswordHasher()
MOST_USERS: Final = 100
"""Of one number."""
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,31}")
SHOWN: Final = "number, name, role, totp_on, created_at, changed_at, signed_in_at"


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One user."""

    number: str
    """Empty for those of the house."""
    name: str
    role: Role
    codes: bool
    """A one-time code is asked for besides the password."""
    created_at: datetime
    changed_at: datetime
    """When the password was set."""
    signed_in_at: datetime | None


def user_name(text: str) -> str | None:
    """A user's name in its one form; None for what cannot be one."""
    name = text.strip().lower()
    return name if _NAME.fullmatch(name) else None


class Accounts:
    """The portal's accounts; hashes never leave this class."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def set_password(self, number: str, password: str, name: str = FIRST) -> None:
        """Set a password; the first user and those of the house are made by it.

        Raises Rejected for a useless password, or another user who is not there.
        """
        hashed = await _hashed(password)
        async with self._database.connection() as connection:
            if number == HOUSE or name == FIRST:
                await connection.execute(
                    "insert into account (number, name, role, hash) values ($1, $2, $3, $4)"
                    " on conflict (number, name)"
                    " do update set hash = excluded.hash, changed_at = now()",
                    number,
                    name,
                    (Role.OPERATOR if number == HOUSE else Role.OWNER).value,
                    hashed,
                )
                return
            done: str = await connection.execute(
                "update account set hash = $3, changed_at = now()"
                " where number = $1 and name = $2",
                number,
                name,
                hashed,
            )
        if done == "UPDATE 0":
            raise Rejected(f"there is no user {name}")

    async def reset(self, number: str, password: str, name: str = FIRST) -> None:
        """Let somebody in again by a password alone: what else opened the account is void.

        Who lost the telephone has no one-time codes; who lost control wants no token to go
        on. Raises Rejected as :meth:`set_password` does.
        """
        await self.set_password(number, password, name)
        async with self._database.transaction() as connection:
            for statement in (
                "update account set totp_on = false, totp_secret = ''",
                "delete from recovery_code",
                "delete from api_token",
            ):
                await connection.execute(
                    f"{statement} where number = $1 and name = $2", number, name
                )

    async def add(self, number: str, name: str, role: Role, password: str) -> None:
        """One more user. Raises Rejected if the name is taken, or nobody's."""
        if user_name(name) != name:
            raise Rejected(
                "a name has letters, digits, dots and hyphens, 32 characters at most"
            )
        hashed = await _hashed(password)
        async with self._database.transaction() as connection:
            known: int = await connection.fetchval(
                "select count(*) from account where number = $1", number
            )
            if known >= MOST_USERS:
                raise Rejected(f"a number has {MOST_USERS} users at most")
            done: str = await connection.execute(
                "insert into account (number, name, role, hash) values ($1, $2, $3, $4)"
                " on conflict do nothing",
                number,
                name,
                role.value,
                hashed,
            )
        if done != "INSERT 0 1":
            raise Rejected(f"there is a user {name} already")

    async def change_role(self, number: str, name: str, role: Role) -> bool:
        """Give a user another role; False if there is none, or it is the first."""
        async with self._database.connection() as connection:
            done: str = await connection.execute(
                "update account set role = $3 where number = $1 and name = $2"
                " and name <> $4",
                number,
                name,
                role.value,
                FIRST,
            )
        return done == "UPDATE 1"

    async def users(self, number: str) -> list[Account]:
        """Everyone of a number, or of the house; the first user first."""
        async with self._database.connection() as connection:
            rows = await connection.fetch(
                f"select {SHOWN} from account where number = $1 order by name <> $2, name",
                number,
                FIRST,
            )
        return [_account(row) for row in rows]

    async def user(self, number: str, name: str) -> Account | None:
        """One of them."""
        async with self._database.connection() as connection:
            row = await connection.fetchrow(
                f"select {SHOWN} from account where number = $1 and name = $2", number, name
            )
        return None if row is None else _account(row)

    async def verify(self, number: str, password: str, name: str = FIRST) -> Account | None:
        """Whose password this is; as slow for an account that is not there."""
        async with self._database.connection() as connection:
            row = await connection.fetchrow(
                f"select {SHOWN}, hash from account where number = $1 and name = $2",
                number,
                name,
            )
        given = password if len(password) <= LONGEST_PASSWORD else ""
        hashed = None if row is None else row["hash"]
        right = await asyncio.to_thread(_matches, hashed, given)
        if row is None or not right:
            return None
        if HASHER.check_needs_rehash(row["hash"]):
            await self._rehash(number, name, given)
        return _account(row)

    async def _rehash(self, number: str, name: str, password: str) -> None:
        """The same password, hashed as we hash now: sessions go on."""
        hashed = await asyncio.to_thread(HASHER.hash, password)
        async with self._database.connection() as connection:
            await connection.execute(
                "update account set hash = $3 where number = $1 and name = $2",
                number,
                name,
                hashed,
            )

    async def exists(self, number: str, name: str = FIRST) -> bool:
        """Whether there is such a user."""
        return await self.user(number, name) is not None

    async def remove(self, number: str, name: str = FIRST) -> bool:
        """Close an account, with its sessions and tokens; False if there was none."""
        async with self._database.connection() as connection:
            done: str = await connection.execute(
                "delete from account where number = $1 and name = $2", number, name
            )
        return done == "DELETE 1"


def _account(row: Any) -> Account:
    return Account(
        number=row["number"],
        name=row["name"],
        role=Role(row["role"]),
        codes=row["totp_on"],
        created_at=row["created_at"],
        changed_at=row["changed_at"],
        signed_in_at=row["signed_in_at"],
    )


async def _hashed(password: str) -> str:
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise Rejected(
            f"a password has {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters"
        )
    return await asyncio.to_thread(HASHER.hash, password)


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
