"""Quota: what a node may still admit of a capped period, leased from the store (§8).

Whatever a node's calls use of a period it must hold a lease of. The store grants leases so
that what all nodes hold and what has been delivered never exceed the cap; each node admits
from its own in memory. Both sides are written in sums that only deliveries and admissions
move, so that no message about them can be counted twice::

    the store's row of a node     granted    what it was ever given of the period
                                  settled    what its delivered records came to
    the node                      used       settled, and what is not delivered yet

A node admits while ``used`` lies below ``granted``. A crash changes neither: the row is in
the store, and the calls that are not delivered are in the node's journal.
"""

from dataclasses import dataclass
from datetime import date
from typing import Final

from b2bua.service.limits import Cap, Lease, Period, Unit
from b2bua.service.plan import Counted

SHARE: Final = 4
"""A node is given at most this part, shared by the nodes, of what nobody has used."""
FEWEST: Final = 4
"""No reserve is smaller than so many calls: near its cap each call is asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Want:
    """What a node asks for of one period."""

    period: Period
    starts: date
    unit: Unit
    limit: int
    """The cap."""
    used: int
    """What the node's calls have used already: a fact, whatever was granted."""
    keep: int
    """Down to this the store may take back; below it the node goes on admitting."""
    need: int
    """What the calls that wait want, beyond :attr:`used`."""
    step: int
    """What one call needs: 1, or a started unit's price."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReserveQuota:
    """Ask the store for quota of one number, and give back what is too much."""

    number: str
    turn: int
    """Rises with every question; the store acts on none that a later one overtook."""
    count: Counted
    wants: tuple[Want, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """What the store said to a question."""

    number: str
    turn: int
    leases: tuple[Lease, ...] = ()
    short: bool = False
    """Less was given than was needed."""
    elsewhere: bool = False
    """Other nodes hold what is missing, and were told to give back what they can."""
    fault: str = ""
    """Why there was no answer; whether the store acted on the question is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortage:
    """A call cannot be admitted from what is held."""

    cap: Cap
    final: bool
    """Nobody is being asked any more."""
    known: bool = False
    """The store has said that the period is used up."""
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Others:
    """One period of one number, as all other nodes leave it."""

    counted: int
    """What delivered records came to."""
    leased: int
    """What others may have used or may yet use."""
    nodes: int = 1
    """How many nodes have ever asked, this one included."""


@dataclass(frozen=True, slots=True)
class Allotment:
    """What a node is left with."""

    granted: int
    spare: int
    """How much of it no call that the store knows of uses."""
    reserve: int
    """How much more than it needs the node is meant to have."""
    short: bool
    """Not all that is needed could be given."""


def allot(want: Want, granted: int, settled: int, others: Others) -> Allotment:
    """Answer one want: give what is needed, and a reserve while the cap is far.

    Money is given for one call more while any is left, so that the last may carry the sum
    over the cap by less than its own started unit, as with a single node.
    """
    base = max(min(granted, want.keep), want.used, settled)
    left = want.limit - others.counted - others.leased - (base - settled)
    free = base - max(want.used, settled)
    pool = max(0, left + free)
    """What nobody has used."""
    needed = min(want.need, -(-pool // want.step) * want.step)
    rest = max(0, pool - needed)
    reserve = rest // (SHARE * others.nodes) // want.step * want.step
    if reserve < FEWEST * want.step:
        reserve = 0
    given = max(0, needed + reserve - free)
    spare = max(0, free + given - needed)
    return Allotment(base + given, spare, reserve, needed < want.need)
