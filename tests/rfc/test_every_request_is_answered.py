"""Whatever is asked in whatever state: one final response, and only one (RFC 3261 §8.2)."""

from collections.abc import Callable

import pytest

from b2bua.sip.dialog.events import Accept, HangUp, Offer, Refuse, Ring, SessionId
from b2bua.sip.sdp.serializer import serialize_description
from tests.sip.endpoint.test_called import ANSWER, OFFER, answered, invited
from tests.sip.party import CALLED, CALLER, answer_to, endpoint, invite, offer
from tests.sip.peer import SDP, Peer

CALLING = SessionId("callertag")
RELIABLE = ("Require", "100rel")
Standing = tuple[Peer, SessionId, str]


def ringing() -> Standing:
    peer = Peer()
    session = invited(peer)
    peer.order(Ring(session=session, status=183, description=ANSWER))
    return peer, session, "call-1"


def reliably_ringing() -> Standing:
    peer = Peer()
    session = invited(peer, RELIABLE)
    peer.order(Ring(session=session, status=183, description=ANSWER))
    return peer, session, "call-1"


def offering_early() -> Standing:
    peer = Peer()
    session = invited(peer, ("Supported", "100rel"), late=True)
    peer.order(Ring(session=session, status=183, description=OFFER))
    return peer, session, "call-1"


def unacknowledged() -> Standing:
    peer = Peer()
    session = invited(peer)
    peer.order(Accept(session=session, description=ANSWER))
    return peer, session, "call-1"


def talking() -> Standing:
    peer = Peer()
    return peer, answered(peer), "call-1"


def offering() -> Standing:
    peer, session, call_id = talking()
    peer.order(Offer(session, answer_to(OFFER, version=2)))
    return peer, session, call_id


def asked() -> Standing:
    peer, session, call_id = talking()
    peer.send(peer.invite(offer=offer(version=7), to_tag=session, cseq=2))
    return peer, session, call_id


def leaving() -> Standing:
    peer, session, call_id = talking()
    peer.order(HangUp(session=session))
    return peer, session, call_id


def refused() -> Standing:
    peer, session, call_id = ringing()
    peer.order(Refuse(session=session, status=486))
    return peer, session, call_id


def calling_early() -> Standing:
    peer = Peer(endpoint(CALLED, CALLER, 9))
    peer.order(invite(CALLING))
    request = peer.requests("INVITE")[0]
    peer.answer(request, 183, RELIABLE, ("RSeq", "1"), description=ANSWER)
    return peer, CALLING, request.call_id


def calling_up() -> Standing:
    peer, session, call_id = calling_early()
    peer.answer(peer.requests("INVITE")[0], 200)
    return peer, session, call_id


STATES = (
    *(ringing, reliably_ringing, offering_early, unacknowledged, talking, offering),
    *(asked, leaving, refused, calling_early, calling_up),
)
BODIES: dict[str, tuple[tuple[tuple[str, str], ...], bytes]] = {
    "nothing": ((), b""),
    "an offer": ((SDP,), serialize_description(offer(port=29000, version=9))),
    "garbage": ((SDP,), b"v=7\r\n\xff"),
    "a text": ((("Content-Type", "text/plain"),), b"hello"),
}
METHODS = (
    *("INVITE", "UPDATE", "PRACK", "INFO", "OPTIONS", "BYE", "REFER"),
    *("MESSAGE", "NOTIFY", "SUBSCRIBE", "PUBLISH", "REGISTER", "INVENTED"),
)


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("state", STATES)
def test_one_final_response_to_every_request(
    state: Callable[[], Standing], body: str
) -> None:
    """Call control says nothing all the while."""
    for method in METHODS:
        peer, session, call_id = state()
        extra, data = BODIES[body]
        rack = ("RAck", "77 1 INVITE")
        branch = f"z9hG4bK{method}"
        request = peer.request(
            method,
            rack,
            *extra,
            to_tag=session,
            call_id=call_id,
            cseq=9,
            body=data,
            branch=branch,
        )
        peer.send(request)
        peer.wait(100)
        finals = [
            one.status
            for one in peer.responses(method)
            if one.via.branch == branch and one.status >= 200
        ]
        assert len(set(finals)) == 1, (method, finals)
        if method != "INVITE":
            assert len(finals) == 1, (method, finals)
        peer.order(HangUp(session=session))
        peer.wait(1000)
        assert peer.endpoint.remembered == 0, method
