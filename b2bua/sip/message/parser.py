"""Bytes to messages. Total: any bytes give a message or a :class:`Refusal`.

The head is decoded once and cut into lines; of the fields only those that every layer
needs are read here (RFC 3261 §8.1.1). Text that is not UTF-8 survives unchanged, as
surrogate escapes, so that what is echoed is exact. Bytes beyond Content-Length are
ignored, and fewer are an error (§18.3).
"""

from dataclasses import dataclass
from typing import Final

from b2bua.sip.message.errors import MalformedMessage
from b2bua.sip.message.grammar import BRANCH, SCHEME, TOKEN
from b2bua.sip.message.headers import Headers, canonical_name
from b2bua.sip.message.message import Request, Response, read_required, top_via
from b2bua.sip.message.method import METHODS
from b2bua.sip.message.recall import recalled
from b2bua.sip.message.scanner import parse_number

MAX_LINE: Final = 8192
MAX_HEADERS: Final = 256
MAX_HEAD: Final = 65536
MAX_METHOD: Final = 64

ECHOED: Final = ("Via", "From", "To", "Call-ID", "CSeq")
"""What a response copies from its request (§8.2.6.2)."""

_ONCE: Final = (
    "From",
    "To",
    "Call-ID",
    "CSeq",
    "Max-Forwards",
    "Content-Length",
    "Content-Type",
    "RSeq",
    "RAck",
    "Session-Expires",
    "Expires",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Bytes that are no acceptable message."""

    status: int
    """What to answer if they were a request."""
    reason: str
    method: str = ""
    """The method if the start line was a request's; else empty."""
    echo: Headers | None = None
    """Via, and as many of From, To, Call-ID and CSeq as there are, for the answer. None: no
    answer is possible, as it was a response, an ACK, or has no Via that says from where."""


def parse(data: bytes) -> Request | Response | Refusal:
    """Read one message that is the whole of a datagram, or was cut from a stream."""
    head, blank, body = data.lstrip(b"\r\n").partition(b"\r\n\r\n")
    if len(head) > MAX_HEAD:
        return Refusal(status=513, reason="Message Too Large")
    text = head.decode("utf-8", "surrogateescape")
    if "\0" in text:
        # A quoted-pair may hold a NUL (RFC 4475 §3.1.1.2). Departs from §25.1: it is
        # dropped, because no text of ours ever holds one; any other NUL is refused.
        text = text.replace("\\\0", "")
    start, *lines = text.split("\r\n")
    breaks = len(lines)
    if "\n " in text or "\n\t" in text:
        lines = _unfold(lines)
    items, fault = _fields(lines)
    headers = Headers.of_canonical(items)
    try:
        message = _start(start, headers)
        if fault is not None:
            raise MalformedMessage(fault)
        if not blank:
            raise MalformedMessage("Unfinished Message")
        _check_text(text, breaks, start, lines)
        _check_fields(message)
        message.body = _cut_body(headers, body)
    except MalformedMessage as malformed:
        return _refuse(malformed, start, headers)
    return message


def _unfold(lines: list[str]) -> list[str]:
    """Join continuation lines, as if each fold were one space (§7.3.1)."""
    joined: list[list[str]] = []
    for line in lines:
        if line[:1] in (" ", "\t") and joined:
            joined[-1].append(line.strip(" \t"))
        else:
            joined.append([line])
    return [" ".join(parts) for parts in joined]


def _fields(lines: list[str]) -> tuple[list[tuple[str, str]], str | None]:
    """The fields of the lines, and what is wrong with a line that is none."""
    items: list[tuple[str, str]] = []
    fault: str | None = None
    for line in lines if len(lines) <= MAX_HEADERS else lines[:MAX_HEADERS]:
        try:
            items.append(_field(line))
        except MalformedMessage as malformed:
            fault = malformed.reason
    return items, fault


@recalled
def _field(line: str) -> tuple[str, str]:
    """Canonical name and value of one line."""
    name, colon, value = line.partition(":")
    return canonical_name(name if colon else ""), value.strip(" \t")


def _start(line: str, headers: Headers) -> Request | Response:
    """A message without a body yet, from its start line (§7.1, §7.2)."""
    first, _, rest = line.partition(" ")
    if first == "SIP/2.0" or first.upper() == "SIP/2.0":
        code, _, reason = rest.partition(" ")
        if len(code) != 3 or not "100" <= code <= "699":
            raise MalformedMessage("Bad Status Line")
        return Response(parse_number(code), reason, headers)
    uri, _, version = rest.partition(" ")
    if first not in METHODS and (len(first) > MAX_METHOD or not TOKEN.fullmatch(first)):
        raise MalformedMessage("Bad Request Line")
    if version != "SIP/2.0" and version.upper() != "SIP/2.0":
        if version[:4].upper() == "SIP/" and " " not in version:
            raise MalformedMessage("Version Not Supported", 505)
        raise MalformedMessage("Bad Request Line")
    _check_scheme(uri)
    if "?" in uri and "?" in uri.rpartition("@")[2]:
        raise MalformedMessage("Header in Request-URI")
    return Request(first, uri, headers)


def _check_text(text: str, breaks: int, start: str, lines: list[str]) -> None:
    """Bounds, and no line end but CRLF: another element might see other lines."""
    if text.count("\r") != breaks or text.count("\n") != breaks or "\0" in text:
        raise MalformedMessage("Control Character in Header")
    if len(lines) > MAX_HEADERS:
        raise MalformedMessage("Too Many Headers")
    if len(text) > MAX_LINE:
        if len(start) > MAX_LINE:
            raise MalformedMessage("Request-URI Too Long", 414)
        if any(len(line) > MAX_LINE for line in lines):
            raise MalformedMessage("Header Line Too Long")


def _check_fields(message: Request | Response) -> None:
    """Read what every layer takes for granted (§8.1.1)."""
    headers = message.headers
    if headers.distinct != len(headers):
        names = [name for name, _ in headers]
        for name in _ONCE:
            if names.count(name) > 1:
                raise MalformedMessage(f"Repeated {name}")
    cseq, via = read_required(headers)
    if isinstance(message, Request):
        if cseq.method != message.method:
            raise MalformedMessage("CSeq Method Mismatch")
    elif not via.branch:
        raise MalformedMessage("Response Without Branch")
    _check_scheme(message.from_.uri)
    _check_scheme(message.to.uri)


def _check_scheme(uri: str) -> None:
    """Refuse what names no scheme; another than ours is for the layers above to judge."""
    if not uri.startswith(("sip:", "sips:", "tel:")):
        scheme, colon, _ = uri.partition(":")
        if not colon or SCHEME.fullmatch(scheme) is None:
            raise MalformedMessage("URI Without Scheme")


def _cut_body(headers: Headers, body: bytes) -> bytes:
    """As much of ``body`` as Content-Length says; all of it without one (§18.3)."""
    value = headers.first("Content-Length")
    if value is None:
        return body
    length = parse_number(value)
    if length > len(body):
        raise MalformedMessage("Content-Length Too Large")
    return body[:length]


def _refuse(malformed: MalformedMessage, start: str, headers: Headers) -> Refusal:
    """Say what was wrong, and keep what an answer needs if there is enough of it."""
    method = start.partition(" ")[0]
    if method.upper() == "SIP/2.0" or TOKEN.fullmatch(method) is None:
        return Refusal(status=malformed.status, reason=malformed.reason)
    return Refusal(
        status=malformed.status,
        reason=malformed.reason,
        method=method,
        echo=None if method == "ACK" else _echo(headers),
    )


def _echo(headers: Headers) -> Headers | None:
    """What an answer copies (§8.2.6.2), as far as it is there and harmless.

    A request that lacks some of it is answered all the same (RFC 4475 §3.3.1): silence
    would have the peer repeat it for 32 s.
    """
    items: list[tuple[str, str]] = []
    for name in ECHOED:
        values = headers.all(name) if name == "Via" else headers.all(name)[:1]
        items += [(name, value) for value in values if _is_harmless(value)]
    echo = Headers.of_canonical(items)
    try:
        top_via(echo)
    except MalformedMessage:
        return _salvaged(items)
    return echo


def _salvaged(items: list[tuple[str, str]]) -> Headers | None:
    """The same where the topmost Via cannot be read, with what is plain of it.

    Sent-by says where an answer goes, and the branch what it is matched by.
    """
    name, via = items[0] if items else ("", "")
    hop, _, parameters = via.partition(";")
    branch = BRANCH.search(f";{parameters}")
    plain = f"{hop};branch={branch[1]}" if branch else hop
    echo = Headers.of_canonical([(name, plain), *items[1:]])
    try:
        top_via(echo)
    except MalformedMessage:
        return None
    return echo


def _is_harmless(value: str) -> bool:
    return len(value) <= MAX_LINE and _UNSAFE.isdisjoint(value)


_UNSAFE: Final = frozenset("\r\n\0")
