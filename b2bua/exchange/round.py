"""What one input leads to, while it is carried to and fro between calls and endpoint."""

from collections import deque
from collections.abc import Iterable
from typing import TypeAlias

from b2bua.call.media import CallId, MediaOrder
from b2bua.exchange.outputs import (
    CallFault,
    CapNearing,
    Drained,
    FinishCall,
    SaveCall,
    SaveCounter,
)
from b2bua.service.flow.dossier import Dossier
from b2bua.service.flow.outputs import Wish
from b2bua.service.quota import ReserveQuota
from b2bua.service.record import CallRecord
from b2bua.service.talks import LookUpTalk
from b2bua.sip.endpoint.outputs import Crossed, Dropped, Notice, Resolve, Transmit
from b2bua.sip.endpoint.outputs import Output as EndpointOutput

Output: TypeAlias = (
    Transmit
    | Resolve
    | Dropped
    | Notice
    | MediaOrder
    | SaveCall
    | FinishCall
    | SaveCounter
    | ReserveQuota
    | LookUpTalk
    | CapNearing
    | Drained
    | CallFault
)

Item: TypeAlias = EndpointOutput | Wish | CallFault


class Round:
    """A backlog of items, and the outputs that were made of it so far."""

    def __init__(self, items: Iterable[Item] = (), *, again: Dossier | None = None) -> None:
        self.backlog: deque[Item] = deque(items)
        self.again = again
        """The call, of the process before, that begins anew with this round's INVITE."""
        self.strangers: list[Crossed] = []
        """Messages of a session whose call begins with this very INVITE."""
        self.dirty: dict[CallId, None] = {}
        """Calls whose image in the journal is out of date, in order."""
        self._born: set[CallId] = set()
        self._images: list[Output] = []
        self._first: list[Output] = []
        self._then: list[Output] = []
        self._last: list[Output] = []

    def born(self, name: CallId) -> None:
        """Note that a call begins, which is not in the journal yet."""
        self._born.add(name)
        self.dirty[name] = None

    def save(self, output: SaveCall | SaveCounter) -> None:
        """Have it in the journal before anything leaves.

        Calls before counters: one that dies in between was not counted, and its image
        says that somebody was chosen for it. The other way round it would be counted,
        begin anew, and be counted once more.
        """
        image = isinstance(output, SaveCall)
        (self._images if image else self._first).append(output)

    def say(self, output: Output) -> None:
        """Have it carried out after all that was said before."""
        self._then.append(output)

    def tell(self, facts: Iterable[CapNearing | SaveCounter | ReserveQuota]) -> None:
        """Tell of facts once, also after a restart; ask when that is safe."""
        for fact in facts:
            match fact:
                case SaveCounter():
                    self.save(fact)
                case CapNearing():
                    self.add(fact)
                case ReserveQuota():
                    self.say(fact)

    def finish(self, record: CallRecord) -> None:
        """Have a record in the journal, in the place of an image if there is one."""
        name = CallId(record.id)
        self.dirty.pop(name, None)
        if name in self._born:
            self._first.append(FinishCall(record))
        else:
            self._last.append(FinishCall(record))

    def add(self, output: CallFault | CapNearing | Drained) -> None:
        """Have it told at the end."""
        self._last.append(output)

    @property
    def outputs(self) -> list[Output]:
        """Everything, in the order in which it is to be carried out."""
        return [*self._images, *self._first, *self._then, *self._last]
