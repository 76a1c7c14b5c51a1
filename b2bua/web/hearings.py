"""Which recordings were just listened to: a player asks for one in many parts.

The log has one line for all of them, whichever part is asked for first.
"""

from collections import OrderedDict
from collections.abc import Callable
from typing import Final

AGAIN_SECONDS: Final = 600.0
"""After which the same is noted once more."""
MOST: Final = 10_000


class Hearings:
    """What was noted lately."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._noted: OrderedDict[str, float] = OrderedDict()

    def first(self, what: str) -> bool:
        """Whether it has to be noted; from now on it is."""
        now = self._clock()
        before = self._noted.get(what)
        if before is not None and now - before < AGAIN_SECONDS:
            return False
        self._noted[what] = now
        self._noted.move_to_end(what)
        if len(self._noted) > MOST:
            self._noted.popitem(last=False)
        return True
