"""Digest as a server asks for it: what is believed, what is not, what is never twice."""

import random

import pytest

from b2bua.core.tokens import Tokens
from b2bua.sip.dialog.events import Invited
from b2bua.sip.endpoint import authentication
from b2bua.sip.endpoint.authentication import (
    Account,
    Authenticator,
    Proved,
    Unproved,
)
from b2bua.sip.message.digest import answer, digest_of, parse_challenges
from b2bua.sip.message.headers import Headers
from b2bua.sip.message.message import Request, Response
from tests.sip.party import CALLED, CALLER, endpoint, offer
from tests.sip.peer import Peer

HOST = "127.0.1.1"
URI = "sip:4006001234@127.0.2.1"


def account(name: str, password: str, realm: str = "b2bua") -> Account:
    secret = f"{name}:{realm}:{password}"
    return Account(
        name=name, md5=digest_of("MD5", secret), sha256=digest_of("SHA-256", secret)
    )


ACCOUNTS = {"pbx": account("pbx", "secret"), "other": account("other", "x")}


def authenticator() -> Authenticator:
    return Authenticator("b2bua", Tokens(random.Random(1).randbytes))


def answered(
    challenges: list[tuple[str, str]],
    *,
    weakest: bool = False,
    password: str = "secret",
    username: str = "pbx",
    count: int = 1,
    uri: str = URI,
    method: str = "INVITE",
) -> str:
    offered = parse_challenges(Response(401, "", Headers(challenges)))
    return answer(
        offered[-1 if weakest else 0],
        username=username,
        password=password,
        method=method,
        uri=uri,
        cnonce="c",
        nonce_count=count,
    )


def invite(*credentials: str) -> Request:
    return Request("INVITE", URI, Headers([("Authorization", one) for one in credentials]))


@pytest.mark.parametrize("weakest", [False, True])
def test_the_right_answer_proves_who_asks(weakest: bool) -> None:
    asked = authenticator()
    header = answered(asked.challenges(HOST, 100.0), weakest=weakest)
    assert ("SHA-256" in header) != weakest
    assert asked.judge(invite(header), HOST, ACCOUNTS, 100.1) == Proved(ACCOUNTS["pbx"])


@pytest.mark.parametrize(
    ("changes", "host"),
    [
        ({"password": "secreT"}, HOST),
        ({"username": "nobody"}, HOST),
        ({"username": "other"}, HOST),
        ({"uri": "sip:4006001235@127.0.2.1"}, HOST),
        ({"method": "REGISTER"}, HOST),
    ],
)
def test_anything_else_proves_nothing(changes: dict[str, str], host: str) -> None:
    asked = authenticator()
    header = answered(asked.challenges(HOST, 100.0), **changes)  # type: ignore[arg-type]
    judged = asked.judge(invite(header), host, ACCOUNTS, 100.1)
    assert judged == Unproved(tried=True)
    assert len(asked) == 0


def test_credentials_for_another_realm_are_no_answer() -> None:
    ours, theirs = (
        authenticator(),
        Authenticator("other", Tokens(random.Random(2).randbytes)),
    )
    header = answered(theirs.challenges(HOST, 100.0))
    assert ours.judge(invite(header), HOST, ACCOUNTS, 100.1) == Unproved(tried=False)


def test_a_nonce_is_counted_and_never_used_twice() -> None:
    asked = authenticator()
    challenges = asked.challenges(HOST, 100.0)
    replay = Unproved(tried=True, stale=True)
    first, second = (invite(answered(challenges, count=one)) for one in (1, 2))
    assert isinstance(asked.judge(first, HOST, ACCOUNTS, 101.0), Proved)
    assert asked.judge(first, HOST, ACCOUNTS, 101.0) == replay
    assert isinstance(asked.judge(second, HOST, ACCOUNTS, 102.0), Proved)
    assert asked.judge(first, HOST, ACCOUNTS, 103.0) == replay
    late = invite(answered(challenges, count=3))
    assert asked.judge(late, HOST, ACCOUNTS, 401.0) == replay


def test_a_nonce_of_our_own_making_cannot_be_made() -> None:
    asked = authenticator()
    field, value = asked.challenges(HOST, 100.0)[0]
    nonce = value.split('nonce="')[1].split('"')[0]
    for forged in (
        nonce[:-1] + ("0" if nonce[-1] != "0" else "1"),
        "",
        "-",
        "f" * 40,
        "é-",
    ):
        header = answered([(field, value.replace(nonce, forged))])
        judged = asked.judge(invite(header), HOST, ACCOUNTS, 100.1)
        assert judged == Unproved(tried=True, stale=bool(forged))
        header = answered([(field, value.replace(nonce, forged))], password="guess")
        assert asked.judge(invite(header), HOST, ACCOUNTS, 100.1) == Unproved(tried=True)
    assert len(asked) == 0


def test_who_knows_the_secret_may_try_again_with_a_nonce_of_ours() -> None:
    """RFC 7616 §3.3: after a restart, or from another address; it is no wrong guess."""
    asked, before = (
        authenticator(),
        Authenticator("b2bua", Tokens(random.Random(8).randbytes)),
    )
    header = answered(before.challenges(HOST, 100.0))
    stale = Unproved(tried=True, stale=True)
    assert asked.judge(invite(header), HOST, ACCOUNTS, 100.1) == stale
    elsewhere = answered(asked.challenges(HOST, 100.0))
    assert asked.judge(invite(elsewhere), "127.0.1.2", ACCOUNTS, 100.1) == stale


def test_memory_is_bounded_and_what_is_forgotten_cannot_be_replayed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(authentication, "REMEMBERED", 3)
    asked = authenticator()
    used = [invite(answered(asked.challenges(HOST, 100.0 + index))) for index in range(6)]
    for request in used:
        assert isinstance(asked.judge(request, HOST, ACCOUNTS, 110.0), Proved)
    assert len(asked) == 3
    for request in used:
        judged = asked.judge(request, HOST, ACCOUNTS, 110.0)
        assert judged == Unproved(tried=True, stale=True)


@pytest.mark.parametrize(
    "line",
    ["Digest", 'Digest realm="b2bua"', 'Digest realm="b2bua", a', "Digest x=" + "y" * 3000],
)
def test_malformed_credentials_prove_nothing(line: str) -> None:
    judged = authenticator().judge(invite(line), HOST, ACCOUNTS, 1.0)
    assert isinstance(judged, Unproved)


def calling(peer: Peer, *extra: tuple[str, str], cseq: int = 1) -> Response | None:
    """Send an INVITE; what it is answered with at once, None if it begins a call."""
    before = len(peer.responses("INVITE"))
    peer.send(peer.invite(*extra, offer=offer(), uri=URI, cseq=cseq))
    said = peer.responses("INVITE")[before:]
    return said[0] if said and said[0].status != 100 else None


def test_a_trunk_with_accounts_is_asked_before_a_call_begins() -> None:
    peer = Peer(endpoint(CALLED, CALLER, 4, trunk={"accounts": ACCOUNTS}))
    refused = calling(peer)
    assert refused is not None
    assert refused.status == 401
    assert peer.endpoint.sessions == 0
    challenges = [
        ("WWW-Authenticate", one) for one in refused.headers.all("WWW-Authenticate")
    ]
    header = ("Authorization", answered(challenges))
    assert calling(peer, header, cseq=2) is None
    assert isinstance(peer.events[0], Invited)
    again = calling(peer, header, cseq=3)
    assert again is not None
    assert again.status == 401
    assert "stale=true" in (again.headers.first("WWW-Authenticate") or "")


def test_who_guesses_is_not_answered_for_ever() -> None:
    peer = Peer(endpoint(CALLED, CALLER, 4, trunk={"accounts": ACCOUNTS}))
    for cseq in range(1, 60):
        guess = 'Digest realm="b2bua", nonce="x", username="pbx", uri="x", response="x"'
        calling(peer, ("Authorization", guess), cseq=cseq)
    assert 10 < len(peer.responses("INVITE")) < 40
    assert peer.events == []
