"""One number's own rows, and no other's: all that the portal reads and writes.

Whoever is signed in is given a :class:`Tenant`; there is no other way from a request to
the tables, so that no page can forget whose row it shows. Its :attr:`Tenant.database` is
fenced besides: a query that asks for everybody's rows finds the number's own. And for who
may not see callers' numbers it has none to show: they are masked before a page gets them.
"""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

import msgspec
from msgspec import structs

from b2bua.service.limits import Usage
from b2bua.service.number import masked
from b2bua.service.plan import Calendar, Plan
from b2bua.service.planfile import MalformedPlan, plan_from_mapping, plan_to_yaml
from b2bua.service.record import CallRecord, Outcome
from b2bua.service.talks import Talked
from b2bua.store.encoding import decode_record
from b2bua.store.errors import PlanRefused
from b2bua.store.fence import TENANT
from b2bua.store.live import Live, LiveCall
from b2bua.store.plans import Draft, Plans, Published
from b2bua.store.pool import Database
from b2bua.store.records import COLUMNS, HEAVY_COLUMNS, Records
from b2bua.store.talks import LastTalks

SEARCH_SECONDS: Final = 10.0
LONGEST_PAGE: Final = 500
MISSED: Final = (Outcome.BUSY, Outcome.NO_ANSWER, Outcome.ABANDONED)
CONCEALED: Final = "****"
"""Stands for a secret."""
SEARCH: Final = f"""
select to_jsonb(lean)::text as record
from (
    select {", ".join(name for name in COLUMNS if name not in HEAVY_COLUMNS)}
    from call_record
    where number = $1
    and ($2::timestamptz is null or invite_at >= $2)
    and ($3::timestamptz is null or invite_at < $3)
    and ($4::text = '' or (starts_with(caller, $4) and not caller_private))
    and ($5::text = '' or area = $5)
    and ($6::text = '' or outcome = $6)
    and (not $11::bool or outcome = any($12::text[]))
    and ($7::text = '' or destination = $7)
    and ($8::timestamptz is null or (invite_at, id) < ($8, $9))
    order by invite_at desc, id desc limit $10
) as lean
"""


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in a listing: its last record."""

    at: datetime
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """Which records are asked for, newest first; empty fields ask for nothing."""

    since: datetime | None = None
    until: datetime | None = None
    """Not included."""
    caller: str = ""
    """The beginning of a number."""
    area: str = ""
    outcome: Outcome | None = None
    missed: bool = False
    """Only calls that somebody made and nobody took: :data:`MISSED`."""
    destination: str = ""
    after: Mark | None = None
    """Go on after this record."""
    limit: int = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Current:
    """The plan that calls follow now."""

    plan: Plan
    source: str
    """Its text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One plan that was published."""

    version: int
    published_at: datetime
    source: str
    plan: Plan | None
    """None if it cannot be read any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What all numbers share."""

    calendar: Calendar
    own_numbers: frozenset[str]
    phones: Mapping[str, str]
    """The number's own phones and those of the house, by extension: what it may ring."""


class Tenant:
    """The rows of one number."""

    def __init__(self, database: Database, number: str, *, veiled: bool = False) -> None:
        """``veiled``: callers' numbers are masked in all that is read."""
        self.number = number
        self.veiled = veiled
        self._whole_database = database
        self.database = database.acting(TENANT, number)
        self._plans = Plans(self.database)
        self._records = Records(self.database)
        self._live = Live(self.database)

    async def calls(self, search: Search) -> list[CallRecord]:
        """One page of records, lean: without trace, ladder, quality and arithmetic."""
        after = search.after
        async with self.database.transaction(SEARCH_SECONDS) as connection:
            rows = await connection.fetch(
                SEARCH,
                self.number,
                search.since,
                search.until,
                search.caller,
                search.area,
                "" if search.outcome is None else search.outcome.value,
                search.destination,
                None if after is None else after.at,
                "" if after is None else after.id,
                min(search.limit, LONGEST_PAGE),
                search.missed,
                [one.value for one in MISSED],
            )
        return [self._seen(decode_record(row["record"].encode())) for row in rows]

    async def call(self, call_id: str) -> CallRecord | None:
        """One record whole; None if there is none, or it is another number's."""
        record = await self._records.call(call_id)
        if record is None or record.number != self.number:
            return None
        return self._seen(record)

    async def live(self) -> list[LiveCall]:
        """The calls that are up, oldest first."""
        found = [call for call in await self._live.live(self.number) if not call.lost]
        if self.veiled:
            return [replace(call, caller=masked(call.caller)) for call in found]
        return found

    async def outcomes(self, since: datetime) -> dict[Outcome, int]:
        """How the calls ended that came since."""
        async with self.database.transaction(SEARCH_SECONDS) as connection:
            rows = await connection.fetch(
                "select outcome, count(*) as calls from call_record"
                " where number = $1 and invite_at >= $2 group by outcome",
                self.number,
                since,
            )
        counted = {row["outcome"]: row["calls"] for row in rows}
        return {outcome: counted.get(outcome.value, 0) for outcome in Outcome}

    async def by_hour(
        self, since: datetime, timezone: str
    ) -> dict[tuple[int, Outcome], int]:
        """The same for each hour of a day that began at ``since``."""
        async with self.database.transaction(SEARCH_SECONDS) as connection:
            rows = await connection.fetch(
                "select extract(hour from invite_at at time zone $3)::int as hour,"
                " outcome, count(*) as calls from call_record"
                " where number = $1 and invite_at >= $2 group by 1, 2",
                self.number,
                since,
                timezone,
            )
        return {(row["hour"], Outcome(row["outcome"])): row["calls"] for row in rows}

    async def usage(self, at: datetime, timezone: str) -> Usage:
        """What the month and the week of ``at`` hold."""
        return await self._records.usage(self.number, at, timezone)

    async def familiar(
        self, plan: Plan, caller: str, at: datetime
    ) -> dict[str, Talked | None]:
        """With whom a caller talked, for each group that wants to know."""
        return await LastTalks(self.database).familiar(plan, caller, at)

    async def in_order(self, since: datetime, until: datetime) -> AsyncIterator[CallRecord]:
        """Records for analysis, oldest first."""
        async for record in self._records.in_order(self.number, since, until):
            yield self._seen(record)

    async def many(self, few: int, since: datetime, until: datetime) -> bool:
        """Whether there are more records than a few."""
        async with self.database.connection() as connection:
            found: int = await connection.fetchval(
                "select count(*) from (select from call_record where number = $1"
                " and invite_at >= $2 and invite_at < $3 limit $4) as found",
                self.number,
                since,
                until,
                few + 1,
            )
        return found > few

    async def plan(self) -> Current | None:
        """The current plan; None if the number has none."""
        async with self.database.connection() as connection:
            row = await connection.fetchrow(
                "select plan::text, source from plan join plan_version"
                " using (number, version) where number = $1",
                self.number,
            )
        found = None if row is None else _read(row["plan"])
        if row is None or found is None:
            return None
        if self.veiled:
            shown = without_secrets(without_callers(found))
            return Current(plan=shown, source=plan_to_yaml(shown))
        return Current(plan=found, source=row["source"])

    async def rules(self) -> Plan | None:
        """The plan to decide by, not to be shown: it is the same for everybody."""
        async with self.database.connection() as connection:
            text: str | None = await connection.fetchval(
                "select plan::text from plan join plan_version"
                " using (number, version) where number = $1",
                self.number,
            )
        return None if text is None else _read(text)

    async def versions(self, limit: int) -> list[Version]:
        """Every plan that was published, newest first."""
        async with self.database.connection() as connection:
            rows = await connection.fetch(
                "select version, published_at, plan::text, source from plan_version"
                " where number = $1 order by version desc limit $2",
                self.number,
                limit,
            )
        found = [
            Version(
                version=row["version"],
                published_at=row["published_at"],
                source=row["source"],
                plan=_read(row["plan"]),
            )
            for row in rows
        ]
        return [_veiled(one) for one in found] if self.veiled else found

    async def plans_by_version(self) -> dict[int, Plan]:
        """Every version that can still be read."""
        found = await self._plans.versions(self.number)
        if self.veiled:
            return {
                version: without_secrets(without_callers(plan))
                for version, plan in found.items()
            }
        return found

    async def publish(self, plan: Plan, source: str, base: int | None) -> Published:
        """Make this the plan that the next call follows.

        Raises PlanMoved if ``base`` is not the current version any more.
        """
        if plan.number != self.number:
            raise ValueError(f"{plan.number} is not {self.number}")
        if self.veiled:
            raise PlanRefused("who sees only a part of a plan cannot publish it")
        draft = Draft(plan=plan, source=source, base=base)
        return (await self._plans.publish([draft]))[0]

    async def surroundings(self) -> Surroundings:
        """What all numbers share: the calendar, and which numbers are ours."""
        async with self._whole_database.connection() as connection:
            rows = await connection.fetch("select number from plan")
            phones = await connection.fetch(
                "select extension, number from phone where number in ('', $1)", self.number
            )
        return Surroundings(
            calendar=await self._plans.calendar(),
            own_numbers=frozenset(row["number"] for row in rows),
            phones={row["extension"]: row["number"] for row in phones},
        )

    def _seen(self, record: CallRecord) -> CallRecord:
        """A record as this tenant may see it: a rule may quote the caller's number."""
        if not self.veiled or not record.caller:
            return record
        hidden = masked(record.caller)
        trace = tuple(
            structs.replace(step, why=step.why.replace(record.caller, hidden))
            for step in record.trace
        )
        return replace(record, caller=hidden, trace=trace)


def without_callers(plan: Plan) -> Plan:
    """A plan with the callers on its lists masked; a prefix is nobody's number."""
    rule = plan.screening
    blacklist, whitelist = (
        tuple(one if one.endswith("*") else masked(one) for one in entries)
        for entries in (rule.blacklist, rule.whitelist)
    )
    screening = replace(rule, blacklist=blacklist, whitelist=whitelist)
    return replace(plan, screening=screening)


def without_secrets(plan: Plan) -> Plan:
    """A plan that tells neither the callers' password nor what signs webhooks."""
    hooks = tuple(replace(hook, secret=CONCEALED) for hook in plan.webhooks)
    return replace(plan, password=CONCEALED if plan.password else "", webhooks=hooks)


def _veiled(version: Version) -> Version:
    if version.plan is None:
        return replace(version, source="")
    plan = without_secrets(without_callers(version.plan))
    return replace(version, plan=plan, source=plan_to_yaml(plan))


def _read(text: str) -> Plan | None:
    try:
        return plan_from_mapping(msgspec.json.decode(text))
    except MalformedPlan:
        return None
