"""What a form's fields say, as a plan file would say it.

Nothing is judged here: what comes out is read like any plan, and a finding names the field
of the plan that the form's field stands for.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from fastapi import Request
from starlette.datastructures import FormData, UploadFile

from b2bua.service.plan import When
from b2bua.service.schedule import days_text, hours_text

Plain: TypeAlias = dict[str, object]

WHOLE_DAY: Final = "00:00-23:59"
ALL_DAYS: Final = range(7)
_LIST: Final = re.compile(r"[\s,，、;；]+")  # noqa: RUF001  # as people write lists


@dataclass(frozen=True, slots=True)
class Fields:
    """The fields of one form; a name may come more than once."""

    data: FormData

    def text(self, name: str, otherwise: str = "") -> str:
        """One field without the spaces around it."""
        value = self.data.get(name)
        return value.strip() if isinstance(value, str) else otherwise

    def all(self, name: str) -> list[str]:
        """Every field of a name that is not empty."""
        values = (one.strip() for one in self.data.getlist(name) if isinstance(one, str))
        return [one for one in values if one]

    def listed(self, name: str) -> list[str]:
        """A field that holds a list, as people write lists."""
        return [word for word in _LIST.split(self.text(name)) if word]

    def has(self, name: str) -> bool:
        """Whether a field, such as a button or a box, was sent."""
        return name in self.data

    def file(self, name: str) -> UploadFile | None:
        """An uploaded file."""
        value = self.data.get(name)
        return value if isinstance(value, UploadFile) and value.filename else None

    def base(self) -> int | None:
        """The version that the form was made from."""
        text = self.text("version")
        return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None

    def singles(self) -> dict[str, str]:
        """The last of each field, as functions of simple forms take them."""
        return {
            key: value for key, value in self.data.multi_items() if isinstance(value, str)
        }


async def fields_of(request: Request) -> Fields:
    """The form of a request."""
    return Fields(await request.form())


def when_of(fields: Fields, prefix: str) -> Plain:
    """Conditions from boxes for days, and hours, workday and dates as text."""
    found: Plain = {}
    days = _days(fields.all(f"{prefix}days"))
    if 0 < len(days) < len(ALL_DAYS):
        found["days"] = days_text(frozenset(days))
    if hours := ",".join(fields.listed(f"{prefix}hours")):
        found["hours"] = hours
    return {**found, **_kinds(fields, prefix)}


def weeks_of(fields: Fields, prefix: str) -> list[Plain]:
    """Conditions from hours for each day, ``day:0`` to ``day:6``.

    A plan's rule has the same hours on all its days. So there is one for each kind of day;
    if no day has any hours, it holds at any time.
    """
    kinds: dict[str, list[int]] = {}
    for day in ALL_DAYS:
        if hours := ",".join(fields.listed(f"{prefix}day:{day}")):
            kinds.setdefault(hours, []).append(day)
    if not kinds:
        return [_kinds(fields, prefix)]
    found: list[Plain] = []
    for hours, days in kinds.items():
        one: Plain = {}
        if len(days) < len(ALL_DAYS):
            one["days"] = days_text(frozenset(days))
        if hours != WHOLE_DAY:
            one["hours"] = hours
        found.append({**one, **_kinds(fields, prefix)})
    return found


def week_rows(whens: Sequence[When]) -> list[str]:
    """The reverse: the hours of each day, Monday first; all empty for any time."""
    if all(len(when.days) == len(ALL_DAYS) and not when.hours for when in whens):
        return [""] * len(ALL_DAYS)
    rows = [""] * len(ALL_DAYS)
    for when in whens:
        hours = hours_text(when.hours) or WHOLE_DAY
        for day in when.days:
            rows[day] = f"{rows[day]},{hours}" if rows[day] else hours
    return rows


def _kinds(fields: Fields, prefix: str) -> Plain:
    found: Plain = {}
    if workday := fields.text(f"{prefix}workday"):
        found["workday"] = workday == "yes"
    if dates := fields.listed(f"{prefix}dates"):
        found["dates"] = list(dates)
    return found


def _days(values: Sequence[str]) -> list[int]:
    return sorted({int(one) for one in values if one in {str(day) for day in ALL_DAYS}})


def target_of(fields: Fields, name: str) -> object:
    """Where a call goes: a select whose values say the kind and the name.

    ``split`` takes the shares that the form names ``share:NAME``.
    """
    kind, _, named = fields.text(name).partition(":")
    match kind:
        case "menu":
            return {"menu": named}
        case "voicemail":
            return {"voicemail": True}
        case "split":
            return {"percent": shares_of(fields)}
        case _:
            return named or kind


def shares_of(fields: Fields, prefix: str = "share:") -> Plain:
    """Shares of destinations by name; who has none is left out."""
    found: Plain = {}
    for key, value in fields.singles().items():
        if key.startswith(prefix) and value.strip() not in ("", "0"):
            found[key.removeprefix(prefix)] = value.strip()
    return found


def ordered(fields: Fields, prefix: str) -> list[object]:
    """The names chosen for the places ``prefix:0`` and so on, each once."""
    places = sorted(
        int(key.removeprefix(f"{prefix}:"))
        for key in fields.singles()
        if re.fullmatch(re.escape(prefix) + r":[0-9]{1,3}", key)
    )
    chosen = (fields.text(f"{prefix}:{place}") for place in places)
    return list(dict.fromkeys(name for name in chosen if name))


def put(value: Plain, key: str, part: object) -> None:
    """Say ``key``, or leave it out if there is nothing to say."""
    if part in ("", None, {}, []):
        value.pop(key, None)
    else:
        value[key] = part


def below(value: Mapping[str, object], key: str) -> Plain:
    """A part of a plan that is a mapping; an empty one if it is not there."""
    part = value.get(key)
    return dict(part) if isinstance(part, Mapping) else {}
