"""RFC 3261 §8.2.6: what a response copies."""

import pytest

from b2bua.sip.message.build import response_to, response_to_refused
from b2bua.sip.message.headers import Headers
from b2bua.sip.message.message import Request
from b2bua.sip.message.parser import Refusal, parse
from b2bua.sip.message.serializer import serialize


def invite(to: str = "<sip:c@d>", method: str = "INVITE") -> Request:
    return Request(
        method,
        "sip:c@d",
        Headers(
            [
                (
                    "Via",
                    "SIP/2.0/UDP proxy;branch=z9hG4bK2, SIP/2.0/UDP ua;branch=z9hG4bK1",
                ),
                ("Via", "SIP/2.0/UDP first;branch=z9hG4bK0"),
                ("Record-Route", "<sip:p2;lr>"),
                ("Record-Route", "<sip:p1;lr>"),
                ("Max-Forwards", "70"),
                ("From", "<sip:a@b>;tag=1"),
                ("To", to),
                ("Timestamp", "54"),
                ("Call-ID", "x"),
                ("CSeq", f"1 {method}"),
                ("Contact", "<sip:a@b>"),
            ]
        ),
    )


def test_a_ringing_response() -> None:
    response = response_to(invite(), 180, to_tag="t", extra=[("m", "<sip:me>")])
    assert response.start_line == "SIP/2.0 180 Ringing"
    assert list(response.headers) == [
        ("Via", "SIP/2.0/UDP proxy;branch=z9hG4bK2, SIP/2.0/UDP ua;branch=z9hG4bK1"),
        ("Via", "SIP/2.0/UDP first;branch=z9hG4bK0"),
        ("From", "<sip:a@b>;tag=1"),
        ("To", "<sip:c@d>;tag=t"),
        ("Call-ID", "x"),
        ("CSeq", "1 INVITE"),
        ("Record-Route", "<sip:p2;lr>"),
        ("Record-Route", "<sip:p1;lr>"),
        ("Contact", "<sip:me>"),
    ]
    read = parse(serialize(response))
    assert not isinstance(read, Refusal)
    assert read.to.tag == "t"


def test_trying_has_no_tag_and_returns_the_timestamp() -> None:
    """§8.2.6.1."""
    response = response_to(invite(), 100, to_tag="t")
    assert response.to.tag == ""
    assert response.headers.first("Timestamp") == "54"
    assert "Record-Route" not in response.headers


@pytest.mark.parametrize(
    ("request_", "status"),
    [(invite(), 486), (invite("<sip:c@d>;tag=q"), 200), (invite(method="OPTIONS"), 200)],
)
def test_a_response_that_starts_no_dialog_records_no_route(
    request_: Request, status: int
) -> None:
    response = response_to(request_, status, to_tag="t")
    assert "Record-Route" not in response.headers
    assert response.to.tag == (request_.to.tag or "t")


def test_phrase_and_body() -> None:
    response = response_to(invite(), 499, reason="Because", body=b"x")
    assert response.start_line == "SIP/2.0 499 Because"
    assert response.body == b"x"
    assert response_to(invite(), 499).reason == "Bad Request"


@pytest.mark.parametrize(
    ("to", "answered"),
    [
        ("<sip:c@d>", "<sip:c@d>;tag=ours"),
        ("<sip:c@d>;tag=x", "<sip:c@d>;tag=x"),
        ("<sip:c@d> ; TAG = x", "<sip:c@d> ; TAG = x"),
        ('"x <sip:c@d>', '"x <sip:c@d>;tag=ours'),
    ],
)
def test_the_answer_to_a_refusal(to: str, answered: str) -> None:
    request = invite(to)
    request.headers.set("CSeq", "nonsense")
    refusal = parse(serialize(request))
    assert isinstance(refusal, Refusal)
    answer = response_to_refused(refusal, to_tag="ours")
    assert answer is not None
    assert answer.status == 400
    assert answer.headers.first("To") == answered
    assert len(answer.headers.values("Via")) == 3
