"""The part that we want, of whatever body."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from b2bua.sip.message.errors import MalformedMessage
from b2bua.sip.message.headers import Headers
from b2bua.sip.message.message import Request
from b2bua.sip.message.multipart import MAX_PARTS, SDP, body_of_type

MIXED = "multipart/mixed;boundary=b1"
PARTS = (
    b"preamble\r\n--b1\r\nContent-Type: text/plain\r\n\r\nhello\r\n"
    b"--b1 \r\nc: Application/SDP; x=y\r\n\r\nv=0\r\no=x\r\n\r\n--b1--\r\nepilogue\r\n--b1"
)


def find(content_type: str, body: bytes) -> bytes | None:
    headers = Headers([("Content-Type", content_type)] if content_type else [])
    return body_of_type(Request("INVITE", "sip:h", headers, body), SDP)


@pytest.mark.parametrize(
    ("content_type", "body", "found"),
    [
        ("application/sdp", b"v=0\r\n", b"v=0\r\n"),
        ("Application/SDP;charset=utf-8", b"v=0\r\n", b"v=0\r\n"),
        ("application/sdp", b"", None),
        ("text/plain", b"v=0\r\n", None),
        ("", b"v=0\r\n", None),
        (MIXED, PARTS, b"v=0\no=x\n"),
        (MIXED, PARTS.replace(b"\r\n", b"\n"), b"v=0\no=x\n"),
        (MIXED, b"--b1\r\nA: b\r\n\r\nno type\r\n--b1--", None),
        (MIXED, b"nothing of it", None),
        (MIXED, b"--b1\r\nc: application/sdp", b""),
        (MIXED, b"--b1\r\nA: b\r\n" * MAX_PARTS, None),
        ('multipart/related;boundary="b1";type=x', PARTS, b"v=0\no=x\n"),
    ],
)
def test_the_part_is_found(content_type: str, body: bytes, found: bytes | None) -> None:
    assert find(content_type, body) == found


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("multipart/mixed", PARTS),
        ('multipart/mixed;boundary=""', PARTS),
        ("multipart/mixed;boundary=" + "x" * 71, PARTS),
        (MIXED, b"--b1\r\nA: b\r\n" * (MAX_PARTS + 1)),
    ],
)
def test_what_is_wrong_is_refused(content_type: str, body: bytes) -> None:
    with pytest.raises(MalformedMessage) as caught:
        find(content_type, body)
    assert caught.value.status == 400


@given(
    st.lists(st.sampled_from([b"--b1", b"--", b"\n", b"\r\n", b"c: a/b", b"x"])).map(
        b"".join
    )
)
def test_finding_is_total(body: bytes) -> None:
    try:
        found = find(MIXED, body + b"\r\n--b1\nc:application/sdp\n\nv=0")
    except MalformedMessage:
        return
    assert found in (None, b"v=0")
