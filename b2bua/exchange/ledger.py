"""What the 400 numbers hold now: calls per caller, and per period.

What this node may still admit of a capped period is for :attr:`Ledger.quota` to say, from
what is counted here: other nodes use the same caps.

A period is counted in three parts that never overlap: what PostgreSQL holds, what ended
here and is not known to be in PostgreSQL, and what is up. A call wanders through them by
its name, so that however often the store's figures are read, and whatever is delivered
while they are, it counts once:

    up  ──settle──►  ended  ──learn──►  in the store's figures

A call belongs to the periods in which it arrived: one that ends after midnight on the
last of the month moves no figure of the new one. All versions of a plan share one count.

For the spend cap every call that is up holds what it would cost if it ended now, and at
least one started unit: the hold grows as the call runs, so that later callers meet a cap
that the calls already up have used. Only those can carry the sum over the cap.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, NamedTuple

from b2bua.core.clock import Instant
from b2bua.exchange.outputs import SaveCounter
from b2bua.exchange.quota import Quota, Slot
from b2bua.service.flow.decision import REFUSED_BY_CAP
from b2bua.service.flow.dossier import Dossier, Moment
from b2bua.service.limits import Period, Standing, Unit, Usage, period_start
from b2bua.service.plan import Counted, Plan
from b2bua.service.record import CallRecord, Outcome

MOST_CALLERS: Final = 100_000
"""Callers whose recent calls are remembered; beyond them the oldest are forgotten."""
LONGEST_MEMORY: Final = 24 * 3600.0


class _Key(NamedTuple):
    number: str
    period: Period
    starts: date


@dataclass(slots=True)
class _Sum:
    calls: int = 0
    spend: int = 0


NONE: Final = _Sum()


@dataclass(slots=True)
class _Stored:
    """What PostgreSQL holds of one period."""

    calls: dict[Counted, int]
    spend: int = 0


EMPTY: Final = _Stored(dict.fromkeys(Counted, 0))


@dataclass(frozen=True, slots=True)
class _Entry:
    """One call that counts here: its periods, and what it cost or its dossier while up."""

    keys: tuple[_Key, ...]
    count: Counted
    calls: int = 1
    """0 if it turned out not to count."""
    fee: int = 0
    dossier: Dossier | None = None


class Ledger:
    """Counts, kept by one process."""

    def __init__(self, standing: Standing = Standing()) -> None:
        """``standing`` is what the store held when this process began."""
        self._stored: dict[_Key, _Stored] = {}
        self._own: dict[_Key, _Sum] = {}
        """Sums of what ended here, and of the calls that are up."""
        self._ended: dict[str, _Entry] = {}
        self._up: dict[str, dict[str, _Entry]] = {}
        """By number and name."""
        self._recent: dict[tuple[str, str], deque[Instant]] = {}
        self.quota = Quota(self._in_use)
        self.learn(standing)

    def usage(self, plan: Plan, moment: Moment) -> Usage:
        """What the current periods of a plan hold."""
        month = _Key(plan.number, *_starts(Period.MONTH, moment.at, plan.timezone))
        week = _Key(plan.number, *_starts(Period.WEEK, moment.at, plan.timezone))
        stored, own, count = self._stored, self._own, plan.caps.count
        of_month, of_week = stored.get(month, EMPTY), stored.get(week, EMPTY)
        return Usage(
            calls_this_month=of_month.calls[count] + own.get(month, NONE).calls,
            calls_this_week=of_week.calls[count] + own.get(week, NONE).calls,
            spent_this_month=of_month.spend + own.get(month, NONE).spend,
            reserved=self._reserved(month, moment.now) if _has_spend_cap(plan) else 0,
        )

    def admit(self, plan: Plan, dossier: Dossier, moment: Moment) -> None:
        """Count a call that passed screening."""
        self.resume(plan, dossier, moment.now)
        caller = dossier.caller.number
        if plan.screening.frequency is not None and caller:
            if len(self._recent) >= MOST_CALLERS:
                self._recent.pop(next(iter(self._recent)))
            calls = self._recent.setdefault((plan.number, caller), deque(maxlen=1000))
            calls.append(moment.now)

    def resume(self, plan: Plan, dossier: Dossier, now: Instant) -> None:
        """Count a call that the process before had admitted, in its own periods."""
        keys = _keys(plan, dossier.invited.at)
        entry = _Entry(keys, plan.caps.count, dossier=dossier)
        self._up.setdefault(plan.number, {})[dossier.id] = entry
        self._move(entry, 1)
        self.quota.forget(plan.number, dossier.id)
        self.quota.watch(plan, now)

    @property
    def running(self) -> list[str]:
        """The numbers that have calls up."""
        return list(self._up)

    def settle(self, record: CallRecord, plan: Plan | None) -> None:
        """Put what a call came to in the place of what it held."""
        self.quota.forget(record.number, record.id)
        up = self._up.get(record.number, {})
        entry = up.pop(record.id, None)
        if entry is None:
            if plan is not None:
                self.enter(plan, record)
            return
        if not up:
            del self._up[record.number]
        self._move(entry, -1)
        self._enter(record, entry.keys, entry.count)

    def enter(self, plan: Plan, record: CallRecord) -> None:
        """Count a call that is over, if it counts."""
        if record.admitted or plan.caps.count is Counted.OFFERED:
            self._enter(record, _keys(plan, record.invite_at), plan.caps.count)

    @property
    def unconfirmed(self) -> list[str]:
        """Names of the calls that ended here and are not known to be in the store."""
        return list(self._ended)

    def learn(self, standing: Standing) -> list[SaveCounter]:
        """Take what the store holds; what it knows of ours counts no longer apart.

        Figures of a period only grow, so that answers may come in any order. What is
        returned belongs into the journal before anything that follows.
        """
        for row in standing.usage:
            key = _Key(row.number, row.period, row.starts)
            stored = self._stored.setdefault(key, _Stored(dict.fromkeys(Counted, 0)))
            for count, calls in (
                (Counted.ADMITTED, row.admitted),
                (Counted.OFFERED, row.offered),
                (Counted.ANSWERED, row.answered),
            ):
                stored.calls[count] = max(stored.calls[count], calls)
            stored.spend = max(stored.spend, row.spend)
            self._forget_before(key)
        for name in standing.known:
            entry = self._ended.pop(name, None)
            if entry is not None:
                self._move(entry, -1)
        return self.quota.learn(standing.leases)

    def recent(self, number: str, caller: str, minutes: int, now: Instant) -> int:
        """Calls of one caller to one number in the last so many minutes."""
        calls = self._recent.get((number, caller))
        if calls is None:
            return 0
        while calls and now - calls[0] > LONGEST_MEMORY:
            calls.popleft()
        return sum(now - call <= minutes * 60 for call in calls)

    def _reserved(self, month: _Key, now: Instant) -> int:
        up: Iterable[_Entry] = self._up.get(month.number, {}).values()
        held = 0
        for entry in up:
            if entry.dossier is not None and month in entry.keys:
                held += max(entry.dossier.tariff.unit_price, entry.dossier.accrued(now))
        return held

    def _in_use(self, slot: Slot, now: Instant) -> int:
        """What is in use here, and not in the store's figures, at a time."""
        key = _Key(slot.number, slot.period, slot.starts)
        own = self._own.get(key, NONE)
        if slot.unit is Unit.CALLS:
            return own.calls
        return own.spend + self._reserved(key, now)

    def _enter(self, record: CallRecord, keys: tuple[_Key, ...], count: Counted) -> None:
        if record.id in self._ended:
            return
        calls = int(counts(record, count))
        entry = _Entry(keys, count, calls=calls, fee=record.fee)
        self._ended[record.id] = entry
        self._move(entry, 1)

    def _move(self, entry: _Entry, sign: int) -> None:
        """Add a call to the sums of its periods, or take it out again."""
        for key in entry.keys:
            total = self._own.setdefault(key, _Sum())
            total.calls += sign * entry.calls
            total.spend += sign * entry.fee
            if not (total.calls or total.spend):
                del self._own[key]

    def _forget_before(self, key: _Key) -> None:
        """Keep no figures of the store older than the last two periods of a kind."""
        starts = sorted(
            one.starts for one in self._stored if one[:2] == (key.number, key.period)
        )
        for old in starts[:-2]:
            del self._stored[_Key(key.number, key.period, old)]


def counts(record: CallRecord, count: Counted) -> bool:
    """Whether a call that is over counts towards the caps."""
    match count:
        case Counted.ADMITTED:
            return record.admitted
        case Counted.OFFERED:
            return record.end_reason not in REFUSED_BY_CAP
        case Counted.ANSWERED:
            return record.outcome is Outcome.ANSWERED


def _keys(plan: Plan, arrived: datetime) -> tuple[_Key, ...]:
    return tuple(
        _Key(plan.number, *_starts(period, arrived, plan.timezone)) for period in Period
    )


def _starts(period: Period, at: datetime, timezone: str) -> tuple[Period, date]:
    return period, period_start(period, at, timezone)


def _has_spend_cap(plan: Plan) -> bool:
    return plan.caps.spend_per_month is not None
