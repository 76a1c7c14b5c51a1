"""Leases of quota: what each node may use of the capped periods of a number.

Everything about one period happens while its row in ``usage`` is locked: a delivery moves
that row and the leases of its node together, and a question sees either both or neither.
So what was delivered and what all nodes hold never exceed a cap when something is granted.

A node that is gone holds what it held: what its calls used of that is only known to its
journal. It takes its leases back under its name; somebody who knows that it will not come
back closes them (:meth:`Leases.close`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Final

from b2bua.service.flow.decision import REFUSED_BY_CAP
from b2bua.service.limits import Lease, Period, Unit
from b2bua.service.plan import Counted
from b2bua.service.quota import Granted, Others, ReserveQuota, Want, allot
from b2bua.store.nodes import SILENT_SECONDS
from b2bua.store.pool import Connection, Database

ANSWER_SECONDS: Final = 0.9
"""Less than a caller waits."""
CHANNEL: Final = "b2bua_quota"
"""Where numbers are told of which a node is short: ``NUMBER NODE``."""
LOCK: Final = """
insert into usage (number, period, starts)
select $1, period::period, starts
from unnest($2::text[], $3::date[]) as asked (period, starts)
order by period::period, starts
on conflict do nothing
"""
HOLD: Final = """
select period::text as period, starts, admitted, offered, capped, answered, spend
from usage where number = $1 and (period, starts) in (
    select period::period, starts from unnest($2::text[], $3::date[]) as a (period, starts)
) order by number, period, starts for update
"""
READ: Final = """
select period::text as period, starts, unit, node, turn, granted, settled, spare
from lease where number = $1 and starts = any($2::date[])
"""
WRITE: Final = """
insert into lease (number, period, starts, unit, node, turn, granted, spare)
values ($1, $2::text::period, $3, $4, $5, $6, $7, $8)
on conflict (number, period, starts, unit, node) do update set
    turn = excluded.turn, granted = excluded.granted, spare = excluded.spare,
    asked_at = now()
"""
CAPPED: Final = ", ".join(f"'{reason}'" for reason in sorted(REFUSED_BY_CAP))
"""What a cap refused, as a list in SQL."""
OWN: Final = """
select number, period::text as period, starts, unit, node, turn, granted, settled
from lease where node = $1 and starts >= $2
"""
SETTLE: Final = f"""
update lease set settled = lease.settled + moved.amount
from (
    select
        number, period,
        date_trunc(period::text, invite_at at time zone timezone)::date as starts,
        unit, node,
        sum(case when unit = 'spend' then fee else case plan -> 'limits' ->> 'count'
            when 'offered' then
                (end_reason not in ({CAPPED}))::int
            when 'answered' then (outcome = 'answered')::int
            else admitted::int
        end end) as amount
    from incoming
    join plan_version as known using (number)
    cross join unnest(enum_range(null::period)) as period
    cross join unnest(array['calls', 'spend']) as unit
    where known.version = plan_version and id = any($1::text[])
    group by number, period, starts, unit, node
) as moved
where lease.number = moved.number and lease.period = moved.period
and lease.starts = moved.starts and lease.unit = moved.unit and lease.node = moved.node
and moved.amount <> 0
"""
MOVED: Final = """
select distinct
    lease.number, period::text as period, lease.starts, unit, lease.node, turn, granted,
    settled
from incoming
join plan_version as known using (number)
join lease on lease.number = incoming.number and lease.node = incoming.node
where known.version = incoming.plan_version
and lease.starts = date_trunc(period::text, invite_at at time zone timezone)::date
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """What one node holds of one period, as operators see it."""

    number: str
    period: Period
    starts: date
    unit: Unit
    node: str
    granted: int
    """Calls, or 厘: ever given, less what was given back."""
    settled: int
    """What delivered records of the node came to."""
    spare: int
    """At most so much of it was unused when the node last asked."""
    asked_at: datetime
    """When the node last asked."""
    heard_at: datetime
    """When the node last asked, or said that it lives."""
    silent: bool
    """It does not say any more that it lives."""

    @property
    def held(self) -> int:
        """What no other node can use: for calls that are not delivered, or not used."""
        return max(0, self.granted - self.settled)


class Leases:
    """The leases of all nodes in one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def ask(self, node: str, question: ReserveQuota) -> Granted:
        """Act on a question, unless a later one was acted on; raises Unavailable."""
        number = question.number
        periods = [want.period.value for want in question.wants]
        starts = [want.starts for want in question.wants]
        async with self._database.transaction(ANSWER_SECONDS) as connection:
            await connection.execute(LOCK, number, periods, starts)
            usage = {
                (row["period"], row["starts"]): row
                for row in await connection.fetch(HOLD, number, periods, starts)
            }
            rows = await connection.fetch(READ, number, starts)
            answers = []
            for want in question.wants:
                key = (want.period.value, want.starts, want.unit.value)
                kin = [row for row in rows if (row[0], row[1], row[2]) == key]
                counted = _counted(usage[key[:2]], want.unit, question.count)
                answers.append(_decide(node, question, want, counted, kin))
            for answer in answers:
                if answer.acted:
                    await _write(connection, node, answer)
            short = any(answer.short for answer in answers)
            elsewhere = any(answer.short and answer.elsewhere for answer in answers)
            if elsewhere:
                await connection.execute(
                    "select pg_notify($1, $2)", CHANNEL, f"{number} {node}"
                )
        return Granted(
            number=number,
            turn=question.turn,
            leases=tuple(answer.lease for answer in answers),
            short=short,
            elsewhere=elsewhere,
        )

    async def holdings(self, number: str | None = None) -> list[Holding]:
        """What nodes hold of the periods that are not over, by number and node."""
        async with self._database.connection() as connection:
            rows = await connection.fetch(
                "select number, period::text as period, starts, unit, lease.node, granted,"
                " settled, spare, asked_at, greatest(asked_at, seen_at) as heard_at,"
                " seen_at is null or seen_at < now() - make_interval(secs => $2) as silent"
                " from lease left join node on node.name = lease.node"
                " where ($1::text is null or number = $1)"
                " and starts + ('1 ' || period)::interval > now() - interval '1 day'"
                " order by number, period, starts, unit, lease.node",
                number,
                SILENT_SECONDS,
            )
        return [
            Holding(
                number=row["number"],
                period=Period(row["period"]),
                starts=row["starts"],
                unit=Unit(row["unit"]),
                node=row["node"],
                granted=row["granted"],
                settled=row["settled"],
                spare=row["spare"],
                asked_at=row["asked_at"],
                heard_at=row["heard_at"],
                silent=row["silent"],
            )
            for row in rows
        ]

    async def close(self, node: str) -> int:
        """Give back all that a node holds, which will not come back: how many leases.

        What it admitted and never delivered is not counted from then on. Should it come
        back all the same, it learns that it holds nothing, and its records count.
        """
        async with self._database.transaction() as connection:
            await connection.fetch(
                "select 1 from usage where (number, period, starts) in"
                " (select number, period, starts from lease where node = $1)"
                " order by number, period, starts for update",
                node,
            )
            rows = await connection.fetch(
                "update lease set granted = settled, spare = 0, turn = turn + 1"
                " where node = $1 and granted > settled returning 1",
                node,
            )
        return len(rows)


async def settle(connection: Connection, fresh: Sequence[str]) -> tuple[Lease, ...]:
    """Move the leases that fresh records of ``incoming`` used, after usage was moved.

    The leases of all records' nodes and periods, as they are now.
    """
    await connection.execute(SETTLE, list(fresh))
    return leases(await connection.fetch(MOVED))


async def own(connection: Connection, node: str, since: date) -> tuple[Lease, ...]:
    """What a node holds of the periods that began at ``since`` or later."""
    return leases(await connection.fetch(OWN, node, since))


def leases(rows: Sequence[Any]) -> tuple[Lease, ...]:
    """Rows as values."""
    return tuple(
        Lease(
            number=row["number"],
            period=Period(row["period"]),
            starts=row["starts"],
            unit=Unit(row["unit"]),
            turn=row["turn"],
            granted=row["granted"],
            settled=row["settled"],
            node=row["node"],
        )
        for row in rows
    )


@dataclass(frozen=True, slots=True)
class _Answer:
    lease: Lease
    acted: bool = False
    spare: int = 0
    short: bool = False
    elsewhere: bool = False


def _decide(
    node: str, question: ReserveQuota, want: Want, counted: int, kin: Sequence[Any]
) -> _Answer:
    """Answer one want; ``kin``: the leases of its period and unit."""
    mine = next((row for row in kin if row["node"] == node), None)
    turn, granted, settled = (
        (0, 0, 0) if mine is None else (mine["turn"], mine["granted"], mine["settled"])
    )
    others = [row for row in kin if row["node"] != node]
    lease = Lease(
        number=question.number,
        period=want.period,
        starts=want.starts,
        unit=want.unit,
        turn=turn,
        granted=granted,
        settled=settled,
        node=node,
    )
    if turn >= question.turn:
        return _Answer(lease)
    allotment = allot(
        want,
        granted,
        settled,
        Others(
            counted=counted,
            leased=sum(max(0, row["granted"] - row["settled"]) for row in others),
            nodes=1 + len(others),
        ),
    )
    given = replace(
        lease,
        turn=question.turn,
        granted=allotment.granted,
        reserve=allotment.reserve,
    )
    elsewhere = any(row["spare"] > 0 for row in others)
    return _Answer(given, True, allotment.spare, allotment.short, elsewhere)


def _counted(usage: Any, unit: Unit, count: Counted) -> int:
    """What delivered records came to."""
    if unit is Unit.SPEND:
        return int(usage["spend"])
    match count:
        case Counted.ADMITTED:
            return int(usage["admitted"])
        case Counted.OFFERED:
            return int(usage["offered"] - usage["capped"])
        case Counted.ANSWERED:
            return int(usage["answered"])


async def _write(connection: Connection, node: str, answer: _Answer) -> None:
    lease = answer.lease
    await connection.execute(
        WRITE,
        lease.number,
        lease.period.value,
        lease.starts,
        lease.unit.value,
        node,
        lease.turn,
        lease.granted,
        answer.spare,
    )
