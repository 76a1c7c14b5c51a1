"""One table of messages for parser and serializer; RFC 3261 §7, §8.1.1, §18.3."""

import contextlib
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from b2bua.core.errors import InvalidState
from b2bua.sip.message.build import response_to_refused
from b2bua.sip.message.errors import MalformedMessage
from b2bua.sip.message.headers import Headers
from b2bua.sip.message.message import Request, Response
from b2bua.sip.message.parser import MAX_HEADERS, MAX_LINE, Refusal, parse
from b2bua.sip.message.serializer import serialize

VIA = ("Via", "SIP/2.0/UDP 127.0.0.1:5080;branch=z9hG4bK1")
DIALOG = [
    ("From", '"Bench" <sip:caller@127.0.0.1>;tag=f1'),
    ("To", "<sip:1000@127.0.0.1>"),
    ("Call-ID", "1-2@127.0.0.1"),
]
SDP = b"v=0\r\n"


def request(method: str = "INVITE", *extra: tuple[str, str], body: bytes = b"") -> Request:
    items = [VIA, *DIALOG, ("CSeq", f"1 {method}"), *extra]
    return Request(method, "sip:1000@127.0.0.1", Headers(items), body)


def response(status: int, reason: str, body: bytes = b"") -> Response:
    return Response(status, reason, Headers([VIA, *DIALOG, ("CSeq", "1 INVITE")]), body)


def lines(*head: str, body: bytes = b"") -> bytes:
    return "\r\n".join(head).encode("utf-8", "surrogateescape") + b"\r\n\r\n" + body


REST = [
    "From: <sip:a@b>;tag=1",
    "To: <sip:c@d>",
    "Call-ID: x",
    "CSeq: 1 INVITE",
]
GOOD = ["INVITE sip:c@d SIP/2.0", "Via: SIP/2.0/UDP h;branch=z9hG4bKa", *REST]

BOTH_WAYS: dict[str, Request | Response] = {
    "a request with a body": request(
        "INVITE", ("Content-Type", "application/sdp"), body=SDP
    ),
    "a request without a body": request("OPTIONS"),
    "a method that nobody knows": request("!unheard-Of.Method*"),
    "a response": response(180, "Ringing"),
    "a response with a body": response(200, "OK", SDP),
    "an empty reason phrase": response(404, ""),
    "a reason phrase with spaces and UTF-8": response(404, "没有 这个 号码"),
    "a field that nobody knows": request("BYE", ("X-Thing", ";;,,;;,; \x01")),
    "bytes that are not UTF-8": request("BYE", ("Subject", "\udcd6\udcd0")),
    "an empty value": request("BYE", ("Subject", "")),
    "many values": request("BYE", ("Route", "<sip:a;lr>"), ("Route", "<sip:b;lr>")),
}


@pytest.mark.parametrize("message", BOTH_WAYS.values(), ids=BOTH_WAYS.keys())
def test_what_is_written_is_read_back(message: Request | Response) -> None:
    read = parse(serialize(message))
    assert not isinstance(read, Refusal)
    length = ("Content-Length", str(len(message.body)))
    assert list(read.headers) == [*message.headers, length]
    assert (read.start_line, read.body) == (message.start_line, message.body)
    assert serialize(read) == serialize(message)


LENIENT: dict[str, tuple[bytes, tuple[tuple[str, str], ...]]] = {
    "compact and odd spellings": (
        lines(GOOD[0], "v : SIP/2.0/UDP h;branch=z9hG4bKa", "f:<sip:a@b>;tag=1", *REST[1:]),
        (("Via", "SIP/2.0/UDP h;branch=z9hG4bKa"), ("From", "<sip:a@b>;tag=1")),
    ),
    "folded lines": (
        lines(*GOOD, "Subject: I know\r\n  you're there", "\tpick up"),
        (("Subject", "I know you're there pick up"),),
    ),
    "white space around values": (
        lines(*GOOD, "SUBJECT:\t  hello \t"),
        (("Subject", "hello"),),
    ),
    "blank lines before the start (§7.5)": (b"\r\n\r\n" + lines(*GOOD), ()),
    "a version in lower case (§7.1)": (lines("INVITE sip:c@d sip/2.0", *GOOD[1:]), ()),
    "a NUL as a quoted pair (RFC 4475 §3.1.1.2)": (
        lines(*GOOD[:3], 'To: "a\\\0b" <sip:c@d>', *GOOD[4:]),
        (("To", '"ab" <sip:c@d>'),),
    ),
    "no Max-Forwards, as RFC 2543 elements do": (lines(*GOOD), ()),
    "no space after the status code": (
        lines("SIP/2.0 200", *GOOD[1:]),
        (),
    ),
}


@pytest.mark.parametrize(("data", "has"), LENIENT.values(), ids=LENIENT.keys())
def test_what_others_write_is_read(data: bytes, has: tuple[tuple[str, str], ...]) -> None:
    message = parse(data)
    assert not isinstance(message, Refusal), message
    assert set(has) <= set(message.headers)


def test_as_many_fields_as_there_may_be() -> None:
    message = parse(lines(*GOOD, *["X-Y: z"] * (MAX_HEADERS - 5)))
    assert not isinstance(message, Refusal)
    assert len(message.headers) == MAX_HEADERS


def test_surplus_bytes_are_not_the_body() -> None:
    """§18.3: what follows Content-Length bytes in a datagram is discarded."""
    message = parse(lines(*GOOD, "l: 3", body=b"abcdef"))
    assert not isinstance(message, Refusal)
    assert message.body == b"abc"


def test_without_content_length_the_body_is_all_the_rest() -> None:
    message = parse(lines(*GOOD, body=b"abcdef"))
    assert not isinstance(message, Refusal)
    assert message.body == b"abcdef"


REFUSED: dict[str, tuple[bytes, int, bool]] = {
    # name: data, status, whether an answer can be built
    "a body shorter than announced": (lines(*GOOD, "Content-Length: 9"), 400, True),
    "a negative length": (lines(*GOOD, "Content-Length: -999"), 400, True),
    "a length beyond all bounds": (lines(*GOOD, f"l: {'9' * 5000}"), 400, True),
    "two lengths": (lines(*GOOD, "l: 0", "Content-Length: 0"), 400, True),
    "another version": (lines("INVITE sip:c@d SIP/7.0", *GOOD[1:]), 505, True),
    "two spaces in the start line": (
        lines("INVITE  sip:c@d SIP/2.0", *GOOD[1:]),
        400,
        True,
    ),
    "a space in the Request-URI": (
        lines("INVITE sip:c@d; lr SIP/2.0", *GOOD[1:]),
        400,
        True,
    ),
    "a space after the version": (lines(GOOD[0] + " ", *GOOD[1:]), 400, True),
    "a Request-URI in brackets": (lines("INVITE <sip:c@d> SIP/2.0", *GOOD[1:]), 400, True),
    "no URI": (lines("INVITE SIP/2.0", *GOOD[1:]), 400, True),
    "no Call-ID": (lines(*GOOD[:4], GOOD[5]), 400, True),
    "nothing but a Via": (lines(*GOOD[:2]), 400, True),
    "a header in the Request-URI": (
        lines("INVITE sip:c?@d?Route=%3Csip:x%3E SIP/2.0", *GOOD[1:]),
        400,
        True,
    ),
    "no Via": (lines(GOOD[0], *REST), 400, False),
    "a parameter whose name is no token": (
        lines(GOOD[0], 'Via: SIP/2.0/UDP h;"ranch=z9hG4bKa;rport', *REST),
        400,
        True,
    ),
    "a Via without a host": (lines(GOOD[0], "Via: SIP/2.0/UDP ;;", *REST), 400, False),
    "an empty Via parameter": (
        lines(GOOD[0], "Via: SIP/2.0/UDP h;;,;,,", *REST),
        400,
        True,
    ),
    "a Via port beyond 65535": (
        lines(GOOD[0], "Via: SIP/2.0/UDP h:65536;branch=z9hG4bKa", *REST),
        400,
        False,
    ),
    "two From": (lines(*GOOD, "f: <sip:x@y>;tag=2"), 400, True),
    "two CSeq": (lines(*GOOD, "CSeq: 2 INVITE"), 400, True),
    "two tags in one From": (
        lines(*GOOD[:2], "From: <sip:a@b>;tag=1;tag=2", *GOOD[3:]),
        400,
        True,
    ),
    "a CSeq of another method": (lines(*GOOD[:5], "CSeq: 1 BYE"), 400, True),
    "a CSeq beyond 2**31": (lines(*GOOD[:5], "CSeq: 2147483648 INVITE"), 400, True),
    "a CSeq of a thousand digits": (
        lines(*GOOD[:5], f"CSeq: {'1' * 5000} INVITE"),
        400,
        True,
    ),
    "a CSeq of other digits": (lines(*GOOD[:5], "CSeq: \u0661 INVITE"), 400, True),
    "unbalanced quotes in To": (lines(*GOOD[:3], 'To: "x <sip:c@d>', *GOOD[4:]), 400, True),
    "unbalanced brackets in To": (lines(*GOOD[:3], "To: <sip:c@d", *GOOD[4:]), 400, True),
    "a From without a scheme": (
        lines(*GOOD[:2], "From: <a@b>;tag=1", *GOOD[3:]),
        400,
        True,
    ),
    "a To whose scheme is none": (lines(*GOOD[:3], "To: <+1:c@d>", *GOOD[4:]), 400, True),
    "a line without a colon": (lines(*GOOD, "nonsense"), 400, True),
    "a name that is no token": (lines(*GOOD, "a b: c"), 400, True),
    "a line end that is only LF": (lines(*GOOD, "Subject: a\nb"), 400, True),
    "a line end that is only CR": (lines(*GOOD, "Subject: a\rb"), 400, True),
    "a NUL": (lines(*GOOD, "Subject: a\0b"), 400, True),
    "a NUL where an answer would repeat it": (
        lines(*GOOD[:2], "From: <sip:c\0@d>;tag=1", *GOOD[3:]),
        400,
        True,
    ),
    "a long line": (lines(*GOOD, "Subject: " + "x" * MAX_LINE), 400, True),
    "a long Request-URI": (
        lines(f"INVITE sip:{'x' * MAX_LINE}@d SIP/2.0", *GOOD[1:]),
        414,
        True,
    ),
    "one field too many": (lines(*GOOD, *["X-Y: z"] * (MAX_HEADERS - 4)), 400, True),
    "a huge head": (lines(*GOOD, *["X: " + "y" * 8000] * 9), 513, False),
    "no end of the head": (lines(*GOOD)[:-2], 400, True),
    "an ACK, which has no answer": (
        lines("ACK sip:c@d SIP/7.0", *GOOD[1:5], "CSeq: 1 ACK"),
        505,
        False,
    ),
    "a status beyond 699": (lines("SIP/2.0 700 Strange", *GOOD[1:]), 400, False),
    "a status of ten digits": (lines("SIP/2.0 4294967301 Big", *GOOD[1:]), 400, False),
    "a response without a branch": (
        lines("SIP/2.0 200 OK", "Via: SIP/2.0/UDP h", *REST),
        400,
        False,
    ),
    "nothing": (b"", 400, False),
    "a keep-alive": (b"\r\n\r\n", 400, False),
    "no SIP at all": (b"\x16\x03\x01\x02\x00\x01\x00", 400, False),
}


@pytest.mark.parametrize(
    ("data", "status", "answerable"), REFUSED.values(), ids=REFUSED.keys()
)
def test_what_is_wrong_is_refused(data: bytes, status: int, answerable: bool) -> None:
    refusal = parse(data)
    assert isinstance(refusal, Refusal)
    assert refusal.status == status
    answer = response_to_refused(refusal, to_tag="ours")
    assert (answer is not None) == answerable
    if answer is not None:
        assert serialize(answer).startswith(b"SIP/2.0 %d " % status)
        assert ";tag=ours" in (answer.headers.first("To") or ";tag=ours")


@pytest.mark.parametrize("evil", ["a\r\nb", "a\nb", "a\rb", "a\0b"])
def test_no_value_makes_a_line(evil: str) -> None:
    for message in (
        request("BYE", ("Subject", evil)),
        response(200, evil),
        Request("BYE", f"sip:{evil}@h", Headers([VIA])),
        Request(evil, "sip:h", Headers([VIA])),
    ):
        with pytest.raises(InvalidState):
            serialize(message)


fragments = st.sampled_from(
    [
        *(line.encode() for line in GOOD),
        b"\r\n",
        b"\r\n\r\n",
        b"SIP/2.0 200 OK",
        b"CSeq: 99999999999 INVITE",
        b"l: 5",
        b"\r\n ",
        b"\0",
        b"\n",
        b'To: "',
        b"From: <",
        b"Via:",
        b":",
        b"\xff\xfe",
    ]
)


@given(st.one_of(st.binary(), st.lists(fragments | st.binary(max_size=6)).map(b"".join)))
def test_the_parser_is_total(data: bytes) -> None:
    message = parse(data)
    if isinstance(message, Refusal):
        answer = response_to_refused(message, to_tag="t")
        if answer is not None:
            serialize(answer)
    else:
        assert message.call_id
        assert message.from_.uri
        assert message.to.uri
        assert message.via.host
        assert message.cseq.number >= 0
        assert serialize(message)


@given(st.data())
def test_one_byte_changed_never_raises(data: st.DataObject) -> None:
    raw = bytearray(serialize(BOTH_WAYS["a request with a body"]))
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    message = parse(bytes(raw))
    if not isinstance(message, Refusal):
        assert serialize(message)


@pytest.mark.parametrize("piece", [",", ";", "<", '"', "\\", '"a",', "<a>,", "\r\n "])
@pytest.mark.parametrize("opening", ["", '"', "<"])
def test_hostile_text_takes_linear_time(piece: str, opening: str) -> None:
    """Each line as long as it may be. A quadratic reader needs seconds for it."""
    text = opening + (piece * 8000)[:8000]
    fields = ("Contact", "Route", "Record-Route", "Reason", "Supported")
    started = time.process_time()
    message = parse(lines(*GOOD, *[f"{name}: {text}" for name in fields]))
    if not isinstance(message, Refusal):
        for ask in ("contacts", "route", "record_route", "reasons", "supported"):
            with contextlib.suppress(MalformedMessage):
                getattr(message, ask)
    assert time.process_time() - started < 0.25


texts = st.text(st.characters(codec="utf-8", exclude_characters="\r\n\0"), max_size=40).map(
    lambda text: text.strip(" \t")
)


@given(
    st.lists(
        st.tuples(st.from_regex(r"X-[A-Za-z0-9]{1,20}", fullmatch=True), texts), max_size=8
    ),
    st.binary(max_size=100),
)
def test_any_value_survives_the_wire(items: list[tuple[str, str]], body: bytes) -> None:
    message = request("INFO", *items, body=body)
    read = parse(serialize(message))
    assert not isinstance(read, Refusal)
    assert list(read.headers)[:-1] == list(message.headers)
    assert read.body == body
