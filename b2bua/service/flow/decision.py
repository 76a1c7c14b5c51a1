"""What to do with a call, decided from values alone: used by live calls and by explain.

The order of checks is §3 of the service: number, white list, blacklist, area, anonymous,
frequency, caps (:func:`admit`); greeting and password (:func:`opening`); a temporary way,
day and time, area and caller rules (:func:`direct`); percentage or hunt mode, destination
limit (:mod:`b2bua.service.flow.choosing`). Each returns the steps it took, passed or not;
together they are the trace that is stored with the record.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from b2bua.service import limits, screening
from b2bua.service.limits import Cap, CapState, Usage
from b2bua.service.number import Caller
from b2bua.service.plan import Calendar, Destination, Override, Plan, Target
from b2bua.service.record import Step
from b2bua.service.routing import caller_mismatch
from b2bua.service.schedule import (
    WEEKDAYS,
    Clock,
    clock,
    override_mismatch,
    stamp,
    time_mismatch,
)
from b2bua.service.talks import Talked
from b2bua.service.tariff import yuan

OVERRIDE: Final = "override"
"""The route of calls that a temporary way takes."""


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
LOOPED: Final = Refusal("loop", 403, 25, "")
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
CAP_UNKNOWN: Final = Refusal("cap unknown", 403, 41, "overloaded")
"""The store, or whoever else holds what is left of a cap, was silent. Not a 503, as the
carrier would try again at once (§9): the caller is told to, a little later."""
REFUSED_BY_CAP: Final = frozenset(one.rule for one in (*CAPS.values(), CAP_UNKNOWN))
"""Reasons of records that count for no cap, not even one of offered calls."""


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
    usage: Callable[[], Usage] = Usage
    """What the plan's periods hold already, this call left out."""
    rotors: Mapping[str, str] = field(default_factory=dict)
    """State of percentage and rotation (:meth:`Rotor.to_text`), by :func:`rotor_key`."""
    familiar: Mapping[str, Talked | None] = field(default_factory=dict)
    """By the name of a group that wants to know: with which of its members this caller
    talked last, None: with none. A group that is missing was not told in time."""
    own_numbers: Collection[str] = frozenset()
    """Every 400 number of ours: none is forwarded to."""
    phones: Mapping[str, str] | None = None
    """As :attr:`Snapshot.phones`; one that is not there is nobody's."""
    fraction: float = 0.0
    """A random number in [0, 1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """Whether the call may go on."""

    refusal: Refusal | None
    trace: tuple[Step, ...]
    whitelisted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What comes before the call is directed."""

    greeting: str | None
    """Name of the prompt that is played while it rings, or before the first menu."""
    trace: tuple[Step, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Direction:
    """Which route the call takes; without a target it is refused."""

    route: str
    target: Target | None
    refusal: Refusal | None
    trace: tuple[Step, ...]


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
        refusal = _cap(plan, world.usage(), steps)
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


def opening(plan: Plan, at: datetime, world: World) -> Opening:
    """Choose the greeting by the time, and say what the caller must key."""
    moment = clock(plan, at, world.calendar)
    timed = (one for one in plan.greetings if not time_mismatch(one.when, moment))
    first = next(timed, None)
    greeting = plan.greeting if first is None else first.prompt
    steps: list[Step] = []
    if plan.password:
        steps.append(Step("password", True, "every caller must key it"))
    elif greeting is not None:
        steps.append(Step("greeting", True, f"greeting {greeting} while ringing"))
    return Opening(greeting=greeting, trace=tuple(steps))


def direct(plan: Plan, caller: Caller, at: datetime, world: World) -> Direction:
    """Find the first route whose conditions all hold, unless an override takes all."""
    moment = clock(plan, at, world.calendar)
    steps = [_day(moment)]
    if (rule := plan.override) is not None:
        why = override_mismatch(rule, moment)
        steps.append(Step(OVERRIDE, not why, why or _overriding(rule, moment)))
        if not why:
            return Direction(
                route=OVERRIDE, target=rule.to, refusal=None, trace=tuple(steps)
            )
    for route in plan.routes:
        why = time_mismatch(route.when, moment) or caller_mismatch(route.when, caller)
        steps.append(Step(f"route {route.name}", not why, why or f"to {route.to}"))
        if not why:
            return Direction(
                route=route.name, target=route.to, refusal=None, trace=tuple(steps)
            )
    steps.append(Step("route", False, "no route fits"))
    return Direction(route="", target=None, refusal=NO_ROUTE, trace=tuple(steps))


def _overriding(rule: Override, moment: Clock) -> str:
    until = stamp(rule.until, moment)
    return f"to {rule.to} until {until}" + (f": {rule.note}" if rule.note else "")


def _day(moment: Clock) -> Step:
    day = moment.local.date()
    why = f"{WEEKDAYS[day.weekday()]} {day} {moment.local:%H:%M} {moment.plan.timezone}"
    return Step("day", True, f"{why}, {moment.kind(day).value}")


def exhausted(outcomes: Collection[str], nobody_answered: int = 480) -> Refusal:
    """How a call ends whose attempts ended with ``outcomes``, as records name them.

    ``nobody_answered`` is the trunk's own status for calls that nobody answered.
    """
    if "no-answer" in outcomes:
        return replace(NOBODY_ANSWERED, status=nobody_answered)
    if "busy" in outcomes:
        return ALL_BUSY
    return TRUNKS_FAILED
