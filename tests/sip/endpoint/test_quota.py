"""How many calls a trunk may bring and take: each way by itself."""

from b2bua.sip.dialog.events import Cause, HangUp, Invited, Refuse, Refused, SessionId
from b2bua.sip.endpoint.quota import Quota
from tests.sip.party import CALLED, CALLER, endpoint, invite, offer
from tests.sip.peer import Peer


def started(quota: Quota) -> Peer:
    peer = Peer(endpoint(CALLED, CALLER, 4, trunk={"quota": quota}))
    peer.take(peer.endpoint.start(peer.now))
    return peer


def ring(peer: Peer, name: str) -> None:
    request = peer.invite(offer=offer(), call_id=name)
    request.headers.set("From", f"<sip:13800138000@127.0.1.1>;tag={name}")
    peer.send(request)


def invited(peer: Peer) -> list[SessionId]:
    return [event.session for event in peer.events if isinstance(event, Invited)]


def test_one_call_more_than_fits_is_told_to_come_later() -> None:
    peer = started(Quota(calls_in=2))
    for name in ("a", "b", "c"):
        ring(peer, name)
    assert len(invited(peer)) == 2
    refusal = peer.responses("INVITE")[-1]
    assert (refusal.status, refusal.headers.first("Retry-After")) == (503, "10")
    assert peer.endpoint.calls_by("peer") == 2
    peer.order(Refuse(session=invited(peer)[0], status=486))
    assert peer.endpoint.calls_by("peer") == 1
    ring(peer, "d")
    assert len(invited(peer)) == 3


def test_a_trunk_that_is_full_takes_no_call_and_is_busy() -> None:
    peer = started(Quota(calls_out=1, calls_in=1))
    peer.order(invite("one"))
    before = len(peer.heard)
    peer.order(invite("two"))
    assert len(peer.heard) == before
    (refused,) = peer.events
    assert refused == Refused(
        session=SessionId("two"),
        status=486,
        causes=(Cause("Q.850", 34, "no circuit available"),),
        local=True,
    )
    ring(peer, "other way")
    assert len(invited(peer)) == 1
    peer.order(HangUp(session=SessionId("one")))
    peer.order(invite("three"))
    assert peer.requests("INVITE")[-1].from_.tag == "three"


def test_new_calls_come_no_faster_than_agreed() -> None:
    peer = started(Quota(rate_in=2.0, rate_out=1.0))
    for index in range(5):
        ring(peer, f"in{index}")
    assert len(invited(peer)) == 2
    peer.wait(0.6)
    ring(peer, "later")
    assert len(invited(peer)) == 3
    peer.events.clear()
    for index in range(3):
        peer.order(invite(f"out{index}"))
    assert [event.session for event in peer.events] == ["out1", "out2"]


def test_places_come_back_when_a_session_breaks_down_or_its_peer_leaves() -> None:
    peer = started(Quota(calls_in=1))
    ring(peer, "a")
    peer.take(peer.endpoint.abandon(invited(peer)[0], peer.now))
    assert peer.endpoint.calls_by("peer") == 0
    ring(peer, "b")
    peer.send(peer.request("CANCEL", call_id="b", branch=f"z9hG4bKpeer{peer.branch}"))
    assert peer.endpoint.calls_by("peer") == 0
