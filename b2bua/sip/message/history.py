"""Who sent a call on before it came here: Diversion (RFC 5806) and History-Info (RFC 7044).

History-Info also tells of hops that changed nothing but the way, so an entry alone is no
forwarding. One is where an entry is mapped from another (``mp``), where its target says why
it was chosen (``cause``, RFC 4458), or, from peers of the first edition (RFC 4244), where a
Reason in the URI says why the entry was left. Networks that speak both headers say the same
in both (RFC 7544), so the longer history counts, not their sum.
"""

from dataclasses import dataclass
from typing import Final

from b2bua.sip.message.address import parse_name_address
from b2bua.sip.message.errors import MalformedMessage
from b2bua.sip.message.fields import parse_reason
from b2bua.sip.message.message import Request
from b2bua.sip.message.uri import SipUri, TelUri, parse_uri

MOST_COUNTED: Final = 100
"""How many forwardings one entry may stand for."""
SHORTEST: Final = 7
"""Digits that two ways of writing one number have in common at least."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Forwardings:
    """How often a call was sent on, and by whom, the latest first."""

    count: int
    numbers: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    number: str
    index: str
    mapped_from: str
    chosen: bool
    """Its URI names a cause: it was put in the place of the entry before it."""
    left: bool
    """A Reason says why the call went on from here."""


def forwardings(request: Request) -> Forwardings:
    """What both header fields tell; what cannot be read of them tells nothing."""
    diverted = [number_of(one.uri) for one in request.diversions]
    counted = sum(_counter(one.parameters.get("counter", "")) for one in request.diversions)
    told = _left_behind(_entries(request))
    return Forwardings(
        count=max(counted, len(told)),
        numbers=tuple(dict.fromkeys(one for one in (*diverted, *reversed(told)) if one)),
    )


def number_of(uri: str) -> str:
    """User part of a URI, or the number of a tel URI; empty if it has none."""
    try:
        parsed = parse_uri(uri)
    except MalformedMessage:
        return ""
    match parsed:
        case SipUri(user=user):
            return user
        case TelUri(number=number):
            return number


def _counter(text: str) -> int:
    short = text.isascii() and text.isdigit() and len(text) <= 10
    return min(int(text), MOST_COUNTED) if short else 1


def _entries(request: Request) -> list[_Entry]:
    entries: list[_Entry] = []
    for value in request.headers.values("History-Info"):
        try:
            entries.append(_entry(value))
        except MalformedMessage:
            continue
    return entries


def _entry(value: str) -> _Entry:
    address = parse_name_address(value)
    uri = parse_uri(address.uri)
    sip = uri if isinstance(uri, SipUri) else None
    reasons = (
        [text for name, text in sip.headers if name.lower() == "reason"] if sip else []
    )
    causes = [parse_reason(text).cause or 0 for text in reasons]
    return _Entry(
        number=number_of(address.uri),
        index=address.parameters.get("index", ""),
        mapped_from=address.parameters.get("mp", ""),
        chosen=sip is not None and "cause" in sip.parameters,
        left=bool(causes),
    )


def _left_behind(entries: list[_Entry]) -> list[str]:
    """The numbers that sent the call on, the first one first."""
    by_index = {entry.index: entry for entry in entries}
    told: dict[int, str] = {}
    for place, entry in enumerate(entries):
        before = entries[place - 1] if place else None
        origin = by_index.get(entry.mapped_from) if entry.mapped_from else None
        if origin is None and (entry.chosen or (before is not None and before.left)):
            origin = before
        if origin is not None and not _same(origin, entry):
            told[entries.index(origin)] = origin.number
    return list(told.values())


def _same(one: _Entry, other: _Entry) -> bool:
    """Whether both are one number, with a prefix more or less."""
    short, long = sorted((one.number, other.number), key=len)
    return short == long or (len(short) >= SHORTEST and long.endswith(short))
