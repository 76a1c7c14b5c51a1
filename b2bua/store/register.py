"""The register of all numbers: searched, sorted, a page at a time, and summed up."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Final

from b2bua.store.fence import OPERATOR
from b2bua.store.pool import WORK_SECONDS, Database

PAGE: Final = 50
LONGEST_SEARCH: Final = 64
FOUND: Final = """
with up as (
    select number, count(*) as live from live_call where lease_until > now() group by number
),
every as (
    select plan.number, known.version, known.published_at,
        coalesce(known.plan->>'name', '') as name,
        coalesce((known.plan->>'active')::boolean, true) as active,
        coalesce(known.plan->>'tariff', '') as tariff,
        known.plan ? 'limits' as capped,
        coalesce(month.offered, 0) as calls, coalesce(month.spend, 0) as spend,
        coalesce(up.live, 0) as live
    from plan join plan_version as known using (number, version)
    left join usage as month on month.number = plan.number and month.period = 'month'
        and month.starts = date_trunc('month', now() at time zone known.timezone)::date
    left join up on up.number = plan.number
)
"""
LISTED: Final = """,
found as (
    select * from every
    where (position($1 in number) > 0 or position(lower($1) in lower(name)) > 0)
    and ($2::boolean is null or active = $2) and ($3 = '' or tariff = $3)
),
page as materialized (select * from found order by {order}, number limit $4 offset $5)
select page.*, (select count(*) from found) as total,
    (select max(invite_at) from call_record where call_record.number = page.number)
        as last_call_at,
    (select max(signed_in_at) from account where account.number = page.number)
        as signed_in_at,
    exists (select from account where account.number = page.number) as has_account
from page order by {order}, number
"""
"""What costs a look-up for each number is looked up for one page alone."""
SUMMED: Final = """
select count(*) as numbers, count(*) filter (where not active) as suspended,
    coalesce(sum(live), 0)::bigint as live, coalesce(sum(calls), 0)::bigint as calls,
    coalesce(sum(spend), 0)::bigint as spend
from every
"""


class Order(Enum):
    """By what the register is sorted."""

    NUMBER = "number"
    NAME = "name"
    CALLS = "calls"
    """Most this month first."""
    SPEND = "spend"
    """Most this month first."""
    LIVE = "live"
    """Most now first."""


BY: Final = {
    Order.NUMBER: "number",
    Order.NAME: "name",
    Order.CALLS: "calls desc",
    Order.SPEND: "spend desc",
    Order.LIVE: "live desc",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberRow:
    """One number, in a list of all."""

    number: str
    name: str
    version: int
    published_at: datetime
    active: bool
    tariff: str
    capped: bool
    last_call_at: datetime | None
    calls: int
    """Offered this month."""
    spend: int
    """厘, this month."""
    live: int
    signed_in_at: datetime | None
    has_account: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which numbers."""

    search: str = ""
    """A part of the number or of the name."""
    active: bool | None = None
    """None: whether in service or not."""
    tariff: str = ""
    order: Order = Order.NUMBER
    page: int = 1
    limit: int = PAGE


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One page, and how many there are in all; 0 beyond the last page."""

    numbers: list[NumberRow]
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """All numbers together."""

    numbers: int
    suspended: int
    live: int
    calls: int
    """Offered this month."""
    spend: int
    """厘, this month."""


class Register:
    """All numbers of one database, as the operator's role sees them."""

    def __init__(self, database: Database) -> None:
        self._database = database.acting(OPERATOR)

    async def listed(self, wanted: Wanted) -> Listed:
        """The numbers that are wanted."""
        text = FOUND + LISTED.format(order=BY[wanted.order])
        async with self._database.transaction(WORK_SECONDS) as connection:
            rows = await connection.fetch(
                text,
                wanted.search[:LONGEST_SEARCH],
                wanted.active,
                wanted.tariff,
                wanted.limit,
                (wanted.page - 1) * wanted.limit,
            )
        found = [dict(row) for row in rows]
        total = found[0]["total"] if found else 0
        for row in found:
            del row["total"]
        return Listed(numbers=[NumberRow(**row) for row in found], total=total)

    async def row(self, number: str) -> NumberRow | None:
        """One number."""
        listed = await self.listed(Wanted(search=number, limit=10))
        return next((one for one in listed.numbers if one.number == number), None)

    async def sums(self) -> Sums:
        """All together."""
        async with self._database.transaction(WORK_SECONDS) as connection:
            row = await connection.fetchrow(FOUND + SUMMED)
        return Sums(**dict(row or {}))
