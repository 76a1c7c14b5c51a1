"""Requests too large for one datagram: RFC 3261 §18.1.1.

They go by TCP. Who refuses TCP gets them by UDP after all, and is not asked again for a
while. A request that was answered is not sent a second time, whatever becomes of its
connection.
"""

from collections import OrderedDict
from dataclasses import dataclass
from itertools import chain
from typing import Final

from b2bua.core.address import Address
from b2bua.core.clock import Instant
from b2bua.sip.dialog.events import SessionId
from b2bua.sip.dialog.outputs import SendRequest
from b2bua.sip.message.message import Request
from b2bua.sip.transaction.key import ClientKey, ServerKey
from b2bua.sip.transport.flow import Flow

LARGEST: Final = 1300
"""Bytes of a request over UDP."""
CONTENT_LENGTH: Final = 22
"""Bytes of that line, which the serializer adds."""
WITHOUT_TCP: Final = 600.0
"""Seconds for which a peer that refused TCP is sent large requests by UDP."""
REMEMBERED: Final = 1000
"""Such peers at most."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What went by TCP, and how it would have gone otherwise."""

    session: SessionId
    send: SendRequest
    flow: Flow


class Oversize:
    """Large requests that nobody has answered yet, and who takes none by TCP."""

    def __init__(self) -> None:
        self._sent: dict[ClientKey | ServerKey, Sent] = {}
        self._without_tcp: OrderedDict[Address, Instant] = OrderedDict()

    def __len__(self) -> int:
        """How many requests are remembered."""
        return len(self._sent)

    def concerns(self, request: Request, flow: Flow, now: Instant) -> bool:
        """Whether a request about to go by ``flow`` should go by TCP."""
        if size_of(request) <= LARGEST:
            return False
        return self._without_tcp.get(flow.remote, now) <= now

    def sent(self, key: ClientKey, sent: Sent) -> None:
        """Remember what went by TCP instead."""
        self._sent[key] = sent

    def reached(self, key: ClientKey | ServerKey) -> None:
        """Hear that it was answered, or is over."""
        if self._sent:
            self._sent.pop(key, None)

    def refused(self, key: ClientKey, now: Instant) -> Sent | None:
        """Hear that no connection took it; None if it was none of these."""
        sent = self._sent.pop(key, None)
        if sent is not None:
            self._without_tcp[sent.flow.remote] = now + WITHOUT_TCP
            self._without_tcp.move_to_end(sent.flow.remote)
            if len(self._without_tcp) > REMEMBERED:
                self._without_tcp.popitem(last=False)
        return sent


def size_of(request: Request) -> int:
    """Bytes of a request on the wire, or a few less if it is not all ASCII."""
    lines = sum(map(len, chain.from_iterable(request.headers))) + 4 * len(request.headers)
    return len(request.start_line) + CONTENT_LENGTH + lines + 4 + len(request.body)
