"""How many of something are taken at once, swept exactly from intervals.

Intervals come in the order of a clock that only goes forward: once :meth:`advance` has
heard of a moment, nothing that begins earlier may come. What is kept is the ends of the
intervals that are open, so memory is bounded by what is taken at once, not by how many
intervals there are. An interval holds its first moment and not its last: one that ends
when another begins never meets it.
"""

from heapq import heappop, heappush

from b2bua.core.errors import InvalidState
from b2bua.report.month import QUARTER, Quarters


class Occupancy:
    """The level through one month; intervals may begin before it and end after it."""

    def __init__(self, quarters: Quarters) -> None:
        self._start = quarters.start
        self._end = quarters.end
        self._edges: list[int] = []
        """Moments x 2, plus 1 where an interval begins: ends come before beginnings."""
        self._level = 0
        self._since = 0
        self._swept = 0
        self.peak = 0
        self.peak_at: int | None = None
        """When the peak was first reached, microseconds since 1970."""
        self.peaks = [0] * len(quarters.places)
        """The highest level in each quarter."""
        self.load = [0] * len(quarters.places)
        """Microseconds taken in each quarter, of all intervals together."""

    def add(self, begin: int, end: int) -> None:
        """Take an interval, microseconds since 1970; one that is empty holds nothing."""
        if begin < self._swept:
            raise InvalidState("an interval begins before what was swept")
        if end > begin and end > self._start and begin < self._end:
            heappush(self._edges, begin * 2 + 1)
            heappush(self._edges, end * 2)

    def advance(self, to: int) -> None:
        """Sweep up to a moment: every interval to come begins then or later."""
        edges = self._edges
        while edges and edges[0] < to * 2:
            self._pass(heappop(edges))
        self._swept = max(self._swept, to)

    def finish(self) -> None:
        """Sweep to the end of all intervals."""
        while self._edges:
            self._pass(heappop(self._edges))

    def _pass(self, edge: int) -> None:
        at, begins = edge >> 1, edge & 1
        if self._level and at > self._since:
            self._hold(max(self._since, self._start), min(at, self._end))
        self._since = at
        self._level += 1 if begins else -1

    def _hold(self, begin: int, end: int) -> None:
        """Note that the present level held from ``begin`` to ``end``."""
        if begin >= end:
            return
        level = self._level
        if level > self.peak:
            self.peak, self.peak_at = level, begin
        quarter = (begin - self._start) // QUARTER
        while begin < end:
            border = min(end, self._start + (quarter + 1) * QUARTER)
            self.load[quarter] += level * (border - begin)
            self.peaks[quarter] = max(self.peaks[quarter], level)
            begin = border
            quarter += 1
