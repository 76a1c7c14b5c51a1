"""Records counted, in one pass over calls in the order of their INVITEs.

The pass begins with the month before, which the comparison and the first calls of the
month need, and ends a day after the month, for callers who come back; :func:`span` says
which records to bring. What is kept grows with the month's quarters of an hour, with the
plan, with the calls up at once and with the distinct callers, not with the calls.
"""

from collections import deque
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from b2bua.core.errors import InvalidState
from b2bua.report.callers import Callers
from b2bua.report.figures import MissedCall, Subject
from b2bua.report.month import QUARTER, Quarters, microseconds, moment_of
from b2bua.report.occupancy import Occupancy
from b2bua.report.tallies import Tallies, count, row
from b2bua.service.flow.decision import OVERRIDE
from b2bua.service.plan import Back, Menu, Plan, Repeat, ToMenu
from b2bua.service.record import CallRecord, Outcome

MOST_MISSED: Final = 300
"""Missed calls that are listed."""
OUT_OF_HOURS: Final = frozenset({"no route", "destination hours"})
"""Reasons of refusals that the time of the call brought about."""
GROUP: Final = "group "
PERCENT: Final = "percent: "
MOST_MENUS: Final = 40
"""Menus passed by silence in a row; more is a circle."""

_MISSED: Final = frozenset({Outcome.BUSY, Outcome.NO_ANSWER, Outcome.ABANDONED})


def span(subject: Subject) -> tuple[datetime, datetime]:
    """From when on and until before when records are wanted."""
    until = subject.period.next.start(subject.zone) + timedelta(days=1)
    return subject.period.before.start(subject.zone), until


class Counting:
    """The calls of one subject so far."""

    def __init__(self, subject: Subject) -> None:
        self._subject = subject
        self.quarters = Quarters.of(subject.period, subject.zone)
        before = Quarters.of(subject.period.before, subject.zone)
        self._before = before
        elapsed = microseconds(subject.at) - self.quarters.start
        over = elapsed >= self.quarters.end - self.quarters.start
        self._before_until = before.end if over else min(before.end, before.start + elapsed)
        self._last = before.start
        self.tallies = Tallies(self.quarters.days, before.days)
        self._missed: deque[tuple[int, CallRecord]] = deque(maxlen=MOST_MISSED)
        self.callers = Callers()
        self.calls_up = Occupancy(self.quarters)
        self.lines = Occupancy(self.quarters)
        self.busy = [0] * len(self.quarters.places)

    def add(self, record: CallRecord) -> None:
        """Take the next call."""
        at = microseconds(record.invite_at)
        if at < self._last:
            raise InvalidState("records must come in the order of their INVITEs")
        self._last = at
        self._sweep(record, at)
        if at < self.quarters.start:
            self._add_before(record, at)
        elif at < self.quarters.end:
            self._add(record, at)
        elif record.caller:
            answered = record.outcome is Outcome.ANSWERED
            self.callers.add_later(record.caller, at, answered=answered)

    def finish(self) -> None:
        """Hear that no more calls come."""
        self.calls_up.finish()
        self.lines.finish()

    @property
    def missed(self) -> tuple[MissedCall, ...]:
        """The latest calls that reached nobody, the last one first."""
        return tuple(self._told(*entry) for entry in reversed(self._missed))

    def _sweep(self, record: CallRecord, at: int) -> None:
        self.calls_up.advance(at)
        self.lines.advance(at)
        answer = at + record.setup_ms * 1000
        end = answer + record.talk_ms * 1000
        self.calls_up.add(at, end)
        if record.outcome is Outcome.ANSWERED:
            self.lines.add(max(at, answer - rung(record) * 1000), end)

    def _add_before(self, record: CallRecord, at: int) -> None:
        quarter = (at - self._before.start) // QUARTER
        self.tallies.days_before[self._before.places[quarter].day] += 1
        if at < self._before_until:
            count(self.tallies.before, record)

    def _add(self, record: CallRecord, at: int) -> None:
        quarter = (at - self.quarters.start) // QUARTER
        place = self.quarters.places[quarter]
        tallies = self.tallies
        count(tallies.totals, record)
        count(tallies.cells[place.cell], record)
        count(tallies.days[place.day], record)
        for rows, key in ((tallies.areas, record.area), (tallies.routes, record.route)):
            found = rows.get(key)
            if found is None:
                found = rows[key] = row()
            count(found, record)
        self._add_attempts(record)
        self._add_choices(record)
        outcome = record.outcome
        if outcome is not Outcome.ANSWERED:
            tallies.reasons[outcome, record.end_reason] += 1
            if outcome is Outcome.BUSY:
                self.busy[quarter] += 1
            elif outcome is Outcome.REFUSED and record.end_reason in OUT_OF_HOURS:
                tallies.closed[place.cell] += 1
        self._add_caller(record, at)

    def _add_caller(self, record: CallRecord, at: int) -> None:
        missed = record.outcome in _MISSED
        who = -1
        if record.caller:
            who = self.callers.add(
                record.caller,
                at,
                answered=record.outcome is Outcome.ANSWERED,
                missed=missed,
                hidden=record.caller_private,
            )
        if missed:
            self._missed.append((who, record))

    def _add_attempts(self, record: CallRecord) -> None:
        tallies = self.tallies
        for attempt in record.attempts:
            tallies.attempts[attempt.destination, attempt.outcome] += 1
            if attempt.outcome == "answered":
                tallies.ringing[attempt.destination] += attempt.ring_ms
        if record.destination:
            tallies.talk[record.destination] += record.talk_ms
            tallies.fees[record.destination] += record.fee

    def _add_choices(self, record: CallRecord) -> None:
        version = record.plan_version
        for step in reversed(record.trace):
            if step.rule.startswith(GROUP) and step.why.startswith(PERCENT) and step.passed:
                group = step.rule.removeprefix(GROUP)
                chosen = step.why.removeprefix(PERCENT)
                self.tallies.assigned[version, group, chosen] += 1
                break
        if record.keys:
            plan = self._subject.plans.get(version)
            for pressed in walked(plan, record.route, record.keys.split(",")):
                self.tallies.presses[pressed] += 1
                if record.outcome is Outcome.ANSWERED:
                    self.tallies.pressed_answered[pressed] += 1

    def _told(self, who: int, record: CallRecord) -> MissedCall:
        at = microseconds(record.invite_at)
        return MissedCall(
            at=moment_of(at, self._subject.zone),
            caller="" if record.caller_private else record.caller,
            area=record.area,
            outcome=record.outcome,
            reason=record.end_reason,
            waited_ms=record.setup_ms,
            answered_later=who >= 0 and self.callers.answered_after(who, at),
        )


def rung(record: CallRecord) -> int:
    """Milliseconds that the destination rang which answered."""
    for attempt in record.attempts:
        if attempt.outcome == "answered":
            return attempt.ring_ms
    return 0


def walked(plan: Plan | None, route: str, keys: list[str]) -> Iterator[tuple[str, str]]:
    """Menu and key of each key of a call; the menu is empty where the plan knows none."""
    menu = None if plan is None else _first_menu(plan, route)
    before: list[Menu] = []
    for key in keys:
        if plan is not None and menu is not None:
            menu = _asking(plan, menu, key)
        if plan is None or menu is None:
            yield "", key
            continue
        yield menu.name, key
        match menu.keys[key]:
            case ToMenu(name):
                before.append(menu)
                menu = plan.menus.get(name)
            case Back():
                menu = before.pop() if before else menu
            case Repeat():
                pass
            case _:
                menu = None


def _first_menu(plan: Plan, name: str) -> Menu | None:
    if name == OVERRIDE and plan.override is not None:
        to = plan.override.to
        return plan.menus.get(to.name) if isinstance(to, ToMenu) else None
    for one in plan.routes:
        if one.name == name and isinstance(one.to, ToMenu):
            return plan.menus.get(one.to.name)
    return None


def _asking(plan: Plan, menu: Menu, key: str) -> Menu | None:
    """The menu in which ``key`` counted: silence may have led on to another."""
    for _ in range(MOST_MENUS):
        if key in menu.keys:
            return menu
        if not isinstance(menu.otherwise, ToMenu) or menu.otherwise.name not in plan.menus:
            return None
        menu = plan.menus[menu.otherwise.name]
    return None
