"""Datagrams that come faster than they are worked on: who is under way first, then turns.

Responses and requests other than those that begin something go first, in their order: they
end calls, and calls wait for them. Of the rest each source has its turn, so that who sends
a thousand keeps nobody else waiting; its own wait for each other, and the oldest of them
are forgotten, as they will be sent again.
"""

from collections import OrderedDict, deque
from typing import Final

from b2bua.core.clock import Instant
from b2bua.sip.transport.flow import Flow

MOST: Final = 4096
"""Datagrams under way, and as many sources that begin something."""
MOST_OF_ONE: Final = 512
"""Datagrams of one source that begin something."""
STALE: Final = 2.0
"""Seconds after which what begins something has been sent again."""

_BEGINNING: Final = (b"INVITE ", b"CANCEL ", b"OPTIONS ", b"REGISTER ", b"SUBSCRIBE ")
"""CANCEL among them, as it must not overtake its INVITE."""


class Backlog:
    """What waits at one socket."""

    def __init__(self) -> None:
        self.forgotten = 0
        """How many were not worked on."""
        self._urgent: deque[tuple[bytes, Flow, Instant]] = deque()
        self._turns: OrderedDict[str, deque[tuple[bytes, Flow, Instant]]] = OrderedDict()

    def __bool__(self) -> bool:
        """Whether anything waits."""
        return bool(self._urgent or self._turns)

    def put(self, data: bytes, flow: Flow, now: Instant) -> None:
        """Let one more wait."""
        if not data.startswith(_BEGINNING):
            self._keep(self._urgent, (data, flow, now), MOST)
            return
        source = flow.remote[0]
        queue = self._turns.get(source)
        if queue is None:
            if len(self._turns) >= MOST:
                _, lost = self._turns.popitem(last=False)
                self.forgotten += len(lost)
            queue = self._turns[source] = deque()
        self._keep(queue, (data, flow, now), MOST_OF_ONE)

    def take(self, now: Instant) -> tuple[bytes, Flow] | None:
        """The next to be worked on."""
        if self._urgent:
            data, flow, _ = self._urgent.popleft()
            return data, flow
        while self._turns:
            source, queue = self._turns.popitem(last=False)
            data, flow, since = queue.popleft()
            if queue:
                self._turns[source] = queue
            if now - since <= STALE:
                return data, flow
            self.forgotten += 1
        return None

    def age(self, now: Instant) -> float:
        """Seconds for which the oldest waits."""
        firsts = [queue[0][2] for queue in (self._urgent, *self._turns.values()) if queue]
        return now - min(firsts, default=now)

    def _keep(
        self,
        queue: deque[tuple[bytes, Flow, Instant]],
        item: tuple[bytes, Flow, Instant],
        most: int,
    ) -> None:
        queue.append(item)
        if len(queue) > most:
            queue.popleft()
            self.forgotten += 1
