"""Keys of programs: shown once, kept as hashes, bound to a user, good for some things."""

import hashlib
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from b2bua.store.errors import Rejected
from b2bua.store.pool import Database
from b2bua.store.roles import RIGHTS, Right, Role

PREFIX: Final = "b2bua_"
"""By which a secret scanner knows one that was lost."""
SCOPES: Final = (Right.LOOK, Right.REVEAL, Right.CHANGE, Right.USERS, Right.OPERATE)
MOST_TOKENS: Final = 50
"""Of one user."""
LONGEST_LABEL: Final = 64
SHOWN: Final = "id, name, label, scopes, created_at, expires_at, used_at, used_from"


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """One key as lists show it: not the key itself."""

    id: UUID
    name: str
    """Whose it is."""
    label: str
    """What it is for."""
    scopes: frozenset[Right]
    created_at: datetime
    expires_at: datetime | None
    used_at: datetime | None
    used_from: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bearer:
    """Who stands behind a key that was shown."""

    number: str
    name: str
    role: Role
    label: str
    rights: frozenset[Right]
    """The key's, as far as its user has them."""


class Tokens:
    """The keys in one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def make(
        self,
        number: str,
        name: str,
        label: str,
        scopes: Collection[Right],
        expires_at: datetime | None,
    ) -> tuple[str, UUID]:
        """A new key and its name in lists. Raises Rejected."""
        label = " ".join(label.split())
        if not label or len(label) > LONGEST_LABEL or not label.isprintable():
            raise Rejected(f"a label has 1 to {LONGEST_LABEL} characters")
        key = PREFIX + secrets.token_urlsafe(32)
        async with self._database.transaction() as connection:
            known: int = await connection.fetchval(
                "select count(*) from api_token where number = $1 and name = $2",
                number,
                name,
            )
            if known >= MOST_TOKENS:
                raise Rejected(f"a user has {MOST_TOKENS} tokens at most")
            found: UUID = await connection.fetchval(
                "insert into api_token"
                " (number, name, label, token_hash, scopes, expires_at)"
                " values ($1, $2, $3, $4, $5, $6) returning id",
                number,
                name,
                label,
                _hashed(key),
                sorted(scope.value for scope in scopes),
                expires_at,
            )
        return key, found

    async def find(self, key: str, address: str) -> Bearer | None:
        """Who stands behind a key, unless it has expired or was revoked."""
        async with self._database.connection() as connection:
            row = await connection.fetchrow(
                "select number, name, role, label, scopes,"
                " used_at is null or used_at < now() - interval '1 minute'"
                " or used_from <> $2 as stale"
                " from api_token join account using (number, name) where token_hash = $1"
                " and (expires_at is null or expires_at > now())",
                _hashed(key),
                address,
            )
            if row is None:
                return None
            if row["stale"]:
                await connection.execute(
                    "update api_token set used_at = now(), used_from = $2"
                    " where token_hash = $1",
                    _hashed(key),
                    address,
                )
        role = Role(row["role"])
        return Bearer(
            number=row["number"],
            name=row["name"],
            role=role,
            label=row["label"],
            rights=RIGHTS[role] & _scopes(row["scopes"]),
        )

    async def of(self, number: str, name: str = "") -> list[Token]:
        """Every key of a number, or of one of its users; the newest first."""
        async with self._database.connection() as connection:
            rows = await connection.fetch(
                f"select {SHOWN} from api_token where number = $1"
                " and ($2 = '' or name = $2) order by created_at desc, id",
                number,
                name,
            )
        return [_token(row) for row in rows]

    async def revoke(self, number: str, token_id: UUID, name: str = "") -> bool:
        """Make a key good for nothing; of one user, or of any. False: none such."""
        async with self._database.connection() as connection:
            done: str = await connection.execute(
                "delete from api_token"
                " where number = $1 and id = $2 and ($3 = '' or name = $3)",
                number,
                token_id,
                name,
            )
        return done == "DELETE 1"


def _token(row: Any) -> Token:
    return Token(**{**dict(row), "scopes": _scopes(row["scopes"])})


def _scopes(names: Collection[str]) -> frozenset[Right]:
    """Those that still mean something."""
    return frozenset(scope for scope in SCOPES if scope.value in names)


def _hashed(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "replace")).digest()
