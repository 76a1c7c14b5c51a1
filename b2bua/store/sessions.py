"""Who is signed in to the portal: opaque tokens, of which only hashes are kept."""

import hashlib
import secrets
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from b2bua.store.accounts import Account
from b2bua.store.pool import Database
from b2bua.store.roles import HOUSE, RIGHTS, Right, Role

MOST_SESSIONS: Final = 50
"""Of one user; the oldest gives way."""
LONGEST_AGENT: Final = 200
LASTING: Final = """
account.changed_at <= web_session.created_at
and seen_at > now() - interval '12 hours'
and web_session.created_at > now() - interval '7 days'
"""
"""A changed password ends the sessions that were opened with the old one."""
FIND: Final = f"""
select id, number, name, role, csrf, reveal, acting_for, acting_changes,
    seen_at < now() - interval '1 minute' as stale
from web_session join account using (number, name)
where token_hash = $1 and {LASTING}
"""
TIDY: Final = """
delete from web_session where created_at < now() - interval '7 days' or token_hash in (
    select token_hash from web_session where number = $1 and name = $2
    order by created_at desc offset $3)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One browser, or program, that is signed in."""

    token: str
    """Empty for a program that brings a token of its own."""
    number: str
    """Whose it is; empty for the house."""
    csrf: str
    """What a form must repeat."""
    name: str = ""
    role: Role = Role.OWNER
    id: UUID | None = None
    reveal: bool = False
    """Callers are shown whole."""
    acting_for: str = ""
    """The number that somebody of the house looks at."""
    acting_changes: bool = False
    """And whose plan they may change."""

    def __repr__(self) -> str:
        return f"Session(number={self.number!r}, name={self.name!r}, …)"

    @property
    def tenant(self) -> str:
        """The number whose rows are shown; empty: none."""
        return self.acting_for if self.number == HOUSE else self.number

    @property
    def rights(self) -> frozenset[Right]:
        """What may be done; who acts for a number looks, and changes if that was said."""
        own = RIGHTS[self.role]
        if not self.acting_for:
            return own
        more = RIGHTS[Role.MANAGER if self.acting_changes else Role.VIEWER]
        return own | more


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A session as its owner sees it in a list."""

    id: UUID
    name: str
    address: str
    agent: str
    created_at: datetime
    seen_at: datetime


class Sessions:
    """The sessions in one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def open(self, account: Account, address: str, agent: str = "") -> Session:
        """Begin one."""
        session = Session(
            token=secrets.token_urlsafe(32),
            number=account.number,
            name=account.name,
            role=account.role,
            csrf=secrets.token_urlsafe(24),
        )
        async with self._database.transaction() as connection:
            found: UUID = await connection.fetchval(
                "insert into web_session (token_hash, number, name, csrf, address, agent)"
                " values ($1, $2, $3, $4, $5, $6) returning id",
                _hashed(session.token),
                account.number,
                account.name,
                session.csrf,
                address,
                agent.replace("\0", "")[:LONGEST_AGENT],
            )
            await connection.execute(TIDY, account.number, account.name, MOST_SESSIONS)
            await connection.execute(
                "update account set signed_in_at = now() where number = $1 and name = $2",
                account.number,
                account.name,
            )
        return replace(session, id=found)

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
        found = Session(
            token=token,
            number=row["number"],
            name=row["name"],
            role=Role(row["role"]),
            id=row["id"],
            csrf=row["csrf"],
            reveal=row["reveal"],
            acting_for=row["acting_for"],
            acting_changes=row["acting_changes"],
        )
        return replace(found, reveal=found.reveal and Right.REVEAL in found.rights)

    async def reveal(self, session: Session, *, whole: bool) -> None:
        """Show callers whole in this session, or no more."""
        async with self._database.connection() as connection:
            await connection.execute(
                "update web_session set reveal = $2 where token_hash = $1",
                _hashed(session.token),
                whole,
            )

    async def act_for(self, session: Session, number: str, *, changes: bool) -> None:
        """Look at a number from within; an empty one: no more."""
        async with self._database.connection() as connection:
            await connection.execute(
                "update web_session set acting_for = $2, acting_changes = $3"
                " where token_hash = $1 and number = ''",
                _hashed(session.token),
                number,
                changes,
            )

    async def of(self, number: str, name: str = "") -> list[Entry]:
        """Who is signed in now, the latest first; of one user, or of all."""
        async with self._database.connection() as connection:
            rows = await connection.fetch(
                "select web_session.id, name, address, agent,"
                " web_session.created_at, seen_at"
                " from web_session join account using (number, name)"
                f" where number = $1 and ($2 = '' or name = $2) and {LASTING}"
                " order by seen_at desc, id",
                number,
                name,
            )
        return [Entry(**dict(row)) for row in rows]

    async def revoke(self, number: str, session_id: UUID, name: str = "") -> bool:
        """End one of a number's sessions; of one user, or of any. False: none such."""
        async with self._database.connection() as connection:
            done: str = await connection.execute(
                "delete from web_session"
                " where number = $1 and id = $2 and ($3 = '' or name = $3)",
                number,
                session_id,
                name,
            )
        return done == "DELETE 1"

    async def close(self, session: Session) -> None:
        """Sign out."""
        async with self._database.connection() as connection:
            await connection.execute(
                "delete from web_session where token_hash = $1", _hashed(session.token)
            )


def _hashed(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()
