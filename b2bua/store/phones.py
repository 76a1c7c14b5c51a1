"""Accounts of phones that may register with us: an extension and its digest hashes.

What is kept is H(extension:realm:password) for each algorithm (RFC 7616 §3.4.2), which is
as good as the password in that realm alone, and useless in any other.
"""

import hashlib
import re
from dataclasses import dataclass, field
from typing import Final

from b2bua.store.errors import Rejected
from b2bua.store.pool import Database

SHORTEST_PASSWORD: Final = 8
LONGEST_PASSWORD: Final = 128
_EXTENSION: Final = re.compile(r"[0-9]{2,8}")


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneAccount:
    """Who may register."""

    extension: str
    name: str = ""
    realm: str
    number: str = ""
    """Whose it is: a 400 number's, or, empty, the house's, which every number may ring."""
    md5: str = field(repr=False)
    sha256: str = field(repr=False)


class Phones:
    """The table of phones."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def put(
        self,
        extension: str,
        realm: str,
        password: str,
        name: str = "",
        number: str | None = None,
    ) -> bool:
        """Make or change an account; True if it is new. Raises Rejected.

        ``number``: whose it is from now on; None: as before, a new one is the house's.
        """
        if not _EXTENSION.fullmatch(extension):
            raise Rejected(f"{extension!r} is no extension of 2 to 8 digits")
        if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
            raise Rejected(
                f"a password has {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters"
            )
        if not password.isprintable() or not name.isprintable():
            raise Rejected("passwords and names have no control characters")
        secret = f"{extension}:{realm}:{password}".encode()
        async with self._database.connection() as connection:
            fresh: bool = await connection.fetchval(
                "insert into phone (extension, name, realm, md5, sha256, number)"
                " values ($1, $2, $3, $4, $5, coalesce($6, ''))"
                " on conflict (extension) do update"
                " set name = excluded.name, realm = excluded.realm, md5 = excluded.md5,"
                " sha256 = excluded.sha256, number = coalesce($6, phone.number),"
                " changed_at = now() returning xmax = 0",
                extension,
                name,
                realm,
                hashlib.md5(secret, usedforsecurity=False).hexdigest(),
                hashlib.sha256(secret).hexdigest(),
                number,
            )
        return fresh

    async def give(self, extension: str, number: str) -> bool:
        """Let a phone be a number's, or, with an empty one, the house's; False: no such."""
        async with self._database.connection() as connection:
            done: str = await connection.execute(
                "update phone set number = $2, changed_at = now() where extension = $1",
                extension,
                number,
            )
        return done == "UPDATE 1"

    async def remove(self, extension: str) -> bool:
        """Close an account; False if there was none."""
        async with self._database.connection() as connection:
            done: str = await connection.execute(
                "delete from phone where extension = $1", extension
            )
        return done == "DELETE 1"

    async def all(self) -> list[PhoneAccount]:
        """Every account, by extension."""
        async with self._database.connection() as connection:
            rows = await connection.fetch(
                "select extension, name, realm, number, md5, sha256 from phone"
                " order by extension"
            )
        return [PhoneAccount(**dict(row)) for row in rows]

    async def owners(self) -> dict[str, str]:
        """Whose each phone is, by extension."""
        async with self._database.connection() as connection:
            rows = await connection.fetch("select extension, number from phone")
        return {row["extension"]: row["number"] for row in rows}
