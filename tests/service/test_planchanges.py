"""What differs between plans, and what two people made of one."""

from copy import deepcopy
from typing import Any

from b2bua.service.planchanges import ORDER, Change, changes, merged
from b2bua.service.planwriting import plain
from tests.store.builders import plan

BASE: dict[str, Any] = plain(plan())


def changed(**paths: object) -> dict[str, Any]:
    """The plan with values at paths such as ``destinations__one__ring``."""
    value = deepcopy(BASE)
    for path, new in paths.items():
        *way, last = path.split("__")
        at = value
        for step in way:
            at = at[step]
        at[last] = new
    return value


def test_equal_plans_do_not_differ() -> None:
    assert list(changes(BASE, deepcopy(BASE))) == []


def test_fields_routes_and_order_are_named() -> None:
    after = changed(destinations__one__number="13911112222", password="9876")
    after["routes"][0]["when"]["days"] = "Sat"
    after["routes"].reverse()
    found = {one.path: (one.before, one.after) for one in changes(BASE, after)}
    assert found == {
        ("destinations", "one", "number"): ("02088886001", "13911112222"),
        ("password",): ("", ""),
        ("routes", "south", "when", "days"): ("Mon-Fri", "Sat"),
        ("routes", ORDER): (["south", "otherwise"], ["otherwise", "south"]),
    }


def test_secrets_are_never_shown() -> None:
    hooks = [{"url": "https://a.example/", "secret": "s" * 16}]
    found = list(changes(BASE, changed(webhooks=hooks)))
    assert found == [
        Change(
            path=("webhooks",),
            before=None,
            after=[{"url": "https://a.example/", "secret": "…"}],
        )
    ]
    assert "s" * 16 not in repr(list(changes(changed(webhooks=hooks), BASE)))


def test_changes_of_different_things_are_both_kept() -> None:
    ours = changed(destinations__one__ring=30)
    theirs = changed(destinations__two__ring=40, name="new name", greeting="welcome")
    value, conflicts = merged(BASE, ours, theirs)
    assert conflicts == []
    assert value == changed(
        destinations__one__ring=30,
        destinations__two__ring=40,
        name="new name",
        greeting="welcome",
    )


def test_the_same_thing_changed_twice_is_a_conflict() -> None:
    ours, theirs = (changed(destinations__one__ring=ring) for ring in (30, 40))
    value, conflicts = merged(BASE, ours, theirs)
    assert conflicts == [("destinations", "one", "ring")]
    assert value == ours
    assert merged(BASE, ours, deepcopy(ours)) == (ours, [])


def test_what_one_removed_and_the_other_left_is_gone() -> None:
    ours = changed()
    del ours["destinations"]["two"]
    value, conflicts = merged(BASE, ours, changed(name="new name"))
    assert conflicts == []
    assert isinstance(value, dict)
    assert list(value["destinations"]) == ["one"]
    theirs = changed(destinations__two__ring=50)
    assert merged(BASE, ours, theirs)[1] == [("destinations", "two")]


def test_routes_are_merged_by_name() -> None:
    ours, theirs = changed(), changed()
    ours["routes"].insert(0, {"name": "first", "to": "two"})
    theirs["routes"][1]["to"] = "two"
    value, conflicts = merged(BASE, ours, theirs)
    assert conflicts == []
    assert isinstance(value, dict)
    assert [(one["name"], one["to"]) for one in value["routes"]] == [
        ("first", "two"),
        ("south", BASE["routes"][0]["to"]),
        ("otherwise", "two"),
    ]
    theirs["routes"].reverse()
    assert merged(BASE, ours, theirs)[1] == [("routes",)]
