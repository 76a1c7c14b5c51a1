"""Limits: calls a destination may have at once, and what a period may hold (§8).

Nothing is counted here. How much is used is given, from live calls and from the ledger,
so that a crash frees what it held. The N-th call is accepted and the next is not; money
is admitted while what is spent and reserved lies below the cap.
"""

import enum
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from b2bua.service.plan import Caps, Destination


class Cap(enum.Enum):
    """A limit per period; the value is its name in a plan."""

    CALLS_PER_MONTH = "calls_per_month"
    CALLS_PER_WEEK = "calls_per_week"
    SPEND_PER_MONTH = "spend_per_month"


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What the current periods hold already."""

    calls_this_month: int = 0
    calls_this_week: int = 0
    spent_this_month: int = 0
    """厘, of calls that have ended."""
    reserved: int = 0
    """厘, held for calls that have not."""


@dataclass(frozen=True, slots=True)
class CapState:
    """One cap of a plan and how far it is used."""

    cap: Cap
    used: int
    limit: int

    @property
    def reached(self) -> bool:
        """Whether the next call is one too many."""
        return self.used >= self.limit


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


def first_reached(caps: Caps, usage: Usage) -> CapState | None:
    """The first cap that the next call would overstep, or None."""
    return next((state for state in cap_states(caps, usage) if state.reached), None)


def full(destination: Destination, live_calls: int) -> bool:
    """Whether the destination has as many calls as it may have at once."""
    return destination.concurrent is not None and live_calls >= destination.concurrent


def month_start(at: datetime, timezone: str) -> datetime:
    """When the month of ``at`` began in the plan's zone, in UTC."""
    local = at.astimezone(ZoneInfo(timezone))
    first = local.date().replace(day=1)
    return datetime.combine(first, time.min, local.tzinfo).astimezone(UTC)


def week_start(at: datetime, timezone: str) -> datetime:
    """When the week of ``at`` began, on Monday at 00:00 in the plan's zone, in UTC."""
    local = at.astimezone(ZoneInfo(timezone))
    monday = local.date() - timedelta(days=local.weekday())
    return datetime.combine(monday, time.min, local.tzinfo).astimezone(UTC)
