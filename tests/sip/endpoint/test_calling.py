"""The calling side, against a far end written by hand."""

import pytest

from b2bua.sip.dialog.events import (
    Accepted,
    AnswerOffer,
    Cause,
    Ended,
    EndReason,
    Event,
    HangUp,
    Offer,
    Offered,
    Progressed,
    Refused,
    SessionId,
)
from b2bua.sip.dialog.terms import Credentials
from b2bua.sip.message.message import Request
from b2bua.sip.sdp.serializer import serialize_description
from b2bua.sip.transport.flow import Flow
from b2bua.sip.transport.target import Answer, Question, Target
from tests.sip.party import CALLED, CALLER, answer_to, endpoint, invite, offer
from tests.sip.peer import SDP, Peer

OFFER = offer()
ANSWER = answer_to(OFFER)
SESSION = SessionId("callertag")
HOPS = ("sip:127.0.1.1:5060", "sip:127.0.1.9:5070;transport=udp")


def called(**trunk: object) -> Peer:
    peer = Peer(endpoint(CALLED, CALLER, 9, trunk=trunk))
    peer.order(invite(SESSION))
    return peer


def invites(peer: Peer) -> list[Request]:
    """Every INVITE that was sent, each once."""
    return list({one.via.branch: one for one in peer.requests("INVITE")}.values())


def last_facts(events: list[Event]) -> list[EndReason | int]:
    return [
        event.reason if isinstance(event, Ended) else event.status
        for event in events
        if isinstance(event, Ended | Refused)
    ]


def at_rest(peer: Peer) -> bool:
    peer.wait(100)
    return peer.endpoint.remembered == 0


def in_dialog(peer: Peer, method: str, request: Request, **changes: object) -> Request:
    """A request of the far end in the dialog of its answer to ``request``."""
    fields = {"to_tag": request.from_.tag, "call_id": request.call_id, **changes}
    return peer.request(method, **fields)  # type: ignore[arg-type]


def test_the_invite_says_who_calls_and_what_we_can_do() -> None:
    peer = Peer(endpoint(CALLED, CALLER, 9))
    peer.order(
        invite(
            SESSION,
            asserted="13800138000",
            diverted_from="4006001234",
            max_forwards=42,
            from_display="张三",
        )
    )
    (request,) = invites(peer)
    assert request.uri == "sip:02088886001@127.0.1.1:5060"
    assert (request.from_.display, request.from_.tag) == ("张三", SESSION)
    assert request.from_.uri == "sip:13800138000@127.0.2.1"
    assert request.asserted_identity == ("sip:13800138000@127.0.2.1",)
    assert request.diversions[0].uri == "sip:4006001234@127.0.2.1"
    assert len(request.headers.values("History-Info")) == 2
    assert request.max_forwards == 42
    assert request.supported == ("100rel", "timer")
    assert request.session_expires is not None
    assert request.contacts[0].uri == "sip:127.0.2.1:5060"
    assert request.body == serialize_description(OFFER)


def test_a_private_caller_is_anonymous_and_asserted_only_to_the_trusted() -> None:
    peer = Peer(endpoint(CALLED, CALLER, 9, trunk={"trusted": False}))
    peer.order(invite(SESSION, asserted="13800138000", private=True))
    (request,) = invites(peer)
    assert request.from_.uri == "sip:anonymous@anonymous.invalid"
    assert request.privacy == ("id",)
    assert request.asserted_identity == ()
    assert b"13800138000" not in b"".join(
        f"{name}{value}".encode() for name, value in request.headers
    )


def test_forks_the_first_wins_and_the_others_are_released() -> None:
    peer = called()
    (request,) = invites(peer)
    peer.answer(request, 180, tag="one")
    peer.answer(request, 183, tag="two", description=ANSWER)
    assert [event.fork for event in peer.events if isinstance(event, Progressed)] == [
        "one",
        "two",
    ]
    peer.answer(request, 200, tag="two", description=ANSWER)
    assert peer.events[-1] == Accepted(session=SESSION, description=ANSWER, fork="two")
    assert peer.requests("BYE") == []
    peer.answer(request, 200, tag="one", description=ANSWER)
    peer.answer(request, 200, tag="three", description=ANSWER)
    assert [ack.to.tag for ack in peer.requests("ACK")] == ["two", "one", "three"]
    assert [bye.to.tag for bye in peer.requests("BYE")] == ["one", "three"]
    for bye in peer.requests("BYE"):
        peer.answer(bye, 200)
    assert last_facts(peer.events) == []
    # the same 2xx once more gets the same ACK and no second BYE
    before = serialize_all(peer.requests("ACK"))
    peer.answer(request, 200, tag="two", description=ANSWER)
    peer.answer(request, 200, tag="one", description=ANSWER)
    assert serialize_all(peer.requests("ACK"))[3:] == before[:2]
    assert len(peer.requests("BYE")) == 2
    peer.order(HangUp(session=SESSION))
    assert last_facts(peer.events) == [EndReason.RELEASED]
    assert at_rest(peer)


def serialize_all(requests: list[Request]) -> list[str]:
    return [f"{request.start_line}{list(request.headers)}" for request in requests]


def test_cancel_waits_for_a_provisional_response() -> None:
    peer = called()
    peer.order(HangUp(session=SESSION, causes=(Cause("Q.850", 16),)))
    assert last_facts(peer.events) == [EndReason.RELEASED]
    assert peer.requests("CANCEL") == []
    (request,) = invites(peer)
    peer.answer(request, 100)
    (cancel,) = peer.requests("CANCEL")
    assert cancel.via.branch == request.via.branch
    assert cancel.headers.first("Reason") == "Q.850;cause=16"
    peer.answer(cancel, 200)
    peer.answer(request, 487)
    assert len(peer.requests("ACK")) == 1
    assert last_facts(peer.events) == [EndReason.RELEASED]
    assert at_rest(peer)


def test_a_200_that_crosses_the_cancel_is_acknowledged_and_released() -> None:
    peer = called()
    (request,) = invites(peer)
    peer.answer(request, 180)
    peer.order(HangUp(session=SESSION))
    peer.answer(request, 200, description=ANSWER)
    assert len(peer.requests("CANCEL")) == len(peer.requests("ACK")) == 1
    (bye,) = peer.requests("BYE")
    peer.answer(bye, 200)
    assert last_facts(peer.events) == [EndReason.RELEASED]
    assert not any(isinstance(event, Accepted) for event in peer.events)
    assert at_rest(peer)


def test_a_far_end_that_ignores_the_cancel_is_forgotten() -> None:
    peer = called()
    (request,) = invites(peer)
    peer.answer(request, 180)
    peer.order(HangUp(session=SESSION))
    assert at_rest(peer)


@pytest.mark.parametrize("status", [302, 404, 480, 486, 500, 603])
def test_a_refusal_is_final(status: int) -> None:
    peer = called(next_hops=HOPS)
    (request,) = invites(peer)
    contact = ("Contact", "<sip:00862088886001@127.0.1.66>")
    peer.answer(request, status, ("Reason", "Q.850;cause=17"), contact)
    assert peer.events == [
        Refused(session=SESSION, status=status, causes=(Cause("Q.850", 17),))
    ]
    assert len(peer.requests("ACK")) == 1
    assert len(invites(peer)) == 1
    assert at_rest(peer)


def test_a_503_goes_to_the_next_hop() -> None:
    peer = called(next_hops=HOPS)
    peer.answer(invites(peer)[0], 503)
    one, two = invites(peer)
    assert two.uri == "sip:02088886001@127.0.1.9:5070;transport=udp"
    assert peer.targets[-1] == ("127.0.1.9", 5070)
    assert two.cseq.number > one.cseq.number
    assert two.call_id == one.call_id
    peer.source = ("127.0.1.9", 5070)
    peer.answer(two, 503)
    assert last_facts(peer.events) == [503]
    assert isinstance(peer.events[-1], Refused)
    assert not peer.events[-1].local
    assert at_rest(peer)


def test_early_dialogs_die_with_the_invite_that_made_them() -> None:
    peer = called(next_hops=HOPS)
    first = invites(peer)[0]
    peer.answer(first, 180, tag="far")
    peer.answer(first, 503)
    peer.send(in_dialog(peer, "OPTIONS", first))
    assert peer.statuses("OPTIONS") == [481]
    second = invites(peer)[1]
    peer.source = ("127.0.1.9", 5070)
    peer.answer(second, 180, tag="far")
    peer.send(in_dialog(peer, "OPTIONS", second, cseq=2))
    assert peer.statuses("OPTIONS") == [481, 200]


def test_a_2xx_that_cannot_be_acknowledged_is_a_session_all_the_same() -> None:
    peer = called()
    nowhere = ("Record-Route", "<sip:127.0.1.5;transport=tcp;lr>")
    peer.answer(invites(peer)[0], 200, nowhere, description=ANSWER)
    assert isinstance(peer.events[-1], Accepted)
    assert peer.requests("ACK") == []
    peer.order(HangUp(session=SESSION))
    assert last_facts(peer.events) == [EndReason.RELEASED]
    assert at_rest(peer)


def test_a_silent_hop_is_left_after_the_patience() -> None:
    peer = called(next_hops=HOPS)
    peer.wait(4.9)
    assert len(invites(peer)) == 1
    peer.wait(0.2)
    one, two = invites(peer)
    peer.answer(two, 100, tag="")
    # the first wakes up after all: it is cancelled, and its 200 is released
    peer.answer(one, 180, tag="late")
    assert len(peer.requests("CANCEL")) == 1
    peer.answer(one, 200, tag="late", description=ANSWER)
    assert [bye.to.tag for bye in peer.requests("BYE")] == ["late"]
    peer.answer(peer.requests("BYE")[0], 200)
    assert peer.events == []
    peer.source = ("127.0.1.9", 5070)
    peer.answer(two, 200, tag="good", description=ANSWER)
    assert peer.events == [Accepted(session=SESSION, description=ANSWER, fork="good")]
    peer.send(in_dialog(peer, "BYE", two, cseq=1))
    assert last_facts(peer.events) == []  # another tag: not this dialog
    peer.order(HangUp(session=SESSION))
    assert at_rest(peer)


def test_no_answer_at_all_is_a_408_of_our_own() -> None:
    peer = called(next_hops=HOPS)
    peer.wait(11)
    assert peer.events == [Refused(session=SESSION, status=408, local=True)]
    assert at_rest(peer)


def test_ringing_has_an_end() -> None:
    peer = called()
    peer.answer(invites(peer)[0], 180)
    peer.wait(301)
    assert last_facts(peer.events) == [408]
    assert peer.requests("CANCEL")
    assert at_rest(peer)


def test_an_unreachable_hop_fails_over_at_once() -> None:
    peer = called(next_hops=HOPS)
    peer.take(peer.endpoint.flow_failed(Flow("udp", CALLED, CALLER), peer.now))
    assert len(invites(peer)) == 2
    assert peer.events == []


def test_names_are_resolved_and_every_address_is_tried() -> None:
    peer = called(next_hops=("sip:trunk.example.cn",))
    (asked,) = peer.questions
    assert asked.question == Question(host="trunk.example.cn", able=("udp",))
    targets = (Target("udp", ("127.0.1.1", 5060)), Target("udp", ("127.0.1.2", 5060)))
    answer = Answer(question=asked.question, targets=targets)
    peer.take(peer.endpoint.resolved(answer, peer.now))
    peer.answer(invites(peer)[0], 503)
    assert peer.targets[-1][0] == "127.0.1.2"
    assert invites(peer)[1].uri == "sip:02088886001@trunk.example.cn"
    peer.source = ("127.0.1.2", 5060)
    peer.answer(invites(peer)[1], 503)
    assert last_facts(peer.events) == [503]
    assert at_rest(peer)


def test_a_name_that_nobody_knows_fails_at_once() -> None:
    peer = called(next_hops=("sip:trunk.example.cn",))
    answer = Answer(question=peer.questions[0].question, targets=())
    peer.take(peer.endpoint.resolved(answer, peer.now))
    assert peer.events == [Refused(session=SESSION, status=503, local=True)]
    assert at_rest(peer)


def test_hang_up_while_the_name_is_being_resolved() -> None:
    peer = called(next_hops=("sip:trunk.example.cn",))
    peer.order(HangUp(session=SESSION))
    target = Target("udp", ("127.0.1.1", 5060))
    answer = Answer(question=peer.questions[0].question, targets=(target,))
    peer.take(peer.endpoint.resolved(answer, peer.now))
    assert invites(peer) == []
    assert last_facts(peer.events) == [EndReason.RELEASED]
    assert at_rest(peer)


CHALLENGE = ("Proxy-Authenticate", 'Digest realm="carrier", nonce="n1", qop="auth"')


def test_a_challenge_is_answered_from_the_trunk() -> None:
    peer = called(credentials=Credentials(username="u", password="p"))
    peer.answer(invites(peer)[0], 407, CHALLENGE)
    one, two = invites(peer)
    authorization = two.headers.first("Proxy-Authorization") or ""
    assert 'username="u"' in authorization
    assert 'realm="carrier"' in authorization
    assert two.cseq.number == one.cseq.number + 1
    peer.answer(two, 200, description=ANSWER)
    (ack,) = peer.requests("ACK")[1:]
    assert ack.headers.first("Proxy-Authorization") == authorization
    # and so is one of our BYE, as we began the session
    peer.order(HangUp(session=SESSION))
    peer.answer(peer.requests("BYE")[0], 407, CHALLENGE)
    assert peer.requests("BYE")[1].headers.first("Proxy-Authorization")


def test_a_wrong_password_is_not_repeated_for_ever() -> None:
    peer = called(credentials=Credentials(username="u", password="p"))
    for _ in range(3):
        peer.answer(invites(peer)[-1], 407, CHALLENGE)
    assert len(invites(peer)) == 2
    assert last_facts(peer.events) == [407]


def test_another_realm_gets_no_credentials() -> None:
    peer = called(credentials=Credentials(username="u", password="p", realm="mine"))
    peer.answer(invites(peer)[0], 407, CHALLENGE)
    assert len(invites(peer)) == 1
    assert last_facts(peer.events) == [407]


def test_a_longer_session_interval_is_asked_for_when_wanted() -> None:
    peer = called()
    peer.answer(invites(peer)[0], 422, ("Min-SE", "3600"))
    again = invites(peer)[1]
    assert again.session_expires is not None
    assert again.session_expires.seconds == 3600
    assert peer.events == []


def test_reliable_responses_are_acknowledged_in_order() -> None:
    peer = called()
    (request,) = invites(peer)
    required = ("Require", "100rel")
    peer.answer(request, 183, required, ("RSeq", "7"), description=ANSWER)
    peer.answer(request, 183, required, ("RSeq", "7"), description=ANSWER)
    peer.answer(request, 180, required, ("RSeq", "9"))
    peer.answer(request, 180, required, ("RSeq", "8"))
    pracks = peer.requests("PRACK")
    assert [str(prack.rack) for prack in pracks] == ["7 1 INVITE", "8 1 INVITE"]
    assert [event.status for event in peer.events if isinstance(event, Progressed)] == [
        183,
        180,
    ]
    for prack in pracks:
        peer.answer(prack, 200)
    peer.answer(request, 200)
    # the answer came reliably already
    assert peer.events[-1] == Accepted(session=SESSION, description=None, fork="far")


def test_an_early_update_is_offered_once_the_first_answer_is_settled() -> None:
    peer = called()
    (request,) = invites(peer)
    body = serialize_description(offer("127.0.1.1", version=2))
    peer.answer(request, 183, description=ANSWER)
    update = in_dialog(peer, "UPDATE", request, cseq=2, body=body)
    update.headers.set(*SDP)
    peer.send(update)
    assert peer.statuses("UPDATE") == [491]
    reliable = (("Require", "100rel"), ("RSeq", "1"))
    peer.answer(request, 183, *reliable, description=ANSWER)
    update = in_dialog(peer, "UPDATE", request, cseq=3, body=body)
    update.headers.set(*SDP)
    peer.send(update)
    (offered,) = [event for event in peer.events if isinstance(event, Offered)]
    assert offered.description is not None
    peer.order(AnswerOffer(SESSION, answer_to(offered.description)))
    assert peer.statuses("UPDATE") == [491, 200]


def test_a_2xx_that_describes_nothing_is_released() -> None:
    peer = called()
    peer.answer(invites(peer)[0], 200)
    assert len(peer.requests("ACK")) == len(peer.requests("BYE")) == 1
    assert peer.events == [Refused(session=SESSION, status=488, local=True)]
    peer.answer(peer.requests("BYE")[0], 200)
    assert at_rest(peer)


def test_an_announced_answer_serves_when_the_2xx_has_none() -> None:
    peer = called()
    peer.answer(invites(peer)[0], 183, description=ANSWER)
    peer.answer(invites(peer)[0], 200)
    assert peer.events[-1] == Accepted(session=SESSION, description=ANSWER, fork="far")


def test_bye_in_an_early_dialog_ends_the_session() -> None:
    peer = called()
    (request,) = invites(peer)
    peer.answer(request, 180)
    peer.send(in_dialog(peer, "BYE", request))
    assert peer.statuses("BYE") == [200]
    assert len(peer.requests("CANCEL")) == 1
    assert last_facts(peer.events) == [EndReason.HUNG_UP]
    peer.answer(request, 487)
    assert at_rest(peer)


def test_an_offer_made_too_early_is_sent_when_the_session_is_up() -> None:
    peer = called()
    (request,) = invites(peer)
    changed = offer("127.0.2.1", version=2)
    peer.order(Offer(SESSION, changed))
    peer.answer(request, 200, description=ANSWER)
    assert invites(peer)[1].body == serialize_description(changed)


def test_the_2xx_names_the_route_set_of_the_dialog() -> None:
    peer = called()
    (request,) = invites(peer)
    peer.answer(request, 180, ("Record-Route", "<sip:127.0.1.5;lr>"))
    routes = ("Record-Route", "<sip:127.0.1.8;lr>, <sip:127.0.1.7;lr>")
    peer.answer(request, 200, routes, description=ANSWER)
    (ack,) = peer.requests("ACK")
    assert ack.headers.values("Route") == ["<sip:127.0.1.7;lr>", "<sip:127.0.1.8;lr>"]
    assert peer.targets[-1] == ("127.0.1.7", 5060)


def test_responses_that_cannot_be_read_are_dropped() -> None:
    peer = called()
    (request,) = invites(peer)
    peer.answer(request, 180, ("RSeq", "many"))
    peer.answer(request, 180, ("Record-Route", "<foo:bar>"))
    assert peer.events == []
    assert len(peer.dropped) == 2


def test_a_spoofed_response_does_nothing() -> None:
    peer = called()
    peer.source = ("127.0.1.66", 5060)
    peer.answer(invites(peer)[0], 486)
    assert peer.events == []
