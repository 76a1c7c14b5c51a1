"""What a session asks of the endpoint around it, besides the facts of ``events``.

Requests leave without Via and Contact, responses without Contact: where they leave from is
known only once their way is.
"""

import enum
from typing import TypeAlias

import msgspec

from b2bua.sip.dialog.events import Cause, Event
from b2bua.sip.message.message import Request, Response
from b2bua.sip.transaction.key import ServerKey


class Failure(enum.Enum):
    """Why a request found no answer."""

    TIMED_OUT = "no answer"
    """As if 408 had come (RFC 3261 §8.1.3.1)."""
    UNREACHABLE = "could not be sent"
    """As if 503 had come."""
    NO_ADDRESS = "no address"
    """The next hop has no address, or no further one."""


class SendRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Send a request in a transaction of its own."""

    purpose: int
    """Comes back with every response, and with the failure if none comes."""
    request: Request
    next_hop: str
    """The URI whose host is asked where the request goes (RFC 3263)."""
    candidate: int = 0
    """Which of the addresses of ``next_hop``, best first."""


class SendAck(msgspec.Struct, frozen=True, kw_only=True):
    """Send the ACK of a 2xx: no transaction, and the same each time (§13.2.2.4)."""

    request: Request
    next_hop: str
    branch: str


class SendCancel(msgspec.Struct, frozen=True):
    """Cancel the INVITE that was sent for ``purpose`` (§9.1)."""

    purpose: int
    causes: tuple[Cause, ...] = ()
    """For its Reason header (RFC 3326)."""


class Answer(msgspec.Struct, frozen=True):
    """Answer a request through its transaction."""

    key: ServerKey
    response: Response


Output: TypeAlias = SendRequest | SendAck | SendCancel | Answer | Event
