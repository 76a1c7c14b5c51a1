"""Changes of a plan as functions of what a form said: plain values in and out.

Nothing is checked here: what comes out is read like any plan before it is published.
"""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from b2bua.service.plan import Plan
from b2bua.web.forms import Fields, Plain, below, ordered, put, weeks_of, when_of

LISTS: Final = ("blacklist", "whitelist")
ORDERED: Final = ("order", "rotate", "random", "all")
DESTINATION_FIELDS: Final = ("person", "number", "ring", "concurrent", "whisper")
_SHIFT: Final = re.compile(r"shift:([0-9]{1,3}):name")
LONGEST_SPAN: Final = 7 * 24 * 60
"""Minutes an override may be asked for by a button."""


def change_destinations(value: Plain, fields: Fields) -> None:
    """Person, number, ring time and limit, each by ``FIELD:NAME``."""
    destinations = below(value, "destinations")
    for name, one in destinations.items():
        if not isinstance(one, dict):
            continue
        changed = dict(one)
        for field in DESTINATION_FIELDS:
            if fields.has(f"{field}:{name}"):
                text = fields.text(f"{field}:{name}")
                put(changed, field, text)
                if field == "number":
                    changed["number"] = text
        destinations[name] = changed
    value["destinations"] = destinations


def change_hours(value: Plain, name: str, fields: Fields) -> None:
    """When one destination answers, and whether it must accept."""
    destinations = below(value, "destinations")
    one = below(destinations, name)
    put(one, "when", when_of(fields, ""))
    put(one, "accept", fields.has("accept") or None)
    put(one, "whisper", fields.text("whisper"))
    value["destinations"] = {**destinations, name: one}


def add_destination(value: Plain, fields: Fields) -> None:
    """One more; of a name that is there already nothing becomes."""
    one: Plain = {"number": fields.text("number"), "trunk": fields.text("trunk")}
    for field in ("ring", "concurrent", "person"):
        put(one, field, fields.text(field))
    destinations = below(value, "destinations")
    destinations.setdefault(fields.text("name"), one)
    value["destinations"] = destinations


def remove_destination(value: Plain, name: str) -> None:
    """One less, and out of the lists of forwarding and groups, where that can be done."""
    destinations = below(value, "destinations")
    destinations.pop(name, None)
    value["destinations"] = destinations
    forwarding = below(value, "forwarding")
    for kind in ("busy", "no_answer"):
        names = forwarding.get(kind)
        if isinstance(names, list):
            forwarding[kind] = [one for one in names if one != name]
    value["forwarding"] = forwarding
    for group in below(value, "groups").values():
        if not isinstance(group, dict):
            continue
        for mode in ORDERED:
            names = group.get(mode)
            if isinstance(names, list) and len(names) > 1:
                group[mode] = [one for one in names if one != name]


def group_at(value: Plain, name: str) -> Plain | None:
    """A group by its name, wherever it is written: a mapping that may be changed."""
    kind, _, rest = name.partition(":")
    if not rest:
        found = below(value, "groups").get(name)
    elif kind == "route":
        routes = value.get("routes")
        found = next(
            (
                one.get("to")
                for one in (routes if isinstance(routes, list) else ())
                if isinstance(one, dict) and one.get("name") == rest
            ),
            None,
        )
    else:
        menu, _, key = rest.rpartition(":")
        body = below(below(value, "menus"), menu)
        found = body.get(key) if key == "otherwise" else below(body, "keys").get(key)
    return found if isinstance(found, dict) else None


def change_order(value: Plain, plan: Plan, fields: Fields) -> None:
    """Groups by ``group NAME:PLACE`` or their shares, and both lists of forwarding."""
    for name in plan.groups:
        group = group_at(value, name)
        if group is None:
            continue
        shares = group.get("percent")
        if isinstance(shares, dict):
            group["percent"] = {
                member: fields.text(f"group {name}:{member}") or share
                for member, share in shares.items()
            }
        for mode in ORDERED:
            if mode in group and (names := ordered(fields, f"group {name}")):
                group[mode] = names
    forwarding = below(value, "forwarding")
    for kind in ("busy", "no_answer"):
        if fields.has(f"forwarding {kind}:0"):
            forwarding[kind] = ordered(fields, f"forwarding {kind}")
    if most := fields.text("max_forwards"):
        forwarding["max_forwards"] = most
    value["forwarding"] = forwarding


def override(value: Plain, to: object, until: datetime, note: str = "") -> None:
    """Send all calls there until then."""
    value["override"] = {
        "to": to,
        "until": until.isoformat(timespec="seconds"),
        **({"note": note} if note else {}),
    }


def span_end(text: str, now: datetime) -> datetime | None:
    """When an override ends: minutes from now, an hour of the day, or a moment."""
    if text.isascii() and text.isdecimal() and 0 < int(text[:9]) <= LONGEST_SPAN:
        return (now + timedelta(minutes=int(text))).replace(microsecond=0)
    try:
        if len(text) == 5:
            hour = datetime.strptime(text, "%H:%M")  # noqa: DTZ007  # a clock's face
            end = now.replace(hour=hour.hour, minute=hour.minute, second=0, microsecond=0)
            return end if end > now else end + timedelta(days=1)
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment.replace(tzinfo=now.tzinfo) if moment.tzinfo is None else moment


def change_roster(value: Plain, name: str, fields: Fields) -> None:
    """The shifts of a roster: ``shift:PLACE:…`` in their order.

    Hours that are not the same on all days make more than one shift of a name, which a
    plan tells apart by a figure.
    """
    shifts: list[object] = []
    places = sorted(
        int(found[1]) for key in fields.singles() if (found := _SHIFT.fullmatch(key))
    )
    for place in places:
        prefix = f"shift:{place}:"
        called, on = fields.text(f"{prefix}name"), fields.all(f"{prefix}on")
        if not called or fields.has(f"{prefix}remove"):
            continue
        for number, when in enumerate(weeks_of(fields, prefix), 1):
            title = called if number == 1 else f"{called} {number}"
            entry: Plain = {"name": title, "on": on}
            shifts.append({"name": title, "when": when, "on": on} if when else entry)
    groups = below(value, "groups")
    kept = below(groups, name)
    groups[name] = {**{k: kept[k] for k in ("queue", "familiar") if k in kept}}
    groups[name] = {"roster": shifts, **below(groups, name)}
    value["groups"] = groups


def with_entry(value: Plain, name: str, entry: str) -> None:
    """One more number or prefix on a list."""
    entries = _list(value, name)
    if entry not in entries:
        _listed(value, name, [*entries, entry])


def without_entry(value: Plain, name: str, entry: str) -> None:
    """One less."""
    _listed(value, name, [one for one in _list(value, name) if one != entry])


def entry_at(value: Mapping[str, object], name: str, place: str) -> str | None:
    """The entry at a place of a list, counted from 0; None if there is none.

    A page that may not show numbers names entries by their places in a version.
    """
    entries = _list(value, name)
    if not (place.isascii() and place.isdecimal() and len(place) < 7):
        return None
    return entries[int(place)] if int(place) < len(entries) else None


def change_screening(value: Plain, fields: Fields) -> None:
    """Areas, anonymous callers and frequency."""
    screening = below(value, "screening")
    places = [*fields.all("areas"), *fields.listed("more_areas")]
    kind = fields.text("area_rule")
    ruled = kind in ("allow", "deny") and bool(places)
    put(screening, "areas", {kind: places} if ruled else None)
    screening["anonymous"] = fields.text("anonymous") or "accept"
    calls, minutes = fields.text("frequency_calls"), fields.text("frequency_minutes")
    put(screening, "frequency", {"calls": calls, "minutes": minutes} if calls else None)
    value["screening"] = screening


def _list(value: Mapping[str, object], name: str) -> list[str]:
    entries = below(value, "screening").get(name)
    return [str(one) for one in entries] if isinstance(entries, list) else []


def _listed(value: Plain, name: str, entries: list[str]) -> None:
    screening = below(value, "screening")
    put(screening, name, entries)
    value["screening"] = screening
