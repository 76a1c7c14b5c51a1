"""Cursor functions over a header value: lists, parameters, quoted strings, numbers.

``parse_x`` reads, ``format_x`` is its reverse. Every function is total on any text: a
value, or :class:`MalformedMessage`.
"""

from collections.abc import Mapping
from typing import Final, Literal

from b2bua.sip.message.errors import MalformedMessage
from b2bua.sip.message.grammar import (
    HOST,
    IPV6,
    QUOTED_PAIR,
    QUOTED_STRING,
    SEPARATED,
    TOKEN,
    UNQUOTED_VALUE,
)

_SEEN: Final = frozenset(
    ["branch", "rport", "received", "tag", "lr", "transport", "user", "expires", "q"]
)
"""Names of parameters that need no look."""

MAX_NUMBER = 2**32 - 1
"""The greatest delta-seconds, and the default bound of any number (RFC 3261 §20.19)."""


def split(text: str, separator: Literal[",", ";"]) -> list[str]:
    """Split at ``separator`` outside quoted strings and ``<…>``; pieces are stripped.

    One pass: what is not closed runs to the end, for the reader of the piece to refuse.
    """
    if '"' not in text and "<" not in text:
        return [piece.strip(" \t") for piece in text.split(separator)]
    pieces: list[str] = []
    start = 0
    for match in SEPARATED[separator].finditer(text):
        if match[1]:
            pieces.append(text[start : match.start()].strip(" \t"))
            start = match.end()
    pieces.append(text[start:].strip(" \t"))
    return pieces


def parse_parameters(text: str) -> dict[str, str]:
    """Read ``;name=value;flag`` to the end: names in lower case, a flag is empty.

    A name that comes twice is refused: two elements could each see another one.
    """
    if not text:
        return {}
    before, *pieces = split(text, ";") if '"' in text else text.split(";")
    if before.strip(" \t"):
        raise MalformedMessage("Text Before Parameters")
    parameters: dict[str, str] = {}
    for piece in pieces:
        name, _, value = piece.partition("=")
        name = name.strip(" \t").lower()
        value = value.strip(" \t")
        if not name or name in parameters:
            raise MalformedMessage("Empty or Repeated Parameter")
        if name not in _SEEN and TOKEN.fullmatch(name) is None:
            raise MalformedMessage("Bad Parameter")
        if value[:1] == '"':
            value = parse_quoted(value)
        parameters[name] = value
    return parameters


def format_parameters(parameters: Mapping[str, str]) -> str:
    """``;name=value`` for each, quoted where it must be."""
    return "".join(
        f";{name}={format_value(value)}" if value else f";{name}"
        for name, value in parameters.items()
    )


def format_value(value: str) -> str:
    """A parameter's value, quoted unless it is a token or a host."""
    return value if UNQUOTED_VALUE.fullmatch(value) else format_quoted(value)


def parse_quoted(text: str) -> str:
    """The content of a quoted string that is the whole of ``text``."""
    match = QUOTED_STRING.fullmatch(text)
    if match is None:
        raise MalformedMessage("Unbalanced Quotes")
    content = match[1]
    return QUOTED_PAIR.sub(r"\1", content) if "\\" in content else content


def format_quoted(text: str) -> str:
    """``text`` as a quoted string."""
    if "\\" in text or '"' in text:
        text = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'


def parse_number(text: str, maximum: int = MAX_NUMBER) -> int:
    """A non-negative decimal number of bounded length."""
    if not (text.isascii() and text.isdigit()) or len(text) > 10:
        raise MalformedMessage("Bad Number")
    number = int(text)
    if number > maximum:
        raise MalformedMessage("Number Too Large")
    return number


def parse_token(text: str) -> str:
    """A token that is the whole of ``text``."""
    if TOKEN.fullmatch(text) is None:
        raise MalformedMessage("Bad Token")
    return text


def parse_host_port(text: str) -> tuple[str, int | None]:
    """``host``, ``host:port``, ``[v6]:port``: the host without brackets, lower case.

    Three colons are read as two: by the grammar of §25.1 they were right (RFC 5118 §4.10).
    """
    if text[:1] == "[":
        host, bracket, rest = text[1:].partition("]")
        if not bracket or IPV6.fullmatch(host) is None or (rest and rest[0] != ":"):
            raise MalformedMessage("Bad Host")
        host = host.replace(":::", "::")
        port = rest[1:].strip(" \t")
        if rest and not port:
            raise MalformedMessage("Bad Port")
    else:
        host, colon, port = text.partition(":")
        host, port = host.rstrip(" \t"), port.strip(" \t")
        if HOST.fullmatch(host) is None or (colon and not port):
            raise MalformedMessage("Bad Host")
    return host.lower(), parse_number(port, 65535) if port else None


def format_host_port(host: str, port: int | None) -> str:
    """The reverse of :func:`parse_host_port`."""
    if ":" in host:
        host = f"[{host}]"
    return host if port is None else f"{host}:{port}"
