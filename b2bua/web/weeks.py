"""A duty roster as a picture of a week: shifts as blocks on seven days."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from b2bua.service.plan import Group, Shift

DAY: Final = 24 * 60
COLOURS: Final = 6


@dataclass(slots=True, kw_only=True)
class Block:
    """A part of a shift on one day."""

    day: int
    """Monday is 0."""
    first: int
    """Minutes of the day."""
    last: int
    """Not included."""
    shift: str
    on: tuple[str, ...]
    colour: int
    """Of :data:`COLOURS`, the same for the same shift."""
    lane: int = 0
    """Among those of the day that overlap it."""
    lanes: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Week:
    """What the picture shows."""

    blocks: list[Block] = field(default_factory=list)
    day: int = 0
    """Today."""
    minute: int = 0
    """Now."""


def week(group: Group, now: datetime) -> Week:
    """The shifts of a roster; ``now`` is on the plan's clocks."""
    blocks = [
        block
        for colour, shift in enumerate(group.shifts)
        for block in _blocks(shift, colour % COLOURS)
    ]
    for day in range(7):
        _share(sorted((one for one in blocks if one.day == day), key=_start))
    return Week(blocks=blocks, day=now.weekday(), minute=now.hour * 60 + now.minute)


def _start(block: Block) -> tuple[int, int]:
    return block.first, block.last


def _blocks(shift: Shift, colour: int) -> Iterable[Block]:
    for day in sorted(shift.when.days):
        for first, last in shift.when.hours or ((0, DAY - 1),):
            parts = [(day, first, last + 1)]
            if first > last:
                parts = [(day, first, DAY), ((day + 1) % 7, 0, last + 1)]
            for on_day, begins, ends in parts:
                yield Block(
                    day=on_day,
                    first=begins,
                    last=ends,
                    shift=shift.name,
                    on=shift.on,
                    colour=colour,
                )


def _share(blocks: list[Block]) -> None:
    """Blocks that overlap stand beside each other."""
    cluster: list[Block] = []
    ends = 0
    for block in [*blocks, None]:
        if block is None or (cluster and block.first >= ends):
            lanes: list[int] = []
            for one in cluster:
                place = next(
                    (n for n, end in enumerate(lanes) if end <= one.first), len(lanes)
                )
                if place == len(lanes):
                    lanes.append(0)
                lanes[place] = one.last
                one.lane = place
            for one in cluster:
                one.lanes = len(lanes)
            cluster, ends = [], 0
        if block is not None:
            cluster.append(block)
            ends = max(ends, block.last)
