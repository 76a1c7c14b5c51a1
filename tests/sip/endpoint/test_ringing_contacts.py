"""A phone that is registered at several places: who rings, who answers, who is left."""

from typing import Final

import pytest

from b2bua.core.address import Address
from b2bua.sip.dialog.events import Accepted, Cause, Ended, HangUp, Refused, SessionId
from b2bua.sip.endpoint.registrar import PHONES
from b2bua.sip.message.message import Request
from tests.sip.endpoint.test_registrar import register, started
from tests.sip.party import answer_to, invite, offer
from tests.sip.peer import Peer

DESK: Final[Address] = ("127.0.1.1", 40_000)
HAND: Final[Address] = ("127.0.1.2", 5060)
HOME: Final[Address] = ("127.0.1.3", 5060)
CALL: Final = SessionId("call")


def ringing(*places: tuple[Address, str]) -> Peer:
    """A call to 801, who is registered at these places, each with its ``q``."""
    peer = started()
    for index, (place, q) in enumerate(places):
        peer.source = place
        contact = f"<sip:801@{place[0]}:{place[1]}>" + (f";q={q}" if q else "")
        assert register(peer, contact=contact, cseq=2 * index + 1).status == 200
    peer.order(invite("call", trunk=PHONES, user="801"))
    return peer


def invited(peer: Peer) -> dict[Address, Request]:
    """The INVITEs that have left, by where they went."""
    found = zip(peer.heard, peer.targets, strict=True)
    return {
        target: one
        for one, target in found
        if isinstance(one, Request) and one.method == "INVITE"
    }


def say(peer: Peer, place: Address, status: int) -> None:
    """Answer the INVITE at a place."""
    peer.source = place
    request = invited(peer)[place]
    tag = f"at{place[0]}"
    contact = ("Contact", f"<sip:801@{place[0]}:{place[1]}>")
    described = answer_to(offer()) if status == 200 else None
    peer.answer(request, status, contact, tag=tag, description=described)


def sent_to(peer: Peer, method: str) -> list[Address]:
    found = zip(peer.heard, peer.targets, strict=True)
    return [
        target for one, target in found if isinstance(one, Request) and one.method == method
    ]


def refusals(peer: Peer) -> list[tuple[int, bool]]:
    return [(one.status, one.local) for one in peer.events if isinstance(one, Refused)]


def test_all_places_ring_at_once_and_who_answers_stops_the_others() -> None:
    peer = ringing((DESK, ""), (HAND, ""), (HOME, ""))
    assert invited(peer).keys() == {DESK, HAND, HOME}
    for place in (DESK, HAND, HOME):
        say(peer, place, 180)
    say(peer, HAND, 200)
    assert sent_to(peer, "ACK") == [HAND]
    assert sorted(sent_to(peer, "CANCEL")) == [DESK, HOME]
    for cancel in peer.requests("CANCEL"):
        (reason,) = cancel.reasons
        assert (reason.protocol, reason.cause) == ("SIP", 200)
    assert sum(isinstance(one, Accepted) for one in peer.events) == 1
    for place in (DESK, HOME):
        say(peer, place, 487)
    peer.order(HangUp(session=CALL))
    assert sent_to(peer, "BYE") == [HAND]
    peer.source = HAND
    peer.answer(peer.requests("BYE")[-1], 200, tag=f"at{HAND[0]}")
    assert sum(isinstance(one, Ended) for one in peer.events) == 1
    peer.wait(40.0)
    assert peer.endpoint.remembered == 0


def test_one_that_has_not_rung_yet_is_told_why_when_it_does() -> None:
    peer = ringing((DESK, ""), (HAND, ""))
    say(peer, HAND, 200)
    peer.order(HangUp(session=CALL))
    assert sent_to(peer, "CANCEL") == []
    say(peer, DESK, 180)
    (cancel,) = peer.requests("CANCEL")
    assert cancel.reasons[0].text == "Call completed elsewhere"


def test_two_that_answer_at_the_same_time() -> None:
    peer = ringing((DESK, ""), (HAND, ""))
    say(peer, DESK, 200)
    say(peer, HAND, 200)
    assert sent_to(peer, "ACK") == [DESK, HAND]
    assert sent_to(peer, "BYE") == [HAND]
    assert sum(isinstance(one, Accepted) for one in peer.events) == 1
    peer.order(HangUp(session=CALL))
    assert sent_to(peer, "BYE") == [HAND, DESK]


def test_the_best_rings_first_and_the_next_when_it_refuses() -> None:
    peer = ringing((DESK, "0.5"), (HAND, "1.0"), (HOME, "0.5"))
    assert invited(peer).keys() == {HAND}
    say(peer, HAND, 486)
    assert invited(peer).keys() == {DESK, HAND, HOME}
    assert refusals(peer) == []
    say(peer, DESK, 480)
    say(peer, HOME, 480)
    assert refusals(peer) == [(486, False)]


def test_who_says_nothing_holds_nobody_up() -> None:
    peer = ringing((DESK, "0.5"), (HAND, "0.9"))
    assert invited(peer).keys() == {HAND}
    peer.wait(7.0)
    assert invited(peer).keys() == {DESK, HAND}
    say(peer, DESK, 200)
    assert sent_to(peer, "ACK") == [DESK]


def test_one_that_is_silent_does_not_end_the_ringing_of_another() -> None:
    peer = ringing((DESK, ""), (HAND, ""))
    say(peer, HAND, 180)
    peer.wait(20.0)
    assert refusals(peer) == []
    say(peer, HAND, 200)
    assert any(isinstance(one, Accepted) for one in peer.events)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ((480, 486), (486, False)),
        ((486, 500), (486, False)),
        ((503, 404), (404, False)),
        ((480, None), (480, False)),
        ((None, None), (408, True)),
    ],
)
def test_the_best_of_all_refusals_is_told(
    said: tuple[int | None, ...], told: tuple[int, bool]
) -> None:
    peer = ringing((DESK, ""), (HAND, ""))
    for place, status in zip((DESK, HAND), said, strict=True):
        if status is not None:
            say(peer, place, status)
    peer.wait(10.0)
    assert refusals(peer) == [told]


def test_who_declines_declines_for_all() -> None:
    peer = ringing((DESK, ""), (HAND, ""), (HOME, "0.1"))
    say(peer, HAND, 180)
    say(peer, DESK, 603)
    assert refusals(peer) == [(603, False)]
    assert sent_to(peer, "CANCEL") == [HAND]
    assert HOME not in invited(peer)


def test_hanging_up_stops_every_place() -> None:
    peer = ringing((DESK, ""), (HAND, ""))
    say(peer, DESK, 180)
    say(peer, HAND, 180)
    peer.order(HangUp(session=CALL))
    assert sorted(sent_to(peer, "CANCEL")) == [DESK, HAND]


def test_all_that_ring_are_withdrawn_if_this_process_dies() -> None:
    peer = ringing((DESK, ""), (HAND, ""))
    say(peer, DESK, 180)
    say(peer, HAND, 180)
    left = list(peer.endpoint.withdrawals(CALL, (Cause("SIP", 503),)))
    assert sorted(one.flow.remote for one in left) == [DESK, HAND]
    assert all(one.data.startswith(b"CANCEL ") for one in left)


def test_who_answered_is_found_again_after_a_crash() -> None:
    peer = ringing((DESK, ""), (HAND, ""))
    say(peer, DESK, 200)
    image = peer.endpoint.image(CALL, peer.now)
    assert image is not None
    after = started()
    after.take(after.endpoint.restore(image, after.now))
    after.order(HangUp(session=CALL))
    assert sent_to(after, "BYE") == [DESK]


def test_a_device_that_comes_back_elsewhere_is_one_device() -> None:
    peer = started()
    device = ';+sip.instance="<urn:uuid:00000000-0000-1000-8000-000A95A0E128>"'
    register(peer, contact=f"<sip:801@127.0.1.1:40000>{device}")
    peer.source = HAND
    register(peer, contact=f"<sip:801@127.0.1.2:5060>{device}", cseq=3)
    assert peer.endpoint.phones == {"801": ["sip:801@127.0.1.2:5060"]}


def test_one_register_may_name_several_places() -> None:
    peer = started()
    done = register(peer, contact="<sip:801@10.0.0.1>;q=0.2, <sip:801@10.0.0.2>")
    told = ["<sip:801@10.0.0.2>;expires=3600", "<sip:801@10.0.0.1>;q=0.2;expires=3600"]
    assert done.headers.all("Contact") == told


def test_lines_of_one_telephone_are_known_each_by_itself() -> None:
    peer = started()
    register(peer, contact="<sip:801@127.0.1.1:40000>")
    register(peer, contact="<sip:802@127.0.1.1:40000>", user="802", cseq=3)
    register(peer, ("Expires", "0"), contact="*", cseq=5)
    assert list(peer.endpoint.phones) == ["802"]
    peer.send(peer.invite(offer=offer(), call_id="c2"))
    assert peer.statuses("INVITE") == [401]
