"""From rules to destinations: the first route that fits, the group's choice, forwarding.

**Percentage** (§5) is a smooth weighted round robin, not chance. Each member holds a
credit: the calls that its share entitles it to, less the calls it got. Every call adds
its share to each eligible member's credit and takes one call from the chosen one, which
is, of those with any credit, the one that would first be owed a whole call. So no member
is ever a whole call ahead of or behind its share, and every aligned block of 100 calls
is exactly the configured split. (The greatest credit, the usual choice, lets members
fall behind by more than a call where many are small.) A member that cannot take a call
is left out of the round, and its share falls to the others in proportion.

**Forwarding** (§10) goes on through the group's own order, then through the plan's list
for busy or for no answer.
"""

import enum
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, TypeAlias

from b2bua.service.number import Caller, first_match, first_place
from b2bua.service.plan import Destination, Group, Mode, Plan, When

CALL: Final = 1_000_000_000
"""One call in units of credit, in which every whole-percent share is exact."""

Bar: TypeAlias = Callable[[Destination], str]
"""Why a destination cannot take this call, in a few words; empty if it can."""


class Cause(enum.Enum):
    """Why an attempt ended without an answer, as far as forwarding tells causes apart."""

    BUSY = "busy"
    NO_ANSWER = "no-answer"
    """Unreachable counts as no answer."""


@dataclass(frozen=True, slots=True)
class Rotor:
    """Where a group's choice stands between calls; durable, per plan version and group."""

    credits: tuple[tuple[str, int], ...] = ()
    """For PERCENT: members with their credit, in units of :data:`CALL`."""
    last: str = ""
    """For ROTATE: the member that was chosen last."""

    def to_text(self) -> str:
        """As a store keeps it."""
        return json.dumps({"credits": dict(self.credits), "last": self.last})

    @classmethod
    def from_text(cls, text: str) -> "Rotor":
        """The reverse of :meth:`to_text`; text that is none begins a new round."""
        try:
            kept = json.loads(text)
        except ValueError:
            return cls()
        if not isinstance(kept, dict):
            return cls()
        pairs, last = kept.get("credits"), kept.get("last")
        return cls(
            tuple(
                (name, credit)
                for name, credit in (pairs.items() if isinstance(pairs, dict) else ())
                if isinstance(credit, int) and abs(credit) <= 1000 * CALL
            ),
            last if isinstance(last, str) else "",
        )


@dataclass(frozen=True, slots=True)
class Skipped:
    """A destination that was passed over, and why."""

    name: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Draw:
    """What a group chose for one call."""

    order: tuple[str, ...]
    """Names in the order of trying; empty if nobody can take the call."""
    at_once: bool = False
    """Ring all of ``order`` at the same time."""
    rotor: Rotor | None = None
    """The group's new state, if the choice moved it."""
    skipped: tuple[Skipped, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far the search for a destination has come."""

    tried: tuple[str, ...] = ()
    """Names of the destinations that were tried."""
    rest: tuple[str, ...] = ()
    """What is left of the group's own order."""
    forwards: int = 0
    """Attempts after the first; ringing several at once is one attempt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Forward:
    """Where a call goes next."""

    to: str | None
    """Name of the destination; None: nowhere."""
    why: str
    """By which rule, or why nowhere."""
    rest: tuple[str, ...] = ()
    """What is left of the group's own order."""
    skipped: tuple[Skipped, ...] = ()


def caller_mismatch(when: When, caller: Caller) -> str:
    """Why the caller conditions of a route do not hold; empty if they do."""
    if when.areas and first_place(caller, when.areas) is None:
        return f"area {caller.area or 'unknown'} is not in {', '.join(when.areas)}"
    if when.callers and first_match(caller, when.callers) is None:
        return "the caller is not in the rule's numbers"
    return ""


def draw(
    group: Group,
    destinations: Mapping[str, Destination],
    *,
    bar: Bar,
    rotor: Rotor,
    fraction: float,
) -> Draw:
    """Let the group choose; ``fraction`` is a random number in [0, 1).

    A roster's members are those on duty.
    """
    skipped = tuple(
        Skipped(name, why) for name, _ in group.members if (why := bar(destinations[name]))
    )
    barred = {entry.name for entry in skipped}
    able = tuple(name for name, _ in group.members if name not in barred)
    if not able:
        return Draw(order=(), skipped=skipped)
    match group.mode:
        case Mode.PERCENT:
            weights = {name: weight for name, weight in group.members if name in able}
            chosen, moved = turn(rotor, weights)
            return Draw(
                order=() if chosen is None else (chosen,), rotor=moved, skipped=skipped
            )
        case Mode.ORDER | Mode.ROSTER:
            return Draw(order=able, skipped=skipped)
        case Mode.ROTATE:
            order = _after(rotor.last, tuple(name for name, _ in group.members), able)
            return Draw(order=order, rotor=Rotor(last=order[0]), skipped=skipped)
        case Mode.RANDOM:
            return Draw(order=_shuffled(able, fraction), skipped=skipped)
        case Mode.ALL:
            return Draw(order=able, at_once=True, skipped=skipped)


def turn(rotor: Rotor, weights: Mapping[str, int]) -> tuple[str | None, Rotor]:
    """Give one call to one of ``weights``; None if all their weights are 0."""
    total = sum(weights.values())
    if total == 0:
        return None, rotor
    credit = dict(rotor.credits)
    for name, weight in weights.items():
        credit[name] = credit.get(name, 0) + CALL * weight // total
    owed = [name for name, weight in weights.items() if weight and credit[name] > 0]
    # Credits sum to about zero, so after an outage everyone left may be in debt.
    able = owed or [name for name, weight in weights.items() if weight]
    chosen = min(able, key=lambda name: Fraction(CALL - credit[name], weights[name]))
    credit[chosen] -= CALL
    return chosen, Rotor(tuple(credit.items()), rotor.last)


def forward(plan: Plan, cause: Cause, progress: Progress, bar: Bar) -> Forward:
    """The next destination after an attempt that ended for ``cause``."""
    most = plan.forwarding.max_forwards
    if progress.forwards >= most:
        return Forward(to=None, why=f"{most} forwards made, the plan allows no more")
    busy = cause is Cause.BUSY
    listed = plan.forwarding.busy if busy else plan.forwarding.no_answer
    numbers = {plan.destinations[name].number for name in progress.tried}
    skipped: list[Skipped] = []
    candidates = [*((name, "group order") for name in progress.rest)]
    candidates += ((name, f"forward on {cause.value}") for name in listed)
    for place, (name, rule) in enumerate(candidates):
        destination = plan.destinations[name]
        why = "tried already" if destination.number in numbers else bar(destination)
        if not why:
            rest = progress.rest[place + 1 :]
            return Forward(to=name, why=rule, rest=rest, skipped=tuple(skipped))
        skipped.append(Skipped(name, why))
    return Forward(to=None, why=f"nowhere left on {cause.value}", skipped=tuple(skipped))


def _after(last: str, names: Sequence[str], able: Collection[str]) -> tuple[str, ...]:
    """The able names in a circle that begins after ``last``."""
    start = names.index(last) + 1 if last in names else 0
    return tuple(name for name in (*names[start:], *names[:start]) if name in able)


def _shuffled(names: Sequence[str], fraction: float) -> tuple[str, ...]:
    """A permutation by one random number: each position takes its share of it."""
    left, order = list(names), []
    while left:
        fraction *= len(left)
        place = min(int(fraction), len(left) - 1)
        fraction -= place
        order.append(left.pop(place))
    return tuple(order)
