"""Limits: calls a destination may have at once, and what a period may hold (§8).

Nothing is counted here. How much is used is given, from live calls and from the ledger,
so that a crash frees what it held. The N-th call is accepted and the next is not; money
is admitted while what is spent and reserved lies below the cap. A call reserves a started
unit when it is admitted, and what it has cost so far while it runs: no call is cut short
by a cap, so the calls that are up when it is reached may carry the sum over it, none else.
"""

import enum
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from b2bua.service.plan import Caps, Destination


class Period(enum.Enum):
    """What caps are counted over; the value is its name in the store."""

    WEEK = "week"
    """From Monday 00:00 in the plan's zone."""
    MONTH = "month"
    """From day 1 00:00."""

    __hash__ = object.__hash__  # Enum hashes the name, in Python.


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodUsage:
    """What one period of one number holds: calls that have ended."""

    number: str
    period: Period
    starts: date
    """First day, in the plan's zone."""
    admitted: int = 0
    spend: int = 0
    """厘."""
    offered: int = 0
    """All but those that a cap refused."""
    answered: int = 0


class Unit(enum.Enum):
    """What is leased; the value is its name in the store."""

    CALLS = "calls"
    SPEND = "spend"
    """厘."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """One node's row of one period, as the store has it."""

    number: str
    period: Period
    starts: date
    unit: Unit
    turn: int
    granted: int
    settled: int
    node: str = ""
    reserve: int = 0
    """How much more than it needs the node was meant to have after its last question."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What the store held at one moment."""

    usage: tuple[PeriodUsage, ...] = ()
    known: tuple[str, ...] = ()
    """Names of calls that were asked about and are in these figures."""
    leases: tuple[Lease, ...] = ()
    """Those of the node that asked: all whose periods those calls moved."""


class Cap(enum.Enum):
    """A limit per period; the value is its name in a plan."""

    CALLS_PER_MONTH = "calls_per_month"
    CALLS_PER_WEEK = "calls_per_week"
    SPEND_PER_MONTH = "spend_per_month"


class Usage(msgspec.Struct, frozen=True, kw_only=True):
    """What the current periods hold already."""

    calls_this_month: int = 0
    calls_this_week: int = 0
    spent_this_month: int = 0
    """厘, of calls that have ended."""
    reserved: int = 0
    """厘, held for calls that have not."""


class CapState(msgspec.Struct, frozen=True):
    """One cap of a plan and how far it is used."""

    cap: Cap
    used: int
    limit: int

    @property
    def reached(self) -> bool:
        """Whether the next call is one too many."""
        return self.used >= self.limit


EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
STEPS: Final = (80, 90, 100)
"""Percent of a cap at which somebody is told."""


def step_reached(state: CapState) -> int:
    """The highest of :data:`STEPS` that is reached; 0 for none."""
    reached = (step for step in STEPS if state.used * 100 >= step * state.limit)
    return max(reached, default=0)


def cap_states(caps: Caps, usage: Usage) -> list[CapState]:
    """Every cap that the plan sets, in the order in which they are checked."""
    given = (
        (Cap.CALLS_PER_MONTH, usage.calls_this_month, caps.calls_per_month),
        (Cap.CALLS_PER_WEEK, usage.calls_this_week, caps.calls_per_week),
        (
            Cap.SPEND_PER_MONTH,
            usage.spent_this_month + usage.reserved,
            caps.spend_per_month,
        ),
    )
    return [CapState(cap, used, limit) for cap, used, limit in given if limit is not None]


def full(destination: Destination, live_calls: int) -> bool:
    """Whether the destination has as many calls as it may have at once."""
    return destination.concurrent is not None and live_calls >= destination.concurrent


def period_start(period: Period, at: datetime, timezone: str) -> date:
    """The first day of the period of ``at``, in the plan's zone."""
    day = _local_day(int(at.timestamp()) // 900, timezone)
    match period:
        case Period.WEEK:
            return day - timedelta(days=day.weekday())
        case Period.MONTH:
            return day.replace(day=1)


def period_of(cap: Cap) -> Period:
    """What a cap is counted over."""
    return Period.WEEK if cap is Cap.CALLS_PER_WEEK else Period.MONTH


@lru_cache(maxsize=256)
def _local_day(quarter: int, timezone: str) -> date:
    """The day in a zone at so many quarters of an hour after the epoch.

    Days begin at a whole quarter wherever people live, so one answer serves many calls.
    """
    at = EPOCH + quarter * timedelta(minutes=15)
    return at.astimezone(ZoneInfo(timezone)).date()
