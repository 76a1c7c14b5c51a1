"""Non-INVITE client transaction: RFC 3261 §17.1.2, with the advice of RFC 4320.

The machine is :data:`TRANSITIONS`: RFC 3261 figure 6 read as a table. An input that is
not in the table is ignored: the figure has no arrow for it.
"""

import enum
from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from b2bua.core.clock import Instant
from b2bua.sip.transaction.outputs import (
    ClientOutput,
    Deliver,
    Send,
    Terminated,
    TimedOut,
    Unreachable,
)
from b2bua.sip.transaction.timers import TimerValues


class State(enum.Enum):
    """The states of RFC 3261 figure 6."""

    TRYING = "trying"
    PROCEEDING = "proceeding"
    COMPLETED = "completed"
    TERMINATED = "terminated"

    __hash__ = object.__hash__  # Enum hashes the name, in Python.


class Input(enum.Enum):
    """What the arrows of the figure are labelled with."""

    PROVISIONAL = "1xx"
    FINAL = "200-699"
    TIMER_E = "timer E"
    TIMER_F = "timer F"
    TIMER_K = "timer K"
    TRANSPORT_ERROR = "transport error"

    __hash__ = object.__hash__  # Enum hashes the name, in Python.


class Client:
    """One request other than INVITE and ACK on its way to one destination."""

    def __init__(
        self,
        request: bytes,
        *,
        reliable: bool,
        timers: TimerValues = TimerValues(),
    ) -> None:
        self.state = State.TRYING
        self._request = request
        self._reliable = reliable
        self._values = timers
        self._interval = timers.t1
        self._armed: dict[Input, Instant] = {}
        self._status = 0

    @property
    def deadline(self) -> Instant | None:
        """When :meth:`wake` must next be called, or None when the machine has ended."""
        return min(self._armed.values(), default=None)

    def start(self, now: Instant) -> list[ClientOutput]:
        """Send the request and start its timers (§17.1.2.2)."""
        if not self._reliable:
            self._armed[Input.TIMER_E] = now + self._interval
        self._armed[Input.TIMER_F] = now + self._values.b
        return [Send(self._request)]

    def receive(self, status: int, now: Instant) -> list[ClientOutput]:
        """Take a response that matched this transaction (§17.1.3)."""
        self._status = status
        return self._step(Input.PROVISIONAL if status < 200 else Input.FINAL, now)

    def transport_failed(self, now: Instant) -> list[ClientOutput]:
        """Hear that the transport could not send (§17.1.4)."""
        return self._step(Input.TRANSPORT_ERROR, now)

    def wake(self, now: Instant) -> list[ClientOutput]:
        """Fire every timer that is due, earliest first."""
        outputs: list[ClientOutput] = []
        while (deadline := self.deadline) is not None and deadline <= now:
            timer = min(self._armed, key=self._armed.__getitem__)
            del self._armed[timer]
            outputs += self._step(timer, deadline)
        return outputs

    def _step(self, given: Input, now: Instant) -> list[ClientOutput]:
        arrow = TRANSITIONS.get((self.state, given))
        if arrow is None:
            return []
        self.state, act = arrow
        return act(self, now)

    def _retransmit(self, now: Instant) -> list[ClientOutput]:
        self._interval = min(2 * self._interval, self._values.t2)
        self._armed[Input.TIMER_E] = now + self._interval
        return [Send(self._request)]

    def _retransmit_slowly(self, now: Instant) -> list[ClientOutput]:
        """Repeat at T2 once the server is known to have the request."""
        self._armed[Input.TIMER_E] = now + self._values.t2
        return [Send(self._request)]

    def _deliver(self, now: Instant) -> list[ClientOutput]:
        """Pass a provisional response up; both timers run on (§17.1.2.2)."""
        return [Deliver(self._status)]

    def _complete(self, now: Instant) -> list[ClientOutput]:
        """Deliver the final response and absorb its retransmissions for timer K."""
        if self._reliable:
            return [Deliver(self._status), *self._terminate(now)]
        self._armed = {Input.TIMER_K: now + self._values.t4}
        return [Deliver(self._status)]

    def _time_out(self, now: Instant) -> list[ClientOutput]:
        return [TimedOut(), *self._terminate(now)]

    def _fail(self, now: Instant) -> list[ClientOutput]:
        return [Unreachable(), *self._terminate(now)]

    def _terminate(self, now: Instant) -> list[ClientOutput]:
        self.state = State.TERMINATED
        self._armed.clear()
        return [Terminated()]


Action: TypeAlias = Callable[[Client, Instant], list[ClientOutput]]

TRANSITIONS: Final[Mapping[tuple[State, Input], tuple[State, Action]]] = {
    (State.TRYING, Input.TIMER_E): (State.TRYING, Client._retransmit),
    (State.TRYING, Input.TIMER_F): (State.TERMINATED, Client._time_out),
    (State.TRYING, Input.TRANSPORT_ERROR): (State.TERMINATED, Client._fail),
    (State.TRYING, Input.PROVISIONAL): (State.PROCEEDING, Client._deliver),
    (State.TRYING, Input.FINAL): (State.COMPLETED, Client._complete),
    (State.PROCEEDING, Input.TIMER_E): (State.PROCEEDING, Client._retransmit_slowly),
    (State.PROCEEDING, Input.TIMER_F): (State.TERMINATED, Client._time_out),
    (State.PROCEEDING, Input.TRANSPORT_ERROR): (State.TERMINATED, Client._fail),
    (State.PROCEEDING, Input.PROVISIONAL): (State.PROCEEDING, Client._deliver),
    (State.PROCEEDING, Input.FINAL): (State.COMPLETED, Client._complete),
    (State.COMPLETED, Input.TIMER_K): (State.TERMINATED, Client._terminate),
}
