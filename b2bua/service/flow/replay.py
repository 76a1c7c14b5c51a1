"""Recorded calls under a draft plan: which would go elsewhere, and by which rule.

Each call is decided twice by the function that decides live calls: by the version of the
plan under which it was made, and by the draft. Compared is where the call goes first: the
numbers that would ring, each with its share; a menu; the voicemail; or the refusal. So
chance, and what a plan does not say (who was busy, who answered), makes no difference.

Caps and the caller's frequency are counted along, for each side its own calls. Spend is
that of the records: a call that was refused cost nothing, and its fee under the draft is
not known. A destination's limit of calls at once is taken as free on both sides.
"""

import enum
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Final

from b2bua.service.area import AreaTable, identify
from b2bua.service.flow.chances import SURE, moved
from b2bua.service.flow.decision import World
from b2bua.service.flow.explain import Enquiry, Explanation, Fate, explain
from b2bua.service.limits import Period, Usage, period_start
from b2bua.service.number import Caller
from b2bua.service.plan import Plan
from b2bua.service.record import CallRecord, Outcome

LONGEST_MEMORY: Final = timedelta(days=1)
"""How far back a caller's frequency may look."""


class Difference(enum.Enum):
    """What a draft means for one call."""

    NONE = "none"
    ROUTE = "route"
    """To the same place, by a route of another name."""
    SHARE = "share"
    """To places of the same kind in other shares: some of these calls go elsewhere."""
    ELSEWHERE = "elsewhere"


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """Where a plan sends a call."""

    route: str
    places: Mapping[str, Fraction]
    """Numbers, or what happens instead, with their shares."""
    told: str
    """In words."""
    why: str
    """The step that decided."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One call, twice decided."""

    record: CallRecord
    before: Way
    after: Way
    moved: Fraction
    """The share of such calls that goes elsewhere, 0 to 1."""
    reproduced: bool
    """The record took the route that its plan gives by these rules alone."""

    @property
    def difference(self) -> Difference:
        """Whether it matters."""
        if self.moved == SURE:
            return Difference.ELSEWHERE
        if self.moved:
            return Difference.SHARE
        if self.before.route != self.after.route:
            return Difference.ROUTE
        return Difference.NONE


@dataclass(slots=True)
class Summary:
    """Many verdicts; grows with the kinds of change, not with the calls."""

    calls: int = 0
    differences: Counter[Difference] = field(default_factory=Counter)
    expected: Fraction = Fraction(0)
    """Calls that go elsewhere, shares counted in part."""
    unlike: int = 0
    """Calls whose record took another way than its plan gives now."""
    changes: Counter[tuple[str, str]] = field(default_factory=Counter)
    """From where to where, in words, with how many calls."""

    def add(self, verdict: Verdict) -> None:
        """Count one call."""
        self.calls += 1
        self.differences[verdict.difference] += 1
        self.expected += verdict.moved
        self.unlike += not verdict.reproduced
        if verdict.moved:
            self.changes[verdict.before.told, verdict.after.told] += 1


class _Track:
    """What one side has counted so far."""

    def __init__(self) -> None:
        self._starts: dict[Period, date] = {}
        self._calls: Counter[Period] = Counter()
        self._spent = 0
        self._recent: dict[str, deque[datetime]] = {}

    def world(self, world: World, plan: Plan, at: datetime) -> World:
        """What the next call at ``at`` meets."""
        for period in Period:
            starts = period_start(period, at, plan.timezone)
            if self._starts.get(period) != starts:
                self._starts[period] = starts
                self._calls[period] = 0
                self._spent = 0 if period is Period.MONTH else self._spent
        usage = Usage(
            calls_this_month=self._calls[Period.MONTH],
            calls_this_week=self._calls[Period.WEEK],
            spent_this_month=self._spent,
        )

        def recent_calls(number: str, caller: str, minutes: int) -> int:
            since = at - timedelta(minutes=minutes)
            return sum(one >= since for one in self._recent.get(caller, ()))

        return replace(world, usage=lambda: usage, recent_calls=recent_calls)

    def admitted(self, caller: str, at: datetime, fee: int) -> None:
        """Count a call that passed screening."""
        for period in Period:
            self._calls[period] += 1
        self._spent += fee
        if not caller:
            return
        calls = self._recent.setdefault(caller, deque())
        calls.append(at)
        while at - calls[0] > LONGEST_MEMORY:
            calls.popleft()

    def forget(self, at: datetime) -> None:
        """Drop callers that were not heard of for long."""
        old = [
            one for one, calls in self._recent.items() if at - calls[-1] > LONGEST_MEMORY
        ]
        for caller in old:
            del self._recent[caller]


class Replay:
    """Decides the calls of one number again; give it records oldest first."""

    def __init__(
        self, draft: Plan, versions: Mapping[int, Plan], world: World, areas: AreaTable
    ) -> None:
        self._draft = draft
        self._versions = versions
        self._world = world
        self._areas = areas
        self._before = _Track()
        self._after = _Track()
        self._seen = 0

    def decide(self, record: CallRecord) -> Verdict:
        """One call. Records from before the time in question only move what is counted."""
        caller, at = self._caller(record), record.invite_at
        plan = self._versions.get(record.plan_version)
        enquiry = Enquiry(
            number=record.number,
            caller=caller,
            at=at,
            keys=tuple(key for key in record.keys.split(",") if key),
        )
        world = self._before.world(self._world, plan or self._draft, at)
        was = explain(plan, enquiry, world)
        would = explain(
            self._draft, enquiry, self._after.world(self._world, self._draft, at)
        )
        if record.admitted:
            self._before.admitted(caller.number, at, record.fee)
        if would.admitted:
            self._after.admitted(caller.number, at, record.fee)
        self._tidy(at)
        before, after = _way(plan, was), _way(self._draft, would)
        return Verdict(
            record=record,
            before=before,
            after=after,
            moved=moved(before.places, after.places),
            reproduced=record.route == was.route
            and (record.outcome is Outcome.REFUSED) == (was.outcome is Fate.REFUSE),
        )

    def _caller(self, record: CallRecord) -> Caller:
        """The caller as the call saw it: the table of areas may have changed since."""
        caller = identify(record.caller, self._areas)
        province = self._areas.province_of(record.area)
        return replace(caller, area=record.area, province=province)

    def _tidy(self, at: datetime) -> None:
        self._seen += 1
        if self._seen % 10_000 == 0:
            self._before.forget(at)
            self._after.forget(at)


def _way(plan: Plan | None, explanation: Explanation) -> Way:
    route, told = explanation.route, explanation.outcome.value
    if plan is not None and explanation.outcome is Fate.DIAL:
        return _dialled(plan, explanation)
    if explanation.refusal is not None:
        told = f"refused: {explanation.refusal.rule}"
    elif plan is not None and explanation.outcome is Fate.MENU:
        to = next(one.to for one in plan.routes if one.name == route)
        told = f"{to}, without a key"
    return Way(route=route, places={told: SURE}, told=told, why=_why(explanation))


def _dialled(plan: Plan, explanation: Explanation) -> Way:
    places: dict[str, Fraction] = {}
    words: list[str] = []
    for names, share in explanation.first.items():
        place = " and ".join(sorted(plan.destinations[name].number for name in names))
        places[place] = places.get(place, Fraction(0)) + share
        told = " and ".join(f"{name} ({plan.destinations[name].number})" for name in names)
        words.append(told if share == SURE else f"{told} {float(100 * share):.4g} %")
    return Way(
        route=explanation.route,
        places=places,
        told=", ".join(words),
        why=_why(explanation),
    )


def _why(explanation: Explanation) -> str:
    """The step that decided: the one that refused, else the route that fitted."""
    refused = explanation.outcome is Fate.REFUSE
    for step in reversed(explanation.trace):
        if refused and not step.passed:
            return f"{step.rule}: {step.why}"
        if not refused and step.passed and step.rule == f"route {explanation.route}":
            return f"{step.rule}: {step.why}"
    return ""
