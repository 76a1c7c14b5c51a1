"""Races between two endpoints: RFC 5407 §3, and what RFC 6026 corrected."""

from b2bua.sip.dialog.events import (
    Accept,
    Accepted,
    AnswerOffer,
    Confirmed,
    Ended,
    EndReason,
    HangUp,
    Invited,
    Offer,
    Offered,
    Refuse,
    Ring,
    SessionId,
)
from b2bua.sip.sdp.serializer import serialize_description
from tests.rfc.test_flows_3665 import CALLER, connected, ringing
from tests.sip.endpoint.test_called import (
    ANSWER,
    OFFER,
    answered,
    ends,
    forget,
    invited,
)
from tests.sip.party import Network, Party, answer_to, invite, moves, offer, pair
from tests.sip.peer import SDP, Peer
from tests.support.wire import Faults


def reasons(party: Party) -> list[EndReason]:
    return [ended.reason for ended in party.said(Ended)]


def at_rest(one: Party, two: Party, net: Network) -> bool:
    net.run(100)
    return one.endpoint.remembered == two.endpoint.remembered == 0


def accept(two: Party, net: Network) -> SessionId:
    (event,) = two.said(Invited)
    assert event.invitation.offer is not None
    answer = answer_to(event.invitation.offer)
    net.order(two, Accept(session=event.session, description=answer))
    return event.session


def test_200_crosses_the_cancel() -> None:
    r"""§3.1.2.

    ::

        Alice                Bob
        CANCEL ---\ /------- 200 (INVITE)
                   X
          <-------/ \------>
        ACK, BYE ----------->
    """
    one, two, net = pair()
    ringing(one, two, net)
    net.order(one, HangUp(session=CALLER))
    accept(two, net)
    net.run(1)
    assert not one.said(Accepted)
    assert reasons(one) == [EndReason.RELEASED]
    assert reasons(two) == [EndReason.HUNG_UP]
    assert "< 200 CANCEL" in moves(one)
    assert at_rest(one, two, net)


def test_bye_before_the_ack() -> None:
    """§3.1.6: the ACK is lost, the BYE is not."""
    one, two, net = pair()
    ringing(one, two, net)
    net.lose = lambda data: data.startswith(b"ACK")
    accept(two, net)
    net.run(0.1)
    net.order(one, HangUp(session=CALLER))
    net.run(40)
    assert reasons(two) == [EndReason.HUNG_UP]
    assert not two.said(Confirmed)
    assert at_rest(one, two, net)


def test_reinvite_before_the_ack() -> None:
    """§3.1.4: the first exchange is complete, so the second is taken."""
    one, two, net = pair()
    ringing(one, two, net)
    lost = iter([True])
    net.lose = lambda data: data.startswith(b"ACK") and next(lost, False)
    session = accept(two, net)
    net.run(0.1)
    changed = offer("127.0.1.1", 25000, 2)
    net.order(one, Offer(CALLER, changed))
    net.run(0.1)
    assert two.said(Offered) == [Offered(session, changed)]
    net.order(two, AnswerOffer(session, answer_to(changed, version=2)))
    net.run(5)
    assert two.said(Confirmed) == [Confirmed(session)]
    assert reasons(one) == reasons(two) == []


def test_reinvite_before_the_ack_that_owes_an_answer() -> None:
    """§3.1.5: our offer in the 200 is open, so the next offer has to wait: 491."""
    peer = Peer()
    session = invited(peer, late=True)
    peer.order(Accept(session=session, description=OFFER))
    ok = peer.responses("INVITE")[-1]
    forget(peer)
    peer.send(peer.invite(offer=offer(version=2), to_tag=session, cseq=2))
    assert peer.statuses("INVITE") == [491]
    peer.send(peer.ack_of(ok, SDP, body=serialize_description(ANSWER)))
    assert Confirmed(session) in peer.events


def test_bye_crosses_bye() -> None:
    """§3.2.1."""
    one, two, net = pair()
    session = connected(one, two, net)
    net.order(one, HangUp(session=CALLER))
    net.order(two, HangUp(session=session))
    net.run(1)
    assert reasons(one) == reasons(two) == [EndReason.RELEASED]
    assert moves(one)[-3:] == ["< BYE", "> 200 BYE", "< 200 BYE"]
    assert at_rest(one, two, net)


def test_reinvite_crosses_bye() -> None:
    """§3.2.2: the re-INVITE meets a dialog that is gone."""
    one, two, net = pair()
    session = connected(one, two, net)
    net.order(one, HangUp(session=CALLER))
    net.order(two, Offer(session, offer("127.0.2.1", version=2)))
    net.run(1)
    assert reasons(one) == [EndReason.RELEASED]
    assert reasons(two) == [EndReason.HUNG_UP]
    assert "> 481 INVITE" in moves(one)
    assert at_rest(one, two, net)


def test_bye_crosses_the_200_of_a_reinvite() -> None:
    """§3.2.3: the 200 is acknowledged all the same."""
    one, two, net = pair()
    connected(one, two, net)
    changed = offer("127.0.1.1", version=2)
    net.order(one, Offer(CALLER, changed))
    net.run(0.1)
    (offered,) = two.said(Offered)
    net.order(one, HangUp(session=CALLER))
    net.order(two, AnswerOffer(offered.session, answer_to(changed, version=2)))
    net.run(1)
    assert moves(one).count("> ACK") == 2
    assert reasons(one) == [EndReason.RELEASED]
    assert reasons(two) == [EndReason.HUNG_UP]
    assert at_rest(one, two, net)


def test_reinvite_crosses_reinvite() -> None:
    """§3.3.1: both get 491, both try again, both are answered."""
    one, two, net = pair()
    session = connected(one, two, net)
    for party in (one, two):
        party.react = lambda event: (
            [AnswerOffer(event.session, answer_to(event.description, version=9))]
            if isinstance(event, Offered) and event.description
            else []
        )
    net.order(one, Offer(CALLER, offer("127.0.1.1", version=2)))
    net.order(two, Offer(session, offer("127.0.2.1", version=2)))
    net.run(0.1)
    assert "> 491 INVITE" in moves(one)
    assert "> 491 INVITE" in moves(two)
    net.run(10)
    assert len(one.said(Offered)) == len(two.said(Offered)) == 1
    assert reasons(one) == reasons(two) == []


def test_cancel_that_comes_before_its_invite() -> None:
    """Reordered on the way: the CANCEL finds nothing, and is not forgotten by its side."""
    one, two, net = pair(Faults(delay=(0.01, 0.01)))
    net.order(one, invite(CALLER))
    net.order(one, HangUp(session=CALLER))
    net.run(5)
    # no CANCEL before a provisional response: it cannot overtake
    first = [move for move in moves(two) if move in ("< INVITE", "< CANCEL")]
    assert first[:2] == ["< INVITE", "< CANCEL"]
    assert reasons(two) == [EndReason.CANCELLED]
    assert at_rest(one, two, net)


def test_the_invite_again_after_its_200() -> None:
    """RFC 6026 §3: it is absorbed, and makes no second session."""
    peer = Peer()
    session = invited(peer)
    peer.order(Accept(session=session, description=ANSWER))
    heard = len(peer.heard)
    peer.send(peer.invite(offer=OFFER, branch="z9hG4bKinvite"))
    assert len(peer.heard) == heard
    assert len([event for event in peer.events if isinstance(event, Invited)]) == 1


def test_a_200_after_its_transaction_is_acknowledged_again() -> None:
    """RFC 6026 §7.2: for 64*T1 by the transaction, later by the dialog."""
    peer = Peer()
    peer.order(invite(CALLER))
    request = peer.requests("INVITE")[0]
    peer.answer(request, 200, description=answer_to(OFFER))
    for _ in range(2):
        peer.wait(33)
        peer.answer(request, 200, description=answer_to(OFFER))
    acks = peer.requests("ACK")
    assert len(acks) == 3
    assert len({ack.via.branch for ack in acks}) == 1
    assert ends(peer.events) == []


def test_a_ringing_session_whose_caller_vanishes_ends() -> None:
    """The CANCEL never arrives; the invitation has an end of its own."""
    one, two, net = pair()
    ringing(one, two, net)
    net.lose = lambda data: True
    net.order(one, HangUp(session=CALLER))
    net.order(two, Ring(session=two.said(Invited)[0].session, status=180))
    net.run(700)
    assert reasons(two) == [EndReason.FAILED]
    assert at_rest(one, two, net)


def test_the_invite_again_while_its_200_waits_for_the_ack() -> None:
    """§3.1.1, figure 1: the 100 and the 180 were lost; the 200 goes on being repeated."""
    one, two, net = pair()
    lost = iter([True, True])
    net.lose = lambda data: (
        data.startswith((b"SIP/2.0 1", b"SIP/2.0 200")) and next(lost, False)
    )
    net.order(one, invite(CALLER, patience=30.0))
    net.run(0.1)
    accept(two, net)
    net.run(3)
    assert len(two.said(Invited)) == 1
    assert moves(one).count("> INVITE") >= 2
    assert two.said(Confirmed) == [Confirmed(two.said(Invited)[0].session)]
    assert reasons(one) == reasons(two) == []


def test_bye_in_the_early_dialog_crosses_the_200() -> None:
    r"""§3.1.3, figure 3: the caller says BYE, not CANCEL, while the 200 is on its way.

    ::

        Alice                Bob
        BYE ------\ /------- 200 (INVITE)
                   X
          <-------/ \------>
        ACK ---------------->
          <----------------- 200 (BYE)
    """
    peer = Peer()
    session = invited(peer)
    peer.order(Ring(session=session, status=180))
    peer.order(Accept(session=session, description=ANSWER))
    ok = peer.responses("INVITE")[-1]
    peer.send(peer.request("BYE", to_tag=session, cseq=2))
    peer.send(peer.ack_of(ok))
    assert peer.statuses("BYE") == [200]
    assert ends(peer.events) == [EndReason.HUNG_UP]
    heard = len(peer.heard)
    peer.wait(100)
    assert len(peer.heard) == heard
    assert peer.endpoint.remembered == 0


def test_the_ack_comes_after_the_bye() -> None:
    """§3.2.4, figure 10: the ACK that the BYE overtook falls on the floor."""
    one, two, net = pair()
    ringing(one, two, net)
    net.lose = lambda data: data.startswith(b"ACK")
    accept(two, net)
    net.run(0.1)
    net.order(one, HangUp(session=CALLER))
    net.run(0.1)
    assert reasons(two) == [EndReason.HUNG_UP]
    (ack, *_) = (data for _, _, data in net.sent if data.startswith(b"ACK"))
    net.feed(two, ack, one.address)
    net.run(1)
    assert not two.said(Confirmed)
    assert at_rest(one, two, net)


def test_update_crosses_reinvite() -> None:
    """§3.3.2, figure 12: each offer meets an open one: 491, and later both get through."""
    peer = Peer()
    session = answered(peer, ("Allow", "INVITE, UPDATE"))
    peer.order(Offer(session, answer_to(OFFER, version=2)))
    body = serialize_description(offer(version=2))
    peer.send(peer.request("UPDATE", SDP, to_tag=session, cseq=2, body=body))
    assert peer.statuses("UPDATE") == [491]
    peer.answer(peer.requests("INVITE")[0], 491)
    body = serialize_description(offer(version=3))
    peer.send(peer.request("UPDATE", SDP, to_tag=session, cseq=3, body=body))
    assert Offered(session, offer(version=3)) in peer.events
    peer.order(AnswerOffer(session, answer_to(offer(version=3), version=3)))
    assert peer.statuses("UPDATE") == [491, 200]
    peer.wait(4.1)
    again = peer.requests("INVITE")[-1]
    assert again.cseq.number > peer.requests("INVITE")[0].cseq.number
    assert ends(peer.events) == []


def test_an_update_without_offer_crosses_a_reinvite() -> None:
    """§3.3.2: a refresh offers nothing, so nothing is open twice (RFC 3311 §5.2)."""
    peer = Peer()
    session = answered(peer)
    peer.order(Offer(session, answer_to(OFFER, version=2)))
    peer.send(peer.request("UPDATE", to_tag=session, cseq=2))
    assert peer.statuses("UPDATE") == [200]


def test_refer_meets_a_session_that_is_gone() -> None:
    """§3.3.3, figure 13: and one that is not; we transfer nobody (405) in either."""
    peer = Peer()
    session = answered(peer)
    refer = ("Refer-To", "<sip:13900001111@127.0.9.9>")
    peer.send(peer.request("REFER", refer, to_tag=session, cseq=2))
    peer.order(HangUp(session=session))
    peer.send(peer.request("REFER", refer, to_tag=session, cseq=3))
    assert peer.statuses("REFER") == [405, 405]
    assert ends(peer.events) == [EndReason.RELEASED]


def test_bye_in_an_early_dialog_ends_that_fork_alone() -> None:
    """Appendix A: a BYE in one early dialog of a fork, the other one answers."""
    peer = Peer()
    peer.order(invite(CALLER))
    request = peer.requests("INVITE")[0]
    peer.answer(request, 180, tag="a")
    peer.answer(request, 180, tag="b")
    peer.send(
        peer.request(
            "BYE",
            ("From", "<sip:02088886001@127.0.1.1>;tag=a"),
            to_tag=CALLER,
            call_id=request.call_id,
        )
    )
    assert peer.statuses("BYE") == [200]
    assert ends(peer.events) == []
    peer.answer(request, 200, tag="b", description=answer_to(OFFER))
    assert peer.events[-1] == Accepted(
        session=CALLER, description=answer_to(OFFER), fork="b"
    )
    assert [ack.to.tag for ack in peer.requests("ACK")] == ["b"]


def test_bye_overlaps_a_reinvite() -> None:
    """Appendix B: our re-INVITE is open when their BYE comes; it is withdrawn, or ACKed."""
    peer = Peer()
    session = answered(peer)
    peer.order(Offer(session, answer_to(OFFER, version=2)))
    again = peer.requests("INVITE")[0]
    peer.answer(again, 100)
    peer.send(peer.request("BYE", to_tag=session, cseq=2))
    assert ends(peer.events) == [EndReason.HUNG_UP]
    assert len(peer.requests("CANCEL")) == 1
    peer.answer(peer.requests("CANCEL")[0], 200)
    peer.answer(again, 200, description=offer(version=2))
    assert len(peer.requests("ACK")) == 1
    assert peer.requests("BYE") == []
    peer.wait(100)
    assert peer.endpoint.remembered == 0


def test_a_reinvite_of_theirs_is_answered_487_when_we_hang_up() -> None:
    """Appendix B: the other way round; their INVITE has an end before our BYE."""
    peer = Peer()
    session = answered(peer)
    peer.send(peer.invite(offer=offer(version=2), to_tag=session, cseq=2))
    peer.order(HangUp(session=session))
    assert peer.statuses("INVITE")[-1] == 487
    assert len(peer.requests("BYE")) == 1


def test_a_cancel_is_answered_whatever_its_invite_became() -> None:
    """Appendix C: 200 to the CANCEL while the INVITE's transaction lives, else 481."""
    peer = Peer()
    session = invited(peer)
    peer.order(Refuse(session=session, status=486))
    cancel = peer.request("CANCEL", branch="z9hG4bKinvite")
    peer.send(cancel)
    assert peer.statuses("CANCEL") == [200]
    assert peer.statuses("INVITE") == [100, 486]
    peer.wait(40)
    peer.send(peer.request("CANCEL", branch="z9hG4bKinvite"))
    assert peer.statuses("CANCEL")[-1] == 481


def test_new_to_tags_are_new_dialogs() -> None:
    """Appendix E: a 180 and a 200 with other tags than the first 180's."""
    peer = Peer()
    peer.order(invite(CALLER))
    request = peer.requests("INVITE")[0]
    for tag in ("a", "b"):
        peer.answer(request, 180, tag=tag)
    peer.answer(request, 200, tag="c", description=answer_to(OFFER))
    assert isinstance(peer.events[-1], Accepted)
    assert peer.requests("ACK")[0].to.tag == "c"
