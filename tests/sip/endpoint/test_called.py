"""The called side, against a far end written by hand."""

import pytest

from b2bua.core.errors import InvalidState
from b2bua.sip.dialog.events import (
    Accept,
    AnswerOffer,
    Cause,
    Confirmed,
    Described,
    Ended,
    EndReason,
    Event,
    HangUp,
    Invited,
    Offer,
    Offered,
    OfferFailed,
    Pressed,
    Refuse,
    RefuseOffer,
    Ring,
    SessionId,
)
from b2bua.sip.dialog.terms import Credentials, Reliability
from b2bua.sip.message.message import Response
from b2bua.sip.sdp.serializer import serialize_description
from tests.sip.party import CALLED, CALLER, answer_to, endpoint, offer
from tests.sip.peer import SDP, Peer

OFFER = offer()
ANSWER = answer_to(OFFER)


def invited(peer: Peer, *extra: tuple[str, str], late: bool = False) -> SessionId:
    peer.send(peer.invite(*extra, offer=None if late else OFFER, branch="z9hG4bKinvite"))
    (event,) = [event for event in peer.events if isinstance(event, Invited)]
    assert peer.statuses("INVITE") == [100]
    return event.session


def answered(peer: Peer, *extra: tuple[str, str]) -> SessionId:
    session = invited(peer, *extra)
    peer.order(Accept(session=session, description=ANSWER))
    peer.send(peer.ack_of(peer.responses("INVITE")[-1]))
    assert peer.events[1:] == [Confirmed(session)]
    forget(peer)
    return session


def forget(peer: Peer) -> None:
    peer.heard.clear()
    peer.events.clear()


def ends(events: list[Event]) -> list[EndReason]:
    return [event.reason for event in events if isinstance(event, Ended)]


def at_rest(peer: Peer) -> bool:
    peer.wait(100)
    return peer.endpoint.remembered == 0


def test_an_invite_says_everything_call_control_wants() -> None:
    peer = Peer()
    peer.send(
        peer.invite(
            ("P-Asserted-Identity", "<sip:+8613800138000@carrier.cn>, <tel:13800138000>"),
            ("Privacy", "id"),
            ("P-Called-Party-ID", "<sip:02088886001@127.0.2.1>"),
            ("Diversion", "<sip:4008888888@x>;reason=no-answer"),
            ("Supported", "100rel, timer"),
            ("Max-Forwards", "12"),
            offer=OFFER,
            uri="tel:+86-400-600-1234",
        )
    )
    (event,) = peer.events
    assert isinstance(event, Invited)
    said = event.invitation
    assert (said.request_user, said.to_user) == ("+864006001234", "4006001234")
    assert (said.called_party, said.from_user) == ("02088886001", "13800138000")
    assert said.asserted == ("sip:+8613800138000@carrier.cn", "tel:13800138000")
    assert (said.privacy, said.diversions, said.max_forwards) == (("id",), 1, 12)
    assert (said.offer, said.supports_reliable) == (OFFER, True)
    assert (said.trunk, said.source) == ("peer", CALLER)


def test_a_200_is_repeated_until_bye_when_nobody_acknowledges() -> None:
    peer = Peer()
    session = invited(peer)
    peer.order(Accept(session=session, description=ANSWER))
    began = len(peer.heard)
    peer.wait(31.9)
    assert ends(peer.events) == []
    # 0.5, 1.5, 3.5, 7.5, 11.5 … 31.5: T1 doubling to T2
    assert peer.statuses("INVITE")[began:] == [200] * 10
    peer.wait(0.2)
    assert ends(peer.events) == [EndReason.NO_ACK]
    assert len(peer.requests("BYE")) == 1
    assert at_rest(peer)


def test_the_bye_of_a_hang_up_waits_for_the_ack() -> None:
    peer = Peer()
    session = invited(peer)
    peer.order(Accept(session=session, description=ANSWER))
    peer.order(HangUp(session=session, causes=(Cause("Q.850", 16),)))
    assert ends(peer.events) == [EndReason.RELEASED]
    assert peer.requests("BYE") == []
    peer.send(peer.ack_of(peer.responses("INVITE")[-1]))
    (bye,) = peer.requests("BYE")
    assert bye.headers.first("Reason") == "Q.850;cause=16"
    assert not any(isinstance(event, Confirmed) for event in peer.events)
    peer.answer(bye, 200)
    assert at_rest(peer)


def test_cancel_ends_an_invitation() -> None:
    peer = Peer()
    invited(peer)
    peer.send(peer.request("CANCEL", ("Reason", "SIP;cause=200"), branch="z9hG4bKinvite"))
    assert peer.statuses("CANCEL") == [200]
    assert peer.statuses("INVITE") == [100, 487]
    assert peer.events[-1] == Ended(
        session=peer.events[0].session,
        reason=EndReason.CANCELLED,
        causes=(Cause("SIP", 200),),
    )
    assert at_rest(peer)


def test_cancel_after_the_200_means_nothing() -> None:
    peer = Peer()
    session = invited(peer)
    peer.order(Accept(session=session, description=ANSWER))
    peer.send(peer.request("CANCEL", branch="z9hG4bKinvite"))
    assert peer.statuses("CANCEL") == [200]
    assert ends(peer.events) == []
    peer.send(peer.ack_of(peer.responses("INVITE")[-1]))
    assert peer.events[-1] == Confirmed(session)


def test_bye_before_the_answer_ends_the_invite_too() -> None:
    peer = Peer()
    session = invited(peer)
    peer.order(Ring(session=session, status=180))
    peer.send(peer.request("BYE", to_tag=session, cseq=2))
    assert peer.statuses("BYE") == [200]
    assert peer.statuses("INVITE") == [100, 180, 487]
    assert ends(peer.events) == [EndReason.HUNG_UP]
    assert at_rest(peer)


def test_refusals_carry_reason_and_retry_after() -> None:
    peer = Peer()
    session = invited(peer)
    peer.order(
        Refuse(session=session, status=486, causes=(Cause("Q.850", 17),), retry_after=9)
    )
    response = peer.responses("INVITE")[-1]
    assert response.status == 486
    assert response.headers.first("Reason") == "Q.850;cause=17"
    assert response.headers.first("Retry-After") == "9"
    assert at_rest(peer)


def test_required_reliability_is_kept() -> None:
    peer = Peer()
    session = invited(peer, ("Require", "100rel"))
    peer.order(Ring(session=session, status=183, description=ANSWER))
    progress = peer.responses("INVITE")[-1]
    assert progress.require == ("100rel",)
    assert progress.rseq is not None
    peer.order(Ring(session=session, status=180))
    peer.order(Accept(session=session))
    peer.wait(1.6)
    assert peer.statuses("INVITE") == [100, 183, 183, 183]
    wrong = ("RAck", f"{progress.rseq + 1} 1 INVITE")
    peer.send(peer.request("PRACK", wrong, to_tag=session, cseq=2))
    right = ("RAck", f"{progress.rseq} 1 INVITE")
    peer.send(peer.request("PRACK", right, to_tag=session, cseq=3))
    assert peer.statuses("PRACK") == [481, 200]
    assert peer.statuses("INVITE")[-1] == 200
    assert peer.responses("INVITE")[-1].body == b""
    peer.send(peer.ack_of(peer.responses("INVITE")[-1]))
    assert peer.events[-1] == Confirmed(session)


def test_a_reliable_response_that_nobody_acknowledges_ends_the_invitation() -> None:
    peer = Peer()
    session = invited(peer, ("Require", "100rel"))
    peer.order(Ring(session=session, status=180))
    peer.wait(32.1)
    assert peer.statuses("INVITE")[-1] == 500
    assert ends(peer.events) == [EndReason.FAILED]
    assert at_rest(peer)


@pytest.mark.parametrize(
    ("reliability", "expected"),
    [
        (Reliability.REQUIRED, (False, False)),
        (Reliability.DESCRIBED, (False, True)),
        (Reliability.SUPPORTED, (True, True)),
    ],
)
def test_supported_reliability_is_used_by_policy(
    reliability: Reliability, expected: tuple[bool, bool]
) -> None:
    for described, reliable in zip((False, True), expected, strict=True):
        peer = Peer(endpoint(CALLED, CALLER, 9, trunk={"reliability": reliability}))
        session = invited(peer, ("Supported", "100rel"))
        description = ANSWER if described else None
        peer.order(Ring(session=session, status=183, description=description))
        assert (peer.responses("INVITE")[-1].rseq is not None) is reliable


def test_a_late_offer_goes_with_the_200_and_is_answered_by_the_ack() -> None:
    peer = Peer()
    session = invited(peer, late=True)
    peer.order(Ring(session=session, status=183, description=OFFER))
    assert peer.responses("INVITE")[-1].body == b""
    peer.order(Accept(session=session))
    ok = peer.responses("INVITE")[-1]
    assert ok.body == serialize_description(OFFER)
    peer.send(peer.ack_of(ok, SDP, body=serialize_description(ANSWER)))
    assert peer.events[1:] == [Described(session, ANSWER), Confirmed(session)]


def test_a_late_offer_made_with_the_200_alone() -> None:
    peer = Peer()
    session = invited(peer, late=True)
    peer.order(Accept(session=session, description=OFFER))
    ok = peer.responses("INVITE")[-1]
    peer.send(peer.ack_of(ok, SDP, body=serialize_description(ANSWER)))
    image = peer.endpoint.image(session, peer.now)
    assert image is not None
    assert (image.local_description, image.remote_description) == (OFFER, ANSWER)
    # and so a re-INVITE that brings nothing new is answered with what we said
    peer.send(peer.invite(offer=ANSWER, to_tag=session, cseq=2))
    assert peer.responses("INVITE")[-1].body == serialize_description(OFFER)


def test_an_ack_without_the_answer_it_owes_ends_the_session() -> None:
    peer = Peer()
    session = invited(peer, late=True)
    peer.order(Accept(session=session, description=OFFER))
    peer.send(peer.ack_of(peer.responses("INVITE")[-1]))
    assert ends(peer.events) == [EndReason.FAILED]
    assert len(peer.requests("BYE")) == 1


def test_a_late_offer_in_a_reliable_response_is_answered_by_the_prack() -> None:
    peer = Peer()
    session = invited(peer, ("Require", "100rel"), late=True)
    peer.order(Ring(session=session, status=183, description=OFFER))
    progress = peer.responses("INVITE")[-1]
    assert progress.body
    rack = ("RAck", f"{progress.rseq} 1 INVITE")
    body = serialize_description(ANSWER)
    peer.send(peer.request("PRACK", rack, SDP, to_tag=session, cseq=2, body=body))
    assert peer.statuses("PRACK") == [200]
    assert peer.events[-1] == Described(session, ANSWER)
    peer.order(Accept(session=session))
    assert peer.responses("INVITE")[-1].body == b""


def test_an_unreliable_description_is_repeated_by_the_200() -> None:
    peer = Peer()
    session = invited(peer)
    peer.order(Ring(session=session, status=183, description=ANSWER))
    peer.order(Accept(session=session))
    one, two = peer.responses("INVITE")[-2:]
    assert one.body == two.body == serialize_description(ANSWER)


def test_a_changed_answer_after_a_reliable_one_becomes_an_offer_after_the_ack() -> None:
    peer = Peer()
    session = invited(peer, ("Require", "100rel"))
    peer.order(Ring(session=session, status=183, description=ANSWER))
    progress = peer.responses("INVITE")[-1]
    rack = ("RAck", f"{progress.rseq} 1 INVITE")
    peer.send(peer.request("PRACK", rack, to_tag=session, cseq=2))
    changed = offer("127.0.2.1", 32000, 2)
    peer.order(Accept(session=session, description=changed))
    ok = peer.responses("INVITE")[-1]
    assert (ok.status, ok.body) == (200, b"")
    peer.send(peer.ack_of(ok))
    (again,) = peer.requests("INVITE")
    assert again.body == serialize_description(changed)


def test_a_200_that_would_say_nothing_is_our_own_mistake() -> None:
    peer = Peer()
    session = invited(peer)
    with pytest.raises(InvalidState):
        peer.order(Accept(session=session))


def test_a_provisional_response_is_said_again_every_minute() -> None:
    peer = Peer()
    session = invited(peer)
    peer.order(Ring(session=session, status=180))
    peer.wait(125)
    assert peer.statuses("INVITE") == [100, 180, 180, 180]


def test_an_invitation_that_nobody_answers_has_an_end() -> None:
    peer = Peer()
    invited(peer)
    peer.wait(601)
    assert peer.statuses("INVITE")[-1] == 480
    assert ends(peer.events) == [EndReason.FAILED]
    assert at_rest(peer)


def test_hang_up_by_the_far_end_says_why() -> None:
    peer = Peer()
    session = answered(peer)
    reason = ("Reason", 'Q.850;cause=16;text="Normal"')
    peer.send(peer.request("BYE", reason, to_tag=session, cseq=2))
    assert peer.statuses("BYE") == [200]
    assert peer.events == [
        Ended(
            session=session,
            reason=EndReason.HUNG_UP,
            causes=(Cause("Q.850", 16, "Normal"),),
        )
    ]
    assert at_rest(peer)


@pytest.mark.parametrize(
    ("kind", "body", "digit", "duration"),
    [
        ("application/dtmf-relay", b"Signal=5\r\nDuration=160\r\n", "5", 160),
        ("application/dtmf-relay", b"Signal= *\nDuration= 100", "*", 100),
        ("application/dtmf-relay", b"Signal=11\r\n", "#", 250),
        ("application/dtmf", b"7", "7", 250),
        ("application/dtmf", b"Signal=d\r\n", "D", 250),
    ],
)
def test_keys_come_by_info(kind: str, body: bytes, digit: str, duration: int) -> None:
    peer = Peer()
    session = answered(peer)
    info = peer.request("INFO", ("Content-Type", kind), to_tag=session, cseq=2, body=body)
    peer.send(info)
    assert peer.statuses("INFO") == [200]
    assert peer.events[0] == Pressed(session=session, digit=digit, duration_ms=duration)


def test_info_that_we_cannot_take() -> None:
    peer = Peer()
    session = answered(peer)
    kind = ("Content-Type", "application/xml")
    peer.send(peer.request("INFO", kind, to_tag=session, cseq=2, body=b"<x/>"))
    peer.send(peer.request("INFO", to_tag=session, cseq=3))
    package = ("Info-Package", "foo")
    peer.send(peer.request("INFO", package, to_tag=session, cseq=4))
    assert peer.statuses("INFO") == [415, 200, 469]
    assert peer.responses("INFO")[0].headers.first("Accept")


def test_a_reinvite_is_offered_and_answered() -> None:
    peer = Peer()
    session = answered(peer)
    changed = offer(port=24000, version=2)
    peer.send(peer.invite(offer=changed, to_tag=session, cseq=2))
    assert peer.events[0] == Offered(session, changed)
    peer.order(AnswerOffer(session, answer_to(changed, version=2)))
    ok = peer.responses("INVITE")[-1]
    assert ok.body == serialize_description(answer_to(changed, version=2))
    peer.wait(0.6)
    assert peer.statuses("INVITE") == [100, 200, 200]
    peer.send(peer.ack_of(ok))
    peer.wait(5)
    assert peer.statuses("INVITE") == [100, 200, 200]
    assert ends(peer.events) == []


def test_a_reinvite_without_news_answers_itself() -> None:
    peer = Peer()
    session = answered(peer)
    peer.send(peer.invite(offer=OFFER, to_tag=session, cseq=2))
    ok = peer.responses("INVITE")[-1]
    assert (ok.status, ok.body) == (200, serialize_description(ANSWER))
    assert not any(isinstance(event, Offered) for event in peer.events)


def test_a_refused_reinvite_changes_nothing() -> None:
    peer = Peer()
    session = answered(peer)
    peer.send(peer.invite(offer=offer(version=2), to_tag=session, cseq=2))
    peer.order(RefuseOffer(session))
    response = peer.responses("INVITE")[-1]
    assert response.status == 488
    assert response.headers.first("Warning")
    assert ends(peer.events) == []


def test_a_reinvite_whose_200_nobody_acknowledges_ends_the_session() -> None:
    peer = Peer()
    session = answered(peer)
    changed = offer(version=2)
    peer.send(peer.invite(offer=changed, to_tag=session, cseq=2))
    peer.order(AnswerOffer(session, answer_to(changed)))
    peer.wait(33)
    assert ends(peer.events) == [EndReason.NO_ACK]
    assert len({bye.via.branch for bye in peer.requests("BYE")}) == 1
    assert at_rest(peer)


def test_a_reinvite_without_offer_is_answered_with_ours() -> None:
    peer = Peer()
    session = answered(peer)
    peer.send(peer.invite(to_tag=session, cseq=2))
    assert peer.events[0] == Offered(session, None)
    ours = offer("127.0.2.1", 30000, 2)
    peer.order(AnswerOffer(session, ours))
    ok = peer.responses("INVITE")[-1]
    theirs = answer_to(ours, "127.0.1.1", 2)
    peer.send(peer.ack_of(ok, SDP, body=serialize_description(theirs)))
    assert Described(session, theirs) in peer.events


def test_a_cancelled_reinvite_leaves_the_session() -> None:
    peer = Peer()
    session = answered(peer)
    peer.send(
        peer.invite(offer=offer(version=2), to_tag=session, cseq=2, branch="z9hG4bKre")
    )
    cancel = peer.request("CANCEL", to_tag=session, cseq=2, branch="z9hG4bKre")
    peer.send(cancel)
    assert peer.statuses("INVITE")[-1] == 487
    assert ends(peer.events) == []


def test_glare_is_answered_491_and_tried_again() -> None:
    peer = Peer()
    session = answered(peer)
    ours = offer("127.0.2.1", 30000, 2)
    peer.order(Offer(session, ours))
    (invite,) = peer.requests("INVITE")
    peer.send(peer.invite(offer=offer(version=2), to_tag=session, cseq=2))
    assert peer.statuses("INVITE") == [491]
    peer.answer(invite, 491)
    assert not any(isinstance(event, OfferFailed) for event in peer.events)
    forget(peer)
    peer.wait(2.0)
    again = peer.requests("INVITE")[0]
    assert again.body == invite.body
    assert again.cseq.number == invite.cseq.number + 1
    theirs = answer_to(ours, "127.0.1.1", 2)
    peer.answer(again, 200, description=theirs)
    assert Described(session, theirs) in peer.events
    assert len(peer.requests("ACK")) == 1


def test_two_offers_at_once_from_one_side() -> None:
    peer = Peer()
    session = answered(peer)
    peer.send(peer.invite(offer=offer(version=2), to_tag=session, cseq=2))
    peer.send(peer.invite(offer=offer(version=3), to_tag=session, cseq=3))
    second = peer.responses("INVITE")[-1]
    assert second.status == 500
    assert second.retry_after is not None
    assert 0 <= second.retry_after <= 10


def test_update_with_and_without_an_offer() -> None:
    peer = Peer()
    session = answered(peer)
    moved = ("Contact", "<sip:far@127.0.1.1:5099>")
    peer.send(peer.request("UPDATE", moved, to_tag=session, cseq=2))
    assert peer.statuses("UPDATE") == [200]
    changed = offer(version=2)
    body = serialize_description(changed)
    peer.send(peer.request("UPDATE", SDP, to_tag=session, cseq=3, body=body))
    assert Offered(session, changed) in peer.events
    peer.order(AnswerOffer(session, answer_to(changed)))
    assert peer.statuses("UPDATE") == [200, 200]
    peer.order(HangUp(session=session))
    assert peer.requests("BYE")[-1].uri == "sip:far@127.0.1.1:5060"


def test_an_update_before_the_first_answer_is_put_off() -> None:
    peer = Peer()
    session = invited(peer)
    body = serialize_description(offer(version=2))
    peer.send(peer.request("UPDATE", SDP, to_tag=session, cseq=2, body=body))
    response = peer.responses("UPDATE")[-1]
    assert response.status == 500
    assert response.retry_after is not None


def test_a_lower_cseq_is_out_of_order() -> None:
    peer = Peer()
    session = answered(peer)
    peer.send(peer.request("OPTIONS", to_tag=session, cseq=5))
    peer.send(peer.request("OPTIONS", to_tag=session, cseq=4))
    assert peer.statuses("OPTIONS") == [200, 500]


def test_a_request_of_our_side_that_meets_481_ends_the_session() -> None:
    peer = Peer()
    session = answered(peer)
    peer.order(Offer(session, offer("127.0.2.1", version=2)))
    peer.answer(peer.requests("INVITE")[0], 481)
    assert ends(peer.events) == [EndReason.LOST]
    assert len(peer.requests("BYE")) == 1


def test_a_refused_offer_of_ours_leaves_the_session() -> None:
    peer = Peer()
    session = answered(peer)
    peer.order(Offer(session, offer("127.0.2.1", version=2)))
    peer.answer(peer.requests("INVITE")[0], 488)
    assert OfferFailed(session=session, status=488) in peer.events
    assert ends(peer.events) == []


def test_route_set_and_strict_router() -> None:
    peer = Peer()
    routes = ("Record-Route", "<sip:127.0.1.7;lr>, <sip:127.0.1.8>")
    session = answered(peer, routes)
    peer.order(HangUp(session=session))
    (bye,) = peer.requests("BYE")
    assert bye.uri == "sip:far@127.0.1.1:5060"
    assert bye.headers.values("Route") == ["<sip:127.0.1.7;lr>", "<sip:127.0.1.8>"]
    assert peer.targets[-1] == ("127.0.1.7", 5060)
    other = Peer()
    session = answered(other, ("Record-Route", "<sip:127.0.1.8;x=1>, <sip:127.0.1.7;lr>"))
    other.order(HangUp(session=session))
    (bye,) = other.requests("BYE")
    assert bye.uri == "sip:127.0.1.8;x=1"
    assert bye.headers.values("Route") == [
        "<sip:127.0.1.7;lr>",
        "<sip:far@127.0.1.1:5060>",
    ]


def test_digest_is_never_answered_where_we_were_called() -> None:
    credentials = Credentials(username="u", password="secret")
    peer = Peer(endpoint(CALLED, CALLER, 9, trunk={"credentials": credentials}))
    session = answered(peer)
    peer.order(HangUp(session=session))
    challenge = ("WWW-Authenticate", 'Digest realm="x", nonce="n"')
    peer.answer(peer.requests("BYE")[0], 401, challenge)
    assert len(peer.requests("BYE")) == 1
    assert all("Authorization" not in bye.headers for bye in peer.requests("BYE"))
    assert at_rest(peer)


def test_responses_copy_record_route_and_name_us() -> None:
    peer = Peer()
    session = invited(peer, ("Record-Route", "<sip:127.0.1.7;lr>"))
    peer.order(Accept(session=session, description=ANSWER))
    ok = peer.responses("INVITE")[-1]
    assert isinstance(ok, Response)
    assert ok.headers.all("Record-Route") == ["<sip:127.0.1.7;lr>"]
    assert ok.contacts[0].uri == "sip:127.0.2.1:5060"
    assert "INVITE" in ok.allow
    assert "100rel" in ok.supported
