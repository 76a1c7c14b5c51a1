"""A hiccup of the loop refuses nobody; a loop that stays behind takes no new calls."""

from collections.abc import Callable

from b2bua.app.shedding import HOLD, SHED_LAG, Shedding
from b2bua.net.driver import TICK

LATE = SHED_LAG + 0.05


class Later:
    """A call put off on a clock of ours."""

    def __init__(self, due: float, act: Callable[[], None]) -> None:
        self.due = due
        self.act = act
        self.cancelled = False

    def cancel(self) -> None:
        self.cancelled = True


class Loop:
    """Looks at itself as the driver does, with timers fired in the order they are due."""

    def __init__(self) -> None:
        self.now = 0.0
        self.timers: list[Later] = []
        self.refusing = False
        self.told: list[bool] = []
        self.shedding = Shedding(self.call_later, self.refuse)

    def call_later(self, seconds: float, act: Callable[[], None]) -> Later:
        timer = Later(self.now + seconds, act)
        self.timers.append(timer)
        return timer

    def refuse(self, refusing: bool) -> None:
        self.refusing = refusing
        self.told.append(refusing)

    def look(self, late: float = 0.0) -> None:
        """The next look, so late; what fell due meanwhile is fired in its order."""
        due = self.now + TICK
        self._fire(due, due + late)
        self.now = due + late
        if late:
            self.shedding.lagged(late)
        self._fire(self.now, self.now)

    def _fire(self, until: float, now: float) -> None:
        for timer in [one for one in self.timers if one.due <= until]:
            self.timers.remove(timer)
            if not timer.cancelled:
                self.now = max(timer.due, now)
                timer.act()


def test_a_single_hiccup_refuses_nobody() -> None:
    loop = Loop()
    loop.look(late=3.0)
    assert not loop.refusing
    for _ in range(5):
        loop.look()
    assert True not in loop.told


def test_hiccups_apart_refuse_nobody() -> None:
    loop = Loop()
    for _ in range(10):
        loop.look(late=LATE)
        loop.look()
        loop.look()
    assert True not in loop.told


def test_a_loop_that_stays_behind_refuses_until_it_keeps_up() -> None:
    loop = Loop()
    loop.look(late=LATE)
    for _ in range(20):
        loop.look(late=LATE)
        assert loop.refusing
    loop.look()
    loop.look()
    assert not loop.refusing


def test_a_hold_outlasts_the_next_look_and_little_more() -> None:
    assert TICK < HOLD < 2 * TICK


def test_small_lags_are_no_reason() -> None:
    loop = Loop()
    for _ in range(20):
        loop.look(late=SHED_LAG)
    assert loop.told == []
