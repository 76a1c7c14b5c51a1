"""Name-addresses: From, To, Contact, Route, P-Asserted-Identity, Diversion (§20.10)."""

from collections.abc import Mapping

import msgspec

from b2bua.sip.message.errors import MalformedMessage
from b2bua.sip.message.grammar import QUOTED_STRING
from b2bua.sip.message.recall import recalled
from b2bua.sip.message.scanner import (
    format_parameters,
    format_quoted,
    parse_parameters,
    parse_quoted,
)


class NameAddress(msgspec.Struct, frozen=True, kw_only=True):
    """A URI with a display name and the parameters of its header field."""

    display: str = ""
    """Unquoted; empty if there is none."""
    uri: str
    """As it stood, not checked; ``*`` for a Contact that is one."""
    parameters: Mapping[str, str] = msgspec.field(default_factory=dict)
    """Of the header field, not of the URI: names in lower case, a flag is empty."""

    @property
    def tag(self) -> str:
        """The tag, or empty."""
        return self.parameters.get("tag", "")

    def __str__(self) -> str:
        text = f"<{self.uri}>{format_parameters(self.parameters)}"
        return f"{format_quoted(self.display)} {text}" if self.display else text


@recalled
def parse_name_address(text: str) -> NameAddress:
    """Read a name-addr or an addr-spec with its header parameters.

    Departs from §25.1: a display name without quotes may hold any character but a
    bracket, because carriers put names in there that are no tokens, in any charset.
    """
    display, bracket, rest = _cut_display(text)
    if bracket:
        uri, closed, parameters = rest.partition(">")
        if not closed or "<" in uri:
            raise MalformedMessage("Unbalanced Brackets")
    else:
        uri, semicolon, parameters = rest.partition(";")
        parameters = semicolon + parameters
        uri = uri.strip(" \t")
        if "?" in uri or "," in uri:
            raise MalformedMessage("URI Needs Brackets")
    if not uri or " " in uri or "\t" in uri:
        raise MalformedMessage("Bad URI")
    return NameAddress(display=display, uri=uri, parameters=parse_parameters(parameters))


def _cut_display(text: str) -> tuple[str, str, str]:
    """The display name, ``<`` if there is one, and what follows it."""
    before, bracket, rest = text.partition("<")
    if not before and bracket:
        return "", bracket, rest
    before = before.strip(" \t")
    if before[:1] != '"':
        if not bracket or ";" in before:
            return "", "", text
        return _readable(before), bracket, rest
    if bracket and before.find('"', 1) == len(before) - 1 > 0 and "\\" not in before:
        return _readable(before[1:-1]), bracket, rest
    return _cut_quoted(text.lstrip(" \t"))


def _cut_quoted(text: str) -> tuple[str, str, str]:
    """The same, of a display name that is a quoted string with whatever in it."""
    match = QUOTED_STRING.match(text)
    if match is None:
        raise MalformedMessage("Unbalanced Quotes")
    rest = text[match.end() :].lstrip(" \t")
    if rest[:1] != "<":
        raise MalformedMessage("Bad Display Name")
    return _readable(parse_quoted(match[0])), "<", rest[1:]


def _readable(display: str) -> str:
    """The display name as text: what is not UTF-8 is read as GB 18030, as carriers write.

    The raw header value keeps the bytes, so an echo of it is exact.
    """
    if display.isascii():
        return display
    try:
        display.encode("utf-8")
    except UnicodeEncodeError:
        octets = display.encode("utf-8", "surrogateescape")
        return octets.decode("gb18030", "replace")
    return display
