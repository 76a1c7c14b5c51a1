"""Caller number to area code and province, by longest prefix.

Attribution is data: a mobile belongs where its first seven digits were issued, whatever
the SIM's holder did since (number portability moves the carrier, not the area). The data
has a version date, and an enterprise may override a prefix. Rules key on area codes and
provinces, never on cities: 31 codes cover several.

Half a million prefixes are two flat arrays, built in a fifth of a second from the layout
of the ``phone`` package's ``phone.dat``: four bytes of version, the offset of the index,
texts ``province|city|post code|area code`` ended by NUL, then nine bytes a prefix (prefix,
offset of its text, kind), in rising order.
"""

import struct
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from itertools import pairwise
from operator import ge
from typing import Final, Self, TypeAlias

from b2bua.core.errors import B2buaError
from b2bua.service.number import Caller, CallerKind, normalise_caller

_HEADER: Final = struct.Struct("<4si")
_ENTRY: Final = 9

Column: TypeAlias = "array[int]"


class MalformedTable(B2buaError):
    """The bytes are no area table; the message says where they stop making sense."""


class _Level:
    """The prefixes of one length, sorted, each with the index of its area code."""

    __slots__ = ("_areas", "_prefixes")

    def __init__(self, prefixes: Column, areas: Column) -> None:
        self._prefixes = prefixes
        self._areas = areas

    def __len__(self) -> int:
        return len(self._prefixes)

    def find(self, prefix: int) -> int | None:
        place = bisect_left(self._prefixes, prefix)
        if place < len(self._prefixes) and self._prefixes[place] == prefix:
            return self._areas[place]
        return None

    def entries(self) -> Iterator[tuple[int, int]]:
        """Each prefix with the index of its area code."""
        return zip(self._prefixes, self._areas, strict=True)


class AreaTable:
    """Which area a number belongs to, as of ``version``."""

    def __init__(
        self,
        rows: Iterable[tuple[str, str]] = (),
        *,
        provinces: Mapping[str, str] | None = None,
        version: date | None = None,
    ) -> None:
        """Take ``rows`` of (prefix, area code), and the province of each area code."""
        self.version = version
        self._provinces = dict(provinces or {})
        self._cities: dict[str, list[str]] = {}
        self._codes: list[str] = []
        self._levels: dict[int, _Level] = {}
        self._overrides: dict[str, str] = {}
        self._lengths: tuple[int, ...] = ()
        by_length: dict[int, dict[int, str]] = {}
        for prefix, area in rows:
            if not (prefix.isascii() and prefix.isdecimal() and len(prefix) <= 9):
                raise MalformedTable(f"{prefix!r} is no prefix of one to nine digits")
            by_length.setdefault(len(prefix), {})[int(prefix)] = area
        index: dict[str, int] = {}
        for length, areas in by_length.items():
            order = sorted(areas)
            codes = array("H", (index.setdefault(areas[at], len(index)) for at in order))
            self._levels[length] = _Level(array("I", order), codes)
        self._codes = list(index)
        self._measure()

    @classmethod
    def from_phone_dat(
        cls, data: bytes, overrides: Mapping[str, str] | None = None
    ) -> Self:
        """Read ``phone.dat``; ``overrides`` maps prefixes of any length to area codes."""
        if len(data) < _HEADER.size:
            raise MalformedTable("shorter than its header")
        version, index_at = _HEADER.unpack_from(data)
        size = len(data) - index_at
        if not _HEADER.size <= index_at <= len(data) or size % _ENTRY:
            raise MalformedTable(f"no index of {_ENTRY}-byte entries at byte {index_at}")
        prefixes, offsets = _column(data, index_at, 0), _column(data, index_at, 4)
        if any(ge(*pair) for pair in pairwise(prefixes)):
            raise MalformedTable("the prefixes do not rise")
        table = cls(version=_version(version))
        numbers: dict[str, int] = {}
        places: dict[int, int] = {}
        for offset in set(offsets):
            province, city, area = _text(data, offset, index_at)
            places[offset] = numbers.setdefault(area, len(numbers))
            table._provinces[area] = province
            table._cities.setdefault(area, []).append(city)
        table._codes = list(numbers)
        areas = array("H", map(places.__getitem__, offsets))
        table._levels = {7: _Level(prefixes, areas)}
        table._measure()
        return table.overridden(overrides or {})

    def overridden(self, overrides: Mapping[str, str]) -> Self:
        """The same table with other areas for some prefixes; the big arrays are shared."""
        table = type(self)(provinces=self._provinces, version=self.version)
        table._codes, table._levels = self._codes, self._levels
        table._cities = self._cities
        table._overrides = {**self._overrides, **overrides}
        table._measure()
        return table

    def _measure(self) -> None:
        lengths = {*self._levels, *map(len, self._overrides)}
        self._lengths = tuple(sorted(lengths, reverse=True))

    def __len__(self) -> int:
        return sum(map(len, self._levels.values())) + len(self._overrides)

    def entries(self) -> Iterator[tuple[str, str]]:
        """Every prefix with its area code."""
        for length, level in self._levels.items():
            for prefix, code in level.entries():
                yield f"{prefix:0{length}}", self._codes[code]
        yield from self._overrides.items()

    @property
    def provinces(self) -> Mapping[str, str]:
        """The province of each area code that has one."""
        return self._provinces

    def cities_of(self, area: str) -> tuple[str, ...]:
        """What the cities of an area code are called, to show people; rules never ask."""
        return tuple(sorted({*self._cities.get(area, ())}))

    @property
    def areas(self) -> frozenset[str]:
        """Every area code of the table."""
        return frozenset((*self._codes, *self._overrides.values()))

    def area_of(self, number: str) -> str:
        """The area code of the longest known prefix of ``number``; empty for none."""
        if not (number.isascii() and number.isdecimal()):
            return ""
        for length in self._lengths:
            if length > len(number):
                continue
            prefix = number[:length]
            if self._overrides and prefix in self._overrides:
                return self._overrides[prefix]
            level = self._levels.get(length)
            if level is not None and (found := level.find(int(prefix))) is not None:
                return self._codes[found]
        return ""

    def province_of(self, area: str) -> str:
        """The province an area code lies in; empty for an unknown code."""
        return self._provinces.get(area, "")


def identify(text: str, table: AreaTable, default_area: str = "") -> Caller:
    """Who ``text`` says is calling, with area and province as far as they are known."""
    caller = normalise_caller(text, default_area)
    area = caller.area
    if caller.kind in (CallerKind.MOBILE, CallerKind.LANDLINE) and caller.number:
        area = table.area_of(caller.number) or area
    return replace(caller, area=area, province=table.province_of(area))


def _column(data: bytes, start: int, skip: int) -> Column:
    """One 32-bit column of the index: four byte-wide strides, no loop over entries."""
    packed = bytearray(4 * ((len(data) - start) // _ENTRY))
    for byte in range(4):
        packed[byte::4] = data[start + skip + byte :: _ENTRY]
    column = array("I")
    column.frombytes(packed)
    if struct.pack("=I", 1) != struct.pack("<I", 1):
        column.byteswap()
    return column


def _text(data: bytes, offset: int, end: int) -> tuple[str, str, str]:
    """Province, city and area code of the text at ``offset``."""
    stop = data.find(b"\0", offset, end)
    if not _HEADER.size <= offset < end or stop < 0:
        raise MalformedTable(f"no text at byte {offset}")
    fields = data[offset:stop].decode("utf-8", errors="replace").split("|")
    if len(fields) != 4 or not (fields[3].isascii() and fields[3].isdecimal()):
        raise MalformedTable(f"the text at byte {offset} has no area code")
    return fields[0], fields[1], fields[3]


def _version(text: bytes) -> date:
    """``2312`` is December 2023."""
    if not text.isdigit() or not 1 <= int(text[2:]) <= 12:
        raise MalformedTable(f"{text!r} is no version of the form yymm")
    return date(2000 + int(text[:2]), int(text[2:]), 1)
