"""What one call's flow asks for, besides orders to its sessions and its media."""

from typing import TypeAlias

import msgspec

from b2bua.call.media import MediaOrder
from b2bua.service.record import CallRecord
from b2bua.service.talks import LookUpTalk
from b2bua.sip.dialog.events import Order as SessionOrder


class Remember(msgspec.Struct, frozen=True):
    """The journal's image of this call is out of date."""


class AskQuota(msgspec.Struct, frozen=True):
    """The call waits for quota; the flow is to be told when something is known."""


class SaveRotor(msgspec.Struct, frozen=True):
    """A percentage or rotation moved on; its state must survive a restart."""

    key: str
    state: str


class Finished(msgspec.Struct, frozen=True):
    """The call is over, both sides are released, and this is its record."""

    record: CallRecord


Wish: TypeAlias = SessionOrder | MediaOrder | SaveRotor | Finished
"""What is to be carried out, in its order."""

FlowOutput: TypeAlias = Wish | Remember | AskQuota | LookUpTalk
