"""Offers and answers: RFC 3264 §8, RFC 3261 §14, the patterns of RFC 6337."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from b2bua.call.call import Call
from b2bua.call.caller import CallerLeg
from b2bua.call.destination import DestinationLeg
from b2bua.sip.dialog.events import (
    Accept,
    Accepted,
    AnswerOffer,
    Confirmed,
    Described,
    Offer,
    Offered,
    OfferFailed,
    Progressed,
    RefuseOffer,
    Ring,
    SessionId,
)
from b2bua.sip.message.message import Request
from b2bua.sip.sdp.description import Direction, Format, MediaDescription
from b2bua.sip.sdp.negotiation import make_answer, make_offer
from b2bua.sip.sdp.parser import parse_description
from b2bua.sip.sdp.serializer import serialize_description
from tests.call.builders import CALL, agreed, target, tokens
from tests.call.builders import answer as answer_of
from tests.call.builders import audio as leg_audio
from tests.call.builders import offer as phone_offer
from tests.sip.endpoint.test_called import answered, ends, forget, invited
from tests.sip.party import (
    CALLED,
    CALLER,
    answer_to,
    audio,
    endpoint,
    invite,
    offer,
)
from tests.sip.peer import SDP, Peer

OFFER = offer()
ANSWER = answer_to(OFFER)
RELIABLE = ("Require", "100rel")
CALLING = SessionId("callertag")
VIDEO = MediaDescription(
    kind="video",
    port=5006,
    formats=(Format(payload_type=96, encoding="VP8", clock_rate=90000),),
    address="127.0.1.1",
)


def mixed(*kinds: str) -> bytes:
    """An offer of a video telephone, its streams in this order."""
    lines = {
        "audio": "m=audio 4000 RTP/AVPF 0 8 96\r\na=rtpmap:96 telephone-event/8000\r\n",
        "video": "m=video 4002 RTP/AVPF 97\r\na=rtpmap:97 VP8/90000\r\n",
        "application": "m=application 4004 UDP/BFCP *\r\n",
    }
    head = "v=0\r\no=- 1 1 IN IP4 10.0.9.9\r\ns=-\r\nc=IN IP4 10.0.9.9\r\nt=0 0\r\n"
    return (head + "".join(lines[kind] for kind in kinds)).encode()


@settings(max_examples=30)
@given(st.permutations(["audio", "video", "application"]), st.sampled_from(Direction))
def test_a_later_offer_keeps_every_stream_in_its_place(
    kinds: list[str], direction: Direction
) -> None:
    """§8: as many streams as before at least, each of its kind, ours where it was.

    One whose offer has fewer is refused by strict peers, and puts audio where video was.
    """
    leg = leg_audio()
    assert leg.take_offer(parse_description(mixed(*kinds))) is not None
    again = parse_description(serialize_description(leg.offer(direction)))
    assert [stream.kind for stream in again.media] == kinds
    assert [stream.port > 0 for stream in again.media] == [k == "audio" for k in kinds]
    ours = again.media[kinds.index("audio")]
    assert ours.direction is direction
    assert ours.protocol == "RTP/AVPF"
    assert [(one.payload_type, one.encoding) for one in ours.formats] == [
        (0, "PCMU"),
        (8, "PCMA"),
        (96, "telephone-event"),
    ]


@pytest.mark.parametrize(
    ("line", "mux", "off"),
    [
        ("a=rtcp-mux\r\n", True, False),
        ("b=RS:0\r\nb=RR:0\r\n", False, True),
        ("", False, False),
    ],
)
def test_a_later_offer_leaves_rtcp_where_it_is(line: str, mux: bool, off: bool) -> None:
    """RFC 5761 §5.1.1, RFC 3556 §2: what was agreed is offered again."""
    leg = leg_audio()
    text = mixed("audio").decode().replace("a=rtpmap", f"{line}a=rtpmap", 1)
    assert leg.take_offer(parse_description(text.encode())) is not None
    (ours,) = leg.offer(Direction.SENDONLY).media
    assert (ours.rtcp_mux, ours.rtcp_off) == (mux, off)


def test_a_later_offer_is_of_the_same_session_and_the_next_version() -> None:
    """§8: o= is the same but for the version, which is one greater."""
    leg = leg_audio()
    first = leg.take_offer(offer())
    assert first is not None
    leg.connect()
    second = leg.offer(Direction.SENDONLY)
    assert (second.session_id, second.version) == (first.session_id, first.version + 1)
    assert second.origin_address == first.origin_address


def test_an_offer_of_ours_that_was_refused_has_changed_nothing() -> None:
    """§8: the next refresh says what counted before."""
    leg = leg_audio()
    assert leg.take_offer(parse_description(mixed("video", "audio"))) is not None
    before = leg.local
    leg.turn(Direction.INACTIVE)
    leg.offer_failed()
    assert leg.local == before


@pytest.mark.parametrize(
    ("theirs", "address", "ours"),
    [
        ("sendrecv", "10.0.9.9", "sendrecv"),
        ("sendonly", "10.0.9.9", "recvonly"),
        ("recvonly", "10.0.9.9", "sendonly"),
        ("inactive", "10.0.9.9", "inactive"),
        ("sendrecv", "0.0.0.0", "recvonly"),
        ("sendonly", "0.0.0.0", "recvonly"),
        ("recvonly", "0.0.0.0", "inactive"),
        ("inactive", "0.0.0.0", "inactive"),
    ],
)
def test_every_form_of_hold_is_answered_in_kind(
    theirs: str, address: str, ours: str
) -> None:
    """§§6.1, 8.4: by direction, and by the address of RFC 2543."""
    text = mixed("audio").decode().replace("10.0.9.9\r\nt", f"{address}\r\nt")
    answer = make_answer(
        parse_description(f"{text}a={theirs}\r\n".encode()), audio("127.0.2.1")
    )
    assert answer is not None
    assert answer.media[0].direction.value == ours


def test_a_new_stream_and_a_removed_one_are_answered_in_their_places() -> None:
    """§§8.1, 8.2: each stream of an offer has its answer, port zero where we want none."""
    first = make_offer(audio())
    more = replace(first, media=(*first.media, VIDEO))
    less = replace(first, media=(*first.media, replace(VIDEO, port=0)))
    for changed in (more, less):
        answer = make_answer(changed, audio("127.0.2.1"))
        assert answer is not None
        assert [stream.port for stream in answer.media] == [20000, 0]


def test_an_offer_without_any_stream_left_is_refused_and_the_session_stays() -> None:
    """§6, RFC 6337 §5.3: 488."""
    leg = leg_audio()
    leg.take_offer(offer())
    before = leg.image
    closed = replace(OFFER, version=2, media=(replace(OFFER.media[0], port=0),))
    assert leg.take_offer(closed) is None
    assert leg.image == before


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        (Direction.SENDRECV, Direction.SENDONLY),
        (Direction.RECVONLY, Direction.SENDONLY),
        (Direction.SENDONLY, Direction.INACTIVE),
        (Direction.INACTIVE, Direction.INACTIVE),
    ],
)
def test_who_is_held_stays_held_whatever_it_offers(
    theirs: Direction, ours: Direction
) -> None:
    """§8.4: an answer of a side that holds says so; a refresh is no way out of a hold."""
    leg = agreed()
    assert leg.take_answer(answer_of(leg.turn(Direction.SENDONLY), Direction.RECVONLY))
    answer = leg.take_offer(phone_offer(theirs, 3))
    assert answer is not None
    assert answer.media[0].direction is ours
    assert leg.offer().media[0].direction is Direction.SENDONLY
    assert leg.take_answer(answer_of(leg.turn(Direction.SENDRECV), Direction.SENDRECV))
    back = leg.take_offer(phone_offer(Direction.SENDRECV, 4))
    assert back is not None
    assert back.media[0].direction is Direction.SENDRECV


def test_a_hold_that_was_refused_is_none() -> None:
    leg = agreed()
    leg.turn(Direction.SENDONLY)
    leg.offer_failed()
    answer = leg.take_offer(phone_offer(Direction.SENDRECV, 3))
    assert answer is not None
    assert answer.media[0].direction is Direction.SENDRECV


def calling() -> tuple[Peer, Request]:
    peer = Peer(endpoint(CALLED, CALLER, 9))
    peer.order(invite(CALLING))
    return peer, peer.requests("INVITE")[0]


def acked(peer: Peer) -> Request:
    return peer.requests("ACK")[-1]


def test_pattern_1_offer_in_the_invite_answer_in_its_2xx() -> None:
    """RFC 6337 table 1, both ways."""
    peer, request = calling()
    peer.answer(request, 200, description=ANSWER)
    assert Accepted(session=CALLING, description=ANSWER, fork="far") in peer.events
    assert acked(peer).body == b""
    other = Peer()
    session = invited(other)
    other.order(Accept(session=session, description=ANSWER))
    assert other.responses("INVITE")[-1].body == serialize_description(ANSWER)


def test_pattern_2_offer_in_the_2xx_answer_in_the_ack() -> None:
    peer = Peer()
    session = invited(peer, late=True)
    peer.order(Accept(session=session, description=OFFER))
    ok = peer.responses("INVITE")[-1]
    assert ok.body == serialize_description(OFFER)
    peer.send(peer.ack_of(ok, SDP, body=serialize_description(ANSWER)))
    assert peer.events[-2:] == [Described(session, ANSWER), Confirmed(session)]


def test_pattern_3_offer_in_the_invite_answer_in_a_reliable_response() -> None:
    peer, request = calling()
    peer.answer(request, 183, RELIABLE, ("RSeq", "1"), description=ANSWER)
    (progressed,) = [one for one in peer.events if isinstance(one, Progressed)]
    assert progressed.description == ANSWER
    assert peer.requests("PRACK")[0].body == b""
    peer.answer(request, 200)
    assert Accepted(session=CALLING, description=None, fork="far") in peer.events


def test_pattern_3_announced_before_it_counts() -> None:
    """RFC 6337 §2.1: an unreliable 183 says what the 2xx will; the 2xx is the answer."""
    peer, request = calling()
    peer.answer(request, 183, description=ANSWER)
    final = answer_to(OFFER, "127.0.2.9", 2)
    peer.answer(request, 200, description=final)
    assert Accepted(session=CALLING, description=final, fork="far") in peer.events


def test_pattern_4_offer_in_a_reliable_response_answer_in_the_prack() -> None:
    peer = Peer()
    session = invited(peer, ("Supported", "100rel"), late=True)
    peer.order(Ring(session=session, status=183, description=OFFER))
    rseq = peer.responses("INVITE")[-1].rseq
    body = serialize_description(ANSWER)
    rack = ("RAck", f"{rseq} 1 INVITE")
    peer.send(peer.request("PRACK", rack, SDP, to_tag=session, cseq=2, body=body))
    assert Described(session, ANSWER) in peer.events
    assert peer.responses("PRACK")[0].body == b""


@pytest.mark.parametrize("early", [True, False])
@pytest.mark.parametrize("calls", [True, False])
def test_pattern_6_offer_in_an_update_answer_in_its_2xx(calls: bool, early: bool) -> None:
    """RFC 3311 §5: in a confirmed dialog, and in an early one whose first answer counts."""
    changed = offer(version=2)
    if calls:
        peer, request = calling()
        peer.answer(request, 183, RELIABLE, ("RSeq", "1"), description=ANSWER)
        if not early:
            peer.answer(request, 200)
        session, call_id = CALLING, request.call_id
    else:
        peer, call_id = Peer(), "call-1"
        session = invited(peer, RELIABLE)
        peer.order(Ring(session=session, status=183, description=ANSWER))
        rack = ("RAck", f"{peer.responses('INVITE')[-1].rseq} 1 INVITE")
        peer.send(peer.request("PRACK", rack, to_tag=session, cseq=2))
        if not early:
            peer.order(Accept(session=session))
            peer.send(peer.ack_of(peer.responses("INVITE")[-1]))
    body = serialize_description(changed)
    update = peer.request("UPDATE", SDP, to_tag=session, cseq=5, body=body, call_id=call_id)
    peer.send(update)
    assert Offered(session, changed) in peer.events
    answer = answer_to(changed, version=2)
    peer.order(AnswerOffer(session, answer))
    (ok,) = peer.responses("UPDATE")
    assert (ok.status, ok.body) == (200, serialize_description(answer))


def test_an_offer_before_the_first_answer_is_500_with_a_time_from_them() -> None:
    """RFC 3311 §5.2: their own offer is open; wait up to ten seconds."""
    peer = Peer()
    session = invited(peer)
    body = serialize_description(offer(version=2))
    peer.send(peer.request("UPDATE", SDP, to_tag=session, cseq=2, body=body))
    (refused,) = peer.responses("UPDATE")
    assert refused.status == 500
    assert 0 <= (refused.retry_after or 0) <= 10


def test_an_offer_that_meets_ours_is_491() -> None:
    """RFC 3311 §5.2: our first offer has no answer that counts."""
    peer, request = calling()
    peer.answer(request, 183, description=ANSWER)
    body = serialize_description(offer(version=2))
    peer.send(
        peer.request(
            "UPDATE", SDP, to_tag=CALLING, cseq=2, body=body, call_id=request.call_id
        )
    )
    assert peer.statuses("UPDATE") == [491]


@pytest.mark.parametrize("offering", [True, False])
@pytest.mark.parametrize("calls", [True, False])
def test_an_invite_before_the_first_has_its_final_response(
    calls: bool, offering: bool
) -> None:
    """RFC 3261 §14.2: 491 where the first is ours, 500 with a time where it is theirs.

    Also when a reliable response has settled the first exchange already.
    """
    if calls:
        peer, request = calling()
        peer.answer(request, 183, RELIABLE, ("RSeq", "1"), description=ANSWER)
        session, call_id = CALLING, request.call_id
    else:
        peer, call_id = Peer(), "call-1"
        session = invited(peer, RELIABLE)
        peer.order(Ring(session=session, status=183, description=ANSWER))
        rack = ("RAck", f"{peer.responses('INVITE')[-1].rseq} 1 INVITE")
        peer.send(peer.request("PRACK", rack, to_tag=session, cseq=2))
    changed = offer(version=2) if offering else None
    peer.send(peer.invite(offer=changed, to_tag=session, cseq=5, call_id=call_id))
    last = peer.responses("INVITE")[-1]
    assert last.status == (491 if calls else 500)
    assert ("Retry-After" in last.headers) is not calls
    assert not any(isinstance(event, Offered) for event in peer.events)


def test_a_late_offer_in_a_session_is_ours_and_the_ack_answers_it() -> None:
    """RFC 6337 §5.2.5: a re-INVITE without offer, and an ACK without answer."""
    peer = Peer()
    session = answered(peer)
    peer.send(peer.request("INVITE", to_tag=session, cseq=2))
    assert Offered(session, None) in peer.events
    ours = answer_to(OFFER, version=2)
    peer.order(AnswerOffer(session, ours))
    ok = peer.responses("INVITE")[-1]
    assert ok.body == serialize_description(ours)
    peer.send(peer.ack_of(ok))
    assert OfferFailed(session=session, status=488) in peer.events
    assert ends(peer.events) == []


@pytest.mark.parametrize("status", [488, 606, 415, 403, 500])
def test_a_refused_reinvite_leaves_the_session(status: int) -> None:
    """RFC 3261 §14.1: both ways, and the next offer is taken."""
    peer = Peer()
    session = answered(peer)
    peer.order(Offer(session, answer_to(OFFER, version=2)))
    peer.answer(peer.requests("INVITE")[0], status)
    assert OfferFailed(session=session, status=status) in peer.events
    peer.send(peer.invite(offer=offer(version=2), to_tag=session, cseq=2))
    peer.order(RefuseOffer(session=session, status=status))
    assert peer.statuses("INVITE")[-1] == status
    forget(peer)
    peer.send(peer.invite(offer=offer(version=3), to_tag=session, cseq=3))
    assert Offered(session, offer(version=3)) in peer.events
    assert ends(peer.events) == []


def test_an_offer_that_came_too_early_is_made_again_when_the_far_end_says() -> None:
    """RFC 3261 §§14.2, 21.5.1: 500 with Retry-After; a few times, and never at once."""
    peer = Peer()
    session = answered(peer)
    ours = answer_to(OFFER, version=2)
    peer.order(Offer(session, ours))
    peer.answer(peer.requests("INVITE")[-1], 500, ("Retry-After", "3"))
    peer.wait(2.9)
    assert len(invites(peer)) == 1
    peer.wait(0.2)
    assert invites(peer)[-1].body == serialize_description(ours)
    for _ in range(20):
        peer.answer(invites(peer)[-1], 500, ("Retry-After", "0 (busy)"))
        peer.wait(1.1)
    assert len(invites(peer)) == 6
    assert OfferFailed(session=session, status=500) in peer.events
    assert ends(peer.events) == []


def test_a_retry_after_that_cannot_be_read_is_none() -> None:
    peer = Peer()
    session = answered(peer)
    peer.order(Offer(session, answer_to(OFFER, version=2)))
    peer.answer(peer.requests("INVITE")[-1], 500, ("Retry-After", "soon"))
    assert OfferFailed(session=session, status=500) in peer.events


def invites(peer: Peer) -> list[Request]:
    return list({one.via.branch: one for one in peer.requests("INVITE")}.values())


@pytest.mark.parametrize("status", [408, 481])
def test_a_reinvite_that_finds_no_dialog_ends_it(status: int) -> None:
    """RFC 3261 §12.2.1.2."""
    peer = Peer()
    session = answered(peer)
    peer.order(Offer(session, answer_to(OFFER, version=2)))
    peer.answer(peer.requests("INVITE")[0], status)
    assert len(ends(peer.events)) == 1
    assert len(peer.requests("BYE")) == 1


def waits(owner: bool, seed: int) -> float:
    """Seconds until a re-INVITE of ours that met 491 goes out again."""
    peer = Peer(endpoint(CALLED, CALLER, seed))
    if owner:
        peer.order(invite(CALLING))
        peer.answer(peer.requests("INVITE")[0], 200, description=ANSWER)
    session = CALLING if owner else answered(peer)
    forget(peer)
    peer.order(Offer(session, offer("127.0.2.1", version=2)))
    peer.answer(peer.requests("INVITE")[0], 491)
    began = peer.now
    while len(peer.requests("INVITE")) < 2:
        peer.wait(0.01)
    assert peer.now - began < 5
    return peer.now - began


@pytest.mark.parametrize("seed", range(4))
def test_the_owner_of_the_call_id_waits_longer_after_491(seed: int) -> None:
    """RFC 3261 §14.1: 2.1 to 4 s, the other side at most 2."""
    assert 2.1 <= waits(True, seed) <= 4.02
    assert 0 <= waits(False, seed) <= 2.02


def test_a_hold_outlives_the_process_that_carried_it() -> None:
    """What either side wanted of the other is told by who holds whom."""
    held, waiting = leg_audio("caller"), leg_audio("desk")
    held.take_offer(phone_offer(Direction.SENDONLY))
    waiting.take_offer(phone_offer())
    assert held.image is not None
    assert waiting.image is not None
    caller = CallerLeg.restored(CALL, SessionId("caller"), held.image)
    desk = DestinationLeg.restored(CALL, SessionId("desk"), target(), waiting.image)
    call = Call(CALL, caller, tokens())
    call.restore(desk)
    assert desk.audio.offer().media[0].direction is Direction.SENDONLY
    assert caller.audio.offer().media[0].direction is Direction.SENDRECV
