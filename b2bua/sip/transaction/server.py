"""Non-INVITE server transaction: RFC 3261 §17.2.2, with the advice of RFC 4320.

The machine is :data:`TRANSITIONS`: RFC 3261 figure 8 read as a table. An input that is
not in the table is ignored: the figure has no arrow for it.

Departs from figure 8 twice. A user that has not answered when the client's timer F has run
out is not waited for any longer, because RFC 4320 §4.2 forbids it to answer then, and a
transaction without a deadline would be a leak. A transport error is told to the user and
changes no state, as RFC 6026 §7.1 has it for INVITE, because a forgotten transaction would
take the retransmitted request for a new one.
"""

import enum
from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from b2bua.core.clock import Instant
from b2bua.sip.transaction.outputs import Send, ServerOutput, Terminated, Unreachable
from b2bua.sip.transaction.timers import TimerValues


class State(enum.Enum):
    """The states of RFC 3261 figure 8."""

    TRYING = "trying"
    PROCEEDING = "proceeding"
    COMPLETED = "completed"
    TERMINATED = "terminated"

    __hash__ = object.__hash__  # Enum hashes the name, in Python.


class Input(enum.Enum):
    """What the arrows of the figure are labelled with; responses are the user's."""

    REQUEST = "request"
    PROVISIONAL = "1xx from the user"
    FINAL = "200-699 from the user"
    CLIENT_GAVE_UP = "the client's timer F"
    TIMER_J = "timer J"
    TRANSPORT_ERROR = "transport error"

    __hash__ = object.__hash__  # Enum hashes the name, in Python.


class Server:
    """One request other than INVITE and ACK from one source."""

    def __init__(self, *, reliable: bool, timers: TimerValues = TimerValues()) -> None:
        self.state = State.TRYING
        self._reliable = reliable
        self._values = timers
        self._armed: dict[Input, Instant] = {}
        self._response = b""

    @property
    def deadline(self) -> Instant | None:
        """When :meth:`wake` must next be called, or None when the machine has ended."""
        return min(self._armed.values(), default=None)

    def start(self, now: Instant) -> list[ServerOutput]:
        """Wait for the user's answer as long as the client does."""
        self._armed[Input.CLIENT_GAVE_UP] = now + self._values.b
        return []

    def receive(self, now: Instant) -> list[ServerOutput]:
        """Take a retransmission of the request (§17.2.3)."""
        return self._step(Input.REQUEST, now)

    def respond(self, status: int, response: bytes, now: Instant) -> list[ServerOutput]:
        """Send what the user answers."""
        given = Input.PROVISIONAL if status < 200 else Input.FINAL
        if (self.state, given) not in TRANSITIONS:
            return []
        self._response = response
        return self._step(given, now)

    def transport_failed(self, now: Instant) -> list[ServerOutput]:
        """Hear that the transport could not send (§17.2.4)."""
        return self._step(Input.TRANSPORT_ERROR, now)

    def wake(self, now: Instant) -> list[ServerOutput]:
        """Fire every timer that is due, earliest first."""
        outputs: list[ServerOutput] = []
        while (deadline := self.deadline) is not None and deadline <= now:
            timer = min(self._armed, key=self._armed.__getitem__)
            del self._armed[timer]
            outputs += self._step(timer, deadline)
        return outputs

    def _step(self, given: Input, now: Instant) -> list[ServerOutput]:
        arrow = TRANSITIONS.get((self.state, given))
        if arrow is None:
            return []
        self.state, act = arrow
        return act(self, now)

    def _send(self, now: Instant) -> list[ServerOutput]:
        return [Send(self._response)]

    def _complete(self, now: Instant) -> list[ServerOutput]:
        """Send the final response and repeat it for retransmissions until timer J."""
        if self._reliable:
            return [Send(self._response), *self._terminate(now)]
        self._armed = {Input.TIMER_J: now + self._values.b}
        return [Send(self._response)]

    def _tell_unreachable(self, now: Instant) -> list[ServerOutput]:
        return [Unreachable()]

    def _terminate(self, now: Instant) -> list[ServerOutput]:
        self.state = State.TERMINATED
        self._armed.clear()
        return [Terminated()]


Action: TypeAlias = Callable[[Server, Instant], list[ServerOutput]]

TRANSITIONS: Final[Mapping[tuple[State, Input], tuple[State, Action]]] = {
    (State.TRYING, Input.PROVISIONAL): (State.PROCEEDING, Server._send),
    (State.TRYING, Input.FINAL): (State.COMPLETED, Server._complete),
    (State.TRYING, Input.CLIENT_GAVE_UP): (State.TERMINATED, Server._terminate),
    (State.TRYING, Input.TRANSPORT_ERROR): (State.TRYING, Server._tell_unreachable),
    (State.PROCEEDING, Input.REQUEST): (State.PROCEEDING, Server._send),
    (State.PROCEEDING, Input.PROVISIONAL): (State.PROCEEDING, Server._send),
    (State.PROCEEDING, Input.FINAL): (State.COMPLETED, Server._complete),
    (State.PROCEEDING, Input.CLIENT_GAVE_UP): (State.TERMINATED, Server._terminate),
    (State.PROCEEDING, Input.TRANSPORT_ERROR): (
        State.PROCEEDING,
        Server._tell_unreachable,
    ),
    (State.COMPLETED, Input.REQUEST): (State.COMPLETED, Server._send),
    (State.COMPLETED, Input.TIMER_J): (State.TERMINATED, Server._terminate),
    (State.COMPLETED, Input.TRANSPORT_ERROR): (State.COMPLETED, Server._tell_unreachable),
}
