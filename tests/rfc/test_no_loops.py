"""Whatever a far end answers, and however often: nothing of ours is sent at wire speed."""

from collections.abc import Callable

import pytest

from b2bua.sip.dialog.events import HangUp, Offer, SessionId
from b2bua.sip.dialog.terms import Credentials
from b2bua.sip.message.message import Request
from tests.sip.endpoint.test_called import OFFER
from tests.sip.party import CALLED, CALLER, answer_to, endpoint, invite, offer
from tests.sip.peer import Peer

SESSION = SessionId("callertag")
MOST = 10
"""Requests that one moment may see: an INVITE and four challenges, at each of two hops."""
STATUSES = (
    *(299, 302, 400, 401, 403, 405, 407, 408, 420, 421, 422, 423, 480, 481, 482, 486),
    *(487, 488, 489, 491, 494, 500, 501, 503, 504, 513, 580, 600, 606),
)


def asked(number: int) -> list[tuple[str, str]]:
    """Everything that could make us try again, greater or newer each time."""
    digest = f'Digest realm="r{number % 2}", nonce="n{number}", qop="auth", stale=true'
    return [
        ("WWW-Authenticate", digest),
        ("Proxy-Authenticate", digest),
        ("Min-SE", str(2000 + number)),
        ("Min-Expires", str(4000 + number)),
        ("Retry-After", "0"),
        ("Session-Expires", "1;refresher=uac"),
        ("Require", "timer"),
        ("Unsupported", "timer, 100rel"),
        ("Allow", "INVITE, ACK, BYE"),
    ]


def started(*, register: bool = False) -> Peer:
    credentials = Credentials(username="u", password="p")
    trunk = {
        "credentials": credentials,
        "next_hops": (f"sip:{CALLER[0]}:{CALLER[1]}", f"sip:{CALLER[0]}:5070"),
        "register": register,
    }
    peer = Peer(endpoint(CALLED, CALLER, 9, trunk=trunk))
    peer.take(peer.endpoint.start(peer.now))
    return peer


def calling(peer: Peer) -> None:
    peer.order(invite(SESSION))


def talking(peer: Peer) -> None:
    calling(peer)
    timer = ("Session-Expires", "90;refresher=uac")
    allow = ("Allow", "INVITE, ACK, BYE, UPDATE")
    peer.answer(peer.requests("INVITE")[0], 200, timer, allow, description=answer_to(OFFER))
    peer.heard.clear()


def offering(peer: Peer) -> None:
    talking(peer)
    peer.order(Offer(SESSION, offer(version=2)))


def refreshing(peer: Peer) -> None:
    talking(peer)
    peer.wait(45.1)


def leaving(peer: Peer) -> None:
    talking(peer)
    peer.order(HangUp(session=SESSION))


def giving_up(peer: Peer) -> None:
    calling(peer)
    peer.answer(peer.requests("INVITE")[0], 180)
    peer.order(HangUp(session=SESSION))
    peer.heard[:] = peer.requests("CANCEL")


def registering(peer: Peer) -> None:
    """It was asked for by the start."""


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize(
    "begin", [calling, offering, refreshing, leaving, giving_up, registering]
)
def test_no_answer_makes_us_ask_for_ever(
    begin: Callable[[Peer], None], status: int
) -> None:
    """Each request is answered the moment it leaves; the clock stands still."""
    peer = started(register=begin is registering)
    begin(peer)
    answered: set[str] = set()
    for number in range(40):
        waiting = [
            one
            for one in peer.heard
            if isinstance(one, Request)
            and one.method != "ACK"
            and one.via.branch + one.method not in answered
        ]
        if not waiting:
            break
        one = waiting[0]
        answered.add(one.via.branch + one.method)
        peer.answer(one, status, *asked(number))
    assert len(answered) <= MOST
    peer.order(HangUp(session=SESSION))
    peer.take(peer.endpoint.close(peer.now))
    peer.wait(200)
    assert peer.endpoint.remembered == 0
