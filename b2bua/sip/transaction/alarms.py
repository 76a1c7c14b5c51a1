"""The deadlines of many machines in one heap.

A deadline that has moved away is not searched for: its item stays in the heap and is
thrown out or put back when it comes to the top. What would come to the top in hours, long
after its machine is gone, is thrown out when the heap has doubled. So the heap holds at
most a few items for each machine, and the earliest of them is always a true deadline.
"""

import heapq
from typing import Final, Generic, Protocol, TypeVar

from b2bua.core.clock import Instant

SMALL: Final = 64
"""Items that a heap may hold before it is looked through."""


class Sleeper(Protocol):
    """Something with a deadline, and room to note which item of the heap speaks for it."""

    alarm: Instant | None

    @property
    def deadline(self) -> Instant | None:
        """When it must be woken, if ever."""


SleeperT = TypeVar("SleeperT", bound=Sleeper)


class Alarms(Generic[SleeperT]):
    """Says who must be woken next, and when."""

    def __init__(self) -> None:
        self._heap: list[tuple[Instant, int, SleeperT]] = []
        self._sequence = 0
        self._most = SMALL

    def __len__(self) -> int:
        """How many items are held, true ones and others."""
        return len(self._heap)

    @property
    def deadline(self) -> Instant | None:
        """The earliest deadline of all."""
        return self._heap[0][0] if self._heap else None

    def watch(self, sleeper: SleeperT) -> None:
        """Note the deadline of ``sleeper``, after each change of it."""
        due = sleeper.deadline
        if due is not None and (sleeper.alarm is None or due < sleeper.alarm):
            self._sequence += 1
            sleeper.alarm = due
            heapq.heappush(self._heap, (due, self._sequence, sleeper))
            if len(self._heap) > self._most:
                self._sweep()
        if self._heap and self._heap[0][2] is sleeper:
            self._tidy()

    def pop(self, now: Instant) -> tuple[Instant, SleeperT] | None:
        """Take the one that is due first, if any; :meth:`watch` it again after waking."""
        if not self._heap or self._heap[0][0] > now:
            return None
        due, _, sleeper = heapq.heappop(self._heap)
        sleeper.alarm = None
        self._tidy()
        return due, sleeper

    def _sweep(self) -> None:
        """Throw out what speaks for nobody any more."""
        kept: list[tuple[Instant, int, SleeperT]] = []
        for item in self._heap:
            due, _, sleeper = item
            if due != sleeper.alarm:
                continue
            if sleeper.deadline is None:
                sleeper.alarm = None
            else:
                kept.append(item)
        heapq.heapify(kept)
        self._heap = kept
        self._most = max(SMALL, 2 * len(kept))

    def _tidy(self) -> None:
        """Leave a true deadline on top, which is wrong only of who has moved."""
        heap = self._heap
        while heap:
            due, sequence, sleeper = heap[0]
            actual = sleeper.deadline
            if actual == due == sleeper.alarm:
                return
            if due != sleeper.alarm or actual is None:
                heapq.heappop(heap)
                if due == sleeper.alarm:
                    sleeper.alarm = None
            else:
                sleeper.alarm = actual
                heapq.heapreplace(heap, (actual, sequence, sleeper))
