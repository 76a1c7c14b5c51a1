"""Who called more than once, and who gave up on us for good.

A caller is lost whose last call of the month reached nobody (busy, no answer, abandoned)
and who did not call again within a day. What is kept is a few integers for each distinct
caller, however often it called.
"""

from array import array
from heapq import nlargest
from typing import Final
from zoneinfo import ZoneInfo

from b2bua.report.figures import CallerFigures, RepeatCaller
from b2bua.report.month import DAY, moment_of

MOST_LISTED: Final = 20


class Callers:
    """The callers of one month; calls come in the order of time."""

    def __init__(self) -> None:
        self._index: dict[str, int] = {}
        self._calls = array("q")
        self._answered = array("q")
        self._last = array("q")
        """The last call of the month, microseconds since 1970."""
        self._last_answered = array("q")
        self._missed = array("b")
        """1: the last call reached nobody."""
        self._hidden = array("b")
        """1: some call asked for privacy."""

    def add(
        self, caller: str, at: int, *, answered: bool, missed: bool, hidden: bool
    ) -> int:
        """Take a call of the month; the caller's place."""
        place = self._index.get(caller)
        if place is None:
            place = self._index[caller] = len(self._index)
            for column in (self._calls, self._answered, self._last_answered):
                column.append(0)
            self._last.append(at)
            self._missed.append(0)
            self._hidden.append(0)
        self._calls[place] += 1
        self._last[place] = at
        self._missed[place] = missed
        self._hidden[place] |= hidden
        if answered:
            self._answered[place] += 1
            self._last_answered[place] = at
        return place

    def add_later(self, caller: str, at: int, *, answered: bool) -> None:
        """Take a call after the month: it may be one who comes back."""
        place = self._index.get(caller)
        if place is None:
            return
        if at - self._last[place] <= DAY:
            self._missed[place] = 0
        if answered:
            self._last_answered[place] = at

    def answered_after(self, place: int, at: int) -> bool:
        """Whether a caller reached somebody later than ``at``."""
        return self._last_answered[place] > at

    def figures(self, now: int, zone: ZoneInfo) -> CallerFigures:
        """What came of them by ``now``."""
        lost = waiting = 0
        for place, missed in enumerate(self._missed):
            if missed and now - self._last[place] > DAY:
                lost += 1
            elif missed:
                waiting += 1
        repeated = [calls for calls in self._calls if calls > 1]
        return CallerFigures(
            distinct=len(self._index),
            repeat=len(repeated),
            repeat_calls=sum(repeated),
            lost=lost,
            undecided=waiting,
            most=self._most(zone),
        )

    def _most(self, zone: ZoneInfo) -> tuple[RepeatCaller, ...]:
        callers = ((name, at) for name, at in self._index.items() if self._calls[at] > 1)
        most = nlargest(
            MOST_LISTED, callers, key=lambda one: (self._calls[one[1]], -one[1])
        )
        return tuple(
            RepeatCaller(
                caller="" if self._hidden[place] else name,
                calls=self._calls[place],
                answered=self._answered[place],
                last_at=moment_of(self._last[place], zone),
            )
            for name, place in most
        )
