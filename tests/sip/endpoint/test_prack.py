"""Offers that come with a PRACK: RFC 3262 §5, RFC 6337 §2.2 (pattern 3)."""

import pytest

from b2bua.sip.dialog.events import (
    Accept,
    AnswerOffer,
    Confirmed,
    Offered,
    RefuseOffer,
    Ring,
    SessionId,
)
from b2bua.sip.message.message import Response
from b2bua.sip.sdp.serializer import serialize_description
from tests.sip.endpoint.test_called import ANSWER, invited
from tests.sip.party import answer_to, offer
from tests.sip.peer import SDP, Peer

OTHER = offer(port=26000, version=2)
"""What the far end would rather have, once it has our answer."""


def asked(peer: Peer) -> tuple[SessionId, Response]:
    """Answer reliably, and be offered something else by the PRACK."""
    session = invited(peer, ("Require", "100rel"))
    peer.order(Ring(session=session, status=183, description=ANSWER))
    progress = peer.responses("INVITE")[-1]
    rack = ("RAck", f"{progress.rseq} 1 INVITE")
    body = serialize_description(OTHER)
    peer.send(peer.request("PRACK", rack, SDP, to_tag=session, cseq=2, body=body))
    return session, progress


def test_an_offer_in_a_prack_is_answered_by_its_200() -> None:
    peer = Peer()
    session, _ = asked(peer)
    assert peer.events[-1] == Offered(session, OTHER)
    assert peer.statuses("PRACK") == []
    answer = answer_to(OTHER, version=2)
    peer.order(AnswerOffer(session, answer))
    (ok,) = peer.responses("PRACK")
    assert (ok.status, ok.body) == (200, serialize_description(answer))
    peer.order(Accept(session=session))
    last = peer.responses("INVITE")[-1]
    assert (last.status, last.body) == (200, b"")
    peer.send(peer.ack_of(last))
    assert Confirmed(session) in peer.events


def test_a_prack_whose_offer_is_refused_has_acknowledged_all_the_same() -> None:
    peer = Peer()
    session, _ = asked(peer)
    peer.order(RefuseOffer(session=session, status=488))
    assert peer.statuses("PRACK") == [488]
    before = len(peer.heard)
    peer.wait(5)
    assert len(peer.heard) == before
    peer.order(Accept(session=session))
    assert peer.statuses("INVITE")[-1] == 200


def test_an_offer_in_a_prack_that_cannot_be_read_is_refused() -> None:
    peer = Peer()
    session = invited(peer, ("Require", "100rel"))
    peer.order(Ring(session=session, status=183, description=ANSWER))
    rack = ("RAck", f"{peer.responses('INVITE')[-1].rseq} 1 INVITE")
    peer.send(peer.request("PRACK", rack, SDP, to_tag=session, cseq=2, body=b"v=1\r\n"))
    (status,) = peer.statuses("PRACK")
    assert status in (400, 488)


@pytest.mark.parametrize("cseq", [1, 2])
def test_a_prack_that_comes_again_is_answered_again_and_asks_nothing_new(cseq: int) -> None:
    peer = Peer()
    session, progress = asked(peer)
    peer.order(AnswerOffer(session, answer_to(OTHER, version=2)))
    told = len(peer.events)
    rack = ("RAck", f"{progress.rseq} 1 INVITE")
    body = serialize_description(OTHER)
    again = peer.request("PRACK", rack, SDP, to_tag=session, cseq=cseq + 1, body=body)
    peer.send(again)
    assert len(peer.events) == told
    assert peer.statuses("PRACK")[-1] in (481, 500)
