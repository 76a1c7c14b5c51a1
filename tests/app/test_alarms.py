"""What a node complains of that no store and no disk tells it."""

from b2bua.app.heartbeat import unregistered
from b2bua.store.nodes import Alarm, Complaint
from b2bua.web.words.operator import WORDS
from tests.sip.endpoint.test_registrations import registers, started
from tests.sip.peer import Peer

LOST = Alarm(kind=Complaint.REGISTRATION, subject="peer")


def alarms(peer: Peer) -> list[Alarm]:
    return unregistered(peer.endpoint.registrations)


def test_a_registration_that_is_lost_is_an_alarm_until_it_is_had_again() -> None:
    peer = started()
    assert alarms(peer) == [LOST]
    peer.answer(registers(peer)[-1], 200, ("Expires", "300"))
    assert alarms(peer) == []
    peer.wait(241)
    peer.answer(registers(peer)[-1], 503)
    assert alarms(peer) == [LOST]
    peer.wait(61)
    peer.answer(registers(peer)[-1], 200, ("Expires", "300"))
    assert alarms(peer) == []


def test_every_complaint_has_words() -> None:
    assert {f"alarm_{kind.value}" for kind in Complaint} <= WORDS.keys()
