"""What the 400 numbers hold now: calls per caller, and per period.

Periods are counted from the figures that the store gave at the start, plus what was
admitted and charged since. A call belongs to the periods in which it arrived: one that
ends after midnight on the last of the month moves no figure of the new one.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from b2bua.core.clock import Instant
from b2bua.service.limits import Usage, month_start, week_start
from b2bua.service.plan import Plan

MOST_CALLERS: Final = 100_000
"""Callers whose recent calls are remembered; beyond them the oldest are forgotten."""
LONGEST_MEMORY: Final = 24 * 3600.0


@dataclass(slots=True)
class _Periods:
    month: datetime
    week: datetime
    calls_month: int = 0
    calls_week: int = 0
    spent_month: int = 0
    reserved: int = 0


class Ledger:
    """Counts, kept by one process."""

    def __init__(
        self, usage: Mapping[str, Usage] | None = None, as_of: datetime | None = None
    ) -> None:
        """``usage`` is what the periods held at ``as_of``, when this process began."""
        self._begun_with = dict(usage or {})
        self._as_of = as_of
        self._periods: dict[str, _Periods] = {}
        self._recent: dict[tuple[str, str], deque[Instant]] = {}

    def usage(self, plan: Plan, at: datetime) -> Usage:
        """What the current periods of a plan hold."""
        periods = self._current(plan, at)
        return Usage(
            calls_this_month=periods.calls_month,
            calls_this_week=periods.calls_week,
            spent_this_month=periods.spent_month,
            reserved=periods.reserved,
        )

    def admit(
        self, plan: Plan, caller: str, reserve: int, now: Instant, at: datetime
    ) -> None:
        """Count a call that passed screening, and hold ``reserve`` 厘 for it."""
        self.resume(plan, reserve, at, at)
        if plan.screening.frequency is not None and caller:
            if len(self._recent) >= MOST_CALLERS:
                self._recent.pop(next(iter(self._recent)))
            self._recent.setdefault((plan.number, caller), deque(maxlen=1000)).append(now)

    def resume(self, plan: Plan, reserve: int, arrived: datetime, at: datetime) -> None:
        """Count a call that the process before had admitted, in its own periods."""
        periods = self._current(plan, at)
        if month_start(arrived, plan.timezone) == periods.month:
            periods.calls_month += 1
            periods.reserved += reserve
        if week_start(arrived, plan.timezone) == periods.week:
            periods.calls_week += 1

    def settle(
        self, plan: Plan, reserve: int, fee: int, arrived: datetime, at: datetime
    ) -> None:
        """Give back what was held, and count what it came to."""
        periods = self._current(plan, at)
        if month_start(arrived, plan.timezone) == periods.month:
            periods.reserved = max(0, periods.reserved - reserve)
            periods.spent_month += fee

    def recent(self, number: str, caller: str, minutes: int, now: Instant) -> int:
        """Calls of one caller to one number in the last so many minutes."""
        calls = self._recent.get((number, caller))
        if calls is None:
            return 0
        while calls and now - calls[0] > LONGEST_MEMORY:
            calls.popleft()
        return sum(now - call <= minutes * 60 for call in calls)

    def _current(self, plan: Plan, at: datetime) -> _Periods:
        month, week = month_start(at, plan.timezone), week_start(at, plan.timezone)
        periods = self._periods.get(plan.number)
        if periods is None:
            periods = self._periods[plan.number] = self._first(plan, at)
        if month > periods.month:
            periods.month = month
            periods.calls_month = periods.spent_month = periods.reserved = 0
        if week > periods.week:
            periods.week, periods.calls_week = week, 0
        return periods

    def _first(self, plan: Plan, at: datetime) -> _Periods:
        as_of = self._as_of or at
        held = self._begun_with.pop(plan.number, Usage())
        return _Periods(
            month_start(as_of, plan.timezone),
            week_start(as_of, plan.timezone),
            held.calls_this_month,
            held.calls_this_week,
            held.spent_this_month,
        )
