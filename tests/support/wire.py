"""A link that loses, delays, doubles and reorders by seed; itself a machine.

It carries parcels of any kind, usually bytes with where they come from and go to. The same
seed and the same calls give the same faults, so a failure can be played again.
"""

import heapq
from dataclasses import dataclass
from random import Random
from typing import Generic, TypeVar

Parcel = TypeVar("Parcel")


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """How bad a link is. Parcels overtake each other as soon as delays differ."""

    loss: float = 0.0
    """Probability that a parcel never arrives."""
    doubling: float = 0.0
    """Probability that it arrives twice."""
    delay: tuple[float, float] = (0.001, 0.001)
    """Shortest and longest time on the way, in seconds."""


PERFECT = Faults()


class Wire(Generic[Parcel]):
    """Parcels on their way."""

    def __init__(self, seed: int, faults: Faults = PERFECT) -> None:
        self.faults = faults
        self._random = Random(seed)
        self._travelling: list[tuple[float, int, Parcel]] = []
        self.carried = 0
        """How many copies it has let travel."""

    @property
    def deadline(self) -> float | None:
        """When the next parcel arrives."""
        return self._travelling[0][0] if self._travelling else None

    def carry(self, parcel: Parcel, now: float) -> None:
        """Take a parcel at one end."""
        copies = 0
        if self._random.random() >= self.faults.loss:
            copies = 2 if self._random.random() < self.faults.doubling else 1
        for _ in range(copies):
            self.carried += 1
            arrival = now + self._random.uniform(*self.faults.delay)
            heapq.heappush(self._travelling, (arrival, self.carried, parcel))

    def wake(self, now: float) -> list[Parcel]:
        """Give out at the other end what has arrived, in order of arrival."""
        arrived: list[Parcel] = []
        while self._travelling and self._travelling[0][0] <= now:
            arrived.append(heapq.heappop(self._travelling)[2])
        return arrived
