"""Request and Response: a start line, header fields that are read when asked, a body.

``via``, ``from_``, ``to``, ``call_id`` and ``cseq`` never fail on a message that came from
:func:`~b2bua.sip.message.parser.parse`. Every other typed property may raise
:class:`MalformedMessage`; each is parsed once and kept until the headers change.
"""

from collections.abc import Callable
from itertools import chain
from typing import TypeAlias, TypeVar

from b2bua.sip.message.address import NameAddress, parse_name_address
from b2bua.sip.message.errors import MalformedMessage
from b2bua.sip.message.fields import (
    CSeq,
    RAck,
    ReasonValue,
    SessionExpires,
    parse_cseq,
    parse_rack,
    parse_reason,
    parse_seconds,
    parse_session_expires,
)
from b2bua.sip.message.headers import Headers
from b2bua.sip.message.recall import recalled
from b2bua.sip.message.scanner import parse_number, parse_parameters, split
from b2bua.sip.message.status import phrase
from b2bua.sip.message.via import Via, parse_via

T = TypeVar("T")


class Fields:
    """The typed header fields that requests and responses have in common."""

    __slots__ = ("body", "headers")

    headers: Headers
    body: bytes

    @property
    def call_id(self) -> str:
        """The Call-ID, compared octet by octet (§20.8)."""
        return self.required("Call-ID")

    @property
    def cseq(self) -> CSeq:
        """The CSeq (§20.16)."""
        return self.headers.parsed("CSeq", _cseq)

    @property
    def via(self) -> Via:
        """The topmost Via."""
        return self.headers.parsed("Via top", top_via)

    @property
    def vias(self) -> tuple[Via, ...]:
        """Every Via, topmost first."""
        return self.headers.parsed("Via", _vias)

    @property
    def from_(self) -> NameAddress:
        """Who sends the request (§20.20)."""
        return self.headers.parsed("From", _from)

    @property
    def to(self) -> NameAddress:
        """Whom the request was first sent to (§20.39)."""
        return self.headers.parsed("To", _to)

    @property
    def contacts(self) -> tuple[NameAddress, ...]:
        """Every Contact (§20.10)."""
        return self._addresses("Contact")

    @property
    def route(self) -> tuple[NameAddress, ...]:
        """The Route set; its raw text is ``headers.values("Route")``."""
        return self._addresses("Route")

    @property
    def record_route(self) -> tuple[NameAddress, ...]:
        """Record-Route; its raw text is ``headers.values("Record-Route")``."""
        return self._addresses("Record-Route")

    @property
    def diversions(self) -> tuple[NameAddress, ...]:
        """Every Diversion, the latest first (RFC 5806)."""
        return self._addresses("Diversion")

    @property
    def asserted_identity(self) -> tuple[str, ...]:
        """The URIs of P-Asserted-Identity, sip: and tel: (RFC 3325 §9.1)."""
        return tuple(value.uri for value in self._addresses("P-Asserted-Identity"))

    @property
    def called_party(self) -> NameAddress | None:
        """P-Called-Party-ID (RFC 7315 §4.2)."""
        value = self.headers.first("P-Called-Party-ID")
        return None if value is None else parse_name_address(value)

    @property
    def privacy(self) -> tuple[str, ...]:
        """The values of Privacy, lower case (RFC 3323 §4.2)."""
        return tuple(
            value.lower()
            for line in self.headers.all("Privacy")
            for value in split(line.replace(",", ";"), ";")
            if value
        )

    @property
    def early_media(self) -> tuple[str, ...]:
        """The values of P-Early-Media, lower case (RFC 5009 §8)."""
        return self._words("P-Early-Media", _lower_words)

    @property
    def max_forwards(self) -> int | None:
        """How many more hops are allowed, 0 to 255 (§20.22)."""
        return self._number("Max-Forwards", 255)

    @property
    def expires(self) -> int | None:
        """Seconds (§20.19)."""
        return self._number("Expires")

    @property
    def lifetime(self) -> int | None:
        """Expires of an INVITE (§13.3.1); what cannot be read limits nothing (§8.2.2)."""
        try:
            return self.expires
        except MalformedMessage:
            return None

    @property
    def rseq(self) -> int | None:
        """The number of a reliable provisional response (RFC 3262 §7.1)."""
        return self._number("RSeq")

    @property
    def rack(self) -> RAck | None:
        """What a PRACK acknowledges (RFC 3262 §7.2)."""
        value = self.headers.first("RAck")
        return None if value is None else parse_rack(value)

    @property
    def session_expires(self) -> SessionExpires | None:
        """The session interval and who refreshes (RFC 4028 §4)."""
        value = self.headers.first("Session-Expires")
        return None if value is None else parse_session_expires(value)

    @property
    def min_se(self) -> int | None:
        """The smallest session interval allowed, in seconds (RFC 4028 §5)."""
        value = self.headers.first("Min-SE")
        return None if value is None else parse_seconds(value)

    @property
    def retry_after(self) -> int | None:
        """Seconds (§20.33)."""
        value = self.headers.first("Retry-After")
        return None if value is None else parse_seconds(value)

    @property
    def reasons(self) -> tuple[ReasonValue, ...]:
        """Every value of Reason (RFC 3326)."""
        return self._values("Reason", parse_reason)

    @property
    def require(self) -> tuple[str, ...]:
        """Option tags that must be understood, lower case (§20.32)."""
        return self._words("Require", _lower_words)

    @property
    def supported(self) -> tuple[str, ...]:
        """Option tags that the sender understands, lower case (§20.37)."""
        return self._words("Supported", _lower_words)

    @property
    def unsupported(self) -> tuple[str, ...]:
        """Option tags that were not understood, lower case (§20.40)."""
        return self._words("Unsupported", _lower_words)

    @property
    def allow(self) -> tuple[str, ...]:
        """Methods that the sender accepts, upper case (§20.5)."""
        return self._words("Allow", _upper_words)

    @property
    def accept(self) -> tuple[str, ...]:
        """Types of bodies that the sender accepts, lower case, without parameters."""
        return tuple(_media_type(value) for value in self.headers.values("Accept"))

    @property
    def content_type(self) -> str:
        """``type/subtype`` in lower case, without parameters; empty if there is none."""
        value = self.headers.first("Content-Type")
        return "" if value is None else _media_type(value)

    @property
    def content_type_parameters(self) -> dict[str, str]:
        """The parameters of Content-Type."""
        _, semicolon, rest = (self.headers.first("Content-Type") or "").partition(";")
        return parse_parameters(semicolon + rest)

    @property
    def event(self) -> str:
        """The event package, lower case, without parameters; or empty (RFC 6665)."""
        value = self.headers.first("Event") or ""
        return value.partition(";")[0].strip(" \t").lower()

    def required(self, name: str) -> str:
        """The raw value of a field that must be there."""
        return _required(self.headers, name)

    def _number(self, name: str, maximum: int = 2**32 - 1) -> int | None:
        value = self.headers.first(name)
        return None if value is None else parse_number(value, maximum)

    def _addresses(self, name: str) -> tuple[NameAddress, ...]:
        return self._values(name, parse_name_address)

    def _values(self, name: str, read: Callable[[str], T]) -> tuple[T, ...]:
        if name not in self.headers:
            return ()
        return self.headers.parsed(
            name, lambda headers: tuple(map(read, headers.values(name)))
        )

    def _words(self, name: str, read: Callable[[str], tuple[str, ...]]) -> tuple[str, ...]:
        if name not in self.headers:
            return ()
        return self.headers.parsed(
            name, lambda headers: tuple(chain(*map(read, headers.all(name))))
        )


class Request(Fields):
    """A request: a method and where it goes."""

    __slots__ = ("method", "uri")

    def __init__(self, method: str, uri: str, headers: Headers, body: bytes = b"") -> None:
        self.headers = headers
        self.body = body
        self.method = method
        self.uri = uri
        """The Request-URI as it stood, for :func:`~b2bua.sip.message.uri.parse_uri`."""

    @property
    def start_line(self) -> str:
        """The request line (§7.1)."""
        return f"{self.method} {self.uri} SIP/2.0"

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Request)
            and (self.method, self.uri, self.body) == (other.method, other.uri, other.body)
            and self.headers == other.headers
        )

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<{self.method} {self.uri} {self.headers.first('Call-ID')}>"


class Response(Fields):
    """A response: a status, and a phrase for people."""

    __slots__ = ("reason", "status")

    def __init__(
        self, status: int, reason: str | None, headers: Headers, body: bytes = b""
    ) -> None:
        self.headers = headers
        self.body = body
        self.status = status
        self.reason = phrase(status) if reason is None else reason

    @property
    def start_line(self) -> str:
        """The status line (§7.2)."""
        return f"SIP/2.0 {self.status} {self.reason}"

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Response)
            and (self.status, self.reason) == (other.status, other.reason)
            and self.body == other.body
            and self.headers == other.headers
        )

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<{self.status} {self.reason} {self.headers.first('CSeq')}>"


Message: TypeAlias = Request | Response


def read_required(headers: Headers) -> tuple[CSeq, Via]:
    """Read, once and for all, what no message is without (§8.1.1)."""
    cseq, via = parse_cseq(_required(headers, "CSeq")), top_via(headers)
    headers.keep("CSeq", cseq)
    headers.keep("Via top", via)
    headers.keep("From", parse_name_address(_required(headers, "From")))
    headers.keep("To", parse_name_address(_required(headers, "To")))
    _required(headers, "Call-ID")
    return cseq, via


def _required(headers: Headers, name: str) -> str:
    value = headers.first(name)
    if not value:
        raise MalformedMessage(f"Missing {name}")
    return value


@recalled
def _lower_words(line: str) -> tuple[str, ...]:
    return tuple(word.lower() for word in split(line, ",") if word)


@recalled
def _upper_words(line: str) -> tuple[str, ...]:
    return tuple(word.upper() for word in split(line, ",") if word)


def _media_type(value: str) -> str:
    return value.partition(";")[0].strip(" \t").lower()


def _cseq(headers: Headers) -> CSeq:
    return parse_cseq(_required(headers, "CSeq"))


def top_via(headers: Headers) -> Via:
    """The topmost Via of a header list."""
    value = _required(headers, "Via")
    return parse_via(split(value, ",")[0] if "," in value else value)


def _vias(headers: Headers) -> tuple[Via, ...]:
    return tuple(map(parse_via, headers.values("Via")))


def _from(headers: Headers) -> NameAddress:
    return parse_name_address(_required(headers, "From"))


def _to(headers: Headers) -> NameAddress:
    return parse_name_address(_required(headers, "To"))
