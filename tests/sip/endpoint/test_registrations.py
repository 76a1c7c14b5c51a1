"""Our registrations at trunks, against a registrar written by hand."""

from b2bua.sip.dialog.terms import Credentials
from b2bua.sip.message.message import Request
from b2bua.sip.transport.flow import Flow
from tests.sip.party import CALLED, CALLER, endpoint
from tests.sip.peer import Peer

HOPS = ("sip:127.0.1.1:5060", "sip:127.0.1.9")
CHALLENGE = ("WWW-Authenticate", 'Digest realm="carrier", nonce="n1", qop="auth"')


def started(**trunk: object) -> Peer:
    fields = {"register": True, "credentials": Credentials(username="u", password="p")}
    peer = Peer(endpoint(CALLED, CALLER, 4, trunk={**fields, **trunk}))
    peer.take(peer.endpoint.start(peer.now))
    return peer


def registers(peer: Peer) -> list[Request]:
    return list({one.via.branch: one for one in peer.requests("REGISTER")}.values())


def test_a_challenged_registration_succeeds_and_is_refreshed() -> None:
    peer = started()
    (first,) = registers(peer)
    assert first.uri == "sip:127.0.1.1:5060"
    assert (first.to.uri, first.contacts[0].uri) == (
        "sip:u@127.0.1.1:5060",
        "sip:127.0.2.1:5060",
    )
    peer.answer(first, 401, CHALLENGE)
    second = registers(peer)[1]
    assert second.headers.first("Authorization")
    assert second.call_id == first.call_id
    assert second.cseq.number == 2
    peer.answer(second, 200, ("Contact", "<sip:127.0.2.1:5060>;expires=300"))
    assert peer.endpoint.registrations == {"peer": True}
    peer.wait(239)
    assert len(registers(peer)) == 2
    peer.wait(2)
    assert len(registers(peer)) == 3
    peer.answer(registers(peer)[2], 200, ("Expires", "600"))
    peer.take(peer.endpoint.close(peer.now))
    last = registers(peer)[3]
    assert last.headers.first("Expires") == "0"
    peer.answer(last, 200)
    assert peer.endpoint.registrations == {"peer": False}
    peer.wait(5000)
    assert len(registers(peer)) == 4
    assert peer.endpoint.remembered == 0


def test_a_failure_is_tried_again_at_the_next_hop() -> None:
    peer = started(next_hops=HOPS)
    peer.answer(registers(peer)[0], 503)
    assert peer.endpoint.registrations == {"peer": False}
    peer.wait(29)
    assert len(registers(peer)) == 1
    peer.wait(2)
    assert registers(peer)[1].uri == "sip:127.0.1.9"
    peer.wait(32.0 + 61)  # nobody answers: 32 s, then twice the wait
    assert registers(peer)[2].uri == "sip:127.0.1.1:5060"


def test_a_wrong_password_is_tried_seldom() -> None:
    peer = started()
    for _ in range(3):
        peer.answer(registers(peer)[-1], 401, CHALLENGE)
    assert len(registers(peer)) == 2
    peer.wait(29)
    assert len(registers(peer)) == 2


def test_an_interval_that_is_too_brief_for_the_registrar() -> None:
    peer = started()
    peer.answer(registers(peer)[0], 423, ("Min-Expires", "7200"))
    assert registers(peer)[1].headers.first("Expires") == "7200"


def test_a_registrar_that_always_wants_longer_is_no_loop() -> None:
    """RFC 3261 §10.2.8: what it wants is asked for, each time after a longer wait."""
    peer = started()
    for number in range(50):
        asked = registers(peer)
        if len(asked) <= number:
            break
        peer.answer(asked[number], 423, ("Min-Expires", str(7200 + number)))
    assert len(registers(peer)) == 2
    peer.wait(31)
    assert registers(peer)[2].headers.first("Expires") == "7201"


def test_an_unreachable_registrar() -> None:
    peer = started()
    peer.take(peer.endpoint.flow_failed(Flow("udp", CALLED, CALLER), peer.now))
    peer.wait(31)
    assert len(registers(peer)) == 2


def test_nobody_registers_where_it_is_not_wanted() -> None:
    peer = started(register=False)
    assert peer.heard == []
    assert peer.endpoint.registrations == {}
