"""RFC 7616 §3.9.1's example, RFC 2617 §3.5's, and challenges of all kinds."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from b2bua.sip.message.digest import Challenge, answer, parse_challenges
from b2bua.sip.message.errors import MalformedMessage
from b2bua.sip.message.headers import Headers
from b2bua.sip.message.message import Response

NONCE = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"


def challenges(*lines: str, name: str = "WWW-Authenticate") -> tuple[Challenge, ...]:
    headers = Headers((name, line) for line in lines)
    return parse_challenges(Response(401, None, headers))


def proof(credentials: str) -> str:
    match = re.search(r' response="([0-9a-f]+)"', credentials)
    assert match is not None
    return match[1]


@pytest.mark.parametrize(
    ("algorithm", "expected"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_the_example_of_rfc_7616(algorithm: str, expected: str) -> None:
    (challenge,) = challenges(
        f'Digest realm="http-auth@example.org", qop="auth, auth-int", '
        f'algorithm={algorithm}, nonce="{NONCE}", '
        f'opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
    )
    credentials = answer(
        challenge,
        username="Mufasa",
        password="Circle of Life",
        method="GET",
        uri="/dir/index.html",
        cnonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
    )
    assert proof(credentials) == expected
    assert credentials.startswith('Digest username="Mufasa", realm="http-auth@example.org"')
    for part in (
        f'nonce="{NONCE}"',
        'uri="/dir/index.html"',
        f"algorithm={algorithm}",
        "qop=auth",
        "nc=00000001",
        'opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"',
    ):
        assert part in credentials


def test_without_quality_of_protection() -> None:
    """The form of RFC 2069 that RFC 2617 §3.2.2.1 keeps, and no algorithm: MD5."""
    (challenge,) = challenges(
        'Digest realm="testrealm@host.com",nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093"'
    )
    credentials = answer(
        challenge,
        username="Mufasa",
        password="Circle Of Life",
        method="GET",
        uri="/dir/index.html",
        cnonce="unused",
    )
    assert proof(credentials) == "670fd8c2df070c60b045671b8b24ff02"
    assert "qop" not in credentials
    assert "cnonce" not in credentials


def test_each_count_and_method_gives_another_proof() -> None:
    (challenge,) = challenges('Digest realm="r", nonce="n", qop="auth"')

    def credentials(method: str, count: int) -> str:
        return answer(
            challenge,
            username="u",
            password="p",
            method=method,
            uri="sip:h",
            cnonce="c",
            nonce_count=count,
        )

    proofs = {proof(credentials(method, count)) for method in "AB" for count in (1, 2)}
    assert len(proofs) == 4
    assert "nc=000000ff" in credentials("A", 255)


def test_the_strongest_is_first_and_the_unknown_is_passed_over() -> None:
    found = challenges(
        'Digest realm="r", nonce="1", algorithm=MD5',
        'Basic realm="r"',
        'Digest realm="r", nonce="2", algorithm=SHA-256-sess, qop="auth"',
        'Digest realm="r", nonce="3", algorithm=WHIRLPOOL',
        'Digest realm="r", nonce="4", algorithm=MD5, qop="auth-int"',
        'Digest realm="r", nonce="6", algorithm=MD5, qop="auth-none"',
        'DIGEST Realm = "a, \\"b\\"" , nonce="5",algorithm="sha-512-256",stale=TRUE',
    )
    assert [(one.nonce, one.algorithm, one.session) for one in found] == [
        ("5", "SHA-512-256", False),
        ("2", "SHA-256", True),
        ("1", "MD5", False),
        ("4", "MD5", False),
    ]
    assert found[0].realm == 'a, "b"'
    assert [one.stale for one in found] == [True, False, False, False]


def test_the_field_that_answers() -> None:
    (challenge,) = challenges('Digest realm="r", nonce="n"', name="Proxy-Authenticate")
    assert challenge.field == "Proxy-Authorization"


@pytest.mark.parametrize(
    "lines",
    [
        ['Digest nonce="n"'],
        ['Digest realm="r"'],
        ['Digest realm="r", realm="s", nonce="n"'],
        ['Digest realm="r, nonce="n"'],
        ["Digest realm"],
        [f'Digest realm="{"x" * 3000}", nonce="n"'],
        ['Digest realm="r", nonce="n"'] * 9,
    ],
)
def test_malformed_challenges(lines: list[str]) -> None:
    with pytest.raises(MalformedMessage):
        challenges(*lines)


@given(st.text(max_size=60), st.text(max_size=20))
def test_reading_and_answering_are_total(text: str, secret: str) -> None:
    try:
        found = challenges("Digest " + text, f'Digest nonce="n", realm="r",{text}')
    except MalformedMessage:
        return
    for challenge in found:
        assert answer(
            challenge, username=secret, password=secret, method="A", uri="b", cnonce="c"
        )
