"""An alarm for a loop that is often late: callers wait before anybody hears them.

The driver looks at the loop every tenth of a second. One late look is nothing that a person
could mend; many in a minute are, and one that was very late.
"""

from collections import deque
from collections.abc import Iterator
from typing import Final

from b2bua.store.nodes import Alarm, Complaint

LATE: Final = 0.25
"""Seconds by which a look is late when the loop is far behind."""
SPAN: Final = 60.0
"""Seconds that are looked back on; so long an alarm stays after its cause."""
OFTEN: Final = 12
"""Looks of the span that were late."""
VERY_LATE: Final = 1.0
"""Seconds: callers have sent their INVITE again."""


class Lateness:
    """The late looks of one loop."""

    def __init__(self) -> None:
        self._late: deque[tuple[float, float]] = deque()

    def add(self, seconds: float, now: float) -> None:
        """Hear that the loop was so late."""
        if seconds > LATE:
            self._late.append((now, seconds))
        self._forget(now)

    def alarms(self, now: float) -> Iterator[Alarm]:
        """What there is to complain of."""
        self._forget(now)
        most = max((seconds for _, seconds in self._late), default=0.0)
        if len(self._late) >= OFTEN or most >= VERY_LATE:
            detail = f"{len(self._late)}x in a minute, {most:.1f} s at most"
            yield Alarm(kind=Complaint.LAG, detail=detail)

    def _forget(self, now: float) -> None:
        while self._late and self._late[0][0] <= now - SPAN:
            self._late.popleft()
