"""Who may be tried first, and with which share of the calls: a choice without its chance.

Two plans are compared by this and not by what one draw happened to give: a percentage
that changes from 70/30 to 50/50 sends one call in five elsewhere, whichever that is.
"""

from collections.abc import Mapping
from fractions import Fraction
from typing import TypeAlias

from b2bua.service.flow.choosing import Choice
from b2bua.service.plan import Mode, Plan, ToDestination, ToGroup

Chances: TypeAlias = Mapping[tuple[str, ...], Fraction]
"""Names of destinations that ring first, together, with their share; the sum is 1."""

SURE = Fraction(1)


def chances(plan: Plan, target: ToDestination | ToGroup, choice: Choice) -> Chances:
    """Who is tried first when ``target`` was chosen from with this outcome."""
    group = plan.groups[target.name] if isinstance(target, ToGroup) else None
    first = choice.order if choice.at_once else choice.order[:1]
    if group is None or choice.familiar:
        return {first: SURE}
    barred = {entry.name for entry in choice.skipped}
    able = {name: weight for name, weight in group.members if name not in barred}
    if not set(first) <= able.keys():
        return {first: SURE}  # forwarded, because no member could take the call
    match group.mode:
        case Mode.PERCENT:
            total = sum(able.values())
            if not total:
                return {first: SURE}
            return {
                (name,): Fraction(weight, total) for name, weight in able.items() if weight
            }
        case Mode.ROTATE | Mode.RANDOM:
            return {(name,): Fraction(1, len(able)) for name in able}
        case Mode.ORDER | Mode.ALL | Mode.ROSTER:
            return {first: SURE}


def moved(before: Mapping[str, Fraction], after: Mapping[str, Fraction]) -> Fraction:
    """The share of calls that cannot stay where they are: 0 for none, 1 for all."""
    return SURE - sum(
        (min(share, after.get(place, Fraction(0))) for place, share in before.items()),
        Fraction(0),
    )
