"""Responses to INVITEs that another process sent, before it died."""

import pytest

from b2bua.sip.message.build import response_to
from b2bua.sip.message.message import Response
from b2bua.sip.sdp.serializer import serialize_description
from tests.sip.party import answer_to, offer
from tests.sip.peer import CONTACT, SDP, Peer, only

STRANGER = ("203.0.113.9", 5060)


def stray(peer: Peer, status: int) -> Response:
    """An answer of the far end to an INVITE that nobody here sent."""
    invite = peer.invite(offer=offer())
    invite.headers.set("Via", "SIP/2.0/UDP 127.0.2.1:5060;branch=z9hG4bKlost;rport=5060")
    extra = (CONTACT, SDP) if status < 300 else ()
    body = serialize_description(answer_to(offer())) if status < 300 else b""
    return response_to(invite, status, to_tag="far", extra=extra, body=body)


@pytest.mark.parametrize("status", [487, 486, 503, 603])
def test_a_stray_refusal_is_acknowledged_so_that_it_is_not_repeated(status: int) -> None:
    peer = Peer()
    response = stray(peer, status)
    peer.send(response)
    ack = only(peer.requests("ACK"))
    assert (ack.via.branch, ack.via.rport) == ("z9hG4bKlost", None)
    assert (ack.call_id, ack.cseq.number) == (response.call_id, response.cseq.number)
    assert (ack.to.tag, ack.from_.tag) == ("far", response.from_.tag)
    assert len(peer.heard) == 1
    assert peer.endpoint.remembered == 0


def test_a_stray_answer_is_acknowledged_and_released() -> None:
    peer = Peer()
    peer.send(stray(peer, 200))
    ack, bye = only(peer.requests("ACK")), only(peer.requests("BYE"))
    assert ack.uri == bye.uri == "sip:far@127.0.1.1:5060"
    assert bye.cseq.number == ack.cseq.number + 1
    peer.answer(bye, 200)
    peer.wait(40)
    assert peer.endpoint.remembered == 0


@pytest.mark.parametrize("status", [100, 180])
def test_a_stray_provisional_response_is_nothing(status: int) -> None:
    peer = Peer()
    peer.send(stray(peer, status))
    assert peer.heard == []


@pytest.mark.parametrize("status", [180, 200, 487])
def test_a_strangers_response_draws_nothing_from_us(status: int) -> None:
    peer = Peer()
    peer.send(stray(peer, status), STRANGER)
    assert peer.heard == []
    assert peer.dropped == ["response to nothing we know"]


@pytest.mark.parametrize("status", [200, 487])
def test_a_response_to_another_element_draws_nothing_from_us(status: int) -> None:
    """Its topmost Via names who sent the request (RFC 3261 §18.1.2)."""
    peer = Peer()
    response = stray(peer, status)
    response.headers.set("Via", "SIP/2.0/UDP 127.0.9.9:5060;branch=z9hG4bKlost")
    peer.send(response)
    assert peer.heard == []
