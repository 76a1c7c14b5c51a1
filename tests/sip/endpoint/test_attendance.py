"""Phones are asked whether they are still there."""

from typing import Final

from b2bua.core.address import Address
from b2bua.sip.dialog.events import Refused
from b2bua.sip.endpoint.registrar import PHONES
from b2bua.sip.message.message import Request
from tests.sip.endpoint.test_registrar import CONTACT, PHONE, register, started
from tests.sip.party import invite
from tests.sip.peer import Peer

HAND: Final[Address] = ("127.0.1.2", 5060)
PROBE: Final = 40.0
"""Seconds: longer than an OPTIONS lasts that nobody answers."""


def attended() -> Peer:
    peer = started(probe=PROBE, losses=2)
    register(peer)
    return peer


def asked(peer: Peer) -> list[Request]:
    return peer.requests("OPTIONS")


def answer_all(peer: Peer, status: int = 200) -> None:
    for request in {one.call_id: one for one in asked(peer)}.values():
        peer.answer(request, status)


def rings(peer: Peer, session: str) -> bool:
    before = len(peer.requests("INVITE"))
    peer.order(invite(session, trunk=PHONES, user="801"))
    return len(peer.requests("INVITE")) > before


def test_a_phone_is_asked_by_the_way_it_registered() -> None:
    peer = attended()
    peer.wait(PROBE - 1)
    assert asked(peer) == []
    peer.wait(1.1)
    (request,) = asked(peer)
    assert request.uri == CONTACT
    assert peer.targets[-1] == PHONE
    assert peer.questions == []
    answer_all(peer, 404)
    peer.wait(PROBE + 1)
    assert len({one.call_id for one in asked(peer)}) == 2
    assert rings(peer, "call")


def test_a_phone_that_falls_silent_is_not_rung_until_it_is_heard() -> None:
    peer = attended()
    peer.wait(PROBE + 1)
    answer_all(peer)
    peer.wait(2 * (PROBE + 33))
    assert not rings(peer, "silent")
    assert [one.status for one in peer.events if isinstance(one, Refused)] == [503]
    assert peer.endpoint.phones == {"801": [CONTACT]}
    peer.wait(PROBE)
    peer.answer(asked(peer)[-1], 200)
    assert rings(peer, "heard")


def test_a_phone_that_registers_again_is_there() -> None:
    peer = attended()
    peer.wait(PROBE + 1)
    answer_all(peer)
    peer.wait(2 * (PROBE + 33))
    assert not rings(peer, "silent")
    register(peer, cseq=9)
    assert rings(peer, "again")


def test_a_phone_that_never_answers_is_believed() -> None:
    peer = attended()
    peer.wait(5 * (PROBE + 33))
    assert rings(peer, "call")


def test_who_is_gone_is_asked_no_more() -> None:
    peer = attended()
    register(peer, ("Expires", "0"), contact="*", cseq=5)
    peer.wait(10 * PROBE)
    assert asked(peer) == []
    assert peer.endpoint.deadline is None


def test_a_move_to_another_way_is_followed() -> None:
    peer = attended()
    peer.source = HAND
    register(peer, cseq=5)
    peer.wait(PROBE + 1)
    assert peer.targets[-1] == HAND
    answer_all(peer)
    assert len({one.call_id for one in asked(peer)}) == 1
    peer.wait(PROBE - 5)
    assert peer.endpoint._board.attendance.flows == {}
