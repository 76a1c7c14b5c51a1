"""Area tables and calendars as files that an operator brings.

An area table is ``phone.dat`` of the ``phone`` package, or CSV: ``prefix,area`` and, if it
is known, the province. A calendar is CSV: ``date,workday``, the days of a year that are
not what their weekday says. A first line of names is skipped. Text is UTF-8 or GB 18030.
"""

import csv
import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Final

from b2bua.core.errors import B2buaError
from b2bua.service.area import AreaTable, MalformedTable
from b2bua.service.plan import Calendar

_AREA: Final = re.compile(r"0[1-9][0-9]{1,2}")
_PREFIX: Final = re.compile(r"[0-9]{2,9}")
_WORKED: Final = {
    **dict.fromkeys(("true", "yes", "1", "班"), True),
    **dict.fromkeys(("false", "no", "0", "休"), False),
}


class MalformedFile(B2buaError):
    """The file is not what it should be; the message names the line."""


def read_areas(
    data: bytes, dated: date | None, provinces: Mapping[str, str] | None = None
) -> AreaTable:
    """Read an area table; ``dated`` is its version, else what the file says.

    ``provinces`` are those of area codes for which a CSV file has none.
    """
    try:
        if b"\0" in data:
            table = AreaTable.from_phone_dat(data)
            table.version = dated or table.version
            return table
        return _areas_of_csv(data, dated, provinces or {})
    except MalformedTable as error:
        raise MalformedFile(f"the area table: {error}") from error


def read_calendar(data: bytes) -> Calendar:
    """Read a calendar, which holds whole years."""
    days: dict[date, bool] = {}
    for number, fields in _lines(data):
        if len(fields) != 2:
            raise MalformedFile(f"line {number}: not date,workday")
        try:
            day = date.fromisoformat(fields[0])
        except ValueError as error:
            raise MalformedFile(f"line {number}: {fields[0]!r} is no date") from error
        worked = _WORKED.get(fields[1].lower())
        if worked is None:
            raise MalformedFile(f"line {number}: workday is true or false")
        if days.setdefault(day, worked) != worked:
            raise MalformedFile(f"line {number}: {day} is there with the other meaning")
    years = frozenset(day.year for day in days)
    if not years:
        raise MalformedFile("no days")
    for year in sorted(years):
        if days.get(date(year, 1, 1)) is not False:
            message = f"{year} lacks its New Year's Day: a file replaces whole years"
            raise MalformedFile(message)
    return Calendar(
        holidays=frozenset(day for day, worked in days.items() if not worked),
        workdays=frozenset(
            day for day, worked in days.items() if worked and day.weekday() >= 5
        ),
        years=years,
    )


def _areas_of_csv(
    data: bytes, dated: date | None, provinces: Mapping[str, str]
) -> AreaTable:
    areas: dict[str, str] = {}
    known = dict(provinces)
    for number, fields in _lines(data):
        if len(fields) not in {2, 3}:
            raise MalformedFile(f"line {number}: not prefix,area or prefix,area,province")
        prefix, area, *province = fields
        if not _PREFIX.fullmatch(prefix):
            message = f"line {number}: {prefix!r} is no prefix of two to nine digits"
            raise MalformedFile(message)
        if not _AREA.fullmatch(area):
            raise MalformedFile(f"line {number}: {area!r} is no area code")
        if areas.setdefault(prefix, area) != area:
            raise MalformedFile(f"line {number}: {prefix} is there with {areas[prefix]}")
        if province and province[0]:
            known[area] = province[0]
    if not areas:
        raise MalformedFile("no prefixes")
    return AreaTable(areas.items(), provinces=known, version=dated)


def _lines(data: bytes) -> Iterator[tuple[int, list[str]]]:
    """Numbered lines with their fields; empty ones and the names of columns left out."""
    reader = csv.reader(_text(data).splitlines())
    try:
        for fields in reader:
            stripped = [field.strip() for field in fields]
            if any(stripped) and not (reader.line_num == 1 and _names(stripped)):
                yield reader.line_num, stripped
    except csv.Error as error:
        raise MalformedFile(f"line {reader.line_num}: {error}") from error


def _names(fields: list[str]) -> bool:
    """Whether a line has the names of the columns: what it begins with is no figure."""
    return not fields[0][:1].isdecimal()


def _text(data: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise MalformedFile("neither UTF-8 nor GB 18030")
