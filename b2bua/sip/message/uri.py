"""SIP and tel URIs: parse, write, compare (RFC 3261 §19.1, RFC 3966)."""

from collections.abc import Mapping
from typing import Final, Literal
from urllib.parse import quote, unquote_to_bytes

import msgspec

from b2bua.sip.message.errors import MalformedMessage
from b2bua.sip.message.grammar import BAD_ESCAPE, CONTROL
from b2bua.sip.message.recall import recalled
from b2bua.sip.message.scanner import format_host_port, parse_host_port

_USER_SAFE: Final = "-_.!~*'()&=+$,;?/"
_PASSWORD_SAFE: Final = "-_.!~*'()&=+$,"
_PARAMETER_SAFE: Final = "-_.!~*'()[]/:&+$"
_HEADER_SAFE: Final = "-_.!~*'()[]/?:+$"
_COMPARED: Final = ("user", "ttl", "method", "maddr", "transport")
"""URI parameters that never match an absent one (§19.1.4)."""


class SipUri(msgspec.Struct, frozen=True, kw_only=True):
    """A sip: or sips: URI. Every part is unescaped."""

    scheme: Literal["sip", "sips"] = "sip"
    user: str = ""
    """Empty: none. What follows a ``;`` in it is part of it (``+86…;npdi``)."""
    password: str = ""
    host: str
    """Lower case; IPv6 without brackets."""
    port: int | None = None
    parameters: Mapping[str, str] = msgspec.field(default_factory=dict)
    """Names in lower case; a flag is empty."""
    headers: tuple[tuple[str, str], ...] = ()

    @property
    def transport(self) -> str:
        """The transport parameter, lower case, or empty."""
        return self.parameters.get("transport", "").lower()

    def __str__(self) -> str:
        text = f"{self.scheme}:"
        if self.user:
            text += quote(self.user, _USER_SAFE)
            if self.password:
                text += ":" + quote(self.password, _PASSWORD_SAFE)
            text += "@"
        text += format_host_port(self.host, self.port)
        for name, value in self.parameters.items():
            text += ";" + quote(name, _PARAMETER_SAFE)
            if value:
                text += "=" + quote(value, _PARAMETER_SAFE)
        if self.headers:
            text += "?" + "&".join(
                f"{quote(name, _HEADER_SAFE)}={quote(value, _HEADER_SAFE)}"
                for name, value in self.headers
            )
        return text

    def matches(self, other: "SipUri") -> bool:
        """Whether both are the same by the rules of §19.1.4."""
        mine, theirs = self._comparable(), other._comparable()
        if mine != theirs:
            return False
        shared = self.parameters.keys() & other.parameters.keys()
        return all(
            self.parameters[name].lower() == other.parameters[name].lower()
            for name in shared
        )

    def _comparable(self) -> tuple[object, ...]:
        return (
            self.scheme,
            self.user,
            self.password,
            self.host,
            self.port,
            [name in self.parameters for name in _COMPARED],
            sorted((name.lower(), value) for name, value in self.headers),
        )


class TelUri(msgspec.Struct, frozen=True, kw_only=True):
    """A tel: URI."""

    number: str
    """Without visual separators; ``+`` first if it is global."""
    parameters: Mapping[str, str] = msgspec.field(default_factory=dict)
    """Names in lower case: ``phone-context``, ``ext``, ``isub`` …"""

    def __str__(self) -> str:
        text = f"tel:{self.number}"
        for name, value in self.parameters.items():
            text += f";{name}={quote(value, _PARAMETER_SAFE)}" if value else f";{name}"
        return text


@recalled
def parse_uri(text: str) -> SipUri | TelUri:
    """Read a URI. Raises :class:`MalformedMessage`: 416 for another scheme, else 400.

    A control character after unescaping is refused: ``4006000001%00`` must never be
    taken for ``4006000001``.
    """
    scheme, colon, rest = text.partition(":")
    if not colon:
        raise MalformedMessage("Bad URI")
    if not text.isascii() or " " in text or "<" in text or BAD_ESCAPE.search(text):
        raise MalformedMessage("Bad URI")
    match scheme.lower():
        case "sip":
            return _parse_sip("sip", rest)
        case "sips":
            return _parse_sip("sips", rest)
        case "tel":
            return _parse_tel(rest)
        case _:
            raise MalformedMessage("Unsupported URI Scheme", 416)


def _parse_sip(scheme: Literal["sip", "sips"], rest: str) -> SipUri:
    user_info, at, after = rest.rpartition("@")
    if "@" in user_info:
        raise MalformedMessage("Bad URI")
    user, colon, password = user_info.partition(":")
    if at and not user:
        raise MalformedMessage("Bad URI User")
    after, _, headers = after.partition("?")
    host_port, semicolon, parameters = after.partition(";")
    host, port = parse_host_port(host_port)
    return SipUri(
        scheme=scheme,
        user=unescape(user),
        password=unescape(password) if colon else "",
        host=host,
        port=port,
        parameters=_parse_parameters(parameters) if semicolon else {},
        headers=_parse_headers(headers) if headers else (),
    )


def _parse_tel(rest: str) -> TelUri:
    subscriber, semicolon, parameters = rest.partition(";")
    number = "".join(letter for letter in unescape(subscriber) if letter not in "-.()")
    digits = number.removeprefix("+")
    allowed = "0123456789" if number != digits else "0123456789ABCDEFabcdef*#"
    if not digits or digits.strip(allowed):
        raise MalformedMessage("Bad Telephone Number")
    return TelUri(
        number=number, parameters=_parse_parameters(parameters) if semicolon else {}
    )


def _parse_parameters(text: str) -> dict[str, str]:
    parameters: dict[str, str] = {}
    for piece in text.split(";"):
        name, _, value = piece.partition("=")
        name = unescape(name).lower()
        if not name or name in parameters:
            raise MalformedMessage("Bad URI Parameter")
        parameters[name] = unescape(value)
    return parameters


def _parse_headers(text: str) -> tuple[tuple[str, str], ...]:
    headers: list[tuple[str, str]] = []
    for piece in text.split("&"):
        name, equals, value = piece.partition("=")
        if not name or not equals:
            raise MalformedMessage("Bad URI Header")
        headers.append((unescape(name), unescape(value)))
    return tuple(headers)


def unescape(text: str) -> str:
    """Undo ``%`` escapes. Control characters and what is not UTF-8 are refused."""
    if "%" in text:
        try:
            text = unquote_to_bytes(text).decode("utf-8")
        except UnicodeDecodeError:
            raise MalformedMessage("Bad Escape in URI") from None
    if CONTROL.search(text) is not None:
        raise MalformedMessage("Control Character in URI")
    return text
