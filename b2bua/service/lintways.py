"""Where the ways of a plan lead, and when somebody is there: gaps, dead ends, leftovers."""

from collections.abc import Iterator
from datetime import datetime
from typing import TypeAlias

from b2bua.service.coverage import Minutes, certain, first_of, possible, union
from b2bua.service.plan import (
    Calendar,
    KeyTarget,
    Mode,
    Plan,
    Route,
    ToDestination,
    ToGroup,
    ToMenu,
    When,
)
from b2bua.service.plantext import Path
from b2bua.service.schedule import clock, override_mismatch

Remark: TypeAlias = tuple[Path, str]


def ways(plan: Plan, now: datetime) -> Iterator[Remark]:
    """Everything that is odd about targets, rosters and the override."""
    yield from _override(plan, now)
    yield from _unreached(plan)
    yield from _nobody_on_duty(plan)
    yield from _nobody_open(plan)


def _override(plan: Plan, now: datetime) -> Iterator[Remark]:
    rule, moment = plan.override, clock(plan, now, Calendar())
    if rule is not None and rule.until <= now:
        yield (
            ("override", "until"),
            f"{override_mismatch(rule, moment)} and decides nothing; take it "
            f"out, or run b2bua override {plan.number} --end",
        )


def _unreached(plan: Plan) -> Iterator[Remark]:
    """Menus and groups that no call comes to."""
    reached = _reached(plan, [route.to for route in plan.routes])
    if plan.override is not None:
        reached |= _reached(plan, [plan.override.to])
    for name in plan.menus:
        if ToMenu(name) not in reached:
            yield (
                ("menus", name),
                "nothing leads here; let a route or a key do so, or take it out",
            )
    for name in plan.groups:
        if ":" not in name and ToGroup(name) not in reached:
            yield (
                ("groups", name),
                "nothing leads here; let a route or a key do so, or take it out",
            )


def _reached(plan: Plan, targets: list[KeyTarget]) -> set[KeyTarget]:
    """Everything that calls come to which begin at ``targets``."""
    seen: set[KeyTarget] = set()
    while targets:
        target = targets.pop()
        if target in seen:
            continue
        seen.add(target)
        if isinstance(target, ToMenu):
            menu = plan.menus[target.name]
            targets += menu.keys.values()
            targets += [] if menu.otherwise is None else [menu.otherwise]
    return seen


def _nobody_on_duty(plan: Plan) -> Iterator[Remark]:
    """Rosters that calls come to when nobody is on duty."""
    for name, group in plan.groups.items():
        if group.mode is not Mode.ROSTER:
            continue
        wanted = union(
            minutes
            for route, minutes in _taken(plan)
            if ToGroup(name) in _reached(plan, [route.to])
        )
        missing = wanted & ~union(certain(shift.when) for shift in group.shifts)
        if missing:
            path = group_path(name, plan)
            yield (
                (*path, "roster"),
                f"nobody is on duty on {first_of(missing)}; add a shift",
            )


def _nobody_open(plan: Plan) -> Iterator[Remark]:
    """Routes that lead to nobody who answers at that time."""
    if plan.forwarding.voicemail:
        return
    onward = union(_open(plan, name) for name in plan.forwarding.no_answer)
    for place, (route, minutes) in enumerate(_taken(plan)):
        match route.to:
            case ToDestination(name):
                there = _open(plan, name)
            case ToGroup(name) if plan.groups[name].mode is not Mode.ROSTER:
                there = union(_open(plan, one) for one, _ in plan.groups[name].members)
            case _:
                continue
        missing = minutes & ~(there | onward)
        if missing:
            yield (
                ("routes", place, "to"),
                f"everybody is outside their hours on {first_of(missing)}; widen them, "
                "forward on no_answer, or let callers leave a message",
            )


def _open(plan: Plan, name: str) -> Minutes:
    return possible(plan.destinations[name].when or When())


def _taken(plan: Plan) -> Iterator[tuple[Route, Minutes]]:
    """Each route with the minutes at which calls may take it."""
    before = 0
    for route in plan.routes:
        yield route, possible(route.when) & ~before
        before |= certain(route.when)


def group_path(name: str, plan: Plan) -> Path:
    """Where a group is written, as far as its name tells."""
    kind, _, rest = name.partition(":")
    if not rest:
        return ("groups", name)
    if kind == "route":
        place = next(n for n, route in enumerate(plan.routes) if route.name == rest)
        return ("routes", place, "to")
    if kind == "override":
        return ("override", "to")
    menu, _, key = rest.rpartition(":")
    inner: Path = (key,) if key in ("otherwise", "operator") else ("keys", key)
    return ("menus", menu, *inner)
