"""Reports on their way: opened when they are due, claimed, made, and handed to the outbox.

    opened      one row for each subscription and period: the row's id says so
    claimed     nobody else makes it, while the claim is renewed
    made        the letter, its files and a message for each address, in one commit

Whoever dies between two lines leaves the row as it was: after a minute the next node takes
it. Who finds it made already writes nothing. The messages are the outbox's.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from b2bua.report.month import Period, period_of
from b2bua.report.timetable import Subscription, owed
from b2bua.service.webhook import origin
from b2bua.store.outbox import MAILTO
from b2bua.store.pool import WORK_SECONDS, Database
from b2bua.store.reports import COLUMNS, kept

LEASE_SECONDS: Final = 60.0
ZONE: Final = "Asia/Shanghai"
EVENT: Final = "report"
GIVEN_UP: Final = "24 hours"
"""After which a report that cannot be made is failed."""
KEPT: Final = "400 days"
"""How long reports are kept: they may hold callers' numbers."""
SUBSCRIPTIONS: Final = f"""
select id, number, since, changed_by, {COLUMNS},
    coalesce((select plan_version.plan->>'timezone' from plan
        join plan_version using (number, version)
        where plan.number = report_subscription.number), '{ZONE}') as zone
from report_subscription where active
"""
CLAIM: Final = f"""
with claimed as (
    update report_run set due_at = now() + make_interval(secs => $1),
        attempts = attempts + 1
    where id = (select id from report_run where state = 'pending' and due_at <= now()
        order by due_at limit 1 for update skip locked)
    returning id, number, subscription, period, attempts
)
select claimed.id as run, claimed.period, claimed.attempts, own.id, own.number,
    own.since, own.changed_by, {", ".join(f"own.{name}" for name in COLUMNS.split(", "))}
from claimed join report_subscription as own
    on own.id = claimed.subscription and own.number = claimed.number
"""
MADE: Final = """
update report_run set state = 'made', said = '', made_at = now(), whole = $2, subject = $3,
    letter = $4, html = $5, page = $6, sheet = $7
where id = $1 and state = 'pending' and exists (
    select from report_subscription as own
    where own.id = report_run.subscription and own.number = report_run.number)
returning number
"""
FAILED: Final = f"""
update report_run set said = $2, due_at = now() + make_interval(secs => $3),
    state = case when created_at < now() - interval '{GIVEN_UP}' then 'failed'
        else state end
where id = $1 and state = 'pending'
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """One report to be made."""

    run: str
    number: str
    period: Period
    asked: Subscription
    attempts: int
    """This one included."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What is sent."""

    subject: str
    text: str
    html: str
    page: bytes = field(repr=False)
    sheet: bytes = field(repr=False)
    told: str = field(repr=False)
    """For webhooks: JSON."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Posting:
    """What the letter of a report says, and when it was made."""

    number: str
    period: str
    made_at: datetime
    subject: str
    text: str
    html: str
    page: bytes = field(repr=False)
    sheet: bytes = field(repr=False)


class ReportRuns:
    """The reports of all numbers."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def open(self, now: datetime) -> int:
        """Open what is due by now; how many there were."""
        async with self._database.connection(WORK_SECONDS) as connection:
            rows = await connection.fetch(SUBSCRIPTIONS)
        due = []
        for row in rows:
            one = kept(row)
            zone = ZoneInfo(row["zone"])
            due += [
                (f"{one.id}:{period}", row["number"], one.id, str(period))
                for period in owed(one.asked, zone, one.since, now)
            ]
        if not due:
            return 0
        async with self._database.transaction() as connection:
            made = await connection.fetch(
                "insert into report_run (id, number, subscription, period)"
                " select * from unnest($1::text[], $2::text[], $3::bigint[], $4::text[])"
                " on conflict (id) do nothing returning id",
                *map(list, zip(*due, strict=True)),
            )
        return len(made)

    async def claim(self, lease: float = LEASE_SECONDS) -> Claimed | None:
        """Take the next that is due; nobody else gets it for ``lease`` seconds."""
        async with self._database.transaction() as connection:
            row = await connection.fetchrow(CLAIM, lease)
        if row is None:
            return None
        return Claimed(
            run=row["run"],
            number=row["number"],
            period=period_of(row["period"]),
            asked=kept(row).asked,
            attempts=row["attempts"],
        )

    async def hold(self, run: str, lease: float = LEASE_SECONDS) -> None:
        """Go on making it."""
        async with self._database.connection(WORK_SECONDS) as connection:
            await connection.execute(
                "update report_run set due_at = now() + make_interval(secs => $2)"
                " where id = $1 and state = 'pending'",
                run,
                lease,
            )

    async def settle(self, claimed: Claimed, made: Made) -> bool:
        """Keep it and write its messages, in one commit; False: somebody else has."""
        asked = claimed.asked
        async with self._database.transaction() as connection:
            number = await connection.fetchval(
                MADE,
                claimed.run,
                asked.whole,
                made.subject,
                made.text,
                made.html,
                made.page,
                made.sheet,
            )
            if number is None:
                return False
            told = [(asked.webhook, made.told)] if asked.webhook else []
            # Whoever sends a letter reads it where it is kept.
            told += [(f"{MAILTO}{address}", "") for address in asked.mail]
            await connection.execute(
                "insert into webhook_message"
                " (id, url, origin, number, event, body, expires_at)"
                " select $1, url, origin, $2, $3, body, now() + interval '3 days'"
                " from unnest($4::text[], $5::text[], $6::text[])"
                " as told (url, origin, body)"
                " on conflict (id, url) do nothing",
                message_id(claimed.run),
                number,
                EVENT,
                [url for url, _ in told],
                [origin(url) for url, _ in told],
                [body for _, body in told],
            )
        return True

    async def failed(self, run: str, why: str, pause: float) -> None:
        """It could not be made: again in ``pause`` seconds, for a day."""
        async with self._database.connection(WORK_SECONDS) as connection:
            await connection.execute(FAILED, run, why[:200], pause)

    async def posting(self, message: str) -> Posting | None:
        """The letter that a message of the outbox stands for; None: it is kept no more."""
        async with self._database.connection(WORK_SECONDS) as connection:
            row = await connection.fetchrow(
                "select number, period, made_at, subject, letter as text, html, page, sheet"
                " from report_run where id = $1 and state = 'made'",
                message.removesuffix(f":{EVENT}"),
            )
        return None if row is None else Posting(**dict(row))

    async def prune(self) -> None:
        """Forget what was made long ago."""
        async with self._database.connection(WORK_SECONDS) as connection:
            await connection.execute(
                f"delete from report_run where created_at < now() - interval '{KEPT}'"
            )


def message_id(run: str) -> str:
    """Of the messages of a report: the same however often they are sent."""
    return f"{run}:{EVENT}"
