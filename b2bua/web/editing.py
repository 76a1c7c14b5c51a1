"""Changes of a plan as functions of what a form said: a plan in, a plan out.

Nothing is checked here: what comes out is read like any plan before it is published.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from b2bua.service.plan import Group, Mode, Plan

LISTS: Final = ("blacklist", "whitelist")
MOST_SECONDS: Final = 999

Fields = Mapping[str, str]


def with_destinations(plan: Plan, fields: Fields) -> Plan:
    """Numbers and ring times, by ``number:NAME`` and ``ring:NAME``."""
    changed = {
        name: replace(
            one,
            number=fields.get(f"number:{name}", one.number).strip(),
            ring=_whole(fields.get(f"ring:{name}", ""), one.ring),
        )
        for name, one in plan.destinations.items()
    }
    return replace(plan, destinations=changed)


def with_order(plan: Plan, fields: Fields) -> Plan:
    """Groups and forwarding, by ``GROUP:PLACE`` and ``forwarding busy:PLACE``."""
    groups = {name: _reordered(group, fields) for name, group in plan.groups.items()}
    forwarding = replace(
        plan.forwarding,
        busy=_places("forwarding busy", plan.forwarding.busy, fields),
        no_answer=_places("forwarding no_answer", plan.forwarding.no_answer, fields),
    )
    return replace(plan, groups=groups, forwarding=forwarding)


def with_entry(plan: Plan, name: str, entry: str) -> Plan:
    """One more number or prefix on a list."""
    entries = _list(plan, name)
    if entry in entries:
        return plan
    return _listed(plan, name, (*entries, entry))


def without_entry(plan: Plan, name: str, entry: str) -> Plan:
    """One less."""
    return _listed(plan, name, tuple(one for one in _list(plan, name) if one != entry))


def entry_at(plan: Plan, name: str, place: str) -> str | None:
    """The entry at a place of a list, counted from 0; None if there is none.

    A page that may not show numbers names entries by their places in a version.
    """
    entries = _list(plan, name)
    if not (place.isascii() and place.isdecimal() and len(place) < 7):
        return None
    return entries[int(place)] if int(place) < len(entries) else None


def _list(plan: Plan, name: str) -> tuple[str, ...]:
    rule = plan.screening
    return rule.blacklist if name == "blacklist" else rule.whitelist


def _listed(plan: Plan, name: str, entries: tuple[str, ...]) -> Plan:
    if name == "blacklist":
        return replace(plan, screening=replace(plan.screening, blacklist=entries))
    return replace(plan, screening=replace(plan.screening, whitelist=entries))


def _reordered(group: Group, fields: Fields) -> Group:
    key = f"group {group.name}"
    if group.mode is Mode.PERCENT:
        members = tuple(
            (name, _whole(fields.get(f"{key}:{name}", ""), weight))
            for name, weight in group.members
        )
    else:
        before = [name for name, _ in group.members]
        members = tuple((name, 0) for name in _places(key, before, fields))
    return replace(group, members=members)


def _places(key: str, before: Sequence[str], fields: Fields) -> tuple[str, ...]:
    """The names chosen for the places of a list, each once; as before if none was asked."""
    asked = [place for place in range(len(before) + 1) if f"{key}:{place}" in fields]
    if not asked:
        return tuple(before)
    chosen = (fields[f"{key}:{place}"] for place in asked)
    return tuple(dict.fromkeys(name for name in chosen if name))


def _whole(text: str, otherwise: int) -> int:
    """A whole number; what is none becomes one that no plan takes."""
    text = text.strip()
    if not text:
        return otherwise
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 5 else -1
