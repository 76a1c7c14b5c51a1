"""Reading plain values with complaints instead of exceptions: one report, every mistake.

Each reader takes a value and its path, notes what is wrong with it and returns something
of the right type in any case, so that reading goes on. A value with complaints is never
used.
"""

import difflib
import enum
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final, TypeVar

from b2bua.service.number import (
    AREA_CODE,
    PROVINCES,
    UNKNOWN_AREA,
    CallerKind,
    normalise_caller,
)
from b2bua.service.plantext import Path

Choice = TypeVar("Choice", bound=enum.Enum)

LONGEST_WORD: Final = 200
_WHOLE = re.compile(r"[0-9]{1,9}")
_MONEY = re.compile(r"([0-9]{1,9})(?:\.([0-9]{1,3}))?")
_PREFIX = re.compile(r"(?:\+86)?([0-9]{1,15})\*")
_AREA = re.compile(AREA_CODE)
_PROVINCE_ENDS = re.compile(r"(?:壮族|回族|维吾尔)?自治区$|特别行政区$|省$|市$")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True, slots=True)
class Complaint:
    """What is wrong where, and what to do."""

    path: Path
    message: str


@dataclass(slots=True)
class Form:
    """The complaints of one document."""

    complaints: list[Complaint] = field(default_factory=list)

    def complain(self, path: Path, message: str) -> None:
        """Note a mistake."""
        self.complaints.append(Complaint(path, message))

    def mapping(
        self, value: object, path: Path, allowed: Collection[str] | None = None
    ) -> dict[str, object]:
        """A mapping; with ``allowed``, one of these keys only."""
        if value is None:
            return {}
        if not isinstance(value, dict):
            self.complain(path, "must be a mapping (key: value)")
            return {}
        read: dict[str, object] = {}
        for key, item in value.items():
            if not isinstance(key, str) or not key.isprintable() or len(key) > LONGEST_WORD:
                self.complain(path, "a key must be a printable word")
            elif allowed is not None and key not in allowed:
                self.complain((*path, key), "unknown key; " + one_of(key, allowed))
            else:
                read[key] = item
        return read

    def items(self, value: object, path: Path) -> Iterator[tuple[object, Path]]:
        """The items of a list, each with its path; a single word is a list of one."""
        if value is None:
            return
        if isinstance(value, str):
            value = [value]
        if not isinstance(value, list):
            self.complain(path, "must be a list")
            return
        for place, item in enumerate(value):
            yield item, (*path, place)

    def text(self, value: object, path: Path) -> str:
        """Printable text."""
        if isinstance(value, bool):
            self.complain(path, "must be text; quote it")
        elif not isinstance(value, str):
            self.complain(path, "must be text")
        elif not value.isprintable() or len(value) > LONGEST_WORD:
            self.complain(path, f"must be printable, {LONGEST_WORD} characters at most")
        else:
            return value
        return ""

    def words(self, value: object, path: Path) -> tuple[str, ...]:
        """A list of texts."""
        return tuple(self.text(item, at) for item, at in self.items(value, path))

    def whole(self, value: object, path: Path, low: int, high: int) -> int:
        """A whole number from ``low`` to ``high``, both included."""
        number = value
        if isinstance(value, str) and _WHOLE.fullmatch(value):
            number = int(value)
        if isinstance(number, bool) or not isinstance(number, int):
            self.complain(path, f"must be a whole number, {low} to {high}")
        elif not low <= number <= high:
            self.complain(path, f"{number} is out of range: {low} to {high}")
        else:
            return number
        return low

    def flag(self, value: object, path: Path) -> bool:
        """True or false."""
        if not isinstance(value, bool):
            self.complain(path, "must be true or false")
            return False
        return value

    def choice(self, value: object, path: Path, among: type[Choice]) -> Choice:
        """One of the values of an enumeration."""
        for member in among:
            if value == member.value:
                return member
        self.complain(path, one_of(value, [str(member.value) for member in among]))
        return next(iter(among))

    def money(self, value: object, path: Path) -> int:
        """Yuan, with up to three decimals, in 厘."""
        text = str(value) if isinstance(value, int) else value
        match = _MONEY.fullmatch(text) if isinstance(text, str) else None
        if match is None or isinstance(value, bool):
            self.complain(path, 'must be an amount in yuan, such as "500.00"')
            return 0
        return int(match[1]) * 1000 + int((match[2] or "").ljust(3, "0"))

    def day(self, value: object, path: Path) -> date:
        """A date."""
        if isinstance(value, str) and _DATE.fullmatch(value):
            try:
                return date.fromisoformat(value)
            except ValueError:
                self.complain(path, f"there is no {value}")
                return date.min
        self.complain(path, "must be a date such as 2026-10-01")
        return date.min

    def pattern(self, value: object, path: Path) -> str:
        """A caller's number in national form, or a prefix that ends in ``*``."""
        text = self.text(value, path)
        if match := _PREFIX.fullmatch(text):
            return match[1] + "*"
        caller = normalise_caller(text)
        if text and caller.kind in (CallerKind.UNKNOWN, CallerKind.ANONYMOUS):
            self.complain(path, f"{text!r} is no number, nor a prefix such as 0736*")
        return caller.number

    def place(self, value: object, path: Path) -> str:
        """An area code, a province, ``unknown``, or a number prefix."""
        text = self.text(value, path)
        province = _PROVINCE_ENDS.sub("", text)
        if province in PROVINCES:
            return province
        if match := _PREFIX.fullmatch(text):
            return match[1] + "*"
        if text and text != UNKNOWN_AREA and not _AREA.fullmatch(text):
            self.complain(
                path,
                f"{text!r} is no area code (0755) and no province (广东); "
                "cities are named by their area code",
            )
        return text


def one_of(given: object, allowed: Collection[str]) -> str:
    """A hint at what may be written instead of ``given``."""
    near = difflib.get_close_matches(str(given)[:LONGEST_WORD], allowed, n=1)
    if near:
        return f"did you mean {near[0]}?"
    shown = sorted(allowed)
    if not shown:
        return "there is none"
    return "write one of: " + ", ".join(shown[:20]) + (" …" if len(shown) > 20 else "")


def given(mapping: Mapping[str, object], key: str) -> bool:
    """Whether ``key`` has a value other than null."""
    return mapping.get(key) is not None
