"""The other typed fields: CSeq, RAck, Session-Expires, Reason, and simple lists."""

from typing import Literal, TypeAlias

import msgspec

from b2bua.sip.message.errors import MalformedMessage
from b2bua.sip.message.grammar import TOKEN
from b2bua.sip.message.method import METHODS
from b2bua.sip.message.recall import recalled
from b2bua.sip.message.scanner import (
    format_quoted,
    parse_number,
    parse_parameters,
    parse_token,
)

MAX_SEQUENCE = 2**31 - 1
"""The greatest CSeq (RFC 3261 §8.1.1.5)."""

Refresher: TypeAlias = Literal["uac", "uas"]


class CSeq(msgspec.Struct, frozen=True):
    """Names a request within its dialog (§20.16)."""

    number: int
    method: str

    def __str__(self) -> str:
        return f"{self.number} {self.method}"


@recalled
def parse_cseq(text: str) -> CSeq:
    """Read a CSeq value."""
    number, _, method = text.partition(" ")
    if method not in METHODS:
        number, method = _two_words(text)
        if TOKEN.fullmatch(method) is None:
            raise MalformedMessage("Bad CSeq")
    return CSeq(parse_number(number, MAX_SEQUENCE), method)


class RAck(msgspec.Struct, frozen=True, kw_only=True):
    """Names the reliable provisional response that a PRACK acknowledges (RFC 3262 §7.2)."""

    rseq: int
    cseq: int
    method: str

    def __str__(self) -> str:
        return f"{self.rseq} {self.cseq} {self.method}"


def parse_rack(text: str) -> RAck:
    """Read a RAck value."""
    words = text.split()
    if len(words) != 3:
        raise MalformedMessage("Bad RAck")
    return RAck(
        rseq=parse_number(words[0]),
        cseq=parse_number(words[1], MAX_SEQUENCE),
        method=parse_token(words[2]),
    )


class SessionExpires(msgspec.Struct, frozen=True):
    """How long a session lives without a refresh, and who refreshes (RFC 4028 §4)."""

    seconds: int
    refresher: Refresher | None = None

    def __str__(self) -> str:
        return (
            f"{self.seconds};refresher={self.refresher}"
            if self.refresher
            else f"{self.seconds}"
        )


def parse_session_expires(text: str) -> SessionExpires:
    """Read a Session-Expires value."""
    seconds, parameters = _delta_seconds(text)
    match parameters.get("refresher", "").lower():
        case "":
            return SessionExpires(seconds)
        case "uac":
            return SessionExpires(seconds, "uac")
        case "uas":
            return SessionExpires(seconds, "uas")
        case _:
            raise MalformedMessage("Bad Session-Expires")


def parse_seconds(text: str) -> int:
    """Read delta-seconds, with a comment or parameters after it (§20.33, RFC 4028 §5)."""
    return _delta_seconds(text.partition("(")[0])[0]


class ReasonValue(msgspec.Struct, frozen=True, kw_only=True):
    """One value of a Reason header field (RFC 3326)."""

    protocol: str
    """As written: ``Q.850``, ``SIP``."""
    cause: int | None = None
    text: str = ""

    def __str__(self) -> str:
        value = self.protocol
        if self.cause is not None:
            value += f";cause={self.cause}"
        if self.text:
            value += f";text={format_quoted(self.text)}"
        return value


def parse_reason(text: str) -> ReasonValue:
    """Read one Reason value."""
    protocol, semicolon, rest = text.partition(";")
    parameters = parse_parameters(semicolon + rest)
    cause = parameters.get("cause")
    return ReasonValue(
        protocol=parse_token(protocol.strip(" \t")),
        cause=None if not cause else parse_number(cause),
        text=parameters.get("text", ""),
    )


def _delta_seconds(text: str) -> tuple[int, dict[str, str]]:
    seconds, semicolon, rest = text.partition(";")
    return parse_number(seconds.strip(" \t")), parse_parameters(semicolon + rest)


def _two_words(text: str) -> tuple[str, str]:
    words = text.split()
    if len(words) != 2:
        raise MalformedMessage("Bad CSeq")
    return words[0], words[1]
