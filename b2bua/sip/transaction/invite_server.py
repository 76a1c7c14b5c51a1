"""INVITE server transaction: RFC 3261 §17.2.1, corrected by RFC 6026 §7.1.

The machine is :data:`TRANSITIONS`: RFC 3261 figure 7, as RFC 6026 amends it, read as a
table. An input that is not in the table is ignored: the figure has no arrow for it.

A 2xx leads to Accepted, where retransmitted INVITEs are absorbed in silence: it is the
user that repeats the 2xx until its ACK (§13.3.1.4). A transport error is told to the user
and changes no state (RFC 6026 §7.1), so that a repeated INVITE never looks like a new one.
"""

import enum
from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from b2bua.core.clock import Instant
from b2bua.sip.transaction.outputs import (
    Acknowledged,
    Send,
    ServerOutput,
    Terminated,
    TimedOut,
    Unreachable,
)
from b2bua.sip.transaction.timers import TimerValues


class State(enum.Enum):
    """The states of RFC 3261 figure 7 and RFC 6026's Accepted."""

    PROCEEDING = "proceeding"
    COMPLETED = "completed"
    CONFIRMED = "confirmed"
    ACCEPTED = "accepted"
    TERMINATED = "terminated"

    __hash__ = object.__hash__  # Enum hashes the name, in Python.


class Input(enum.Enum):
    """What the arrows of the figure are labelled with; responses are the user's."""

    INVITE = "INVITE"
    ACK = "ACK"
    PROVISIONAL = "1xx from the user"
    SUCCESS = "2xx from the user"
    FAILURE = "300-699 from the user"
    TRYING = "200 ms without a response"
    TIMER_G = "timer G"
    TIMER_H = "timer H"
    TIMER_I = "timer I"
    TIMER_L = "timer L"
    TRANSPORT_ERROR = "transport error"

    __hash__ = object.__hash__  # Enum hashes the name, in Python.


class InviteServer:
    """One INVITE from one source."""

    def __init__(
        self,
        *,
        reliable: bool,
        build_trying: Callable[[], bytes],
        timers: TimerValues = TimerValues(),
    ) -> None:
        """``build_trying`` is asked for the 100, if the user is slow to say anything."""
        self.state = State.PROCEEDING
        self._reliable = reliable
        self._build_trying = build_trying
        self._values = timers
        self._interval = timers.t1
        self._armed: dict[Input, Instant] = {}
        self._response = b""

    @property
    def deadline(self) -> Instant | None:
        """When :meth:`wake` must next be called, or None to wait for input alone."""
        return min(self._armed.values(), default=None)

    def start(self, now: Instant) -> list[ServerOutput]:
        """Give the user 200 ms for a response before sending 100 itself (§17.2.1)."""
        self._armed[Input.TRYING] = now + self._values.trying
        return []

    def receive(self, now: Instant) -> list[ServerOutput]:
        """Take a retransmission of the INVITE (§17.2.3)."""
        return self._step(Input.INVITE, now)

    def acknowledged(self, now: Instant) -> list[ServerOutput]:
        """Take an ACK that matched the INVITE (§17.2.3)."""
        return self._step(Input.ACK, now)

    def respond(self, status: int, response: bytes, now: Instant) -> list[ServerOutput]:
        """Send what the user answers."""
        match status // 100:
            case 1:
                given = Input.PROVISIONAL
            case 2:
                given = Input.SUCCESS
            case _:
                given = Input.FAILURE
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

    def _try(self, now: Instant) -> list[ServerOutput]:
        self._response = self._build_trying()
        return [Send(self._response)]

    def _send(self, now: Instant) -> list[ServerOutput]:
        """Send a provisional response; it is repeated only for a repeated INVITE."""
        self._armed.clear()
        return [Send(self._response)]

    def _send_again(self, now: Instant) -> list[ServerOutput]:
        return [Send(self._response)] if self._response else []

    def _accept(self, now: Instant) -> list[ServerOutput]:
        self._armed = {Input.TIMER_L: now + self._values.b}
        return [Send(self._response)]

    def _refuse(self, now: Instant) -> list[ServerOutput]:
        """Send a final failure and wait for its ACK."""
        self._armed = {Input.TIMER_H: now + self._values.b}
        if not self._reliable:
            self._armed[Input.TIMER_G] = now + self._interval
        return [Send(self._response)]

    def _refuse_again(self, now: Instant) -> list[ServerOutput]:
        self._interval = min(2 * self._interval, self._values.t2)
        self._armed[Input.TIMER_G] = now + self._interval
        return [Send(self._response)]

    def _confirm(self, now: Instant) -> list[ServerOutput]:
        """Hear the ACK; absorb its retransmissions for timer I."""
        if self._reliable:
            return self._terminate(now)
        self._armed = {Input.TIMER_I: now + self._values.t4}
        return []

    def _acknowledge(self, now: Instant) -> list[ServerOutput]:
        return [Acknowledged()]

    def _tell_unreachable(self, now: Instant) -> list[ServerOutput]:
        return [Unreachable()]

    def _time_out(self, now: Instant) -> list[ServerOutput]:
        return [TimedOut(), *self._terminate(now)]

    def _terminate(self, now: Instant) -> list[ServerOutput]:
        self.state = State.TERMINATED
        self._armed.clear()
        return [Terminated()]


Action: TypeAlias = Callable[[InviteServer, Instant], list[ServerOutput]]

TRANSITIONS: Final[Mapping[tuple[State, Input], tuple[State, Action]]] = {
    (State.PROCEEDING, Input.INVITE): (State.PROCEEDING, InviteServer._send_again),
    (State.PROCEEDING, Input.TRYING): (State.PROCEEDING, InviteServer._try),
    (State.PROCEEDING, Input.PROVISIONAL): (State.PROCEEDING, InviteServer._send),
    (State.PROCEEDING, Input.SUCCESS): (State.ACCEPTED, InviteServer._accept),
    (State.PROCEEDING, Input.FAILURE): (State.COMPLETED, InviteServer._refuse),
    (State.PROCEEDING, Input.TRANSPORT_ERROR): (
        State.PROCEEDING,
        InviteServer._tell_unreachable,
    ),
    (State.COMPLETED, Input.INVITE): (State.COMPLETED, InviteServer._send_again),
    (State.COMPLETED, Input.TIMER_G): (State.COMPLETED, InviteServer._refuse_again),
    (State.COMPLETED, Input.TIMER_H): (State.TERMINATED, InviteServer._time_out),
    (State.COMPLETED, Input.ACK): (State.CONFIRMED, InviteServer._confirm),
    (State.COMPLETED, Input.TRANSPORT_ERROR): (
        State.COMPLETED,
        InviteServer._tell_unreachable,
    ),
    (State.CONFIRMED, Input.TIMER_I): (State.TERMINATED, InviteServer._terminate),
    (State.ACCEPTED, Input.SUCCESS): (State.ACCEPTED, InviteServer._send_again),
    (State.ACCEPTED, Input.ACK): (State.ACCEPTED, InviteServer._acknowledge),
    (State.ACCEPTED, Input.TIMER_L): (State.TERMINATED, InviteServer._terminate),
    (State.ACCEPTED, Input.TRANSPORT_ERROR): (
        State.ACCEPTED,
        InviteServer._tell_unreachable,
    ),
}
