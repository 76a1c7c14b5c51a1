"""Telephone numbers as values: 400 numbers, and callers in national form (§§1 and 4).

Carriers write one number in a dozen ways: with ``+86``, with ``00``, with a zero in front
of a mobile, with the area code and without its zero, inside a SIP or tel URI, escaped.
Here each becomes one form. Reading is total: whatever a peer sends gives a value, and
what is no number gives :attr:`CallerKind.UNKNOWN`.

Only digits decide here; which area a mobile belongs to is data (:mod:`b2bua.service.area`).
"""

import enum
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

LONGEST: Final = 256
"""Characters of a called or calling party that are looked at; longer ones are no number."""

AREA_CODE: Final = r"0(?:10|2[0-57-9]|[3-9][0-9]{2})"
"""Ten codes of three digits (026 is unassigned), the others of four."""

PROVINCES: Final = frozenset(
    (
        *(
            "北京",
            "天津",
            "河北",
            "山西",
            "内蒙古",
            "辽宁",
            "吉林",
            "黑龙江",
            "上海",
            "江苏",
        ),
        *("浙江", "安徽", "福建", "江西", "山东", "河南", "湖北", "湖南", "广东", "广西"),
        *("海南", "重庆", "四川", "贵州", "云南", "西藏", "陕西", "甘肃", "青海", "宁夏"),
        *("新疆", "香港", "澳门", "台湾"),
    )
)

UNKNOWN_AREA: Final = "unknown"
"""How a rule names callers whose area nobody knows."""

_SERVICE = re.compile(r"400[0-9]{7}")
_CALLED = re.compile(rf"(?:\+86|0086|86)?(?:{AREA_CODE}|{AREA_CODE[1:]}|0)?(400[0-9]{{7}})")
_MOBILE = re.compile(r"0?(1[3-9][0-9]{9})")
_LANDLINE = re.compile(rf"({AREA_CODE})([1-9][0-9]{{6,7}})")
_BARE_LANDLINE = re.compile(r"(10|2[0-57-9]|[3-9][0-9]{2})([1-9][0-9]{6,7})")
_LOCAL = re.compile(r"[2-8][0-9]{6,7}")
_SHORT = re.compile(rf"(?:{AREA_CODE})?(1[0-9]{{2,4}}|9[56][0-9]{{3,6}}|10[16][0-9]{{5}})")
_FREEPHONE = re.compile(r"0?([48]00[0-9]{7})")
_MESSAGING = re.compile(r"106[0-9]{8,17}")
_PRIVACY = re.compile(r"700[0-9]{12}")
_CONTEXT = re.compile(r";phone-context=(\+[0-9.()-]{1,15})", re.IGNORECASE)
_SCHEME = re.compile(r"(sips?|tel):", re.IGNORECASE)
_SEPARATORS = str.maketrans("", "", " -.()\t")
_ANONYMOUS = frozenset({"", "anonymous", "unavailable", "restricted", "unknown", "private"})


class CallerKind(enum.Enum):
    """What a calling number is."""

    LANDLINE = "landline"
    MOBILE = "mobile"
    INTERNATIONAL = "international"
    ANONYMOUS = "anonymous"
    SERVICE = "service"
    """A short code or a 400/800 number: it belongs to no area."""
    PRIVACY = "privacy-number"
    """700 and twelve digits: a platform's number in the caller's stead."""
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who calls, as screening, routing and charging see it."""

    number: str
    """National form, with the area code's zero; international with 00; empty if hidden."""
    kind: CallerKind
    area: str = ""
    """Area code with its zero; empty for unknown."""
    province: str = ""

    def matches(self, pattern: str) -> bool:
        """Whether the number is ``pattern``, or begins with it if that ends in ``*``."""
        if not self.number:
            return False
        if pattern.endswith("*"):
            return self.number.startswith(pattern[:-1])
        return self.number == pattern

    def is_from(self, place: str) -> bool:
        """Whether an area code, a province, ``unknown`` or a prefix with ``*`` fits."""
        if place.endswith("*"):
            return self.matches(place)
        if place == UNKNOWN_AREA:
            return not self.area
        return bool(place) and place in (self.area, self.province)


def first_match(caller: Caller, patterns: Iterable[str]) -> str | None:
    """The first number or prefix of ``patterns`` that fits, or None."""
    return next((pattern for pattern in patterns if caller.matches(pattern)), None)


def first_place(caller: Caller, places: Iterable[str]) -> str | None:
    """The first area code or province of ``places`` that the caller is from, or None."""
    return next((place for place in places if caller.is_from(place)), None)


def service_number(text: str) -> str | None:
    """The 400 number that ``text`` calls, in ten digits; None if it calls none.

    ``text`` is a user part, a SIP or tel URI, or digits with separators. An area code or
    a zero in front is a habit of trunks and is dropped.
    """
    cleaned = _cleaned(text)
    match = None if cleaned is None else _CALLED.fullmatch(cleaned)
    return None if match is None else match[1]


def normalise_caller(text: str, default_area: str = "") -> Caller:
    """Who ``text`` says is calling; the area of mobiles and all provinces stay open.

    ``default_area`` is the trunk's: the area of numbers that come without any.
    """
    cleaned = _cleaned(text)
    if cleaned is None:
        return Caller(number="", kind=CallerKind.UNKNOWN)
    if cleaned.lower() in _ANONYMOUS or not cleaned.strip("0"):
        return Caller(number="", kind=CallerKind.ANONYMOUS)
    national = _national(cleaned)
    if national is None:
        return Caller(number="00" + cleaned.lstrip("+0"), kind=CallerKind.INTERNATIONAL)
    return _classified(national, default_area)


def masked(number: str) -> str:
    """The number as the portal shows it by default: its middle four digits hidden."""
    if len(number) <= 4:
        return "*" * len(number)
    if len(number) < 8:
        return number[:2] + "*" * (len(number) - 4) + number[-2:]
    return number[:-8] + "****" + number[-4:]


def _cleaned(text: str) -> str | None:
    """The user part without scheme, host, parameters, escapes and separators.

    None for what no honest peer sends: control characters, even escaped ones (a NUL would
    cut the number short somewhere else), other alphabets' digits, endless text.
    """
    if len(text) > LONGEST:
        return None
    text = text.strip(" \t")
    if (opening := text.rfind("<")) >= 0:
        text = text[opening + 1 :].partition(">")[0]
    scheme = _SCHEME.match(text)
    if scheme is not None:
        text = text[scheme.end() :]
    context = _CONTEXT.search(text)
    if scheme is None or scheme[1].lower() != "tel":
        text = text.rpartition("@")[0] if "@" in text else text
    text = unquote(text.partition(";")[0], errors="replace")
    if not text.isascii() or not text.isprintable():
        return None
    text = text.translate(_SEPARATORS)
    if context is not None and text.isdecimal():
        text = context[1].translate(_SEPARATORS) + text.removeprefix("0")
    return text


def _national(text: str) -> str | None:
    """``text`` without the country's own code, or None if it names another country."""
    for prefix in ("+86", "0086"):
        if text.startswith(prefix):
            return text.removeprefix(prefix)
    if re.fullmatch(r"(?:\+|00)[1-9][0-9]{4,15}", text):
        return None
    if re.fullmatch(r"86(?:0?1[3-9][0-9]{9}|0?[1-9][0-9]{8,11}|700[0-9]{12})", text):
        return text[2:]
    return text


def _classified(text: str, default_area: str) -> Caller:
    """A caller from digits without country code."""
    if match := _FREEPHONE.fullmatch(text) or _CALLED.fullmatch(text):
        return Caller(number=match[1], kind=CallerKind.SERVICE)
    if match := _MOBILE.fullmatch(text):
        return Caller(number=match[1], kind=CallerKind.MOBILE)
    if _PRIVACY.fullmatch(text):
        return Caller(number=text, kind=CallerKind.PRIVACY)
    if match := _LANDLINE.fullmatch(text):
        return Caller(number=text, kind=CallerKind.LANDLINE, area=match[1])
    if match := _SHORT.fullmatch(text):
        return Caller(number=match[1], kind=CallerKind.SERVICE)
    if match := _BARE_LANDLINE.fullmatch(text):
        area = "0" + match[1]
        return Caller(number=area + match[2], kind=CallerKind.LANDLINE, area=area)
    if _MESSAGING.fullmatch(text):
        return Caller(number=text, kind=CallerKind.SERVICE)
    if _LOCAL.fullmatch(text):
        number = default_area + text
        return Caller(number=number, kind=CallerKind.LANDLINE, area=default_area)
    shown = "".join(character for character in text if character.isalnum())[:32]
    return Caller(number=shown, kind=CallerKind.UNKNOWN)
