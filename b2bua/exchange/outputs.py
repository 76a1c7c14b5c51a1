"""What the I/O ring is asked to do, beyond what the layers below already say.

The exchange returns, in the order in which they are to be carried out: ``Transmit``,
``Resolve`` and ``Dropped`` of the endpoint, the media orders of call control, and these.
"""

from datetime import date

import msgspec

from b2bua.call.media import CallId
from b2bua.service.limits import Cap
from b2bua.service.record import CallRecord
from b2bua.sip.transport.flow import Flow


class SaveCall(msgspec.Struct, frozen=True):
    """Put a call into the journal before anything that follows leaves the process."""

    call: CallId
    image: bytes
    """Opaque: what :meth:`Exchange.restore` takes."""


class FinishCall(msgspec.Struct, frozen=True):
    """Replace a call in the journal by its record, at once and for ever."""

    record: CallRecord


class SaveCounter(msgspec.Struct, frozen=True):
    """Put the state of a percentage or rotation into the journal."""

    key: str
    """Number, group and the rule's version."""
    state: str


class CapNearing(msgspec.Struct, frozen=True, kw_only=True):
    """A period holds so much of a cap; told once for each period and step."""

    number: str
    cap: Cap
    percent: int
    """One of 80, 90 and 100: the highest that is reached."""
    used: int
    limit: int
    starts: date
    """First day of the period."""


class Drained(msgspec.Struct, frozen=True):
    """The last call ended while draining."""


class CallFault(msgspec.Struct, frozen=True):
    """One call's machine raised; that call was ended, the rest goes on."""

    call: CallId | None
    traceback: str
    flow: Flow | None = None
