"""Who is signed in to the portal: opaque tokens, of which only hashes are kept."""

import hashlib
import secrets
from dataclasses import dataclass
from typing import Final

from b2bua.store.pool import Database

MOST_SESSIONS: Final = 50
"""Of one number; the oldest gives way."""
FIND: Final = """
select number, csrf, reveal, seen_at < now() - interval '1 minute' as stale
from web_session join account using (number, name)
where token_hash = $1 and account.changed_at <= web_session.created_at
and seen_at > now() - interval '12 hours'
and web_session.created_at > now() - interval '7 days'
"""
"""A changed password ends the sessions that were opened with the old one."""
TIDY: Final = """
delete from web_session where created_at < now() - interval '7 days' or token_hash in (
    select token_hash from web_session where number = $1
    order by created_at desc offset $2)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One browser, or program, that is signed in."""

    token: str
    number: str
    csrf: str
    """What a form must repeat."""
    reveal: bool = False
    """Callers are shown whole."""

    def __repr__(self) -> str:
        return f"Session(number={self.number!r}, …)"


class Sessions:
    """The sessions in one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def open(self, number: str, address: str) -> Session:
        """Begin one for an account that exists."""
        session = Session(
            token=secrets.token_urlsafe(32), number=number, csrf=secrets.token_urlsafe(24)
        )
        async with self._database.transaction() as connection:
            await connection.execute(
                "insert into web_session (token_hash, number, csrf, address)"
                " values ($1, $2, $3, $4)",
                _hashed(session.token),
                number,
                session.csrf,
                address,
            )
            await connection.execute(TIDY, number, MOST_SESSIONS)
        return session

    async def find(self, token: str) -> Session | None:
        """The session of a token, unless it is over."""
        async with self._database.connection() as connection:
            row = await connection.fetchrow(FIND, _hashed(token))
            if row is None:
                return None
            if row["stale"]:
                await connection.execute(
                    "update web_session set seen_at = now() where token_hash = $1",
                    _hashed(token),
                )
        return Session(
            token=token, number=row["number"], csrf=row["csrf"], reveal=row["reveal"]
        )

    async def reveal(self, session: Session, *, whole: bool) -> None:
        """Show callers whole in this session, or no more."""
        async with self._database.connection() as connection:
            await connection.execute(
                "update web_session set reveal = $2 where token_hash = $1",
                _hashed(session.token),
                whole,
            )

    async def close(self, session: Session) -> None:
        """Sign out."""
        async with self._database.connection() as connection:
            await connection.execute(
                "delete from web_session where token_hash = $1", _hashed(session.token)
            )


def _hashed(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()
