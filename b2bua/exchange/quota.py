"""One node's leases of quota: when to ask the store, and what its answers come to.

For each capped period the node holds what it was granted, and admits from that in memory.
While the cap is far it holds a reserve, which is renewed when half of it is gone, so that
calls wait for nobody. Near the cap the reserve is nothing: each call is asked for, and
what a call gives free goes back at once. Calls that wait share one question per number::

        calls             here                          the store
        wait  ──────────► ReserveQuota (turn 7) ──────► gives, or is short: elsewhere
        wait  ─┐                                        there is some, recalled
               └────────► ReserveQuota (turn 8) ──────► gives
        go on ◄────────── Granted (turn 8)

A question promises not to use more than it says it keeps. The promise is in the journal
before the question leaves, and holds until the store is known to have acted on that turn
or a later one: an answer that is lost neither loses quota nor doubles it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final, NamedTuple, TypeAlias

from b2bua.core.clock import Instant
from b2bua.exchange.outputs import SaveCounter
from b2bua.service.flow.dossier import Dossier
from b2bua.service.limits import Cap, Lease, Period, Unit, period_of, period_start
from b2bua.service.plan import Caps, Counted, Plan
from b2bua.service.quota import Granted, ReserveQuota, Shortage, Want
from b2bua.sip.dialog.deadlines import earliest

KEY: Final = "lease"
"""Under which name the journal keeps leases, with number, period and unit."""
RETRY_SECONDS: Final = 0.05
"""How long others are given to return what they do not need."""
PATIENCE: Final = 0.7
"""How long in all; after it what others hold is taken to be gone."""
HOPELESS_SECONDS: Final = 30.0
"""How long nobody waits again for others that did not answer."""
PAUSE: Final = 1.0
"""How long a store that does not answer is not asked again."""
VOID: Final = 3.0
"""After so long a question counts as unanswered, whatever became of it."""
AHEAD: Final = 6.0
"""Money for calls that are up is leased so many seconds before they cost it."""
TEND_SECONDS: Final = 5.0
"""Between two looks at what running calls cost."""

SPENT: Final = "all of it is used or held for calls"
"""The one verdict by which a cap is known to be reached."""

Output: TypeAlias = SaveCounter | ReserveQuota


class Slot(NamedTuple):
    """What is leased apart: one unit of one period of one number."""

    number: str
    period: Period
    starts: date
    unit: Unit


@dataclass(slots=True)
class _Held:
    """What this node knows of its lease."""

    granted: int = 0
    settled: int = 0
    turn: int = 0
    """Of the last question that the store is known to have acted on."""
    asked: int = 0
    """Of the last question."""
    keep: int = 0
    """What that question promised not to exceed."""
    reserve: int = 0

    @property
    def room(self) -> int:
        """Up to which this node may admit, whatever has become of its last question."""
        return self.granted if self.asked <= self.turn else min(self.granted, self.keep)


@dataclass(frozen=True, slots=True)
class _Term:
    """What a slot is held against."""

    cap: Cap
    limit: int
    step: int


@dataclass(slots=True)
class _Desk:
    """Everything about one number."""

    count: Counted = Counted.ADMITTED
    terms: dict[Slot, _Term] = field(default_factory=dict)
    turn: int = 0
    under_way: int = 0
    """Turn of the question that is not answered; 0: there is none."""
    sent: Instant = 0.0
    waiting: dict[str, Dossier] = field(default_factory=dict)
    since: Instant = 0.0
    """Since when somebody waits."""
    again: Instant | None = None
    """When to ask again for those who wait."""
    verdict: str = ""
    """Why those who wait get nothing; empty while they may hope."""
    dry_until: Instant = float("-inf")
    """Until then the store is not asked, as it did not answer."""
    hopeless_until: Instant = float("-inf")
    recalled: bool = False


class Quota:
    """The leases of one node."""

    def __init__(self, used: Callable[[Slot, Instant], int]) -> None:
        """``used`` tells what is in use and not delivered, of a slot and at a time."""
        self._used_here = used
        self._held: dict[Slot, _Held] = {}
        self._desks: dict[str, _Desk] = {}
        self._tend_at: Instant | None = None
        self._kept: dict[str, str] = {}
        """What the journal has."""

    @property
    def deadline(self) -> Instant | None:
        """When :meth:`wake` must next be called."""
        dues = (desk.again for desk in self._desks.values() if desk.waiting)
        return earliest(self._tend_at, *dues)

    @property
    def waiting(self) -> int:
        """How many calls wait for an answer."""
        return sum(len(desk.waiting) for desk in self._desks.values())

    def spare(self, now: Instant) -> Iterator[tuple[Slot, int]]:
        """What could be admitted without asking, for each slot in use."""
        for desk in self._desks.values():
            for slot in desk.terms:
                yield slot, max(0, self._free(desk, slot, now))

    def restore(self, counters: Mapping[str, str]) -> None:
        """Take the leases of the process before from the journal."""
        for key, text in counters.items():
            if key.startswith(f"{KEY}/"):
                self._kept[key] = text
                _, number, period, unit = key.split("/")
                starts, *figures = text.split()
                slot = Slot(number, Period(period), date.fromisoformat(starts), Unit(unit))
                granted, settled, turn, asked, keep = (int(figure) for figure in figures)
                self._held[slot] = _Held(granted, settled, turn, asked, keep)

    def learn(self, leases: Iterable[Lease], *, settled: bool = True) -> list[SaveCounter]:
        """Take what the store has, in any order; what is older than known is left out.

        What is ``settled`` counts only with the names of the calls that are in it.
        """
        saved: list[SaveCounter] = []
        for lease in leases:
            slot = Slot(lease.number, lease.period, lease.starts, lease.unit)
            held = self._held.get(slot)
            if held is None:
                held = self._held[slot] = _Held()
                self._prune(slot)
            if settled:
                held.settled = max(held.settled, lease.settled)
            if lease.turn >= held.turn:
                held.turn, held.granted = lease.turn, lease.granted
            saved += self._saved(slot)
        return saved

    def shortage(self, plan: Plan, dossier: Dossier, now: Instant) -> Shortage | None:
        """Why a call cannot be admitted from what is held; None if it can."""
        if not capped(plan.caps):
            return None
        desk = self._desk(plan, dossier)
        for slot, term in self._terms(plan, dossier):
            if self._used(slot, now) + term.step > self._room(slot):
                waits = dossier.id in desk.waiting
                why = desk.verdict if waits or now < desk.dry_until else ""
                known = why == SPENT
                return Shortage(cap=term.cap, final=bool(why), known=known, why=why)
        return None

    def ask(self, plan: Plan, dossier: Dossier, now: Instant) -> list[Output]:
        """Let a call wait for quota."""
        desk = self._desk(plan, dossier)
        if not desk.waiting:
            desk.since, desk.again = now, None
        desk.verdict = ""
        desk.waiting[dossier.id] = dossier
        return self.tidy(plan.number, now)

    def forget(self, number: str, call: str) -> None:
        """Wait for a call no more: it went on, was refused, or gave up."""
        desk = self._desks.get(number)
        if desk is not None:
            desk.waiting.pop(call, None)

    def hear(self, answer: Granted, now: Instant) -> tuple[list[SaveCounter], list[str]]:
        """Take an answer; the names of the calls that are to look again, in order."""
        saved = self.learn(answer.leases, settled=False)
        desk = self._desks.get(answer.number)
        if desk is None or answer.turn != desk.under_way:
            return saved, []
        desk.under_way, desk.again, desk.verdict = 0, None, ""
        overtaken = [one.turn for one in answer.leases if one.turn > answer.turn]
        if answer.fault:
            desk.dry_until = now + PAUSE
            desk.verdict = f"the store does not answer: {answer.fault}"
            return saved, list(desk.waiting)
        if overtaken:
            desk.turn = max(desk.turn, *overtaken)
            return saved, list(desk.waiting)
        for lease in answer.leases:
            slot = Slot(lease.number, lease.period, lease.starts, lease.unit)
            self._held[slot].reserve = lease.reserve
        if answer.short:
            self._despair(desk, answer, now)
        return saved, list(desk.waiting)

    def recall(self, number: str, now: Instant) -> list[Output]:
        """Give back what is not needed: another node is short of it."""
        desk = self._desks.get(number)
        if desk is None:
            desk = self._found(number)
        if desk is None:
            return []
        desk.recalled = True
        return self.tidy(number, now)

    def tidy(self, number: str, now: Instant) -> list[Output]:
        """Ask for what is missing, give back what is too much, or do nothing."""
        desk = self._desks.get(number)
        if desk is None or (desk.under_way and now - desk.sent < VOID):
            return []
        if desk.waiting and (desk.again is None or desk.again <= now):
            return self._ask(desk, number, now)
        if desk.recalled:
            return self._ask(desk, number, now)
        if not desk.waiting and now >= desk.dry_until and self._askew(desk, now):
            return self._ask(desk, number, now)
        return []

    def watch(self, plan: Plan, now: Instant) -> None:
        """Look now and then at what running calls cost."""
        if plan.caps.spend_per_month is not None and self._tend_at is None:
            self._tend_at = now + TEND_SECONDS

    def wake(self, running: Iterable[str], now: Instant) -> list[Output]:
        """Fire what is due; ``running``: numbers with calls that are up."""
        due = [
            number
            for number, desk in self._desks.items()
            if desk.waiting and desk.again is not None and desk.again <= now
        ]
        if self._tend_at is not None and self._tend_at <= now:
            growing = [number for number in running if self._charged(number)]
            self._tend_at = now + TEND_SECONDS if growing else None
            due += growing
        return [output for number in due for output in self.tidy(number, now)]

    def review(self, now: Instant) -> list[Output]:
        """Give back what nobody here knew of.

        It was granted to a question that outlived its process, or is free since it turned
        out what calls came to.
        """
        outputs: list[Output] = []
        for number in {slot.number for slot in self._held}:
            if number in self._desks:
                outputs += self.tidy(number, now)
            elif any(
                held.room > self._used(slot, now)
                for slot, held in self._held.items()
                if slot.number == number
            ):
                outputs += self.recall(number, now)
        return outputs

    def return_all(self, now: Instant) -> list[Output]:
        """Give back everything that is not used: this node goes away."""
        outputs: list[Output] = []
        for number in {slot.number for slot in self._held}:
            outputs += self.recall(number, now)
        return outputs

    def _despair(self, desk: _Desk, answer: Granted, now: Instant) -> None:
        """Decide whether to hope for what others hold."""
        if not answer.elsewhere:
            desk.verdict = SPENT
        elif now < desk.hopeless_until or now - desk.since >= PATIENCE:
            desk.verdict = "the rest is held by nodes that do not give it back"
            desk.hopeless_until = max(desk.hopeless_until, now + HOPELESS_SECONDS)
        else:
            desk.again = now + RETRY_SECONDS

    def _askew(self, desk: _Desk, now: Instant) -> bool:
        """Whether too little is held, or something that belongs back."""
        for slot, term in desk.terms.items():
            held, free = self._held.get(slot), self._free(desk, slot, now)
            reserve = 0 if held is None else held.reserve
            if free < 0 or (reserve == 0 and free > 0):
                return True
            if reserve and free < max(term.step, reserve // 2):
                return True
        return False

    def _ask(self, desk: _Desk, number: str, now: Instant) -> list[Output]:
        desk.turn += 1
        desk.under_way, desk.sent, desk.again = desk.turn, now, None
        saved: list[SaveCounter] = []
        wants = []
        for slot, term in desk.terms.items():
            held = self._held.setdefault(slot, _Held())
            used, need = self._used(slot, now), self._need(desk, slot)
            room = held.room
            if desk.recalled or held.reserve == 0:
                room = min(room, used + need)
            held.asked, held.keep = desk.turn, room
            saved += self._saved(slot)
            wants.append(
                Want(
                    period=slot.period,
                    starts=slot.starts,
                    unit=slot.unit,
                    limit=term.limit,
                    used=used,
                    keep=room,
                    need=need,
                    step=term.step,
                )
            )
        desk.recalled = False
        question = ReserveQuota(
            number=number, turn=desk.turn, count=desk.count, wants=tuple(wants)
        )
        return [*saved, question]

    def _desk(self, plan: Plan, dossier: Dossier) -> _Desk:
        """The desk of a plan's number, with the terms of a call's periods."""
        desk = self._desks.get(plan.number)
        if desk is None:
            desk = self._desks[plan.number] = _Desk(turn=self._last_turn(plan.number))
        desk.count = plan.caps.count
        terms = dict(self._terms(plan, dossier))
        for slot, term in terms.items():
            if desk.terms.get(slot) != term:
                desk.terms[slot] = term
                if (held := self._held.get(slot)) is not None:
                    held.reserve = 0
        if len(desk.terms) > len(terms):
            # An older period is kept only for those who came in it and still wait.
            needed = set(terms) | {
                slot for one in desk.waiting.values() for slot, _ in self._terms(plan, one)
            }
            desk.terms = {slot: t for slot, t in desk.terms.items() if slot in needed}
        return desk

    def _found(self, number: str) -> _Desk | None:
        """A desk for leases that the process before held, to give them back."""
        slots = [slot for slot in self._held if slot.number == number]
        if not slots:
            return None
        desk = self._desks[number] = _Desk(turn=self._last_turn(number))
        for slot in slots:
            # Nothing is wanted, so that the cap does not matter.
            desk.terms[slot] = _Term(Cap.CALLS_PER_MONTH, 0, 1)
        return desk

    def _terms(self, plan: Plan, dossier: Dossier) -> Iterator[tuple[Slot, _Term]]:
        caps, price = plan.caps, max(1, dossier.tariff.unit_price)
        for cap, limit, unit, step in (
            (Cap.CALLS_PER_MONTH, caps.calls_per_month, Unit.CALLS, 1),
            (Cap.CALLS_PER_WEEK, caps.calls_per_week, Unit.CALLS, 1),
            (Cap.SPEND_PER_MONTH, caps.spend_per_month, Unit.SPEND, price),
        ):
            if limit is not None:
                period = period_of(cap)
                starts = period_start(period, dossier.invited.at, plan.timezone)
                yield Slot(plan.number, period, starts, unit), _Term(cap, limit, step)

    def _used(self, slot: Slot, now: Instant) -> int:
        held = self._held.get(slot)
        return (0 if held is None else held.settled) + self._used_here(slot, now + AHEAD)

    def _room(self, slot: Slot) -> int:
        held = self._held.get(slot)
        return 0 if held is None else held.room

    def _free(self, desk: _Desk, slot: Slot, now: Instant) -> int:
        return self._room(slot) - self._used(slot, now) - self._need(desk, slot)

    def _need(self, desk: _Desk, slot: Slot) -> int:
        """What those who wait want of a slot, each in the periods in which it came."""
        return desk.terms[slot].step * len(desk.waiting)

    def _charged(self, number: str) -> bool:
        desk = self._desks.get(number)
        return desk is not None and any(slot.unit is Unit.SPEND for slot in desk.terms)

    def _last_turn(self, number: str) -> int:
        turns = [
            max(held.turn, held.asked)
            for slot, held in self._held.items()
            if slot.number == number
        ]
        return max(turns, default=0)

    def _prune(self, slot: Slot) -> None:
        """Know no leases older than the last two periods of a kind."""
        kin = sorted(
            one
            for one in self._held
            if (one.number, one.period, one.unit) == (slot.number, slot.period, slot.unit)
        )
        for old in kin[:-2]:
            del self._held[old]

    def _saved(self, slot: Slot) -> Iterator[SaveCounter]:
        """The journal's copy, of the newest period of a kind."""
        if any(
            one[:2] == slot[:2] and one.unit is slot.unit and one.starts > slot.starts
            for one in self._held
        ):
            return
        held = self._held[slot]
        figures = (held.granted, held.settled, held.turn, held.asked, held.keep)
        key = f"{KEY}/{slot.number}/{slot.period.value}/{slot.unit.value}"
        state = " ".join((slot.starts.isoformat(), *map(str, figures)))
        if self._kept.get(key) != state:
            self._kept[key] = state
            yield SaveCounter(key, state)


def capped(caps: Caps) -> bool:
    """Whether any cap is set."""
    limits = (caps.calls_per_month, caps.calls_per_week, caps.spend_per_month)
    return any(limit is not None for limit in limits)
