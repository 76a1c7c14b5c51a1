"""A response repeated until it is acknowledged.

A 2xx to INVITE is repeated by the user agent itself (RFC 3261 §13.3.1.4): after T1, then
doubling up to T2, over every transport. A reliable provisional response is repeated with
an interval that doubles without a limit (RFC 3262 §3). Both give up after 64*T1.
"""

from b2bua.core.clock import Instant
from b2bua.sip.dialog.outputs import Answer
from b2bua.sip.transaction.timers import TimerValues


class Repeater:
    """One response that waits for its ACK or PRACK."""

    def __init__(
        self, answer: Answer, timers: TimerValues, now: Instant, *, capped: bool
    ) -> None:
        self.answer = answer
        self._interval = timers.t1
        self._cap = timers.t2 if capped else timers.b
        self._next = now + self._interval
        self._end = now + timers.b

    @property
    def deadline(self) -> Instant:
        """When :meth:`wake` must next be called."""
        return min(self._next, self._end)

    def expired(self, now: Instant) -> bool:
        """Whether nobody has acknowledged it in 64*T1."""
        return now >= self._end

    def wake(self, now: Instant) -> list[Answer]:
        """Repeat it if that is due."""
        due: list[Answer] = []
        while self._next <= now and self._next < self._end:
            self._interval = min(2 * self._interval, self._cap)
            self._next += self._interval
            due = [self.answer]
        return due
