"""Call flows of RFC 3665 between two endpoints, each as its ladder.

``>`` was sent and ``<`` received by the side whose ladder it is.
"""

from b2bua.sip.dialog.events import (
    Accept,
    AnswerOffer,
    Ended,
    EndReason,
    HangUp,
    Invited,
    Offer,
    Offered,
    Refuse,
    Refused,
    Ring,
    SessionId,
)
from b2bua.sip.dialog.terms import Credentials
from tests.sip.party import (
    CALLED,
    Network,
    Party,
    answer_to,
    endpoint,
    invite,
    moves,
    offer,
    pair,
)
from tests.sip.peer import Peer

CALLER = SessionId("callertag")

GREETING = ["> INVITE", "< 100 INVITE", "< 180 INVITE"]
ANSWER = ["< 200 INVITE", "> ACK"]


def ringing(one: Party, two: Party, net: Network) -> Invited:
    net.order(one, invite(CALLER))
    net.run(0.1)
    (invited,) = two.said(Invited)
    net.order(two, Ring(session=invited.session, status=180))
    net.run(0.1)
    return invited


def connected(one: Party, two: Party, net: Network) -> SessionId:
    invited = ringing(one, two, net)
    assert invited.invitation.offer is not None
    answer = answer_to(invited.invitation.offer)
    net.order(two, Accept(session=invited.session, description=answer))
    net.run(0.1)
    return invited.session


def test_successful_session_establishment() -> None:
    """§3.1.

    ::

        Alice                     Bob
        INVITE ------------------->
          <----------------------- 100, 180
          <----------------------- 200
        ACK ---------------------->
          <----------------------- BYE
        200 ---------------------->
    """
    one, two, net = pair()
    session = connected(one, two, net)
    net.order(two, HangUp(session=session))
    net.run(1)
    assert moves(one) == [*GREETING, *ANSWER, "< BYE", "> 200 BYE"]
    mirrored = {">": "<", "<": ">"}
    assert moves(two) == [mirrored[move[0]] + move[1:] for move in moves(one)]


def test_session_with_reinvite_and_change_of_address() -> None:
    """§3.7."""
    one, two, net = pair()
    session = connected(one, two, net)
    changed = offer("127.0.2.1", 33000, 2)
    net.order(two, Offer(session, changed))
    net.run(0.1)
    assert one.said(Offered) == [Offered(CALLER, changed)]
    net.order(one, AnswerOffer(CALLER, answer_to(changed, "127.0.1.1", 2)))
    net.run(0.1)
    net.order(two, HangUp(session=session))
    net.run(1)
    assert moves(one)[5:] == [
        "< INVITE",
        "> 100 INVITE",
        "> 200 INVITE",
        "< ACK",
        "< BYE",
        "> 200 BYE",
    ]


def test_no_answer() -> None:
    """§3.8: the caller cancels."""
    one, two, net = pair()
    ringing(one, two, net)
    net.order(one, HangUp(session=CALLER))
    net.run(1)
    assert moves(one)[3:] == ["> CANCEL", "< 200 CANCEL", "< 487 INVITE", "> ACK"]
    assert [end.reason for end in two.said(Ended)] == [EndReason.CANCELLED]


def test_busy() -> None:
    """§3.9."""
    one, two, net = pair()
    net.order(one, invite(CALLER))
    net.run(0.1)
    net.order(two, Refuse(session=two.said(Invited)[0].session, status=486))
    net.run(1)
    assert moves(one) == ["> INVITE", "< 100 INVITE", "< 486 INVITE", "> ACK"]
    assert [refused.status for refused in one.said(Refused)] == [486]


def test_no_response() -> None:
    """§3.10: seven INVITEs in 32 seconds, when nobody is less patient."""
    one, _, net = pair()
    net.lose = lambda data: True
    net.order(one, invite(CALLER, patience=60.0))
    net.run(60)
    assert moves(one) == ["> INVITE"] * 7
    assert [refused.status for refused in one.said(Refused)] == [408]
    assert one.endpoint.remembered == 0


def test_session_through_a_challenging_proxy() -> None:
    """§3.3, the first hop: 407, ACK, INVITE with credentials."""
    credentials = Credentials(username="alice", password="secret")
    trunk = {"credentials": credentials}
    peer = Peer(endpoint(CALLED, ("127.0.1.1", 5060), 1, trunk=trunk))
    peer.order(invite(CALLER))
    challenge = (
        "Proxy-Authenticate",
        'Digest realm="atlanta", nonce="f84f1cec", qop="auth"',
    )
    peer.answer(peer.requests("INVITE")[0], 407, challenge)
    assert [request.method for request in peer.requests("ACK")] == ["ACK"]
    assert peer.requests("INVITE")[1].headers.first("Proxy-Authorization")


def test_session_with_proxy_failure() -> None:
    """§3.4: the first proxy says nothing, the second takes the call."""
    hops = ("sip:127.0.1.8:5060", "sip:127.0.1.1:5060")
    peer = Peer(endpoint(CALLED, ("127.0.1.1", 5060), 1, trunk={"next_hops": hops}))
    peer.order(invite(CALLER, patience=4.0))
    peer.wait(4.1)
    lost, taken = peer.requests("INVITE")[0], peer.requests("INVITE")[-1]
    assert (lost.uri, taken.uri) == (
        "sip:02088886001@127.0.1.8:5060",
        "sip:02088886001@127.0.1.1:5060",
    )
    peer.answer(taken, 200, description=answer_to(offer()))
    assert [ack.uri for ack in peer.requests("ACK")] == ["sip:far@127.0.1.1:5060"]
    peer.send(peer.request("BYE", to_tag=taken.from_.tag, call_id=taken.call_id))
    assert peer.statuses("BYE") == [200]


def test_session_via_redirect_is_refused() -> None:
    """§3.6, but for us: 302 is acknowledged and final, nobody is called whom it names."""
    one, two, net = pair()
    net.order(one, invite(CALLER))
    net.run(0.1)
    net.order(two, Refuse(session=two.said(Invited)[0].session, status=302))
    net.run(5)
    assert moves(one) == ["> INVITE", "< 100 INVITE", "< 302 INVITE", "> ACK"]
    assert [refused.status for refused in one.said(Refused)] == [302]


def test_temporarily_unavailable() -> None:
    """§3.11: it rings, and then is refused."""
    one, two, net = pair()
    invited = ringing(one, two, net)
    net.order(two, Refuse(session=invited.session, status=480))
    net.run(40)
    assert moves(one) == [*GREETING, "< 480 INVITE", "> ACK"]
    assert one.endpoint.remembered == two.endpoint.remembered == 0
