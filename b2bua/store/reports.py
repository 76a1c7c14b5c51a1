"""Subscriptions to reports, and what was made and sent of each: one number's own rows."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import msgspec

from b2bua.report.month import Period
from b2bua.report.timetable import MOST_SUBSCRIPTIONS, Rhythm, Subscription
from b2bua.report.wording import Language
from b2bua.store.errors import Rejected
from b2bua.store.pool import Database

SHOWN: Final = 20
"""Reports that are listed."""
MOST_ASKED: Final = 6
"""Reports that a number may send before their time, in an hour."""
COLUMNS: Final = "rhythm, hour, language, mail, webhook, whole, active"
RUNS: Final = """
select run.id, subscription, period, asked_by, run.state, run.attempts, run.said,
    run.created_at, made_at, whole,
    coalesce((select jsonb_agg(jsonb_build_object(
        'to', url, 'state', message.state, 'attempts', message.attempts,
        'said', message.said, 'settled_at', message.settled_at) order by seq)
    from webhook_message as message where message.id = run.id || ':report'), '[]')::text
        as sent
from report_run as run where run.number = $1
order by run.created_at desc, run.id desc limit $2
"""


class TooMany(Rejected):
    """There are as many as a number may have, or may ask for in an hour."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """One subscription."""

    id: int
    asked: Subscription
    since: datetime
    changed_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What became of one report at one address."""

    to: str
    """``mailto:`` and an address, or the URL of a webhook."""
    state: str
    """``pending``, ``delivered`` or ``dead``."""
    attempts: int
    said: str
    """Why the last attempt failed."""
    settled_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One report that was made, or is to be."""

    id: str
    subscription: int
    period: str
    asked_by: str
    """Who sent it before its time; empty: the timetable."""
    state: str
    """``pending``, ``made`` or ``failed``."""
    attempts: int
    said: str
    """Why it could not be made."""
    created_at: datetime
    made_at: datetime | None
    whole: bool
    sent: tuple[Sent, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What was sent."""

    period: str
    whole: bool
    letter: str
    """In HTML."""
    page: bytes
    sheet: bytes


class Reports:
    """The subscriptions and reports of one number."""

    def __init__(self, database: Database, number: str) -> None:
        self._database = database
        self._number = number

    async def all(self) -> list[Kept]:
        """The subscriptions, oldest first."""
        async with self._database.connection() as connection:
            rows = await connection.fetch(
                f"select id, since, changed_by, {COLUMNS} from report_subscription"
                " where number = $1 order by id",
                self._number,
            )
        return [kept(row) for row in rows]

    async def add(self, asked: Subscription, secret: str, who: str) -> int:
        """A new one; its id. Raises TooMany."""
        async with self._database.transaction() as connection:
            await connection.execute(
                "select pg_advisory_xact_lock(hashtext('report ' || $1))", self._number
            )
            held: int = await connection.fetchval(
                "select count(*) from report_subscription where number = $1", self._number
            )
            if held >= MOST_SUBSCRIPTIONS:
                raise TooMany("too_many")
            made: int = await connection.fetchval(
                f"insert into report_subscription (number, changed_by, {COLUMNS}, secret)"
                " values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) returning id",
                self._number,
                who,
                *_values(asked),
                secret,
            )
        return made

    async def change(
        self, subscription: int, asked: Subscription, secret: str, who: str
    ) -> bool:
        """Ask for something else; an empty ``secret`` leaves that. Whether it is there.

        What was due before another rhythm, another hour or a rest ended is not sent.
        """
        async with self._database.transaction() as connection:
            done = await connection.fetch(
                "update report_subscription set changed_by = $3, since = case"
                " when (rhythm, hour) <> ($4, $5) or not active then now() else since end,"
                " rhythm = $4, hour = $5, language = $6, mail = $7, webhook = $8,"
                " whole = $9, active = $10 where number = $1 and id = $2 returning id",
                self._number,
                subscription,
                who,
                *_values(asked),
            )
            if done and secret:
                await connection.execute(
                    "update report_subscription set secret = $3"
                    " where number = $1 and id = $2",
                    self._number,
                    subscription,
                    secret,
                )
        return bool(done)

    async def remove(self, subscription: int) -> bool:
        """Ask for it no more; what is not made yet is not made. Whether it was there."""
        async with self._database.transaction() as connection:
            done = await connection.fetch(
                "delete from report_subscription where number = $1 and id = $2"
                " returning id",
                self._number,
                subscription,
            )
            await connection.execute(
                "delete from report_run"
                " where number = $1 and subscription = $2 and state = 'pending'",
                self._number,
                subscription,
            )
        return bool(done)

    async def ask(self, subscription: int, period: Period, who: str) -> str:
        """Send a report before its time; its id. Raises TooMany."""
        run = f"{subscription}:{period}:{secrets.token_hex(6)}"
        async with self._database.transaction() as connection:
            await connection.execute(
                "select pg_advisory_xact_lock(hashtext('report ' || $1))", self._number
            )
            asked: int = await connection.fetchval(
                "select count(*) from report_run where number = $1 and asked_by <> ''"
                " and created_at > now() - interval '1 hour'",
                self._number,
            )
            if asked >= MOST_ASKED:
                raise TooMany("too_often")
            await connection.execute(
                "insert into report_run (id, number, subscription, period, asked_by)"
                " values ($1, $2, $3, $4, $5)",
                run,
                self._number,
                subscription,
                str(period),
                who,
            )
        return run

    async def runs(self, limit: int = SHOWN) -> list[Run]:
        """What was made and what became of it, newest first."""
        async with self._database.connection() as connection:
            rows = await connection.fetch(RUNS, self._number, limit)
        return [
            Run(
                **{
                    **dict(row),
                    "sent": tuple(msgspec.json.decode(row["sent"], type=list[Sent])),
                }
            )
            for row in rows
        ]

    async def content(self, run: str) -> Content | None:
        """What was sent; None if there is no such report, or it is not made."""
        async with self._database.connection() as connection:
            row = await connection.fetchrow(
                "select period, whole, html as letter, page, sheet from report_run"
                " where number = $1 and id = $2 and page is not null",
                self._number,
                run,
            )
        return None if row is None else Content(**dict(row))


def kept(row: Any) -> Kept:
    """A row as a subscription."""
    return Kept(
        id=row["id"],
        asked=Subscription(
            rhythm=Rhythm(row["rhythm"]),
            hour=row["hour"],
            language=Language(row["language"]),
            mail=tuple(row["mail"]),
            webhook=row["webhook"],
            whole=row["whole"],
            active=row["active"],
        ),
        since=row["since"],
        changed_by=row["changed_by"],
    )


def _values(asked: Subscription) -> Sequence[object]:
    return (
        asked.rhythm.value,
        asked.hour,
        asked.language.value,
        list(asked.mail),
        asked.webhook,
        asked.whole,
        asked.active,
    )
