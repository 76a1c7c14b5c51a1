"""What the body of a message says: a description, a key, or nothing we understand.

RFC 3261 §8.2.3 (which bodies are refused, and how), RFC 5621 (multipart and handling),
and the INFO bodies that gateways send for keys.
"""

import re
from dataclasses import dataclass
from typing import Final

from b2bua.core.errors import ProtocolError
from b2bua.sip.dialog.terms import ACCEPTED_BODIES
from b2bua.sip.message.errors import MalformedMessage
from b2bua.sip.message.message import Request, Response
from b2bua.sip.message.multipart import SDP, body_of_type
from b2bua.sip.sdp.description import SessionDescription
from b2bua.sip.sdp.errors import MalformedDescription
from b2bua.sip.sdp.parser import parse_description

_SIGNAL: Final = re.compile(r"^\s*Signal\s*=\s*(\S{1,8})\s*$", re.IGNORECASE | re.MULTILINE)
_DURATION: Final = re.compile(
    r"^\s*Duration\s*=\s*([0-9]{1,5})", re.IGNORECASE | re.MULTILINE
)
_KEYS: Final = "0123456789*#ABCD"
_NUMBERED: Final = {"10": "*", "11": "#", "12": "A", "13": "B", "14": "C", "15": "D"}


class Unsuitable(ProtocolError):
    """A request whose body we cannot take, and how it is answered."""

    def __init__(self, status: int, reason: str, *headers: tuple[str, str]) -> None:
        super().__init__(f"{status} {reason}")
        self.status = status
        self.reason = reason
        self.headers = headers


@dataclass(frozen=True, slots=True)
class Key:
    """A pressed key."""

    digit: str
    duration_ms: int


def description_of(message: Request | Response) -> SessionDescription | None:
    """The description a message carries, or None if it has no body.

    Raises :class:`Unsuitable`.
    """
    if not message.body:
        return None
    encoding = (message.headers.first("Content-Encoding") or "identity").strip().lower()
    if encoding != "identity":
        raise Unsuitable(415, "Unsupported Media Type", ("Accept-Encoding", "identity"))
    data = _description_part(message)
    if data is None:
        return None
    try:
        return parse_description(data)
    except MalformedDescription as error:
        warning = ("Warning", '399 - "The session description cannot be understood"')
        raise Unsuitable(error.status, "Malformed Description", warning) from error


def readable_description(message: Request | Response) -> SessionDescription | None:
    """The description a message carries, None also when it cannot be understood."""
    try:
        return description_of(message)
    except Unsuitable:
        return None


def _description_part(message: Request | Response) -> bytes | None:
    try:
        data = body_of_type(message, SDP)
    except MalformedMessage as error:
        raise Unsuitable(error.status, error.reason) from error
    if data is None and not _optional(message):
        raise Unsuitable(415, "Unsupported Media Type", ("Accept", ACCEPTED_BODIES))
    return data


def _optional(message: Request | Response) -> bool:
    """Whether a body may be passed over (RFC 5621 §8)."""
    disposition = message.headers.first("Content-Disposition") or ""
    return (
        message.content_type.startswith("multipart/")
        or "handling=optional" in disposition.replace(" ", "").lower()
    )


def key_of(request: Request) -> Key | None:
    """The key an INFO carries; None if it has no body or no key we know.

    Raises :class:`Unsuitable` for another kind of body.
    """
    if request.headers.first("Info-Package") is not None:
        raise Unsuitable(469, "Bad Info Package", ("Recv-Info", ""))
    if not request.body:
        return None
    text = request.body.decode("utf-8", "replace")
    match request.content_type:
        case "application/dtmf-relay":
            signal = _SIGNAL.search(text)
            duration = _DURATION.search(text)
            return _key(signal[1] if signal else "", int(duration[1]) if duration else 250)
        case "application/dtmf":
            signal = _SIGNAL.search(text)
            return _key(signal[1] if signal else text.strip(), 250)
        case _:
            raise Unsuitable(415, "Unsupported Media Type", ("Accept", ACCEPTED_BODIES))


def _key(text: str, duration_ms: int) -> Key | None:
    digit = _NUMBERED.get(text, text).upper()
    return Key(digit, duration_ms) if len(digit) == 1 and digit in _KEYS else None
