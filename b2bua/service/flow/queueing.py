"""A caller's place in the queue of the group that it is for, and the wait there."""

from b2bua.call.call import Call
from b2bua.service.flow.admitting import Admitting
from b2bua.service.flow.arrival import Arrival
from b2bua.service.flow.course import Surroundings
from b2bua.service.flow.dossier import Dossier, Moment
from b2bua.service.flow.outputs import FlowOutput, Remember
from b2bua.service.flow.phase import WAITING_LIFETIME, Phase
from b2bua.service.flow.waiting import Place, Waiting
from b2bua.service.plan import Queue, ToDestination, ToGroup


class Queueing(Admitting):
    """One call that may wait while all are busy."""

    def __init__(
        self, call: Call, dossier: Dossier, arrival: Arrival, around: Surroundings
    ) -> None:
        super().__init__(call, dossier, arrival, around)
        self._target: ToDestination | ToGroup | None = None
        """Where destinations are looked for."""
        self._waiting: Waiting | None = None

    @property
    def place(self) -> Place | None:
        """Where the caller waits in a queue; None when not, or when it is being tried."""
        if self.phase is not Phase.QUEUE or self._waiting is None or self._target is None:
            return None
        group, since = self._target.name, self._waiting.since
        return Place(group=group, favoured=self._favoured, since=since)

    def _wait(self, queue: Queue, why: str, moment: Moment) -> list[FlowOutput]:
        """Let the caller wait, or go on waiting."""
        self.phase = Phase.QUEUE
        if self._waiting is not None:
            self._waiting.again(moment.now)
            self._limit = self._waiting.until
            return []
        self._note("queue", True, f"{why}: at most {queue.max_wait} s")
        answered = self._pick_up(moment)
        self._ringing.cover()
        self._waiting = Waiting(
            self.call.caller, self._plan, queue, self._ahead, now=moment.now
        )
        self._limit = self._waiting.until
        told = [*self.call.extend(WAITING_LIFETIME + queue.max_wait), *self._waiting.tell()]
        return [*answered, *self._carry(told, moment), Remember()]

    def _ahead(self) -> int:
        """How many callers are before this one in its queue."""
        if self.place is None:
            return 0
        return self._around.world(self._plan).line(self.place.group).index(self.name)

    def _wait_no_more(self, why: str, moment: Moment) -> None:
        if self._waiting is not None:
            seconds = moment.now - self._waiting.since
            self._note("queue", why == "answered", f"waited {seconds:.0f} s: {why}")
        self._waiting = None
