"""Changes of routes and groups as functions of what a form said."""

from collections.abc import Sequence
from typing import Final

from b2bua.service.plan import When
from b2bua.service.schedule import days_text, hours_text
from b2bua.web.editing import group_at
from b2bua.web.forms import (
    Fields,
    Plain,
    below,
    ordered,
    put,
    shares_of,
    target_of,
    weeks_of,
)

MODES: Final = ("percent", "order", "rotate", "random", "all")
QUEUE: Final = ("music", "max_wait", "announce")


def routes_of(value: Plain) -> list[Plain]:
    """The routes, to be changed."""
    routes = value.get("routes")
    found = (
        [one for one in routes if isinstance(one, dict)] if isinstance(routes, list) else []
    )
    value["routes"] = found
    return found


def step(value: Plain, place: str, what: str) -> None:
    """Move a route ``up`` or ``down``, or ``remove`` it."""
    routes = routes_of(value)
    if not (place.isascii() and place.isdecimal() and len(place) < 6):
        return
    at = int(place)
    if at >= len(routes):
        return
    one = routes.pop(at)
    if what in ("up", "down"):
        routes.insert(max(0, at - 1) if what == "up" else at + 1, one)
    elif what != "remove":
        routes.insert(at, one)


def reorder(value: Plain, names: Sequence[str]) -> None:
    """Routes in the order of their names; those that are not named stay behind."""
    routes = routes_of(value)
    rank = {name: place for place, name in enumerate(names)}
    routes.sort(key=lambda one: rank.get(str(one.get("name")), len(rank)))


def change_route(value: Plain, place: str, fields: Fields) -> None:
    """One route from its form; different hours on different days make several."""
    routes = routes_of(value)
    at = len(routes) - 1 if place == "new" else int(place)
    before = None if place == "new" else routes[at]
    name = fields.text("name")
    to: object = target_of(fields, "to")
    if fields.text("to") == "keep" and before is not None:
        to = before.get("to")
    others = _others(fields)
    made: list[Plain] = []
    for number, when in enumerate(weeks_of(fields, "")):
        title = name if number == 0 else f"{name} {number + 1}"
        conditions = {**when, **others}
        made.append(
            {
                "name": title,
                **({"when": conditions} if conditions else {}),
                "to": to,
            }
        )
    routes[max(at, 0) : max(at, 0) + (before is not None)] = made


def _others(fields: Fields) -> Plain:
    found: Plain = {}
    put(found, "areas", [*fields.all("areas"), *fields.listed("more_areas")])
    put(found, "callers", fields.listed("callers"))
    return found


def change_group(value: Plain, name: str, fields: Fields) -> None:
    """One group from its form, wherever the plan has it."""
    mode = fields.text("mode")
    members: object = shares_of(fields)
    if mode != "percent":
        members = ordered(fields, "member")
    made: Plain = {mode if mode in MODES else "order": members}
    if fields.has("queue"):
        queue: Plain = {key: fields.text(f"queue_{key}") for key in QUEUE}
        queue = {key: one for key, one in queue.items() if one}
        put(queue, "position", fields.has("queue_position") or None)
        made["queue"] = queue
    put(made, "familiar", fields.text("familiar"))
    group = group_at(value, name)
    if group is None:
        value["groups"] = {**below(value, "groups"), name: made}
        return
    roster = group.get("roster")
    group.clear()
    group.update(made)
    if mode == "roster":
        group.pop("order", None)
        group["roster"] = roster


def remove_group(value: Plain, name: str) -> None:
    """One group less."""
    groups = below(value, "groups")
    groups.pop(name, None)
    put(value, "groups", groups)


def chips(when: When) -> list[tuple[str, str]]:
    """Conditions as short texts, each with its kind."""
    found: list[tuple[str, str]] = []
    if len(when.days) < 7:
        found.append(("days", days_text(when.days)))
    found += [("hours", hours_text((span,))) for span in when.hours]
    if when.workday is not None:
        found.append(("workday", "workday" if when.workday else "day_off"))
    found += [("area", area) for area in when.areas]
    found += [("caller", caller) for caller in when.callers]
    found += [
        ("date", str(first) if first == last else f"{first} – {last}")  # noqa: RUF001
        for first, last in when.dates
    ]
    return found
