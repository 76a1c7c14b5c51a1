"""One machine each, with what the layer must know to say whom its outputs concern."""

from dataclasses import dataclass
from typing import Generic

from b2bua.core.clock import Instant
from b2bua.sip.message.message import Request, Response
from b2bua.sip.transaction.client import Client
from b2bua.sip.transaction.invite_client import InviteClient
from b2bua.sip.transaction.invite_server import InviteServer
from b2bua.sip.transaction.key import ClientKey, MergeKey, ServerKey
from b2bua.sip.transaction.outputs import FlowT, StrayAck, UserT
from b2bua.sip.transaction.server import Server


@dataclass(slots=True, kw_only=True, eq=False)
class ClientSide(Generic[FlowT, UserT]):
    """A request of ours."""

    key: ClientKey
    machine: InviteClient | Client
    request: Request
    flow: FlowT
    user: UserT
    response: Response | None = None
    """The latest that came."""
    cancel: Request | None = None
    """Waits for a provisional response, before which it may not leave (§9.1)."""
    cancelled: bool = False
    """The CANCEL has left."""
    alarm: Instant | None = None
    ended: bool = False

    @property
    def deadline(self) -> Instant | None:
        """When the machine must next be woken."""
        return None if self.ended else self.machine.deadline


@dataclass(slots=True, kw_only=True, eq=False)
class ServerSide(Generic[FlowT]):
    """A request of the far end."""

    key: ServerKey
    machine: InviteServer | Server
    merge_key: MergeKey | None
    flow: FlowT
    """Where responses go."""
    spare: FlowT | None
    """Where they go once that has failed."""
    ack: StrayAck[FlowT] | None = None
    """The latest that came."""
    alarm: Instant | None = None
    ended: bool = False

    @property
    def deadline(self) -> Instant | None:
        """When the machine must next be woken."""
        return None if self.ended else self.machine.deadline
