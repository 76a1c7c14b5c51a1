"""Destinations and forwarding as plans write them."""

import re
from collections.abc import Mapping
from typing import Final

from b2bua.service.form import given, one_of
from b2bua.service.number import CallerKind, normalise_caller, service_number
from b2bua.service.plan import Destination, Forwarding
from b2bua.service.plannames import Names
from b2bua.service.plantext import Path

PHONES: Final = "phones"
"""The trunk by which phones that register with us are called: by their extensions."""
MOST_FORWARDING: Final = 10
"""Destinations in each forwarding list."""

_KEYS: Final = (
    *("number", "trunk", "ring", "concurrent", "when"),
    *("whisper", "accept", "person"),
)


def read_destinations(names: Names, top: Mapping[str, object]) -> dict[str, Destination]:
    """Every destination of a plan, by its name."""
    form, path = names.form, ("destinations",)
    destinations = form.mapping(top.get("destinations"), path)
    if not destinations:
        form.complain(path, "name at least one destination")
    own = top.get("number")
    return {
        name: _destination(names, name, value, own) for name, value in destinations.items()
    }


def _destination(names: Names, name: str, value: object, own: object) -> Destination:
    form, path = names.form, ("destinations", name)
    names.new(name, path)
    if name in names.groups:
        form.complain(path, "a group has the same name; rename one")
    body = form.mapping(value, path, _KEYS)
    limit, when = body.get("concurrent"), body.get("when")
    return Destination(
        name=name,
        number=_extension(names, body, (*path, "number"), own)
        if body.get("trunk") == PHONES
        else _answering_number(names, body.get("number"), (*path, "number"), own),
        trunk=names.trunk(body.get("trunk"), (*path, "trunk")),
        ring=form.whole(body.get("ring", 15), (*path, "ring"), 10, 60),
        concurrent=None
        if limit is None
        else form.whole(limit, (*path, "concurrent"), 1, 100_000),
        whisper=names.optional_prompt(body, "whisper", path),
        accept=form.flag(body.get("accept", False), (*path, "accept")),
        when=None if when is None else names.times.times(when, (*path, "when")),
        person=form.text(body["person"], (*path, "person"))
        if given(body, "person")
        else "",
    )


def foreign_phone(
    number: str, destination: Destination, phones: Mapping[str, str] | None
) -> bool:
    """Whether a destination is a phone that this 400 number may not ring.

    ``phones`` is whose each is: a number rings its own, and those of the house.
    """
    if destination.trunk != PHONES or phones is None:
        return False
    return phones.get(destination.number) not in ("", number)


def _extension(names: Names, body: Mapping[str, object], path: Path, own: object) -> str:
    """The extension of a phone that registers with us, and that this plan may ring."""
    phones, value = names.known.phones, body.get("number")
    text = value if isinstance(value, str) else ""
    if not re.fullmatch(r"[0-9]{2,8}", text):
        if text and phones is not None:
            message = f"{text!r} is no extension: a phone has two to eight digits"
            names.form.complain(path, message)
            return ""
        return _answering_number(names, value, path, own)
    number = service_number(own) if isinstance(own, str) else None
    if phones is not None and phones.get(text) not in ("", number):
        names.form.complain(path, f"{text} is no phone of this number")
    return text


def _answering_number(names: Names, value: object, path: Path, own: object) -> str:
    """``own`` is the plan's number."""
    form = names.form
    text = form.text(value, path)
    if not text:
        if value == "":
            form.complain(path, "is empty: name the number that answers")
        return ""
    normal = normalise_caller(text)
    if any(normal.number.startswith(p) for p in names.known.allowed_destinations):
        return normal.number
    if normal.number == own:
        form.complain(path, "is this 400 number itself: the call would go round")
    reachable = normal.kind is CallerKind.MOBILE or bool(normal.area)
    if reachable or re.fullmatch(r"[48]00[0-9]{7}", normal.number):
        return normal.number
    form.complain(
        path,
        f"{text!r} is no mobile and no landline with its area code; other destinations "
        "must be allowed by the operator",
    )
    return ""


def read_forwarding(names: Names, value: object) -> Forwarding:
    """Where calls go on busy and on no answer."""
    form, path = names.form, ("forwarding",)
    keys = ("busy", "no_answer", "max_forwards", "full", "voicemail")
    body = form.mapping(value, path, keys)
    full = body.get("full", "refuse")
    if full not in ("refuse", "busy"):
        form.complain((*path, "full"), one_of(full, ("refuse", "busy")))
    most = (*path, "max_forwards")
    return Forwarding(
        busy=_listed(names, body, "busy"),
        no_answer=_listed(names, body, "no_answer"),
        max_forwards=form.whole(body.get("max_forwards", 2), most, 1, 9),
        full_is_busy=full == "busy",
        voicemail=form.flag(body.get("voicemail", False), (*path, "voicemail")),
    )


def _listed(names: Names, body: Mapping[str, object], key: str) -> tuple[str, ...]:
    path = ("forwarding", key)
    items = list(names.form.items(body.get(key), path))
    if len(items) > MOST_FORWARDING:
        names.form.complain(path, f"at most {MOST_FORWARDING} destinations")
    return tuple(names.destination(item, at) for item, at in items)
