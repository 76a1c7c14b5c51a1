"""An ordered header list that keeps raw text and parses a field when asked.

Names are canonical: ``v:``, ``VIA:`` and ``via:`` are all ``Via`` (RFC 3261 §7.3.3). A
parsed value is kept until the list changes.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Final, TypeVar

from b2bua.sip.message.errors import MalformedMessage
from b2bua.sip.message.grammar import TOKEN
from b2bua.sip.message.scanner import split

T = TypeVar("T")

_COMPACT: Final = {
    "a": "Accept-Contact",
    "b": "Referred-By",
    "c": "Content-Type",
    "e": "Content-Encoding",
    "f": "From",
    "i": "Call-ID",
    "k": "Supported",
    "l": "Content-Length",
    "m": "Contact",
    "o": "Event",
    "r": "Refer-To",
    "s": "Subject",
    "t": "To",
    "u": "Allow-Events",
    "v": "Via",
    "x": "Session-Expires",
    "y": "Identity",
}
_SPELLED: Final = [
    "Call-ID",
    "CSeq",
    "RAck",
    "RSeq",
    "Min-SE",
    "WWW-Authenticate",
    "MIME-Version",
    "SIP-ETag",
    "SIP-If-Match",
]

LISTS: Final = frozenset(
    [
        "Accept",
        "Accept-Encoding",
        "Accept-Language",
        "Alert-Info",
        "Allow",
        "Allow-Events",
        "Call-Info",
        "Contact",
        "Content-Encoding",
        "Content-Language",
        "Diversion",
        "Error-Info",
        "History-Info",
        "In-Reply-To",
        "P-Asserted-Identity",
        "P-Preferred-Identity",
        "Path",
        "Proxy-Require",
        "Reason",
        "Record-Route",
        "Require",
        "Route",
        "Service-Route",
        "Supported",
        "Unsupported",
        "Via",
        "Warning",
    ]
)
"""Fields that are comma lists, so that one line may stand for several (§7.3.1)."""

NAMES: Final[dict[str, str]] = {
    **_COMPACT,
    **{letter.upper(): name for letter, name in _COMPACT.items()},
    **{name: name for name in (*LISTS, *_SPELLED)},
    **{name.lower(): name for name in _SPELLED},
}
"""Spellings seen, each with its canonical name."""

_MAX_NAMES: Final = 2048
_MAX_KEPT: Final = 64


def canonical_name(name: str) -> str:
    """The long form of a header name, spelt as its RFC spells it.

    Every spelling is remembered, up to a bound that only an attacker reaches.
    """
    known = NAMES.get(name)
    if known is not None:
        return known
    stripped = name.strip(" \t")
    if TOKEN.fullmatch(stripped) is None:
        raise MalformedMessage("Bad Header Name")
    lower = stripped.lower()
    known = NAMES.get(lower)
    if known is None:
        known = "-".join(part.capitalize() for part in lower.split("-"))
    if len(NAMES) < _MAX_NAMES and len(name) <= _MAX_KEPT:
        NAMES[name] = known
    return known


class Headers:
    """Header fields in their order, each a canonical name and its raw value."""

    __slots__ = ("_firsts", "_items", "_parsed")

    def __init__(self, items: Iterable[tuple[str, str]] = ()) -> None:
        self._items = [(canonical_name(name), value) for name, value in items]
        self._firsts: dict[str, str] | None = None
        self._parsed: dict[str, object] = {}

    @classmethod
    def of_canonical(cls, items: list[tuple[str, str]]) -> "Headers":
        """Take over a list whose names are canonical already."""
        headers = cls.__new__(cls)
        headers._items = items
        headers._firsts = None
        headers._parsed = {}
        return headers

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __contains__(self, name: str) -> bool:
        return self.first(name) is not None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Headers) and self._items == other._items

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Headers({self._items!r})"

    @property
    def distinct(self) -> int:
        """How many names there are, each counted once."""
        return len(self._index())

    def first(self, name: str) -> str | None:
        """The raw value of the first line of that name."""
        firsts = self._firsts
        if firsts is None:
            firsts = self._index()
        value = firsts.get(name)
        if value is not None:
            return value
        return firsts.get(NAMES.get(name) or canonical_name(name))

    def all(self, name: str) -> list[str]:
        """The raw values of that name, one per line."""
        name = NAMES.get(name) or canonical_name(name)
        return [value for own, value in self._items if own == name]

    def values(self, name: str) -> list[str]:
        """The values of that name, comma lists split where the field is a list."""
        name = NAMES.get(name) or canonical_name(name)
        lines = [value for own, value in self._items if own == name]
        if name not in LISTS:
            return lines
        values: list[str] = []
        for line in lines:
            if "," in line:
                values += split(line, ",")
            elif line:
                values.append(line)
        return values

    def add(self, name: str, value: str) -> None:
        """Add a line at the end."""
        self._items.append((NAMES.get(name) or canonical_name(name), value))
        self._changed()

    def set(self, name: str, value: str) -> None:
        """Put one line in the place of all of that name, or at the end."""
        name = NAMES.get(name) or canonical_name(name)
        for index, (own, _) in enumerate(self._items):
            if own == name:
                rest = [item for item in self._items[index + 1 :] if item[0] != name]
                self._items[index:] = [(name, value), *rest]
                break
        else:
            self._items.append((name, value))
        self._changed()

    def replace_top(self, name: str, value: str) -> None:
        """Replace the first value of a list field, keeping those after it on its line."""
        name = NAMES.get(name) or canonical_name(name)
        for index, (own, line) in enumerate(self._items):
            if own == name:
                _, *rest = split(line, ",")
                self._items[index] = (name, ", ".join((value, *rest)))
                self._changed()
                return
        raise KeyError(name)

    def remove(self, name: str) -> None:
        """Remove every line of that name."""
        name = NAMES.get(name) or canonical_name(name)
        self._items = [item for item in self._items if item[0] != name]
        self._changed()

    def copy(self) -> "Headers":
        """A list of its own."""
        return Headers.of_canonical(self._items.copy())

    def parsed(self, field: str, parse: Callable[["Headers"], T]) -> T:
        """What ``parse`` makes of this list; kept under ``field`` until it changes."""
        try:
            return self._parsed[field]  # type: ignore[return-value]
        except KeyError:
            value = self._parsed[field] = parse(self)
            return value

    def keep(self, field: str, value: object) -> None:
        """Keep a value that was parsed already."""
        self._parsed[field] = value

    def _index(self) -> dict[str, str]:
        self._firsts = dict(reversed(self._items))
        return self._firsts

    def _changed(self) -> None:
        self._firsts = None
        self._parsed.clear()
