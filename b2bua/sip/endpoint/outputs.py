"""What the endpoint asks of the world and tells of it, besides the facts of sessions.

Structs and not dataclasses, as several are made for every message.
"""

from typing import TypeAlias

import msgspec

from b2bua.sip.dialog.events import Event, SessionId
from b2bua.sip.transport.flow import Flow
from b2bua.sip.transport.target import Question


class Transmit(msgspec.Struct, frozen=True):
    """Send ``data`` by ``flow``."""

    data: bytes
    flow: Flow
    session: SessionId | None = None
    """Whose message it is; None: nobody's, as a 481."""


class Heard(msgspec.Struct, frozen=True):
    """A message and the way it came, to be taken once more by another process."""

    data: bytes
    flow: Flow


class Resolve(msgspec.Struct, frozen=True):
    """Put this question to the DNS; the answer goes to ``SipEndpoint.resolved``."""

    question: Question


class Crossed(msgspec.Struct, frozen=True):
    """A message of a session was sent or received: one line of its ladder."""

    session: SessionId
    sent: bool
    line: str
    """Start line, and for a response the method it answers."""
    flow: Flow


class Dropped(msgspec.Struct, frozen=True):
    """A message fell on the floor."""

    reason: str
    flow: Flow


class Notice(msgspec.Struct, frozen=True):
    """What the world is told of trunks and phones, whatever calls there are."""


class WayChanged(Notice, frozen=True, kw_only=True):
    """What is thought of one address of one trunk has changed."""

    trunk: str
    address: str
    """``udp:192.0.2.1:5060``, or the next hop while that is not resolved."""
    state: str
    """One of ``up``, ``down`` and ``probing``."""
    detail: str
    """Why, in a few words; empty for ``up``."""


class SaveBindings(Notice, frozen=True):
    """Keep where a phone is: ``SipEndpoint.restore_phone`` takes it back."""

    extension: str
    state: str
    """Opaque; empty: it is not registered any more."""


Output: TypeAlias = (
    Transmit | Resolve | Crossed | Dropped | WayChanged | SaveBindings | Event
)
