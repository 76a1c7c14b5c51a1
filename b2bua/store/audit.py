"""Who did what, when and from where: only ever added to."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any, Final

from b2bua.store.pool import Database

LONGEST: Final = 400
PAGE: Final = 50


class Act(Enum):
    """What is noted."""

    SIGNED_IN = "signed in"
    SIGNED_OUT = "signed out"
    WRONG_CODE = "gave a wrong code"
    PASSWORD = "changed a password"
    CODES_ON = "asked for one-time codes"
    CODES_OFF = "gave up one-time codes"
    USER_ADDED = "added a user"
    USER_CHANGED = "changed a user"
    USER_REMOVED = "removed a user"
    TOKEN_MADE = "made a token"
    TOKEN_REVOKED = "revoked a token"
    SESSION_REVOKED = "ended a session"
    REVEALED = "showed whole numbers"
    PUBLISHED = "published a plan"
    DRAFTED = "kept a draft"
    DRAFT_DROPPED = "dropped a draft"
    PROMPT_KEPT = "uploaded a prompt"
    PROMPT_REMOVED = "removed a prompt"
    WEBHOOK_TRIED = "tried a webhook"
    EXPORTED = "exported"
    REPORT_SET = "set up a report"
    REPORT_REMOVED = "removed a report"
    REPORT_SENT = "sent a report"
    HEARD = "listened to a recording"
    HUNG_UP = "hung up"
    ACTED = "acted for a number"
    ACTED_NO_MORE = "stopped acting"
    NUMBER_CREATED = "created a number"
    NUMBER_SUSPENDED = "suspended a number"
    NUMBER_RESUMED = "resumed a number"
    NUMBER_CHANGED = "changed a number"
    TARIFF = "published a tariff"
    IMPORTED = "imported"
    WITHDRAWN = "withdrew"


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """Something that was done."""

    number: str
    """Whose affair it was; empty: the house's."""
    actor: str
    role: str
    address: str
    act: Act
    subject: str = ""
    """What it was done to."""
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """One line of the log."""

    seq: int
    at: datetime
    number: str
    actor: str
    role: str
    address: str
    act: str
    subject: str
    detail: str


class Audit:
    """The log in one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def note(self, deed: Deed) -> None:
        """Add a line."""
        async with self._database.connection() as connection:
            await connection.execute(
                "insert into audit (number, actor, role, address, act, subject, detail)"
                " values ($1, $2, $3, $4, $5, $6, $7)",
                deed.number,
                deed.actor,
                deed.role,
                _storable(deed.address),
                deed.act.value,
                _storable(deed.subject),
                _storable(deed.detail),
            )

    async def came_before(self, number: str, actor: str, address: str) -> bool:
        """Whether a user has signed in from this address."""
        async with self._database.connection() as connection:
            found: bool = await connection.fetchval(
                "select exists (select from audit where number = $1 and address = $2"
                " and actor = $3 and act = 'signed in')",
                number,
                address,
                actor,
            )
        return found

    async def of(
        self,
        number: str | None,
        *,
        before: int | None = None,
        act: str = "",
        limit: int = PAGE,
    ) -> list[Noted]:
        """The latest first; of a number, or None: everything."""
        async with self._database.connection() as connection:
            rows: list[Any] = await connection.fetch(
                "select seq, at, number, actor, role, address, act, subject, detail"
                " from audit where ($1::text is null or number = $1)"
                " and ($2::bigint is null or seq < $2) and ($3 = '' or act = $3)"
                " order by seq desc limit $4",
                number,
                before,
                act,
                limit,
            )
        return [Noted(**dict(row)) for row in rows]


def _storable(text: str) -> str:
    return text.replace("\0", "")[:LONGEST].encode("utf-8", "replace").decode()
