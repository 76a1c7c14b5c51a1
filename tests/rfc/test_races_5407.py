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
    Ring,
    SessionId,
)
from b2bua.sip.sdp.serializer import serialize_description
from tests.rfc.test_flows_3665 import CALLER, connected, ringing
from tests.sip.endpoint.test_called import ANSWER, OFFER, ends, forget, invited
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
