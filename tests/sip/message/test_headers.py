"""The header list: names, order, lists, and parsed values that never go stale."""

import pytest

from b2bua.sip.message.errors import MalformedMessage
from b2bua.sip.message.headers import Headers, canonical_name
from b2bua.sip.message.message import Request


@pytest.mark.parametrize(
    ("spelt", "name"),
    [
        ("v", "Via"),
        ("L", "Content-Length"),
        ("x", "Session-Expires"),
        ("CALL-ID", "Call-ID"),
        ("cseq", "CSeq"),
        ("p-asserted-IDENTITY", "P-Asserted-Identity"),
        ("www-authenticate", "WWW-Authenticate"),
        ("rack", "RAck"),
        ("Via \t", "Via"),
        ("x-anything-ELSE", "X-Anything-Else"),
    ],
)
def test_names_are_canonical(spelt: str, name: str) -> None:
    assert canonical_name(spelt) == name
    assert canonical_name(name) == name


@pytest.mark.parametrize("name", ["", " ", "a b", "a\nb", "a:", "é"])
def test_names_are_tokens(name: str) -> None:
    with pytest.raises(MalformedMessage):
        canonical_name(name)


def test_order_and_lists() -> None:
    headers = Headers(
        [
            ("Route", "<sip:a>, <sip:b,c>"),
            ("Subject", "x, y"),
            ("route", "<sip:d>"),
            ("K", ""),
        ]
    )
    assert headers.first("ROUTE") == "<sip:a>, <sip:b,c>"
    assert headers.all("Route") == ["<sip:a>, <sip:b,c>", "<sip:d>"]
    assert headers.values("Route") == ["<sip:a>", "<sip:b,c>", "<sip:d>"]
    assert headers.values("Subject") == ["x, y"]
    assert headers.values("Supported") == []
    assert headers.first("Expires") is None
    assert "supported" in headers
    assert [name for name, _ in headers] == ["Route", "Subject", "Route", "Supported"]


def test_changes() -> None:
    headers = Headers([("Via", "a, b"), ("To", "x"), ("Via", "c")])
    copy = headers.copy()
    headers.replace_top("v", "z")
    assert headers.values("Via") == ["z", "b", "c"]
    headers.set("Via", "only")
    assert list(headers) == [("Via", "only"), ("To", "x")]
    headers.add("via", "last")
    headers.set("Subject", "s")
    headers.remove("to")
    assert list(headers) == [("Via", "only"), ("Via", "last"), ("Subject", "s")]
    assert list(copy) == [("Via", "a, b"), ("To", "x"), ("Via", "c")]
    with pytest.raises(KeyError):
        headers.replace_top("Route", "x")


def test_a_parsed_value_is_kept_until_the_headers_change() -> None:
    request = Request("BYE", "sip:h", Headers([("Via", "SIP/2.0/UDP h;branch=a")]))
    via = request.via
    assert request.via is via
    request.headers.replace_top("Via", "SIP/2.0/UDP h;branch=b")
    assert request.via.branch == "b"


def test_lists_of_words_go_over_lines_and_follow_changes() -> None:
    headers = Headers([("Supported", "Timer,, 100REL"), ("k", "path"), ("Allow", "ack")])
    request = Request("OPTIONS", "sip:x", headers)
    assert request.supported == ("timer", "100rel", "path")
    assert request.allow == ("ACK",)
    headers.add("Supported", "Outbound")
    assert "outbound" in request.supported
    headers.remove("Supported")
    assert not request.supported


def test_typed_properties() -> None:
    request = Request(
        "INVITE",
        "sip:h",
        Headers(
            [
                ("Max-Forwards", "70"),
                ("k", "100rel , Timer"),
                ("Require", "Path"),
                ("Allow", "invite, ACK"),
                ("m", '"A, B" <sip:a@b>;expires=5, <sip:c@d>'),
                ("Record-Route", "<sip:p;lr>"),
                ("P-Asserted-Identity", '"x" <sip:+86138@h>, <tel:+86138>'),
                ("Privacy", "ID; critical"),
                ("Reason", 'SIP;cause=200, Q.850;cause=16;text="a,b"'),
                ("x", "1800;refresher=uas"),
                ("Min-SE", "90"),
                ("Diversion", "<sip:4006@h>;reason=unconditional"),
                ("P-Called-Party-ID", "<sip:4006000001@h>"),
                ("c", 'Multipart/Mixed ;Boundary="x y"'),
                ("RAck", "1 2 INVITE"),
                ("RSeq", "7"),
                ("Retry-After", "5"),
                ("Expires", "60"),
                ("o", "Dialog;id=1"),
                ("Accept", "application/SDP;level=1, text/*"),
                ("Unsupported", "x"),
            ]
        ),
    )
    assert request.max_forwards == 70
    assert request.supported == ("100rel", "timer")
    assert request.require == ("path",)
    assert request.allow == ("INVITE", "ACK")
    assert [contact.uri for contact in request.contacts] == ["sip:a@b", "sip:c@d"]
    assert [hop.uri for hop in request.record_route] == ["sip:p;lr"]
    assert request.route == ()
    assert request.asserted_identity == ("sip:+86138@h", "tel:+86138")
    assert request.privacy == ("id", "critical")
    assert [(value.cause, value.text) for value in request.reasons] == [
        (200, ""),
        (16, "a,b"),
    ]
    assert request.session_expires is not None
    assert request.session_expires.refresher == "uas"
    assert request.min_se == 90
    assert request.diversions[0].parameters["reason"] == "unconditional"
    assert request.called_party is not None
    assert request.called_party.uri == "sip:4006000001@h"
    assert request.content_type == "multipart/mixed"
    assert request.content_type_parameters == {"boundary": "x y"}
    assert request.rack is not None
    assert request.rack.cseq == 2
    assert (request.rseq, request.retry_after, request.expires) == (7, 5, 60)
    assert request.event == "dialog"
    assert request.accept == ("application/sdp", "text/*")
    assert request.unsupported == ("x",)


def test_absent_fields() -> None:
    request = Request("BYE", "sip:h", Headers())
    assert request.max_forwards is None
    assert [*request.contacts, *request.reasons, *request.privacy] == []
    assert request.session_expires is None
    assert request.min_se is None
    assert request.rack is None
    assert request.content_type == request.event == ""
    with pytest.raises(MalformedMessage):
        _ = request.call_id


@pytest.mark.parametrize("value", ["256", "-1", "many", "9" * 5000, ""])
def test_a_bad_number_is_told_when_asked(value: str) -> None:
    request = Request("BYE", "sip:h", Headers([("Max-Forwards", value)]))
    with pytest.raises(MalformedMessage):
        _ = request.max_forwards
