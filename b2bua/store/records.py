"""Call records and what periods hold: written many at a time, read back newest first."""

from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any, Final

import msgspec

from b2bua.service.limits import Period, PeriodUsage, Standing, Usage
from b2bua.service.record import CallRecord
from b2bua.store import leases
from b2bua.store.encoding import decode_record
from b2bua.store.errors import Rejected
from b2bua.store.outbox import tell
from b2bua.store.pool import WORK_SECONDS, Database

COLUMNS: Final = tuple(field.name for field in fields(CallRecord))
JSON_COLUMNS: Final = frozenset({"attempts", "trace", "ladder", "quality"})
HEAVY_COLUMNS: Final = frozenset({"ladder", "quality", "arithmetic", "fault", "trace"})
"""What an analysis does not read, or not whole."""
PAGE: Final = 500
LEAN_PAGE: Final = 2000
LEAN: Final = f"""
select to_jsonb(lean)::text as record
from (
    select {", ".join(name for name in COLUMNS if name not in HEAVY_COLUMNS)},
        jsonb_path_query_array(trace, '$[*] ? (@.rule starts with "group ")') as trace
    from call_record
    where number = $1 and (invite_at, id) > ($2, $3) and invite_at < $4
    order by invite_at, id limit $5
) as lean
"""
INSERT: Final = f"""
with fresh as (
    insert into call_record ({", ".join(COLUMNS)})
    select {", ".join(COLUMNS)} from incoming order by id
    on conflict (id) do nothing
    returning id, number, plan_version, invite_at, outcome, admitted, fee, end_reason
), moved as (
    insert into usage
        (number, period, starts, offered, admitted, answered, spend, capped)
    select
        number, period,
        date_trunc(period::text, invite_at at time zone timezone)::date as starts,
        count(*), count(*) filter (where admitted),
        count(*) filter (where outcome = 'answered'), sum(fee),
        count(*) filter (where end_reason in ({leases.CAPPED}))
    from fresh
    join plan_version as known using (number)
    cross join unnest(enum_range(null::period)) as period
    where known.version = fresh.plan_version
    group by number, period, starts order by number, period, starts
    on conflict (number, period, starts) do update set
        offered = usage.offered + excluded.offered,
        admitted = usage.admitted + excluded.admitted,
        answered = usage.answered + excluded.answered,
        spend = usage.spend + excluded.spend,
        capped = usage.capped + excluded.capped
)
select id from fresh
"""
TOUCHED: Final = """
select distinct
    number, period::text as period, starts, usage.admitted, spend,
    offered - capped as offered, answered
from incoming join plan_version as known using (number)
cross join unnest(enum_range(null::period)) as one
join usage using (number)
where known.version = incoming.plan_version and usage.period = one
and starts = date_trunc(one::text, invite_at at time zone timezone)::date
"""
USAGE: Final = """
select
    coalesce(sum(admitted) filter (where period = 'month'), 0)::bigint as month,
    coalesce(sum(admitted) filter (where period = 'week'), 0)::bigint as week,
    coalesce(sum(spend) filter (where period = 'month'), 0)::bigint as spend
from usage
where number = $1 and starts = date_trunc(period::text, $2 at time zone $3)::date
"""


@dataclass(frozen=True, slots=True)
class Added:
    """What became of records that were stored."""

    fresh: int
    """How many were not there before."""
    standing: Standing
    """What their periods hold now, all of them included."""


class Records:
    """The call records of all nodes in one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, records: Sequence[CallRecord]) -> Added:
        """Store records, and move the usage of those that were not there.

        One transaction: after Unavailable the same records may be given again. Raises
        Rejected if PostgreSQL will never take one of them.
        """
        async with self._database.transaction() as connection:
            await connection.execute(
                "create temporary table if not exists incoming"
                " (like call_record) on commit delete rows"
            )
            rows = [_row(record) for record in records]
            try:
                await connection.copy_records_to_table(
                    "incoming", records=rows, columns=COLUMNS
                )
            except OverflowError as error:
                raise Rejected(f"a number of a record: {error}") from error
            fresh = {row["id"] for row in await connection.fetch(INSERT)}
            await tell(connection, [one for one in records if one.id in fresh])
            held = await leases.settle(connection, list(fresh))
            usage = _usage(await connection.fetch(TOUCHED))
        known = tuple(record.id for record in records)
        return Added(len(fresh), Standing(usage=usage, known=known, leases=held))

    async def standing(self, calls: Sequence[str], since: date, node: str = "") -> Standing:
        """What the periods hold that began at ``since`` or later, at one moment.

        ``calls`` are names to be looked for: those found are in the figures. ``node`` is
        whose leases are asked for too.
        """
        async with self._database.transaction(one_moment=True) as connection:
            rows = await connection.fetch(
                "select number, period::text as period, starts, admitted, spend,"
                " offered - capped as offered, answered from usage where starts >= $1",
                since,
            )
            known = await connection.fetch(
                "select id from call_record where id = any($1::text[])", list(calls)
            )
            held = await leases.own(connection, node, since)
        return Standing(
            usage=_usage(rows), known=tuple(row["id"] for row in known), leases=held
        )

    async def calls(
        self,
        number: str | None = None,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int | None = None,
    ) -> AsyncIterator[CallRecord]:
        """Records by the time of their INVITE, newest first, ``until`` not included.

        Read a page at a time, so that a long listing holds no transaction open.
        """
        left = limit
        before: tuple[datetime | None, str] = (until, "")
        while left is None or left > 0:
            page = PAGE if left is None else min(PAGE, left)
            async with self._database.connection(WORK_SECONDS) as connection:
                rows = await connection.fetch(
                    "select to_jsonb(call_record)::text as record from call_record"
                    " where ($1::text is null or number = $1)"
                    " and ($2::timestamptz is null or invite_at >= $2)"
                    " and ($3::timestamptz is null or (invite_at, id) < ($3, $4))"
                    " order by invite_at desc, id desc limit $5",
                    number,
                    since,
                    *before,
                    page,
                )
            for row in rows:
                record = decode_record(row["record"].encode())
                before = (record.invite_at, record.id)
                yield record
            if len(rows) < page:
                return
            left = None if left is None else left - page

    async def in_order(
        self, number: str, since: datetime, until: datetime
    ) -> AsyncIterator[CallRecord]:
        """Records for analysis by the time of their INVITE, oldest first.

        ``since`` is included, ``until`` is not. They are lean: without ladder, quality,
        arithmetic and fault, and of the trace the steps that chose among a group.
        """
        after: tuple[datetime, str] = (since, "")
        while True:
            async with self._database.connection(WORK_SECONDS) as connection:
                rows = await connection.fetch(LEAN, number, *after, until, LEAN_PAGE)
            for row in rows:
                record = decode_record(row["record"].encode())
                after = (record.invite_at, record.id)
                yield record
            if len(rows) < LEAN_PAGE:
                return

    async def many(self, number: str, few: int, since: datetime, until: datetime) -> bool:
        """Whether a number has more records than a few."""
        async with self._database.connection() as connection:
            found: int = await connection.fetchval(
                "select count(*) from (select from call_record where number = $1"
                " and invite_at >= $2 and invite_at < $3 limit $4) as found",
                number,
                since,
                until,
                few + 1,
            )
        return found > few

    async def call(self, call_id: str) -> CallRecord | None:
        """One record, or None."""
        async with self._database.connection() as connection:
            row: str | None = await connection.fetchval(
                "select to_jsonb(call_record)::text from call_record where id = $1", call_id
            )
        return None if row is None else decode_record(row.encode())

    async def usage(self, number: str, at: datetime, timezone: str) -> Usage:
        """What the month and the week of ``at`` hold for a number; nothing is reserved."""
        async with self._database.connection() as connection:
            row = await connection.fetchrow(USAGE, number, at, timezone)
        if row is None:
            return Usage()
        return Usage(
            calls_this_month=row["month"],
            calls_this_week=row["week"],
            spent_this_month=row["spend"],
        )


def _usage(rows: Iterable[Any]) -> tuple[PeriodUsage, ...]:
    return tuple(
        PeriodUsage(
            number=row["number"],
            period=Period(row["period"]),
            starts=row["starts"],
            admitted=row["admitted"],
            spend=row["spend"],
            offered=row["offered"],
            answered=row["answered"],
        )
        for row in rows
    )


def _row(record: CallRecord) -> tuple[object, ...]:
    plain: dict[str, object] = msgspec.to_builtins(record, builtin_types=(datetime,))
    return tuple(
        _json(plain[name]) if name in JSON_COLUMNS else _storable(plain[name])
        for name in COLUMNS
    )


def _json(value: object) -> str:
    text = msgspec.json.encode(value).decode()
    return msgspec.json.encode(_storable(value)).decode() if "\\u0000" in text else text


def _storable(value: object) -> object:
    """PostgreSQL's text holds every character but NUL."""
    match value:
        case str():
            return value.replace("\0", "\N{REPLACEMENT CHARACTER}")
        case dict():
            return {key: _storable(item) for key, item in value.items()}
        case list() | tuple():
            return [_storable(item) for item in value]
        case _:
            return value
