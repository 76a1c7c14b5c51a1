"""Taking fewer new calls while the loop cannot keep up.

The driver looks at the loop every tenth of a second and tells how late it was. One late
look is a hiccup: whoever called meanwhile is served a little later, and no worse. Two in a
row are a load that does not pass by itself, and fewer new calls are taken for as long as
look after look is late; who makes most of them is refused first:

    look        late 0.4    late 0.3    late 0.3    in time
    new calls   all         few         few         all, 50 ms later
"""

from collections.abc import Callable
from typing import Final, Protocol

from b2bua.app.lateness import LATE, Lateness
from b2bua.net.driver import TICK

SHED_LAG: Final = LATE
HOLD: Final = 1.5 * TICK
"""Seconds for which a late look counts: past the next one, which so finds it counting."""


class Handle(Protocol):
    """A call that was put off."""

    def cancel(self) -> None:
        """Do not make it."""


class Shedding:
    """Whether we are pressed, from how late the loop is."""

    def __init__(
        self,
        later: Callable[[float, Callable[[], None]], Handle],
        press: Callable[[bool], None],
    ) -> None:
        """``later`` is the loop's ``call_later``; ``press`` is told what holds now."""
        self._later = later
        self._press = press
        self._hold: Handle | None = None
        self.lateness = Lateness()
        """For an alarm."""

    def lagged(self, seconds: float) -> None:
        """Hear that the loop was late."""
        if seconds <= SHED_LAG:
            return
        if self._hold is not None:
            self._hold.cancel()
            self._press(True)
        self._hold = self._later(HOLD, self._recovered)

    def _recovered(self) -> None:
        self._hold = None
        self._press(False)
