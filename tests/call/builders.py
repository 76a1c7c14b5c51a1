"""Legs in a few words."""

from random import Random

from b2bua.call.audio import LegAudio
from b2bua.call.caller import CallerLeg
from b2bua.call.destination import Target
from b2bua.call.hunt import Hunt
from b2bua.call.media import CallId, LegId, PortOpened
from b2bua.core.tokens import Tokens
from b2bua.sip.dialog.events import SessionId
from b2bua.sip.sdp.description import Direction, SessionDescription
from b2bua.sip.sdp.negotiation import LocalAudio, make_answer, make_offer

CALL = CallId("call")


def tokens() -> Tokens:
    return Tokens(Random(1).randbytes)


def opened(leg: LegId, port: int = 20000) -> PortOpened:
    return PortOpened(
        call=CALL, leg=leg, address="10.0.0.1", rtp_port=port, rtcp_port=port + 1
    )


def phone(direction: Direction = Direction.SENDRECV, version: int = 1) -> LocalAudio:
    return LocalAudio(
        address="10.0.9.9",
        rtp_port=4000,
        rtcp_port=4001,
        session_id=9,
        version=version,
        direction=direction,
    )


def offer(
    direction: Direction = Direction.SENDRECV, version: int = 1
) -> SessionDescription:
    return make_offer(phone(direction, version))


def answer(
    to: SessionDescription, direction: Direction = Direction.SENDRECV
) -> SessionDescription:
    answered = make_answer(to, phone(direction))
    assert answered is not None
    return answered


def audio(name: str = "leg") -> LegAudio:
    """A leg's audio whose port is open."""
    made = LegAudio(CALL, LegId(name), session_id=1)
    made.opened(opened(LegId(name)))
    return made


def agreed(name: str = "leg") -> LegAudio:
    """A leg's audio that was offered, answered and connected."""
    made = audio(name)
    made.take_answer(answer(made.offer()))
    made.connect()
    return made


def caller(
    description: SessionDescription | None = None, *, reliable: bool = False
) -> CallerLeg:
    """A caller's leg whose port is open."""
    leg = CallerLeg(
        CALL, SessionId("caller"), offer=description, reliable=reliable, session_id=1
    )
    leg.hear_of(opened(leg.leg), 0.0)
    return leg


def target(name: str = "desk", ring: float = 15.0) -> Target:
    return Target(name=name, user="02088886001", trunk="out", ring=ring, from_user="138")


def hunt() -> Hunt:
    return Hunt(CALL, tokens())
