"""Digest as the asked side: RFC 3261 §22, RFC 7616 and RFC 8760, clause by clause."""

import hashlib
import re

import pytest

from b2bua.sip.dialog.events import HangUp, Refused, SessionId
from b2bua.sip.dialog.terms import Credentials
from b2bua.sip.message.digest import parse_credentials
from b2bua.sip.message.message import Request
from b2bua.sip.message.serializer import serialize
from tests.sip.endpoint.test_called import answered as called_session
from tests.sip.party import CALLED, CALLER, answer_to, endpoint, invite, offer
from tests.sip.peer import Peer

PASSWORD = "secret"
SESSION = SessionId("callertag")


def challenge(field: str, realm: str, nonce: str, more: str = "") -> tuple[str, str]:
    return field, f'Digest realm="{realm}", nonce="{nonce}", qop="auth"{more}'


def proxy(realm: str = "proxy", nonce: str = "p1", more: str = "") -> tuple[str, str]:
    return challenge("Proxy-Authenticate", realm, nonce, more)


def server(realm: str = "server", nonce: str = "s1", more: str = "") -> tuple[str, str]:
    return challenge("WWW-Authenticate", realm, nonce, more)


def calling(realm: str = "") -> Peer:
    credentials = Credentials(username="u", password=PASSWORD, realm=realm)
    peer = Peer(endpoint(CALLED, CALLER, 9, trunk={"credentials": credentials}))
    peer.order(invite(SESSION))
    return peer


def invites(peer: Peer) -> list[Request]:
    return list({one.via.branch: one for one in peer.requests("INVITE")}.values())


def given(request: Request, field: str) -> list[dict[str, str]]:
    """The parts of every answer in one field, each checked to be right."""
    found = []
    for line in request.headers.all(field):
        parts = parse_credentials(line)
        assert parts is not None
        digest = {"MD5": "md5", "SHA-256": "sha256", "SHA-512-256": "sha512_256"}
        name = digest[parts["algorithm"].removesuffix("-sess")]

        def hashed(text: str, name: str = name) -> str:
            return hashlib.new(name, text.encode()).hexdigest()

        secret = hashed(f"u:{parts['realm']}:{PASSWORD}")
        if parts["algorithm"].endswith("-sess"):
            secret = hashed(f"{secret}:{parts['nonce']}:{parts['cnonce']}")
        about = f"{request.method}:{request.uri}"
        if parts.get("qop") == "auth-int":
            about += ":" + hashed(request.body.decode())
        middle = f"{parts['nc']}:{parts['cnonce']}:{parts['qop']}"
        proof = hashed(f"{secret}:{parts['nonce']}:{middle}:{hashed(about)}")
        assert parts["response"] == proof
        found.append(parts)
    return found


def test_a_proxy_and_then_the_far_end_ask() -> None:
    """§22.3: both answers go along, and the count of the first nonce is one greater."""
    peer = calling()
    peer.answer(invites(peer)[0], 407, proxy())
    peer.answer(invites(peer)[1], 401, server())
    (to_proxy,) = given(invites(peer)[2], "Proxy-Authorization")
    (to_server,) = given(invites(peer)[2], "Authorization")
    assert (to_proxy["nonce"], to_proxy["nc"]) == ("p1", "00000002")
    assert (to_server["nonce"], to_server["nc"]) == ("s1", "00000001")
    peer.answer(invites(peer)[2], 200, description=answer_to(offer()))
    ack = peer.requests("ACK")[-1]
    assert ack.headers.all("Proxy-Authorization")
    assert ack.headers.all("Authorization")


def test_several_realms_ask_at_once() -> None:
    """§22.3: a proxy that forked put their challenges together; each is answered."""
    peer = calling()
    peer.answer(invites(peer)[0], 401, server(), server("other", "o1"), proxy())
    answers = given(invites(peer)[1], "Authorization")
    assert [(one["realm"], one["nonce"]) for one in answers] == [
        ("server", "s1"),
        ("other", "o1"),
    ]
    (to_proxy,) = given(invites(peer)[1], "Proxy-Authorization")
    assert to_proxy["realm"] == "proxy"


@pytest.mark.parametrize("nonce", ["p1", "p2"])
def test_what_was_rejected_is_not_tried_again(nonce: str) -> None:
    """§22.1: a second try with the same secret locks accounts."""
    peer = calling()
    peer.answer(invites(peer)[0], 407, proxy())
    peer.answer(invites(peer)[1], 407, proxy(nonce=nonce))
    assert len(invites(peer)) == 2
    assert [one.status for one in peer.events if isinstance(one, Refused)] == [407]


def test_a_stale_nonce_is_renewed_once() -> None:
    """RFC 7616 §3.3: the same secret with the new nonce, counted from one."""
    peer = calling()
    peer.answer(invites(peer)[0], 407, proxy())
    peer.answer(invites(peer)[1], 407, proxy(nonce="p2", more=", stale=true"))
    (renewed,) = given(invites(peer)[2], "Proxy-Authorization")
    assert (renewed["nonce"], renewed["nc"]) == ("p2", "00000001")
    peer.answer(invites(peer)[2], 407, proxy(nonce="p3", more=", stale=TRUE"))
    assert len(invites(peer)) == 3


def test_challenges_for_ever_come_to_an_end() -> None:
    """A far end that asks in a new realm each time is no loop."""
    peer = calling()
    for number in range(50):
        asked = invites(peer)
        if len(asked) <= number:
            break
        peer.answer(asked[number], 407, proxy(f"realm{number}"))
    assert len(invites(peer)) == 5


def test_a_foreign_realm_gets_nothing_beside_our_own() -> None:
    """RFC 7616 §3.3: credentials are for their protection space alone."""
    peer = calling(realm="proxy")
    peer.answer(invites(peer)[0], 407, proxy(), proxy("stranger"))
    (only,) = given(invites(peer)[1], "Proxy-Authorization")
    assert only["realm"] == "proxy"
    peer.answer(invites(peer)[1], 401, server("stranger"))
    assert len(invites(peer)) == 2


def test_the_strongest_algorithm_of_a_realm_is_answered_once() -> None:
    """RFC 8760 §2.4: one Digest answer for each realm, MD5 last."""
    peer = calling()
    algorithms = ("MD5", "SHA-256", "SHA-512-256", "SHA3-512")
    peer.answer(
        invites(peer)[0],
        401,
        *(server(nonce=name, more=f", algorithm={name}") for name in algorithms),
    )
    (only,) = given(invites(peer)[1], "Authorization")
    assert (only["algorithm"], only["nonce"]) == ("SHA-512-256", "SHA-512-256")


@pytest.mark.parametrize("algorithm", ["MD5-sess", "SHA-256-sess"])
def test_a_session_key_keeps_its_client_nonce(algorithm: str) -> None:
    """RFC 7616 §3.4.2: made of the first client nonce, for all that follows."""
    peer = calling()
    peer.answer(invites(peer)[0], 407, proxy(more=f", algorithm={algorithm}"))
    peer.answer(invites(peer)[1], 401, server())
    (first,) = given(invites(peer)[1], "Proxy-Authorization")
    (second,) = given(invites(peer)[2], "Proxy-Authorization")
    assert first["cnonce"] == second["cnonce"]
    assert (first["nc"], second["nc"]) == ("00000001", "00000002")


def test_the_body_is_proved_where_auth_int_alone_is_taken() -> None:
    """RFC 7616 §3.4.3; where auth will do, auth it is."""
    for offered, chosen in (("auth-int", "auth-int"), ("auth-int, auth", "auth")):
        peer = calling()
        line = f'Digest realm="r", nonce="n", qop="{offered}", algorithm=SHA-256'
        peer.answer(invites(peer)[0], 401, ("WWW-Authenticate", line))
        (only,) = given(invites(peer)[1], "Authorization")
        assert only["qop"] == chosen
        assert invites(peer)[1].body


def test_opaque_comes_back_and_a_name_may_be_hashed() -> None:
    """RFC 7616 §§3.3, 3.4.4."""
    peer = calling()
    more = ', opaque="a\\"b", userhash=true, algorithm=SHA-256'
    peer.answer(invites(peer)[0], 401, server(more=more))
    (only,) = given(invites(peer)[1], "Authorization")
    assert only["opaque"] == 'a"b'
    assert only["username"] == hashlib.sha256(b"u:server").hexdigest()
    assert only["userhash"] == "true"


def test_a_cancel_and_an_ack_are_never_challenged_and_never_answer() -> None:
    """§22.1: a 401 to a CANCEL leaves it alone."""
    peer = calling()
    peer.answer(invites(peer)[0], 180)
    peer.order(HangUp(session=SESSION))
    peer.answer(peer.requests("CANCEL")[0], 401, server())
    assert len(peer.requests("CANCEL")) == 1


def test_a_bye_that_is_challenged_twice_over_gets_through() -> None:
    """§22.2: in a dialog too, each realm has its answer."""
    peer = calling()
    peer.answer(invites(peer)[0], 200, description=answer_to(offer()))
    peer.order(HangUp(session=SESSION))
    peer.answer(peer.requests("BYE")[0], 407, proxy())
    peer.answer(peer.requests("BYE")[1], 401, server())
    last = peer.requests("BYE")[2]
    assert given(last, "Proxy-Authorization")[0]["nc"] == "00000002"
    assert given(last, "Authorization")[0]["nc"] == "00000001"
    peer.answer(last, 401, server())
    assert len(peer.requests("BYE")) == 3
    peer.wait(100)
    assert peer.endpoint.remembered == 0


def test_nobody_who_called_us_is_ever_answered() -> None:
    """The credentials of a trunk are for calls that we make by it."""
    credentials = Credentials(username="u", password=PASSWORD)
    peer = Peer(endpoint(CALLED, CALLER, 9, trunk={"credentials": credentials}))
    session = called_session(peer)
    peer.order(HangUp(session=session))
    peer.answer(peer.requests("BYE")[0], 401, server())
    assert len(peer.requests("BYE")) == 1


def test_the_secret_is_in_no_message_and_in_no_text_of_ours() -> None:
    peer = calling()
    peer.answer(invites(peer)[0], 407, proxy())
    assert all(not re.search(PASSWORD.encode(), serialize(one)) for one in peer.heard)
    assert PASSWORD not in repr(Credentials(username="u", password=PASSWORD))
