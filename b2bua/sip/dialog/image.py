"""A confirmed session as a value, and the session made of it again.

A process that takes a session back does not know which requests its predecessor sent after
the image was taken, so it goes on with a greater sequence number (RFC 3261 §12.2.1.1 wants
it greater, not the next).
"""

from itertools import count
from typing import Final

from b2bua.core.clock import Instant
from b2bua.core.tokens import Tokens
from b2bua.sip.dialog.conversation import Conversation
from b2bua.sip.dialog.dialog import Dialog
from b2bua.sip.dialog.events import Order, SessionImage
from b2bua.sip.dialog.modify import Initial
from b2bua.sip.dialog.outputs import Answer, Failure, Output
from b2bua.sip.dialog.terms import Terms
from b2bua.sip.message.build import response_to
from b2bua.sip.message.message import Request, Response
from b2bua.sip.transaction.key import ServerKey
from b2bua.sip.transport.flow import Flow, TransportName

SKIPPED: Final = 100
"""Sequence numbers that the last process may have used after the image."""


def image_of(
    conversation: Conversation, trunk: str, flow: Flow, now: Instant
) -> SessionImage:
    """The image of a dialog whose INVITE was answered."""
    dialog, modification = conversation.dialog, conversation.modification
    return SessionImage(
        session=conversation.session,
        calling=conversation.calling,
        trunk=trunk,
        call_id=dialog.call_id,
        remote_tag=dialog.remote_tag,
        local_uri=dialog.local_uri,
        remote_uri=dialog.remote_uri,
        remote_target=dialog.remote_target,
        route_set=dialog.route_set,
        local_cseq=dialog.local_cseq,
        remote_cseq=dialog.remote_cseq,
        transport=flow.transport,
        local_address=flow.local,
        remote_address=flow.remote,
        local_description=modification.local,
        remote_description=modification.remote,
        confirmed=modification.established,
        session_interval=conversation.refresh.interval,
        we_refresh=conversation.refresh.we_refresh,
        expires_in=conversation.refresh.left(now),
    )


_TRANSPORTS: Final[dict[str, TransportName]] = {
    "udp": "udp",
    "tcp": "tcp",
    "tls": "tls",
    "ws": "ws",
    "wss": "wss",
}


def flow_of(image: SessionImage) -> Flow:
    """The way to the far end; a connection of the last process is gone with it."""
    transport = _TRANSPORTS[image.transport]
    return Flow(transport, image.local_address, image.remote_address)


class Restored:
    """A session taken back after a restart: its INVITE is history."""

    def __init__(
        self, image: SessionImage, terms: Terms, tokens: Tokens, now: Instant
    ) -> None:
        self.session = image.session
        self.call_id = image.call_id
        self.conversation = Conversation(
            session=image.session,
            dialog=Dialog(
                call_id=image.call_id,
                local_tag=image.session,
                remote_tag=image.remote_tag,
                local_uri=image.local_uri,
                remote_uri=image.remote_uri,
                remote_target=image.remote_target,
                route_set=image.route_set,
                local_cseq=image.local_cseq + SKIPPED,
                remote_cseq=image.remote_cseq,
            ),
            terms=terms,
            tokens=tokens,
            purposes=count(1),
            calling=image.calling,
            initial=Initial.SETTLED,
        )
        modification = self.conversation.modification
        modification.local = image.local_description
        modification.remote = image.remote_description
        self.conversation.refresh.start(
            image.session_interval, image.we_refresh, now, image.expires_in
        )
        self.conversation.establish()

    @property
    def over(self) -> bool:
        """It has ended and nothing of it can come any more."""
        return self.conversation.over

    @property
    def standing(self) -> Conversation | None:
        """The dialog, while it goes on."""
        return None if self.conversation.ended else self.conversation

    @property
    def conversations(self) -> list[Conversation]:
        """Every dialog."""
        return [self.conversation]

    @property
    def deadline(self) -> Instant | None:
        """When :meth:`wake` must next be called."""
        return self.conversation.deadline

    def order(self, order: Order, now: Instant) -> list[Output]:
        """Do what call control asks, if the session still can."""
        return self.conversation.order(order, now)

    def receive(self, key: ServerKey, request: Request, now: Instant) -> list[Output]:
        """Take a request in the dialog, other than ACK and CANCEL."""
        if not self.conversation.dialog.matches(request):
            return [Answer(key, response_to(request, 481))]
        return self.conversation.receive(key, request, now)

    def acknowledge(self, ack: Request, now: Instant) -> list[Output]:
        """Take the ACK of a 2xx to a re-INVITE."""
        return self.conversation.acknowledge(ack, now)

    def cancel(self, key: ServerKey, cancel: Request, now: Instant) -> list[Output]:
        """A re-INVITE of the far end was cancelled."""
        return self.conversation.cancel(key, now)

    def receive_response(
        self, purpose: int, response: Response, now: Instant
    ) -> list[Output]:
        """Take a response to a request of ours."""
        return self.conversation.receive_response(purpose, response, now)

    def receive_stray(self, response: Response) -> list[Output]:
        """Acknowledge a 2xx that comes once more, after its transaction."""
        return self.conversation.receive_stray(response)

    def failed(self, purpose: int, failure: Failure, now: Instant) -> list[Output]:
        """A request of ours found no answer, or no way."""
        return self.conversation.failed(purpose, now)

    def transaction_ended(self, purpose: int) -> None:
        """No response to the request for ``purpose`` can come any more."""

    def wake(self, now: Instant) -> list[Output]:
        """Fire what is due."""
        return self.conversation.wake(now)
