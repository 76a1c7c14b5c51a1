"""What the endpoint asks of the world and tells of it, besides the facts of sessions."""

from dataclasses import dataclass
from typing import TypeAlias

from b2bua.sip.dialog.events import Event, SessionId
from b2bua.sip.transport.flow import Flow
from b2bua.sip.transport.target import Question


@dataclass(frozen=True, slots=True)
class Transmit:
    """Send ``data`` by ``flow``."""

    data: bytes
    flow: Flow
    session: SessionId | None = None
    """Whose message it is; None: nobody's, as a 481."""


@dataclass(frozen=True, slots=True)
class Resolve:
    """Put this question to the DNS; the answer goes to ``SipEndpoint.resolved``."""

    question: Question


@dataclass(frozen=True, slots=True)
class Crossed:
    """A message of a session was sent or received: one line of its ladder."""

    session: SessionId
    sent: bool
    line: str
    """Start line, and for a response the method it answers."""
    flow: Flow


@dataclass(frozen=True, slots=True)
class Dropped:
    """A message fell on the floor."""

    reason: str
    flow: Flow


Output: TypeAlias = Transmit | Resolve | Crossed | Dropped | Event
