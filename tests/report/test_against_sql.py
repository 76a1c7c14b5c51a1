"""The figures beside plain SQL counts of the same records, to the last call and 厘."""

from collections.abc import AsyncIterator
from dataclasses import asdict, replace
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from b2bua.report.analysis import analyse, summed
from b2bua.report.counting import Counting, span
from b2bua.report.figures import Figures, Subject
from b2bua.report.month import Month, Week
from b2bua.service.record import Outcome
from b2bua.store.pool import WORK_SECONDS, Connection, Database
from b2bua.store.records import Records
from tests.report.builders import NOVEMBER, random_records, subject

pytestmark = pytest.mark.wire

LOCAL = "(invite_at at time zone 'Asia/Shanghai')"
OF_MONTH = f"number = '4006001234' and date_trunc('month', {LOCAL}) = '2026-11-01'"
TALLY = """
count(*) as calls,
count(*) filter (where outcome = 'answered') as answered,
count(*) filter (where outcome = 'busy') as busy,
count(*) filter (where outcome = 'no-answer') as no_answer,
count(*) filter (where outcome = 'abandoned') as abandoned,
count(*) filter (where outcome = 'refused') as refused,
count(*) filter (where outcome = 'failed') as failed,
coalesce(sum(talk_ms), 0)::bigint as talk_ms,
coalesce(sum(setup_ms) filter (where outcome = 'answered'), 0)::bigint as setup_ms,
coalesce(sum(setup_ms) filter (where outcome = 'abandoned'), 0)::bigint as waited_ms,
coalesce(sum(fee), 0)::bigint as fee,
coalesce(sum(caller_fee), 0)::bigint as caller_fee
"""
HELD = """
select greatest(invite_at, invite_at + (setup_ms - coalesce((
        select (a.value->>'ring_ms')::bigint
        from jsonb_array_elements(attempts) with ordinality as a (value, place)
        where a.value->>'outcome' = 'answered' order by a.place desc limit 1
    ), 0)) * interval '1 ms') as begins,
    invite_at + (setup_ms + talk_ms) * interval '1 ms' as ends
from call_record where number = '4006001234' and outcome = 'answered'
    and setup_ms + talk_ms > 0
"""
UP = """
select invite_at as begins, invite_at + (setup_ms + talk_ms) * interval '1 ms' as ends
from call_record where number = '4006001234' and setup_ms + talk_ms > 0
"""


@pytest.fixture
async def connection(database: Database) -> AsyncIterator[Connection]:
    """Two months and a day of calls, and some of another number."""
    first, last = span(subject())
    # Two days more on either side: what is not asked for must not be counted.
    margin = timedelta(days=2)
    records = random_records(Random(20261121), 6000, first - margin, last + margin)
    await Records(database).add(records)
    strangers = random_records(Random(5), 50, first, last)
    others = [replace(one, id=f"o{one.id}", number="4006005678") for one in strangers]
    await Records(database).add(others)
    async with database.connection(WORK_SECONDS) as opened:
        yield opened


@pytest.fixture
async def figures(connection: Connection, database: Database) -> Figures:
    return await counted(database, subject())


async def counted(database: Database, about: Subject) -> Figures:
    counting = Counting(about)
    async for record in Records(database).in_order(about.number, *span(about)):
        counting.add(record)
    return summed(counting, about)


async def rows(connection: Connection, query: str) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in await connection.fetch(query)]


async def tallies(connection: Connection, key: str) -> dict[Any, dict[str, int]]:
    found = await connection.fetch(
        f"select {key} as key, {TALLY} from call_record where {OF_MONTH} group by 1"
    )
    return {row["key"]: {k: v for k, v in row.items() if k != "key"} for row in found}


async def test_totals(connection: Connection, figures: Figures) -> None:
    assert {True: asdict(figures.totals)} == await tallies(connection, "true")
    assert figures.totals.calls > 2000


async def test_the_month_before(connection: Connection, figures: Figures) -> None:
    row = await connection.fetchrow(
        f"select {TALLY} from call_record where number = '4006001234'"
        f" and date_trunc('month', {LOCAL}) = '2026-10-01'"
    )
    assert row is not None
    assert asdict(figures.before) == dict(row)


@pytest.mark.parametrize(
    ("key", "told"),
    [
        (
            f"(extract(isodow from {LOCAL})::int - 1) * 24"
            f" + extract(hour from {LOCAL})::int",
            lambda f: dict(enumerate(f.cells)),
        ),
        (f"{LOCAL}::date", lambda f: {one.day: one.tally for one in f.days}),
        ("area", lambda f: {one.area: one.tally for one in f.areas}),
        ("route", lambda f: dict(f.routes)),
    ],
)
async def test_tallies(
    connection: Connection, figures: Figures, key: str, told: Any
) -> None:
    counted = {name: asdict(one) for name, one in told(figures).items() if one.calls}
    assert counted == await tallies(connection, key)


async def test_four_weeks_before(connection: Connection, figures: Figures) -> None:
    found: dict[date, int] = dict(
        await rows(
            connection,
            f"select {LOCAL}::date + 28, count(*) from call_record"
            " where number = '4006001234' group by 1",
        )
    )
    assert [one.before for one in figures.days] == [
        found.get(one.day, 0) for one in figures.days
    ]


async def test_destinations(connection: Connection, figures: Figures) -> None:
    attempts = await rows(
        connection,
        f"""select a->>'destination', a->>'outcome', count(*), sum((a->>'ring_ms')::bigint)
        from call_record, jsonb_array_elements(attempts) as a
        where {OF_MONTH} group by 1, 2""",
    )
    told = [
        (one.name, outcome, getattr(one, outcome.replace("-", "_")))
        for one in figures.destinations
        for outcome in (
            *("answered", "busy", "no-answer", "unreachable", "cancelled", "skipped"),
        )
    ]
    assert sorted(told) == sorted((name, how, count) for name, how, count, _ in attempts)
    ringing = {name: ring for name, how, _, ring in attempts if how == "answered"}
    assert {one.name: one.ring_ms for one in figures.destinations} == ringing
    money = await rows(
        connection,
        "select destination, sum(talk_ms)::bigint, sum(fee)::bigint from call_record"
        f" where {OF_MONTH} and destination <> '' group by 1",
    )
    assert {(one.name, one.talk_ms, one.fee) for one in figures.destinations} == set(money)


async def test_shares(connection: Connection, figures: Figures) -> None:
    assigned = await rows(
        connection,
        f"""select plan_version, step->>'why', count(*)
        from call_record, jsonb_array_elements(trace) as step
        where {OF_MONTH} and step->>'rule' = 'group sales' group by 1, 2""",
    )
    told = [
        (one.version, f"percent: {one.destination}", one.assigned) for one in figures.shares
    ]
    assert sorted(told) == sorted(assigned)
    targets = {(one.version, one.destination): one.target for one in figures.shares}
    assert targets[1, "sales-1"] == Fraction(7, 10)
    assert targets[2, "sales-1"] is None


async def test_reasons(connection: Connection, figures: Figures) -> None:
    found = await rows(
        connection,
        f"""select outcome, end_reason, count(*) from call_record
        where {OF_MONTH} and outcome <> 'answered' group by 1, 2""",
    )
    told = [(one.outcome.value, one.reason, one.calls) for one in figures.reasons]
    assert sorted(told) == sorted(found)


async def test_keys(connection: Connection, figures: Figures) -> None:
    found = await rows(
        connection,
        f"""select key, count(*), count(*) filter (where outcome = 'answered')
        from call_record, string_to_table(keys, ',') as key
        where {OF_MONTH} and keys <> '' group by 1""",
    )
    told: dict[str, list[int]] = {}
    for one in figures.keys:
        sums = told.setdefault(one.key, [0, 0])
        sums[0] += one.presses
        sums[1] += one.answered
    assert {(key, *sums) for key, sums in told.items()} == set(found)


async def test_callers(connection: Connection, figures: Figures) -> None:
    row = await connection.fetchrow(
        f"""with mine as (
            select caller, count(*) as calls, max(invite_at) as last,
                (array_agg(outcome order by invite_at desc))[1] as outcome
            from call_record where {OF_MONTH} and caller <> '' group by caller
        )
        select count(*), count(*) filter (where calls > 1),
            (sum(calls) filter (where calls > 1))::bigint,
            count(*) filter (
                where outcome in ('busy', 'no-answer', 'abandoned') and not exists (
                    select from call_record as later
                    where later.number = '4006001234' and later.caller = mine.caller
                    and later.invite_at > mine.last
                    and later.invite_at <= mine.last + interval '1 day'
                )
            )
        from mine"""
    )
    assert row is not None
    callers = figures.callers
    told = (callers.distinct, callers.repeat, callers.repeat_calls, callers.lost)
    assert told == tuple(row)
    assert callers.lost > 100
    assert callers.undecided == 0


async def test_missed_calls(connection: Connection, figures: Figures) -> None:
    found = await rows(
        connection,
        f"""select invite_at, case when caller_private then '' else caller end, outcome,
            caller <> '' and exists (
                select from call_record as later
                where later.number = '4006001234' and later.caller = call_record.caller
                and later.invite_at > call_record.invite_at and later.outcome = 'answered'
                and later.invite_at < '2026-12-01T16:00Z'
            )
        from call_record
        where {OF_MONTH} and outcome in ('busy', 'no-answer', 'abandoned')
        order by invite_at desc limit 300""",
    )
    told = [
        (one.at.astimezone(UTC), one.caller, one.outcome.value, one.answered_later)
        for one in figures.missed
    ]
    assert told == found
    assert any(later for *_, later in found)


@pytest.mark.parametrize("kind", ["lines", "calls"])
async def test_peak(connection: Connection, figures: Figures, kind: str) -> None:
    peak = await connection.fetchval(
        f"""with held as ({HELD if kind == "lines" else UP})
        , edges (at, change) as (
            select begins, 1 from held union all select ends, -1 from held
        )
        select max(level) from (
            select at, sum(change) over (order by at, change rows unbounded preceding)
            from edges
        ) as levels (at, level)
        where at >= '2026-10-31T16:00Z' and at < '2026-11-30T16:00Z'"""
    )
    assert getattr(figures.lines, f"peak_{kind}") == peak
    assert peak > 3


async def test_traffic(connection: Connection, figures: Figures) -> None:
    busy = figures.lines.busy_hour
    assert busy is not None
    carried = await connection.fetchval(
        f"""with held as ({HELD})
        select sum(extract(epoch from
            least(ends, $1::timestamptz + interval '1 hour') - greatest(begins, $1))) / 3600
        from held where begins < $1 + interval '1 hour' and ends > $1""",
        busy.begins,
    )
    assert busy.carried == pytest.approx(float(carried), abs=1e-9)


async def test_read_lean_or_whole_the_figures_are_the_same(
    connection: Connection, database: Database, figures: Figures
) -> None:
    about = subject()
    since, until = span(about)
    found = Records(database).calls(about.number, since=since, until=until)
    whole = [record async for record in found]
    assert analyse(reversed(whole), about) == figures


async def test_a_week(connection: Connection, database: Database) -> None:
    figures = await counted(database, subject(Week(2026, 46)))
    days = await connection.fetch(
        f"select {LOCAL}::date as day, count(*) as calls, sum(fee)::bigint as fee"
        " from call_record where number = '4006001234' group by 1"
    )
    calls = {row["day"]: row["calls"] for row in days}
    monday = date(2026, 11, 9)
    week = [monday + timedelta(days=day) for day in range(7)]
    assert [one.day for one in figures.days] == week
    assert [one.tally.calls for one in figures.days] == [calls[day] for day in week]
    before = [calls[day - timedelta(days=7)] for day in week]
    assert [one.before for one in figures.days] == before
    assert figures.before.calls == sum(before)
    fees = {row["day"]: row["fee"] for row in days}
    assert figures.totals.fee == sum(fees[day] for day in week)


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Kathmandu", "Pacific/Auckland"])
async def test_other_zones(connection: Connection, database: Database, zone: str) -> None:
    about = Subject(
        number="4006001234",
        period=NOVEMBER,
        at=datetime(2027, 1, 1, tzinfo=UTC),
        zone=ZoneInfo(zone),
    )
    figures = await counted(database, about)
    local = f"(invite_at at time zone '{zone}')"
    found = await rows(
        connection,
        f"""select (extract(isodow from {local})::int - 1) * 24
            + extract(hour from {local})::int, count(*)
        from call_record where number = '4006001234'
        and date_trunc('month', {local}) = '2026-11-01' group by 1""",
    )
    told = [(cell, one.calls) for cell, one in enumerate(figures.cells) if one.calls]
    assert told == sorted(found)


async def test_a_month_without_calls(database: Database) -> None:
    figures = await counted(database, subject(Month(2024, 2)))
    assert figures.totals.calls == 0
    assert figures.lines.busy_hour is None
    assert len(figures.days) == 29
    assert not any(one.outcome is Outcome.BUSY for one in figures.reasons)
