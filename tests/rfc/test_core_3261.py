"""Clauses of RFC 3261 that no other test holds, in the order of their sections."""

import pytest

from b2bua.sip.dialog.events import (
    Accept,
    Accepted,
    Ended,
    EndReason,
    HangUp,
    Invited,
    Offer,
    Progressed,
    Ring,
    SessionId,
)
from b2bua.sip.message.build import response_to
from b2bua.sip.message.headers import Headers
from b2bua.sip.message.message import Request
from b2bua.sip.sdp.serializer import serialize_description
from tests.sip.endpoint.test_called import ANSWER, OFFER, answered, ends, forget, invited
from tests.sip.party import CALLED, CALLER, answer_to, endpoint, invite
from tests.sip.peer import SDP, Peer


def calling() -> tuple[Peer, Request]:
    peer = Peer(endpoint(CALLED, CALLER, 9))
    peer.order(invite())
    return peer, peer.requests("INVITE")[0]


def heard(peer: Peer, kind: type[object]) -> int:
    return len([event for event in peer.events if isinstance(event, kind)])


def test_a_response_with_another_via_below_ours_is_dropped() -> None:
    """§8.1.3.3: it was meant for somebody else."""
    peer, request = calling()
    peer.answer(request, 180)
    misled = Headers(request.headers)
    misled.add("Via", "SIP/2.0/UDP 127.0.9.9:5060;branch=z9hG4bKother")
    copied = Request("INVITE", request.uri, misled)
    peer.answer(copied, 200, description=ANSWER)
    assert heard(peer, Accepted) == 0
    assert peer.dropped == ["response with a Via that is not ours"]


@pytest.mark.parametrize(
    "field",
    [
        ("Reason", "Q.850;cause=abc"),
        ("Reason", "Q.850;cause=16;text=Normal call clearing"),
        ("Reason", ";;;"),
        ("Session-Expires", "never"),
        ("Session-Expires", "300;refresher=nobody"),
        ("Min-SE", "-1"),
        ("P-Asserted-Identity", "<sip:13800138000@x"),
        ("Diversion", '"x <sip:a@b>'),
        ("P-Called-Party-ID", "<<>>"),
    ],
)
@pytest.mark.parametrize("method", ["INVITE", "BYE"])
def test_a_field_that_is_malformed_and_not_needed_is_ignored(
    method: str, field: tuple[str, str]
) -> None:
    """§8.2.2: a BYE that is refused for its Reason would leave the call standing."""
    peer = Peer()
    session = answered(peer)
    if method == "BYE":
        peer.send(peer.request("BYE", field, to_tag=session, cseq=2))
        assert peer.statuses("BYE") == [200]
        assert ends(peer.events) == [EndReason.HUNG_UP]
    else:
        peer.send(peer.invite(field, offer=OFFER, call_id="call-2"))
        assert peer.statuses("INVITE") == [100]
        assert heard(peer, Invited) == 1


@pytest.mark.parametrize(
    "field", [("Reason", "SIP;cause=x"), ("Min-SE", "x"), ("Session-Expires", "x")]
)
def test_a_200_with_a_malformed_field_is_acknowledged(field: tuple[str, str]) -> None:
    """§8.1.3: else the called side repeats it for 32 seconds, and hangs up."""
    peer, request = calling()
    peer.answer(request, 200, field, description=ANSWER)
    assert heard(peer, Accepted) == 1
    assert len(peer.requests("ACK")) == 1


@pytest.mark.parametrize("method", ["BYE", "INFO", "UPDATE", "INVITE"])
def test_what_ends_here_may_have_used_its_last_hop(method: str) -> None:
    """§8.2, §20.22: Max-Forwards is for who passes a request on."""
    peer = Peer()
    session = answered(peer)
    last = ("Max-Forwards", "0")
    if method == "INVITE":
        peer.send(peer.invite(last, offer=OFFER, to_tag=session, cseq=2))
        assert peer.statuses("INVITE") == [200]
    else:
        peer.send(peer.request(method, last, to_tag=session, cseq=2))
        assert peer.statuses(method) == [200]


def test_a_call_that_has_used_its_last_hop_is_483() -> None:
    """§16.3, RFC 7332 §4: we would call on."""
    peer = Peer()
    peer.send(peer.invite(("Max-Forwards", "0"), offer=OFFER))
    assert peer.statuses("INVITE") == [483]


@pytest.mark.parametrize("tags", ["", "other"])
@pytest.mark.parametrize("method", ["BYE", "INFO", "INVITE", "UPDATE", "PRACK"])
def test_another_remote_tag_is_another_dialog(method: str, tags: str) -> None:
    """§12.2.2: 481, and the call goes on."""
    peer = Peer()
    session = answered(peer)
    wrong = ("From", "<sip:13800138000@127.0.1.1>" + (f";tag={tags}" if tags else ""))
    peer.send(peer.request(method, wrong, to_tag=session, cseq=2))
    assert peer.statuses(method) == [481]
    assert ends(peer.events) == []


def test_a_contact_with_header_fields_is_called_without_them() -> None:
    """§12.1.1, §19.1.1: no Request-URI has them."""
    peer = Peer()
    contact = ("Contact", "<sip:far@127.0.1.1:5060;x=y?Subject=bye&Route=%3Csip:z%3E>")
    session = answered(peer, contact)
    peer.order(HangUp(session=session))
    (bye,) = peer.requests("BYE")
    assert bye.uri == "sip:far@127.0.1.1:5060;x=y"


@pytest.mark.parametrize("method", ["INFO", "OPTIONS"])
@pytest.mark.parametrize("calls", [True, False])
def test_requests_in_an_early_dialog(method: str, calls: bool) -> None:
    """§12: an early dialog takes requests as a confirmed one does."""
    if calls:
        peer, request = calling()
        peer.answer(request, 180)
        tag, call_id = request.from_.tag, request.call_id
    else:
        peer = Peer()
        tag, call_id = invited(peer), "call-1"
        peer.order(Ring(session=SessionId(tag), status=180))
    peer.send(peer.request(method, to_tag=tag, call_id=call_id, cseq=2))
    assert peer.statuses(method) == [200]


@pytest.mark.parametrize(
    ("seconds", "left"), [("0", 0.0), ("20", 20.0), ("4294967295", 600.0)]
)
def test_an_invitation_expires_when_its_sender_says(seconds: str, left: float) -> None:
    """§13.3.1: 487, when Expires is over before a final response."""
    peer = Peer()
    invited(peer, ("Expires", seconds))
    if left:
        peer.wait(left - 0.1)
        assert peer.statuses("INVITE")[-1] < 300
    peer.wait(0.2)
    expired = left < 600
    assert peer.statuses("INVITE")[-1] == (487 if expired else 480)
    assert ends(peer.events) == [EndReason.CANCELLED if expired else EndReason.FAILED]


@pytest.mark.parametrize("value", ["", "soon", "-5", "99999999999999999999"])
def test_an_expires_that_cannot_be_read_limits_nothing(value: str) -> None:
    peer = Peer()
    invited(peer, ("Expires", value))
    peer.wait(60)
    assert ends(peer.events) == []


def test_an_invitation_that_was_answered_in_time_does_not_expire() -> None:
    """§13.3.1."""
    peer = Peer()
    session = invited(peer, ("Expires", "5"))
    peer.order(Accept(session=session, description=ANSWER))
    peer.send(peer.ack_of(peer.responses("INVITE")[-1]))
    peer.wait(60)
    assert ends(peer.events) == []


def test_a_late_200_after_a_cancel_that_got_its_487_is_released() -> None:
    """§9.1, §13.2.2.4: a second fork answers although the call was cancelled."""
    peer, request = calling()
    peer.answer(request, 180, tag="a")
    peer.order(HangUp(session=SessionId("callertag")))
    cancel = peer.requests("CANCEL")[0]
    peer.answer(cancel, 200)
    peer.answer(request, 200, tag="b", description=answer_to(OFFER))
    assert [one.to.tag for one in peer.requests("ACK")] == ["b"]
    assert [one.to.tag for one in peer.requests("BYE")] == ["b"]
    assert heard(peer, Accepted) == 0
    assert heard(peer, Ended) == 1


def test_the_same_2xx_again_gets_the_same_ack_and_nothing_else() -> None:
    """§13.2.2.4."""
    peer, request = calling()
    for _ in range(3):
        peer.answer(request, 200, description=ANSWER)
    assert len({one.via.branch for one in peer.requests("ACK")}) == 1
    assert len(peer.requests("ACK")) == 3
    assert heard(peer, Accepted) == 1


def test_a_2xx_that_comes_with_another_contact_retargets_the_dialog() -> None:
    """§12.2.1.2: a re-INVITE of the far end moves where we send."""
    peer = Peer()
    session = answered(peer)
    moved = ("Contact", "<sip:moved@127.0.1.1:5099>")
    peer.send(peer.request("UPDATE", moved, to_tag=session, cseq=2))
    forget(peer)
    peer.order(HangUp(session=session))
    (bye,) = peer.requests("BYE")
    assert bye.uri == "sip:moved@127.0.1.1:5099"
    assert peer.targets[-1] == ("127.0.1.1", 5099)


@pytest.mark.parametrize("over", [False, True])
def test_the_ack_of_a_reinvite_goes_where_its_2xx_says(over: bool) -> None:
    """§12.2.1.2, §13.2.2.4: also when the session has ended meanwhile."""
    peer = Peer()
    session = answered(peer)
    peer.order(Offer(session, answer_to(OFFER, version=2)))
    again = peer.requests("INVITE")[0]
    if over:
        peer.order(HangUp(session=session))
    copied = response_to(
        again,
        200,
        to_tag="far",
        extra=[("Contact", "<sip:moved@127.0.1.1:5099>"), SDP],
        body=serialize_description(OFFER),
    )
    peer.send(copied)
    (ack,) = peer.requests("ACK")
    assert ack.uri == "sip:moved@127.0.1.1:5099"
    assert ("127.0.1.1", 5099) in peer.targets


def test_a_timestamp_is_echoed_by_100_alone() -> None:
    """§8.2.6.1."""
    peer = Peer()
    session = invited(peer, ("Timestamp", "54.2"))
    peer.order(Ring(session=session, status=180))
    trying, ringing = peer.responses("INVITE")
    assert trying.headers.first("Timestamp") == "54.2"
    assert "Timestamp" not in ringing.headers


def test_require_of_what_we_do_not_know_is_420_and_names_it() -> None:
    """§8.2.2.3: but never in an ACK or a CANCEL, which nobody could answer."""
    peer = Peer()
    session = answered(peer)
    strange = ("Require", "timer, x-strange, 100rel")
    peer.send(peer.request("BYE", strange, to_tag=session, cseq=2))
    (refused,) = peer.responses("BYE")
    assert (refused.status, refused.headers.first("Unsupported")) == (420, "x-strange")
    peer.send(peer.invite(offer=OFFER, call_id="c2", branch="z9hG4bKc2"))
    peer.send(peer.request("CANCEL", strange, call_id="c2", branch="z9hG4bKc2"))
    assert peer.statuses("CANCEL") == [200]


def test_progress_after_the_answer_says_nothing() -> None:
    """§13.2.2.1: a 180 that was overtaken by its 200."""
    peer, request = calling()
    peer.answer(request, 200, description=ANSWER)
    peer.answer(request, 180)
    assert heard(peer, Progressed) == 0


@pytest.mark.parametrize(("status", "accepted"), [(299, 1), (499, 0)])
def test_a_status_that_is_unknown_is_taken_as_x00(status: int, accepted: int) -> None:
    """§8.1.3.2: 499 is final like 400, 299 answers like 200."""
    peer, request = calling()
    peer.answer(request, status, description=ANSWER if status < 300 else None)
    assert heard(peer, Accepted) == accepted
    assert len(peer.requests("ACK")) == 1
