"""Reliable provisional responses: RFC 3262, what no other test holds."""

import pytest

from b2bua.sip.dialog.events import (
    Accept,
    Accepted,
    Confirmed,
    Invited,
    Progressed,
    Refuse,
    Ring,
    SessionId,
)
from b2bua.sip.dialog.terms import Reliability
from b2bua.sip.message.message import Response
from b2bua.sip.sdp.serializer import serialize_description
from tests.sip.endpoint.test_called import ends, invited
from tests.sip.party import CALLED, CALLER, answer_to, endpoint, invite, offer
from tests.sip.peer import SDP, Peer

OFFER = offer()
ANSWER = answer_to(OFFER)
REQUIRED = ("Require", "100rel")


def prack(peer: Peer, session: SessionId, response: Response, cseq: int = 2) -> int:
    """Acknowledge a reliable response; what it is answered with."""
    rack = ("RAck", f"{response.rseq} 1 INVITE")
    peer.send(peer.request("PRACK", rack, to_tag=session, cseq=cseq))
    return peer.statuses("PRACK")[-1]


def test_a_prack_that_the_200_overtook_is_answered_200() -> None:
    """§3: 481 would tell the caller that its confirmed dialog does not exist."""
    peer = Peer()
    session = invited(peer, REQUIRED)
    peer.order(Ring(session=session, status=180))
    ringing = peer.responses("INVITE")[-1]
    peer.order(Accept(session=session, description=ANSWER))
    ok = peer.responses("INVITE")[-1]
    assert ok.status == 200
    assert prack(peer, session, ringing) == 200
    assert prack(peer, session, ringing, 3) == 481
    peer.send(peer.ack_of(ok))
    assert Confirmed(session) in peer.events
    assert ends(peer.events) == []


def test_a_reliable_response_is_repeated_no_more_after_the_final_one() -> None:
    """§3."""
    peer = Peer()
    session = invited(peer, REQUIRED)
    peer.order(Ring(session=session, status=180))
    peer.order(Refuse(session=session, status=486))
    peer.wait(20)
    assert peer.statuses("INVITE").count(180) == 1


def test_every_provisional_response_is_reliable_to_who_requires_it() -> None:
    """§3: but for 100; each waits for the PRACK of the last, with a number one greater."""
    peer = Peer()
    session = invited(peer, REQUIRED)
    for status in (183, 180, 181):
        peer.order(Ring(session=session, status=status))
    assert peer.statuses("INVITE") == [100, 183]
    for cseq, status in ((2, 180), (3, 181)):
        last = peer.responses("INVITE")[-1]
        assert last.headers.first("Require") == "100rel"
        assert prack(peer, session, last, cseq) == 200
        assert peer.responses("INVITE")[-1].status == status
        assert peer.responses("INVITE")[-1].rseq == (last.rseq or 0) + 1


@pytest.mark.parametrize(
    "rack", ["{next} 1 INVITE", "{rseq} 2 INVITE", "{rseq} 1 PRACK", "0 1 INVITE"]
)
def test_a_rack_that_fits_no_response_is_481_and_acknowledges_nothing(rack: str) -> None:
    """§3: response number, CSeq number and method must all fit."""
    peer = Peer()
    session = invited(peer, REQUIRED)
    peer.order(Ring(session=session, status=183, description=ANSWER))
    rseq = peer.responses("INVITE")[-1].rseq or 0
    wrong = ("RAck", rack.format(rseq=rseq, next=rseq + 1))
    peer.send(peer.request("PRACK", wrong, to_tag=session, cseq=2))
    assert peer.statuses("PRACK") == [481]
    peer.wait(0.6)
    assert peer.statuses("INVITE").count(183) == 2


def test_a_refusal_need_not_wait_for_the_prack_of_a_description() -> None:
    """§3: only a 2xx must."""
    peer = Peer()
    session = invited(peer, REQUIRED)
    peer.order(Ring(session=session, status=183, description=ANSWER))
    peer.order(Refuse(session=session, status=403))
    assert peer.statuses("INVITE") == [100, 183, 403]


def test_an_announcement_to_who_requires_reliability_is_a_reliable_answer() -> None:
    """§5: the 183 answers for good; a 200 after it says nothing more."""
    peer = Peer()
    session = invited(peer, REQUIRED)
    peer.order(Ring(session=session, status=183, description=ANSWER))
    progress = peer.responses("INVITE")[-1]
    assert progress.body == serialize_description(ANSWER)
    peer.order(Accept(session=session))
    assert peer.statuses("INVITE") == [100, 183]
    assert prack(peer, session, progress) == 200
    assert (peer.responses("INVITE")[-1].status, peer.responses("INVITE")[-1].body) == (
        200,
        b"",
    )


def test_a_reliable_offer_is_answered_by_the_prack_and_never_again() -> None:
    """§5: INVITE without offer, offer in 183, answer in PRACK."""
    peer = Peer()
    session = invited(peer, ("Supported", "100rel"), late=True)
    peer.order(Ring(session=session, status=183, description=OFFER))
    progress = peer.responses("INVITE")[-1]
    assert progress.headers.first("Require") == "100rel"
    rack = ("RAck", f"{progress.rseq} 1 INVITE")
    body = serialize_description(ANSWER)
    peer.send(peer.request("PRACK", rack, SDP, to_tag=session, cseq=2, body=body))
    (ok,) = peer.responses("PRACK")
    assert (ok.status, ok.body) == (200, b"")
    peer.order(Accept(session=session))
    last = peer.responses("INVITE")[-1]
    assert (last.status, last.body) == (200, b"")
    peer.send(peer.ack_of(last))
    assert Confirmed(session) in peer.events


@pytest.mark.parametrize("reliability", list(Reliability))
def test_nothing_is_reliable_to_who_does_not_know_it(reliability: Reliability) -> None:
    """§3: without 100rel in Supported or Require, RSeq must not be there."""
    peer = Peer(endpoint(CALLED, CALLER, 9, trunk={"reliability": reliability}))
    session = invited(peer)
    peer.order(Ring(session=session, status=183, description=ANSWER))
    progress = peer.responses("INVITE")[-1]
    assert "RSeq" not in progress.headers
    assert "Require" not in progress.headers


@pytest.mark.parametrize("first", [1, 2**31 - 1, 2**31, 2**32 - 2])
def test_any_response_number_of_32_bits_is_acknowledged(first: int) -> None:
    """§7.1: 1 to 2**32 - 1, as each is one greater than the last."""
    peer = Peer(endpoint(CALLED, CALLER, 9))
    peer.order(invite())
    request = peer.requests("INVITE")[0]
    for number in (first, first + 1):
        peer.answer(request, 180, REQUIRED, ("RSeq", str(number)))
    racks = [one.headers.first("RAck") for one in peer.requests("PRACK")]
    assert racks == [f"{first} 1 INVITE", f"{first + 1} 1 INVITE"]


def test_a_reliable_response_again_or_out_of_order_is_acknowledged_once() -> None:
    """§4: repeated ones are discarded, and so are those that run ahead."""
    peer = Peer(endpoint(CALLED, CALLER, 9))
    peer.order(invite())
    request = peer.requests("INVITE")[0]
    for number in (5, 5, 7, 6):
        peer.answer(request, 180, REQUIRED, ("RSeq", str(number)))
    racks = [one.headers.first("RAck") for one in peer.requests("PRACK")]
    assert racks == ["5 1 INVITE", "6 1 INVITE"]
    assert len([one for one in peer.events if isinstance(one, Progressed)]) == 2


def test_each_fork_counts_its_responses_for_itself() -> None:
    """§4: the number is of one dialog."""
    peer = Peer(endpoint(CALLED, CALLER, 9))
    peer.order(invite())
    request = peer.requests("INVITE")[0]
    for tag, number in (("a", 10), ("b", 99), ("a", 11), ("b", 100)):
        peer.answer(request, 183, REQUIRED, ("RSeq", str(number)), tag=tag)
    pracks = [(one.to.tag, one.headers.first("RAck")) for one in peer.requests("PRACK")]
    assert pracks == [
        ("a", "10 1 INVITE"),
        ("b", "99 1 INVITE"),
        ("a", "11 1 INVITE"),
        ("b", "100 1 INVITE"),
    ]


@pytest.mark.parametrize("status", [481, 500, 408])
def test_a_prack_that_is_refused_harms_no_call(status: int) -> None:
    """§4: the INVITE has its own end."""
    peer = Peer(endpoint(CALLED, CALLER, 9))
    peer.order(invite())
    request = peer.requests("INVITE")[0]
    peer.answer(request, 183, REQUIRED, ("RSeq", "1"), description=ANSWER)
    peer.answer(peer.requests("PRACK")[0], status)
    peer.answer(request, 200)
    assert isinstance(peer.events[-1], Accepted)
    assert ends(peer.events) == []


def test_a_description_after_the_reliable_answer_is_none() -> None:
    """RFC 6337 §3.1.1: whatever else a 180 or the 200 says, the answer stands."""
    peer = Peer(endpoint(CALLED, CALLER, 9))
    peer.order(invite())
    request = peer.requests("INVITE")[0]
    peer.answer(request, 183, REQUIRED, ("RSeq", "1"), description=ANSWER)
    other = answer_to(OFFER, "127.0.7.7", 2)
    peer.answer(request, 180, description=other)
    peer.answer(request, 200, description=other)
    progressed = [one for one in peer.events if isinstance(one, Progressed)]
    assert [one.description for one in progressed] == [ANSWER, None]
    accepted = peer.events[-1]
    assert isinstance(accepted, Accepted)
    assert accepted.description is None


def test_the_end_of_a_fork_is_no_progress() -> None:
    """RFC 6228: 199 says that an early dialog is over, not that somebody rings."""
    peer = Peer(endpoint(CALLED, CALLER, 9))
    peer.order(invite())
    request = peer.requests("INVITE")[0]
    peer.answer(request, 199, tag="a")
    assert peer.events == []
    peer.answer(request, 200, tag="b", description=ANSWER)
    assert isinstance(peer.events[-1], Accepted)
    assert not any(isinstance(one, Invited) for one in peer.events)
