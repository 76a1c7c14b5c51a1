"""A message at a glance: what it is, and whether it holds."""

import pytest

from b2bua.sip.endpoint.ladder import line_of, line_of_bytes
from b2bua.sip.message.message import Request
from b2bua.sip.message.parser import parse

HEAD = (
    "INVITE sip:4006001234@127.0.0.1 SIP/2.0\r\n"
    "Via: SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bKx\r\n"
    "From: <sip:a@127.0.0.1>;tag=1\r\nTo: <sip:b@127.0.0.1>;tag=2\r\n"
    "Call-ID: x\r\nCSeq: 2 INVITE\r\nMax-Forwards: 70\r\n"
)


@pytest.mark.parametrize(
    ("direction", "told"),
    [
        ("sendonly", "(2;sendonly)"),
        ("inactive", "(2;inactive)"),
        ("sendrecv", "(2)"),
        ("recvonly", "(2)"),
    ],
)
def test_an_offer_that_holds_says_so(direction: str, told: str) -> None:
    body = f"v=0\r\nm=audio 4000 RTP/AVP 8\r\na={direction}\r\n"
    data = f"{HEAD}Content-Length: {len(body)}\r\n\r\n{body}".encode()
    line = f"INVITE sip:4006001234@127.0.0.1 SIP/2.0 {told}"
    assert line_of_bytes(data) == line
    request = parse(data)
    assert isinstance(request, Request)
    assert line_of(request) == line


def test_nothing_else_of_a_body_is_told() -> None:
    data = f"{HEAD}Content-Length: 12\r\n\r\nSignal=1\r\n\r\n".encode()
    assert line_of_bytes(data) == "INVITE sip:4006001234@127.0.0.1 SIP/2.0 (2)"
