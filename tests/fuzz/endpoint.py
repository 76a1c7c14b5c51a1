"""The whole stack: datagrams of a trunk and of a stranger, amid a call that is up.

An input is several datagrams, parted by ``SPLIT``. Nothing raises, what is sent can be
read, a stranger is sent little, and once all is over nothing is left.
"""

import sys
from collections.abc import Hashable, Sequence
from typing import Final

from b2bua.sip.dialog.events import (
    Accept,
    HangUp,
    Invitation,
    Invited,
    Offered,
    Order,
    Refuse,
    RefuseOffer,
    Ring,
    SessionId,
)
from b2bua.sip.endpoint.outputs import Transmit
from b2bua.sip.sdp.negotiation import make_answer
from b2bua.sip.transport.flow import Flow
from tests.fuzz.fuzzing import Target, main
from tests.fuzz.message import is_one_message
from tests.fuzz.seeds import MESSAGES, SIP_WORDS
from tests.sip.party import CALLED, CALLER, audio, endpoint, invite, offer

SPLIT: Final = b"\r\n\r\n\0\0\0\0"
STRANGER: Final = Flow("udp", CALLED, ("203.0.113.9", 5060))
TRUNK: Final = Flow("udp", CALLED, CALLER)
OURS: Final = invite(SessionId("ours"))


def reply(session: SessionId, invitation: Invitation) -> Order:
    """Take the call if that can be."""
    offered = invitation.offer
    answer = offer() if offered is None else make_answer(offered, audio(CALLED[0]))
    if answer is None:
        return Refuse(session=session, status=488)
    return Accept(session=session, description=answer)


class Scene:
    """An endpoint that has called, and does what its far end makes likely."""

    def __init__(self) -> None:
        self.endpoint = endpoint(CALLED, CALLER, 9)
        self.now = 1000.0
        self.outcome: list[str] = []
        self.ours: tuple[bytes, ...] = ()
        self.take(self.endpoint.order(OURS, self.now))

    def take(self, outputs: Sequence[object]) -> int:
        """React; how many octets went to the stranger."""
        strange = 0
        for output in outputs:
            match output:
                case Transmit(data=data, flow=flow):
                    assert is_one_message(data), data
                    strange += len(data) if flow.remote[0] == STRANGER.remote[0] else 0
                    self.outcome.append(data[:12].decode("ascii", "replace"))
                case Invited(session=session, invitation=invitation):
                    self.take(
                        self.endpoint.order(Ring(session=session, status=180), self.now)
                    )
                    self.take(self.endpoint.order(reply(session, invitation), self.now))
                case Offered(session=session):
                    refuse = RefuseOffer(session=session, status=488)
                    self.take(self.endpoint.order(refuse, self.now))
                case _:
                    self.outcome.append(type(output).__name__)
        return strange

    def wait(self, seconds: float) -> None:
        """Let timers fire."""
        end = self.now + seconds
        while (due := self.endpoint.deadline) is not None and due <= end:
            self.now = max(due, self.now)
            self.take(self.endpoint.wake(self.now))
        self.now = end


def feed(data: bytes) -> Hashable:
    """Play the datagrams, then let everything end."""
    scene = Scene()
    for number, datagram in enumerate(data.split(SPLIT)[:8]):
        scene.take(scene.endpoint.receive(datagram, TRUNK, scene.now))
        sent = scene.take(scene.endpoint.receive(datagram, STRANGER, scene.now))
        assert sent <= 3 * len(datagram) + 64, (sent, len(datagram))
        scene.wait(number / 2)
    for session in tuple(scene.endpoint._board.registry.entries):
        scene.take(scene.endpoint.order(HangUp(session=session), scene.now))
    scene.wait(7200)
    assert scene.endpoint.remembered == 0, scene.endpoint.remembered
    return tuple(scene.outcome[:12])


def _dialogue() -> bytes:
    """A call in one input: INVITE, ACK, INFO and BYE with tags that will not fit."""
    return SPLIT.join(MESSAGES[len(MESSAGES) - 11 : len(MESSAGES) - 5])


TARGET: Final = Target(
    name="endpoint",
    feed=feed,
    seeds=(*MESSAGES, _dialogue(), SPLIT.join((MESSAGES[0],) * 3)),
    words=(*SIP_WORDS, SPLIT, b"tag=callertag", b"ours"),
)

if __name__ == "__main__":
    sys.exit(main(TARGET))
