"""What to do with a call, decided from values alone: used by live calls and by explain.

The order of checks is §3 of the service: number, white list, blacklist, area, anonymous,
frequency, caps (:func:`admit`); day and time, area and caller rules (:func:`direct`);
percentage or hunt mode, destination limit (:func:`choose`). Each returns the steps it
took, passed or not; together they are the trace that is stored with the record.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from b2bua.service import limits, screening
from b2bua.service.duty import on_duty, shifts_on
from b2bua.service.limits import Cap, CapState, Usage
from b2bua.service.number import Caller, service_number
from b2bua.service.plan import (
    Calendar,
    Destination,
    Group,
    Mode,
    Plan,
    Queue,
    Target,
    ToDestination,
    ToGroup,
    ToMenu,
    ToVoicemail,
)
from b2bua.service.record import Step
from b2bua.service.routing import (
    Bar,
    Cause,
    Draw,
    Progress,
    Rotor,
    Skipped,
    caller_mismatch,
    draw,
    forward,
)
from b2bua.service.schedule import WEEKDAYS, Clock, clock, time_mismatch
from b2bua.service.tariff import yuan


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why and how a call is refused (§9)."""

    rule: str
    status: int
    """Final SIP status of an unanswered call."""
    q850: int
    announcement: str
    """Name of a prompt of the catalogue."""


NUMBER_UNKNOWN: Final = Refusal("number unknown", 404, 1, "number-unknown")
SUSPENDED: Final = Refusal("suspended", 403, 21, "suspended")
BLACKLISTED: Final = Refusal("blacklist", 403, 21, "blacklisted")
AREA_BLOCKED: Final = Refusal("area", 403, 21, "area-blocked")
ANONYMOUS: Final = Refusal("anonymous", 403, 21, "anonymous-rejected")
TOO_FREQUENT: Final = Refusal("frequency", 403, 21, "too-frequent")
PASSWORD: Final = Refusal("password", 403, 21, "password-failed")
NO_ROUTE: Final = Refusal("no route", 403, 21, "out-of-hours")
NO_CHOICE: Final = Refusal("menu", 403, 21, "goodbye")
DESTINATION_LIMIT: Final = Refusal("destination limit", 486, 17, "destination-limit")
ALL_BUSY: Final = Refusal("all destinations busy", 486, 17, "busy")
QUEUED: Final = (DESTINATION_LIMIT, ALL_BUSY)
"""What a caller may wait for to change."""
OUT_OF_HOURS: Final = Refusal("destination hours", 403, 21, "out-of-hours")
NOWHERE: Final = Refusal("no destination", 403, 21, "unavailable")
NOBODY_ANSWERED: Final = Refusal("nobody answered", 480, 19, "no-answer")
TRUNKS_FAILED: Final = Refusal("every outbound trunk failed", 480, 41, "unavailable")
OVERLOADED: Final = Refusal("overload", 503, 42, "overloaded")
CAPS: Final[Mapping[Cap, Refusal]] = {
    Cap.CALLS_PER_MONTH: Refusal("month cap", 403, 21, "month-cap"),
    Cap.CALLS_PER_WEEK: Refusal("week cap", 403, 21, "week-cap"),
    Cap.SPEND_PER_MONTH: Refusal("spend cap", 403, 21, "spend-cap"),
}


def no_live_calls(destination: Destination) -> int:
    """A world in which every line is free."""
    return 0


def no_recent_calls(number: str, caller: str, minutes: int) -> int:
    """A world in which nobody has called."""
    return 0


def nobody_waits(group: str) -> tuple[str, ...]:
    """A world in which every queue is empty."""
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What a decision depends on besides plan, caller and time."""

    calendar: Calendar = Calendar()
    live_calls: Callable[[Destination], int] = no_live_calls
    """Calls a destination has now."""
    recent_calls: Callable[[str, str, int], int] = no_recent_calls
    """Calls to a 400 number by a caller in the last so many minutes, this one left out."""
    line: Callable[[str], Sequence[str]] = nobody_waits
    """Names of the calls that wait for a group, next first."""
    usage: Usage = Usage()
    """What the plan's periods hold already, this call left out."""
    rotors: Mapping[str, str] = field(default_factory=dict)
    """State of percentage and rotation (:meth:`Rotor.to_text`), by :func:`rotor_key`."""
    own_numbers: Collection[str] = frozenset()
    """Every 400 number of ours: none is forwarded to."""
    fraction: float = 0.0
    """A random number in [0, 1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """Whether the call may go on."""

    refusal: Refusal | None
    trace: tuple[Step, ...]
    whitelisted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Direction:
    """Which route the call takes; without a target it is refused."""

    route: str
    target: Target | None
    refusal: Refusal | None
    trace: tuple[Step, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Which destinations are tried first; with none the call is refused."""

    order: tuple[str, ...]
    """Names; after the first, what is left of the group's own order."""
    at_once: bool = False
    """Ring all of ``order`` at the same time."""
    rotors: tuple[tuple[str, str], ...] = ()
    """States of :attr:`World.rotors` that this choice moved on, to be saved."""
    skipped: tuple[Skipped, ...] = ()
    refusal: Refusal | None
    trace: tuple[Step, ...]


def rotor_key(plan: Plan, group: str) -> str:
    """Under which name a group's rotor is kept: per 400 number and plan version."""
    return f"{plan.number}/{plan.version}/{group}"


def admit(plan: Plan | None, caller: Caller, at: datetime, world: World) -> Admission:
    """Check everything that lies before the first question to the caller."""
    if plan is None:
        step = Step("number", False, "no plan for this number")
        return Admission(refusal=NUMBER_UNKNOWN, trace=(step,))
    steps = [Step("number", True, f"{plan.number} {plan.name}".rstrip())]
    if not plan.active:
        steps.append(Step("active", False, "the number is suspended"))
        return Admission(refusal=SUSPENDED, trace=tuple(steps))
    listed = screening.whitelisted(plan.screening, caller)
    refusal = None
    if listed:
        why = f"{screening.described(caller)} is on it ({listed})"
        steps.append(Step("whitelist", True, why))
    else:
        if plan.screening.whitelist:
            steps.append(Step("whitelist", False, "not on it: the other checks apply"))
        refusal = _screen(plan, caller, world, steps)
    if refusal is None:
        refusal = _cap(plan, world.usage, steps)
    return Admission(refusal=refusal, trace=tuple(steps), whitelisted=bool(listed))


def _screen(plan: Plan, caller: Caller, world: World, steps: list[Step]) -> Refusal | None:
    """The checks that white-listed callers skip."""
    rule = plan.screening
    who = screening.described(caller)
    if entry := screening.blacklisted(rule, caller):
        steps.append(Step("blacklist", False, f"{who} is on it ({entry})"))
        return BLACKLISTED
    steps.append(Step("blacklist", True, f"{who} is not on it"))
    if why := screening.area_blocked(rule, caller):
        steps.append(Step("area", False, why))
        return AREA_BLOCKED
    steps.append(Step("area", True, f"{screening.whereabouts(caller)} may call"))
    if screening.anonymous_rejected(rule, caller):
        steps.append(Step("anonymous", False, "anonymous callers are rejected"))
        return ANONYMOUS
    steps.append(Step("anonymous", True, f"anonymous: {rule.anonymous.value}"))
    if rule.frequency is not None and caller.number:
        recent = world.recent_calls(plan.number, caller.number, rule.frequency.minutes)
        many = screening.too_frequent(rule, recent)
        why = (
            f"{recent} calls in {rule.frequency.minutes} minutes, "
            f"{rule.frequency.calls} allowed"
        )
        steps.append(Step("frequency", not many, why))
        if many:
            return TOO_FREQUENT
    return None


def _cap(plan: Plan, usage: Usage, steps: list[Step]) -> Refusal | None:
    for state in limits.cap_states(plan.caps, usage):
        steps.append(Step(state.cap.value, not state.reached, _used(state)))
        if state.reached:
            return CAPS[state.cap]
    return None


def _used(state: CapState) -> str:
    if state.cap is Cap.SPEND_PER_MONTH:
        return f"{yuan(state.used)} of {yuan(state.limit)} yuan used"
    return f"{state.used} of {state.limit} calls used"


def direct(plan: Plan, caller: Caller, at: datetime, world: World) -> Direction:
    """Find the first route whose conditions all hold."""
    moment = clock(plan, at, world.calendar)
    steps = [_day(moment)]
    for route in plan.routes:
        why = time_mismatch(route.when, moment) or caller_mismatch(route.when, caller)
        steps.append(Step(f"route {route.name}", not why, why or f"to {named(route.to)}"))
        if not why:
            return Direction(
                route=route.name, target=route.to, refusal=None, trace=tuple(steps)
            )
    steps.append(Step("route", False, "no route fits"))
    return Direction(route="", target=None, refusal=NO_ROUTE, trace=tuple(steps))


def _day(moment: Clock) -> Step:
    day = moment.local.date()
    why = f"{WEEKDAYS[day.weekday()]} {day} {moment.local:%H:%M} {moment.plan.timezone}"
    return Step("day", True, f"{why}, {moment.kind(day).value}")


def named(target: Target) -> str:
    """A target in words: ``menu main``."""
    match target:
        case ToDestination(name):
            return f"destination {name}"
        case ToGroup(name):
            return f"group {name}"
        case ToMenu(name):
            return f"menu {name}"
        case ToVoicemail():
            return "voicemail"


def bars(plan: Plan, caller: Caller, at: datetime, world: World) -> Bar:
    """Why a destination cannot take this call (§10), besides having been tried."""
    moment = clock(plan, at, world.calendar)

    def bar(destination: Destination) -> str:
        if caller.number and destination.number == caller.number:
            return "it is the caller"
        if service_number(destination.number) in {plan.number, *world.own_numbers}:
            return "it is one of our own 400 numbers"
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
    bar = bars(plan, caller, at, world)
    group = _group(plan, target)
    key = rotor_key(plan, group.name)
    rotor = Rotor.from_text(world.rotors.get(key, ""))
    steps: list[Step] = []
    if group.mode is Mode.ROSTER:
        group = _rostered(group, clock(plan, at, world.calendar), steps)
    drawn = draw(group, plan.destinations, bar=bar, rotor=rotor, fraction=world.fraction)
    steps += (
        Step(f"destination {entry.name}", False, entry.why) for entry in drawn.skipped
    )
    if not drawn.order:
        return _elsewhere(plan, drawn, bar, world, steps)
    how = "all at once" if drawn.at_once else group.mode.value
    why = how if isinstance(target, ToGroup) else "named by the rule"
    steps.append(Step(named(target), True, f"{why}: {', '.join(drawn.order)}"))
    return Choice(
        order=drawn.order,
        at_once=drawn.at_once,
        rotors=() if drawn.rotor is None else ((key, drawn.rotor.to_text()),),
        skipped=drawn.skipped,
        refusal=None,
        trace=tuple(steps),
    )


def queue_of(plan: Plan, target: Target | None) -> Queue | None:
    """The queue that callers may wait in for a target."""
    return plan.groups[target.name].queue if isinstance(target, ToGroup) else None


def _group(plan: Plan, target: ToDestination | ToGroup) -> Group:
    if isinstance(target, ToGroup):
        return plan.groups[target.name]
    return Group(name=target.name, mode=Mode.ORDER, members=((target.name, 0),))


def _rostered(group: Group, moment: Clock, steps: list[Step]) -> Group:
    """The group with those on duty as its members."""
    shifts = shifts_on(group, moment)
    on = on_duty(group, moment)
    why = ", ".join(f"{shift.name} ({', '.join(shift.on)})" for shift in shifts)
    steps.append(Step(f"duty {group.name}", bool(on), why or "nobody is on duty"))
    return replace(group, members=tuple((name, 0) for name in on))


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


def exhausted(outcomes: Collection[str], nobody_answered: int = 480) -> Refusal:
    """How a call ends whose attempts ended with ``outcomes``, as records name them.

    ``nobody_answered`` is the trunk's own status for calls that nobody answered.
    """
    if "no-answer" in outcomes:
        return replace(NOBODY_ANSWERED, status=nobody_answered)
    if "busy" in outcomes:
        return ALL_BUSY
    return TRUNKS_FAILED
