"""What differs between two plans, and two plans with one ancestor made into one.

Both work on plain values, in the words of a plan file. Entries of lists that have names
are compared by their names, so that one route that moved is not read as three new ones.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

Names: TypeAlias = tuple[str, ...]

SECRET: Final = frozenset(("password", "secret"))
ORDER: Final = "order of"
"""The last word of a path at which only the order differs."""
_MISSING: Final = object()


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One thing that differs."""

    path: Names
    before: object
    """None: it was not there."""
    after: object
    """None: it is gone."""
    secret: bool = False
    """Not to be shown; before and after are empty."""


def changes(before: object, after: object, path: Names = ()) -> Iterator[Change]:
    """Everything that differs between two plain values, in their order."""
    if before == after:
        return
    if path and path[-1] in SECRET:
        yield Change(path=path, before="", after="", secret=True)
    elif isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in (*before, *(key for key in after if key not in before)):
            yield from changes(before.get(key), after.get(key), (*path, str(key)))
    elif (old := _by_name(before)) is not None and (new := _by_name(after)) is not None:
        for key in (*old, *(key for key in new if key not in old)):
            yield from changes(old.get(key), new.get(key), (*path, key))
        common = [key for key in old if key in new]
        moved = [key for key in new if key in old]
        if common != moved:
            yield Change(path=(*path, ORDER), before=list(old), after=list(new))
    else:
        yield Change(path=path, before=_open(before), after=_open(after))


def merged(base: object, ours: object, theirs: object) -> tuple[object, list[Names]]:
    """What both sides made of ``base``, and the places where they disagree.

    Where they disagree ours is taken: nobody should go on with it unasked.
    """
    conflicts: list[Names] = []
    return _merged(base, ours, theirs, (), conflicts), conflicts


def _merged(
    base: object, ours: object, theirs: object, path: Names, conflicts: list[Names]
) -> object:
    if ours in (theirs, base) or base is _MISSING is theirs:
        return theirs if ours == base else ours
    if theirs == base:
        return ours
    if isinstance(ours, Mapping) and isinstance(theirs, Mapping):
        old = base if isinstance(base, Mapping) else {}
        found: dict[str, object] = {}
        for key in (*ours, *(key for key in theirs if key not in ours)):
            three = [side.get(key, _MISSING) for side in (old, ours, theirs)]
            value = _merged(three[0], three[1], three[2], (*path, str(key)), conflicts)
            if value is not _MISSING:
                found[key] = value
        return found
    sides = [_by_name(side) for side in (base, ours, theirs)]
    if all(side is not None for side in sides) and _same_order(sides[0], sides[2]):
        named = _merged(sides[0], sides[1], sides[2], path, conflicts)
        assert isinstance(named, Mapping)
        return list(named.values())
    conflicts.append(path)
    return ours


def _same_order(old: Mapping[str, object] | None, new: Mapping[str, object] | None) -> bool:
    """Whether the other side only changed entries: then ours says the order."""
    return old is not None and new is not None and list(old) == list(new)


def _by_name(value: object) -> dict[str, object] | None:
    """A list of entries as a mapping; None if they have no names, or the same."""
    if not isinstance(value, list) or not value:
        return {} if value == [] else None
    found: dict[str, object] = {}
    for entry in value:
        name = entry.get("name", entry.get("url")) if isinstance(entry, Mapping) else None
        if not isinstance(name, str) or name in found:
            return None
        found[name] = entry
    return found


def _open(value: object) -> object:
    """Without secrets."""
    match value:
        case dict():
            return {
                key: "…" if key in SECRET else _open(item) for key, item in value.items()
            }
        case list():
            return [_open(item) for item in value]
        case _:
            return value
