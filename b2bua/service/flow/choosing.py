"""Whom to try first: a destination, or whom a group chooses of those who can take the call.

A group that knows its callers (熟客) offers a call to the member with whom the caller
talked last; only if that comes to nothing does it choose as usual. Its percentages and
rotations do not move for such a call.
"""

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from b2bua.service import limits
from b2bua.service.duty import on_duty, shifts_on
from b2bua.service.flow.decision import (
    ALL_BUSY,
    DESTINATION_LIMIT,
    NOWHERE,
    OUT_OF_HOURS,
    Refusal,
    World,
)
from b2bua.service.number import Caller, service_number
from b2bua.service.plan import (
    Destination,
    Group,
    Mode,
    Plan,
    Queue,
    Target,
    ToDestination,
    ToGroup,
)
from b2bua.service.plandestinations import foreign_phone
from b2bua.service.record import Step
from b2bua.service.routing import Bar, Cause, Draw, Progress, Rotor, Skipped, draw, forward
from b2bua.service.schedule import Clock, clock, time_mismatch

FAMILIAR: Final = "familiar"
"""Rule of the step that tells of the caller's last talk."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Which destinations are tried first; with none the call is refused."""

    order: tuple[str, ...]
    """Names; after the first, what is left of the group's own order."""
    at_once: bool = False
    """Ring all of ``order`` at the same time."""
    familiar: bool = False
    """The one in ``order`` is whom the caller knows; the group itself has yet to choose."""
    rotors: tuple[tuple[str, str], ...] = ()
    """States of :attr:`World.rotors` that this choice moved on, to be saved."""
    skipped: tuple[Skipped, ...] = ()
    refusal: Refusal | None
    trace: tuple[Step, ...]


def rotor_key(plan: Plan, group: str) -> str:
    """Under which name a group's rotor is kept: per 400 number and plan version."""
    return f"{plan.number}/{plan.version}/{group}"


def bars(plan: Plan, caller: Caller, at: datetime, world: World) -> Bar:
    """Why a destination cannot take this call (§10), besides having been tried."""
    moment = clock(plan, at, world.calendar)

    def bar(destination: Destination) -> str:
        if caller.number and destination.number == caller.number:
            return "it is the caller"
        if service_number(destination.number) in {plan.number, *world.own_numbers}:
            return "it is one of our own 400 numbers"
        if foreign_phone(plan.number, destination, world.phones):
            return "it is no phone of this number"
        if destination.when and (why := time_mismatch(destination.when, moment)):
            return f"outside its hours: {why}"
        live = world.live_calls(destination)
        if limits.full(destination, live):
            return f"at its limit, {live} of {destination.concurrent} calls"
        return ""

    return bar


def choose(
    plan: Plan,
    target: ToDestination | ToGroup,
    caller: Caller,
    at: datetime,
    world: World,
) -> Choice:
    """Turn a destination or a group into the destinations to try.

    When none of them can take the call it goes on by the plan's forwarding, as on busy if
    one was full and the plan counts that as busy, as on no answer if none was full.
    """
    chooser = _Chooser(plan, world, clock(plan, at, world.calendar))
    group = chooser.staffed(_group(plan, target))
    bar = bars(plan, caller, at, world)
    known = chooser.known(group, bar) if caller.number else ""
    if known:
        trace = tuple(chooser.steps)
        return Choice(order=(known,), familiar=True, refusal=None, trace=trace)
    drawn = chooser.draw(group, bar)
    if not drawn.order:
        return _elsewhere(plan, drawn, bar, world, chooser.steps)
    return chooser.chosen(target, group, drawn)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unanswered:
    """A group's call that whom the caller knows did not take."""

    target: ToGroup
    caller: Caller
    tried: Collection[str]


def choose_after(plan: Plan, unanswered: Unanswered, at: datetime, world: World) -> Choice:
    """Let a group choose as usual, when whom the caller knows did not take the call.

    Without an order the group has nobody else.
    """
    numbers = {plan.destinations[name].number for name in unanswered.tried}
    able = bars(plan, unanswered.caller, at, world)

    def bar(destination: Destination) -> str:
        return "tried already" if destination.number in numbers else able(destination)

    chooser = _Chooser(plan, world, clock(plan, at, world.calendar))
    group = chooser.staffed(plan.groups[unanswered.target.name])
    return chooser.chosen(unanswered.target, group, chooser.draw(group, bar))


@dataclass(frozen=True, slots=True)
class _Chooser:
    """One choice, and the steps to it."""

    plan: Plan
    world: World
    moment: Clock
    steps: list[Step] = field(default_factory=list)

    def staffed(self, group: Group) -> Group:
        """A roster with those on duty as its members; any other group as it is."""
        if group.mode is not Mode.ROSTER:
            return group
        shifts, on = shifts_on(group, self.moment), on_duty(group, self.moment)
        why = ", ".join(f"{shift.name} ({', '.join(shift.on)})" for shift in shifts)
        step = Step(f"duty {group.name}", bool(on), why or "nobody is on duty")
        self.steps.append(step)
        return replace(group, members=tuple((name, 0) for name in on))

    def known(self, group: Group, bar: Bar) -> str:
        """The member with whom the caller talked last, if it can take the call."""
        if group.familiar is None:
            return ""
        talked, why = self.world.familiar.get(group.name), ""
        if group.name not in self.world.familiar:
            why = "not known in time"
        elif talked is None:
            why = f"no talk with a member in {group.familiar} days"
        elif talked.destination not in dict(group.members):
            why = f"{talked.destination} is not on duty"
        elif barred := bar(self.plan.destinations[talked.destination]):
            why = f"{talked.destination} cannot take it: {barred}"
        if talked is None or why:
            self.steps.append(Step(FAMILIAR, False, why))
            return ""
        day = talked.at.astimezone(self.moment.local.tzinfo).date()
        why = f"talked with {talked.destination} on {day}"
        self.steps.append(Step(FAMILIAR, True, why))
        return talked.destination

    def draw(self, group: Group, bar: Bar) -> Draw:
        """Let the group choose among those who can take the call."""
        world, plan = self.world, self.plan
        rotor = Rotor.from_text(world.rotors.get(rotor_key(plan, group.name), ""))
        fraction = world.fraction
        drawn = draw(group, plan.destinations, bar=bar, rotor=rotor, fraction=fraction)
        for one in drawn.skipped:
            self.steps.append(Step(f"destination {one.name}", False, one.why))
        return drawn

    def chosen(self, target: ToDestination | ToGroup, group: Group, drawn: Draw) -> Choice:
        """What was drawn, with its steps."""
        rotor = drawn.rotor
        if drawn.order:
            how = "all at once" if drawn.at_once else group.mode.value
            why = how if isinstance(target, ToGroup) else "named by the rule"
            self.steps.append(Step(f"{target}", True, f"{why}: {', '.join(drawn.order)}"))
        key = rotor_key(self.plan, group.name)
        return Choice(
            order=drawn.order,
            at_once=drawn.at_once,
            rotors=() if rotor is None else ((key, rotor.to_text()),),
            skipped=drawn.skipped,
            refusal=None,
            trace=tuple(self.steps),
        )


def queue_of(plan: Plan, target: Target | None) -> Queue | None:
    """The queue that callers may wait in for a target."""
    return plan.groups[target.name].queue if isinstance(target, ToGroup) else None


def _group(plan: Plan, target: ToDestination | ToGroup) -> Group:
    if isinstance(target, ToGroup):
        return plan.groups[target.name]
    return Group(name=target.name, mode=Mode.ORDER, members=((target.name, 0),))


def _elsewhere(
    plan: Plan, drawn: Draw, bar: Bar, world: World, steps: list[Step]
) -> Choice:
    """Forward a call before its first attempt, or refuse it."""
    barred = tuple(plan.destinations[entry.name] for entry in drawn.skipped)
    full = [one for one in barred if limits.full(one, world.live_calls(one))]
    skipped = drawn.skipped
    if full and not plan.forwarding.full_is_busy:
        why = "at the limit calls are not connected"
        steps.append(Step("destination limit", False, why))
    else:
        tried = Progress(tried=tuple(one.name for one in barred))
        onward = forward(plan, Cause.BUSY if full else Cause.NO_ANSWER, tried, bar)
        skipped += onward.skipped
        steps += (Step(f"destination {s.name}", False, s.why) for s in onward.skipped)
        steps.append(Step("forward", onward.to is not None, onward.why))
        if onward.to is not None:
            return Choice(
                order=(onward.to,), skipped=skipped, refusal=None, trace=tuple(steps)
            )
    if full:
        refusal = DESTINATION_LIMIT if len(barred) == 1 else ALL_BUSY
    else:
        # With nothing skipped the roster has nobody on duty.
        closed = any(entry.why.startswith("outside its hours") for entry in skipped)
        closed = closed or not drawn.skipped
        refusal = OUT_OF_HOURS if closed else NOWHERE
    return Choice(order=(), skipped=skipped, refusal=refusal, trace=tuple(steps))
