"""What whoever runs all numbers sees: plans, calls, prices, what a month came to."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from b2bua.service.limits import CapState, Usage, cap_states
from b2bua.service.plan import Plan, Tariff
from b2bua.service.planfile import MalformedPlan, plan_from_mapping
from b2bua.store.fence import OPERATOR
from b2bua.store.live import Live, LiveCall
from b2bua.store.plans import Draft, Plans, Published
from b2bua.store.pool import WORK_SECONDS, Database
from b2bua.store.records import Records

UP: Final = """
select id, node, number, caller, state, since, destination, private,
    count(*) over () as total
from live_call where lease_until > now()
and ($1 = '' or position($1 in number) > 0 or position($1 in node) > 0)
order by since, id limit $2
"""
SETTLEMENT: Final = """
select call.number, max(current.plan->>'name') as name,
    count(*) as calls, count(*) filter (where outcome = 'answered') as answered,
    sum(talk_ms)::bigint as talk_ms, sum(charged_ms)::bigint as charged_ms,
    sum(fee)::bigint as fee, sum(caller_fee)::bigint as caller_fee
from call_record as call
left join plan_version as known
    on known.number = call.number and known.version = call.plan_version
left join plan on plan.number = call.number
left join plan_version as current
    on current.number = plan.number and current.version = plan.version
where invite_at >= $2 and invite_at < $3
and date_trunc('month', invite_at at time zone coalesce(known.timezone, $4)) = $1
group by call.number order by call.number
"""
"""Wide bounds for the index, then the month on the number's own clocks."""
ZONE: Final = "Asia/Shanghai"
NEAR: Final = 0.9
"""A cap that is used so far is told of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallsUp:
    """Some calls that are up, and how many there are."""

    calls: list[LiveCall]
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """What a month came to for a number; money in 厘."""

    number: str
    name: str
    calls: int
    answered: int
    talk_ms: int
    charged_ms: int
    fee: int
    """The enterprise's share."""
    caller_fee: int
    """The callers', an estimate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A plan as it is stored."""

    plan: Plan
    source: str


class House:
    """Everything in one database, as the operator's role sees it."""

    def __init__(self, database: Database) -> None:
        self.database = database.acting(OPERATOR)
        self._plans = Plans(self.database)

    async def plan(self, number: str) -> Held | None:
        """A number's current plan; None if it has none that can be read."""
        async with self.database.connection() as connection:
            row = await connection.fetchrow(
                "select plan::text, source from plan join plan_version"
                " using (number, version) where number = $1",
                number,
            )
        found = None if row is None else _read(row["plan"])
        if row is None or found is None:
            return None
        return Held(plan=found, source=row["source"])

    async def publish(self, plan: Plan, source: str, base: int | None) -> Published:
        """Make this the plan that calls follow. Raises PlanMoved."""
        return (await self._plans.publish([Draft(plan=plan, source=source, base=base)]))[0]

    async def usage(self, plan: Plan, at: datetime) -> list[CapState]:
        """How far a number's caps are used."""
        used = await Records(self.database).usage(plan.number, at, plan.timezone)
        return cap_states(plan.caps, used)

    async def strained(self) -> list[tuple[str, CapState]]:
        """Numbers whose caps are nearly used, or used up."""
        async with self.database.transaction() as connection:
            rows = await connection.fetch(
                "select number, plan::text,"
                " coalesce(max(admitted) filter (where period = 'month'), 0) as month,"
                " coalesce(max(admitted) filter (where period = 'week'), 0) as week,"
                " coalesce(max(spend) filter (where period = 'month'), 0) as spend"
                " from plan join plan_version using (number, version)"
                " left join usage using (number)"
                " where plan_version.plan ? 'limits' and starts ="
                " date_trunc(period::text, now() at time zone timezone)::date"
                " group by number, plan_version.plan order by number"
            )
        found = []
        for row in rows:
            plan = _read(row["plan"])
            usage = Usage(
                calls_this_month=row["month"],
                calls_this_week=row["week"],
                spent_this_month=row["spend"],
            )
            states = () if plan is None else cap_states(plan.caps, usage)
            found += [
                (row["number"], one) for one in states if one.used >= NEAR * one.limit
            ]
        return found

    async def live(self, number: str | None = None) -> list[LiveCall]:
        """The calls that are up, of all numbers or of one, oldest first."""
        return [call for call in await Live(self.database).live(number) if not call.lost]

    async def up(self, search: str, limit: int) -> CallsUp:
        """The longest of them, of numbers or nodes that a text is found in."""
        async with self.database.transaction() as connection:
            rows = await connection.fetch(UP, search, limit)
        found = [dict(row) for row in rows]
        total = found[0]["total"] if found else 0
        for row in found:
            del row["total"]
        return CallsUp(calls=[LiveCall(**row) for row in found], total=total)

    async def tariffs(self) -> list[Tariff]:
        """Every version of every price, the newest of each first."""
        async with self.database.connection() as connection:
            rows = await connection.fetch(
                "select name, version, unit_seconds, unit_price from tariff"
                " order by name, version desc"
            )
        return [Tariff(**dict(row)) for row in rows]

    async def publish_tariff(self, tariff: Tariff) -> int:
        """A new version, if it differs from the current; its version."""
        return await self._plans.publish_tariff(tariff)

    async def users_of_tariffs(self) -> Mapping[str, int]:
        """How many numbers have each price."""
        async with self.database.connection() as connection:
            rows = await connection.fetch(
                "select coalesce(plan_version.plan->>'tariff', '') as tariff, count(*)"
                " from plan join plan_version using (number, version) group by 1"
            )
        return {row["tariff"]: row["count"] for row in rows}

    async def settlement(self, year: int, month: int) -> list[Share]:
        """What a month came to, for each number that had a call."""
        first = datetime(year, month, 1, tzinfo=UTC)
        after = (first + timedelta(days=32)).replace(day=1)
        margin = timedelta(days=1)
        async with self.database.transaction(WORK_SECONDS) as connection:
            rows = await connection.fetch(
                SETTLEMENT,
                first.replace(tzinfo=None),
                first - margin,
                after + margin,
                ZONE,
            )
        return [Share(**{**dict(row), "name": row["name"] or ""}) for row in rows]


def _read(text: str) -> Plan | None:
    try:
        return plan_from_mapping(msgspec.json.decode(text))
    except MalformedPlan:
        return None
