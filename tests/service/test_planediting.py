"""Plans edited as text: what was not asked for stays as it was written."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from b2bua.service.plan import (
    Caps,
    Destination,
    Forwarding,
    Group,
    Menu,
    Mode,
    Plan,
    Route,
    Target,
    ToDestination,
    ToMenu,
    ToVoicemail,
    When,
)
from b2bua.service.planediting import edited
from b2bua.service.planfile import plan_to_yaml, read_plans
from b2bua.service.planreading import Known

SOURCE = """\
# Plan of the shop, kept by 王敏.
number: "4006001234"
name: 常德博易   # as on the sign

# Who answers
destinations:
  # the desk by the door
  desk: {number: "02088886001", trunk: unicom}   # Ms Wang
  # upstairs
  office:
    number: "02088886002"   # since March
    trunk: unicom
    ring: 20   # they walk far
  mobile: {trunk: unicom, number: "13900001111", concurrent: 2}
# Never these
screening:
  blacklist:
    - "13800138000"   # rude
    # a fax
    - "0736*"
  anonymous: accept
forwarding: {busy: [office, mobile], no_answer: [mobile], max_forwards: 2}   # agreed
routes:
  # first the south
  - name: south
    when: {areas: ["0755", 广东], days: Mon-Fri}   # they talk Cantonese
    to: {percent: {desk: 70, office: 30}}
  # then the evening
  - {name: evening, when: {hours: "18:00-08:59"}, to: mobile}
  # and the rest
  - {name: otherwise, to: desk}   # always
# the end
"""
DEMO = Path("config/demo")


def read(text: str) -> Plan:
    found = read_plans(text, "plan.yaml", Known(allowed_destinations=("",)))
    assert isinstance(found, tuple), [str(one) for one in found]
    return found[0]


def comments(text: str) -> list[str]:
    return re.findall(r"#[^\n]*", text)


def changed_lines(before: str, after: str) -> tuple[set[str], set[str]]:
    old, new = set(before.splitlines()), set(after.splitlines())
    return old - new, new - old


PLAN = read(SOURCE)


def destination(plan: Plan, name: str, **changes: object) -> Plan:
    one = replace(plan.destinations[name], **changes)  # type: ignore[arg-type]
    return replace(plan, destinations={**plan.destinations, name: one})


def test_nothing_changed_is_the_same_text() -> None:
    assert edited(SOURCE, PLAN, PLAN) == SOURCE


CASES: list[tuple[str, Callable[[Plan], Plan], set[str], set[str]]] = [
    (
        "a number in braces",
        lambda plan: destination(plan, "desk", number="02088889999"),
        {'  desk: {number: "02088886001", trunk: unicom}   # Ms Wang'},
        {'  desk: {number: "02088889999", trunk: unicom}   # Ms Wang'},
    ),
    (
        "a number on a line",
        lambda plan: destination(plan, "office", number="02088889999"),
        {'    number: "02088886002"   # since March'},
        {'    number: "02088889999"   # since March'},
    ),
    (
        "what was left out is added",
        lambda plan: destination(plan, "desk", ring=30),
        {'  desk: {number: "02088886001", trunk: unicom}   # Ms Wang'},
        {'  desk: {number: "02088886001", trunk: unicom, ring: 30}   # Ms Wang'},
    ),
    (
        "a limit goes",
        lambda plan: destination(plan, "mobile", concurrent=None),
        {'  mobile: {trunk: unicom, number: "13900001111", concurrent: 2}'},
        {'  mobile: {trunk: unicom, number: "13900001111"}'},
    ),
    (
        "one more on the blacklist",
        lambda plan: replace(
            plan,
            screening=replace(
                plan.screening, blacklist=(*plan.screening.blacklist, "02166668888")
            ),
        ),
        set(),
        {'    - "02166668888"'},
    ),
    (
        "the first of the blacklist goes with its comment",
        lambda plan: replace(plan, screening=replace(plan.screening, blacklist=("0736*",))),
        {'    - "13800138000"   # rude'},
        set(),
    ),
    (
        "forwarding in another order",
        lambda plan: replace(
            plan, forwarding=replace(plan.forwarding, busy=("mobile", "office"))
        ),
        {
            "forwarding: {busy: [office, mobile], no_answer: [mobile], max_forwards: 2}"
            "   # agreed"
        },
        {
            "forwarding: {busy: [mobile, office], no_answer: [mobile], max_forwards: 2}"
            "   # agreed"
        },
    ),
    (
        "a section that was not there",
        lambda plan: replace(plan, caps=Caps(calls_per_month=500)),
        set(),
        {"limits: {calls_per_month: 500}"},
    ),
    (
        "a greeting",
        lambda plan: replace(plan, greeting="welcome", survey=True),
        set(),
        {"greeting: welcome", "survey: true"},
    ),
]


@pytest.mark.parametrize(
    ("change", "gone", "come"),
    [case[1:] for case in CASES],
    ids=[case[0] for case in CASES],
)
def test_only_what_changed_is_rewritten(
    change: Callable[[Plan], Plan], gone: set[str], come: set[str]
) -> None:
    wanted = change(PLAN)
    text = edited(SOURCE, PLAN, wanted)
    assert read(text) == wanted
    assert changed_lines(SOURCE, text) == (gone, come)


def test_routes_take_their_comments_along() -> None:
    south, evening, rest = PLAN.routes
    text = edited(SOURCE, PLAN, replace(PLAN, routes=(evening, south, rest)))
    assert changed_lines(SOURCE, text) == (set(), set())
    order = [line.strip() for line in text.splitlines()]
    assert order.index("# then the evening") + 1 == order.index(
        '- {name: evening, when: {hours: "18:00-08:59"}, to: mobile}'
    )
    assert order.index("# then the evening") < order.index("# first the south")
    assert order.index("# first the south") + 1 == order.index("- name: south")


def test_a_new_route_and_a_menu() -> None:
    night = Route(name="night", when=When(hours=((0, 359),)), to=ToVoicemail())
    menu = Menu(name="main", prompt="menu", keys={"1": ToDestination("desk")})
    last = replace(PLAN.routes[2], to=ToMenu("main"))
    wanted = replace(
        PLAN, routes=(PLAN.routes[0], night, PLAN.routes[1], last), menus={"main": menu}
    )
    text = edited(SOURCE, PLAN, wanted)
    assert read(text) == wanted
    assert comments(text) == comments(SOURCE)


def test_a_group_changes_its_mode_where_it_is_written() -> None:
    group = Group(name="route:south", mode=Mode.ORDER, members=(("office", 0),))
    wanted = replace(PLAN, groups={"route:south": group})
    text = edited(SOURCE, PLAN, wanted)
    assert read(text) == wanted
    assert "    to: {order: [office]}" in text.splitlines()
    assert comments(text) == comments(SOURCE)


def test_what_cannot_be_edited_is_written_anew() -> None:
    odd = SOURCE.replace("name: 常德博易   # as on the sign", "? name\n: 常德博易")
    plan = read(odd)
    wanted = replace(plan, name="another")
    assert read(edited(odd, plan, wanted)) == wanted


@pytest.mark.parametrize("file", sorted(DEMO.glob("*.yaml")), ids=lambda path: path.stem)
def test_the_demo_plans_keep_every_comment(file: Path) -> None:
    text = file.read_text()
    plan = read(text)
    first = next(iter(plan.destinations))
    wanted = destination(replace(plan, name="renamed"), first, ring=33)
    made = edited(text, plan, wanted)
    assert read(made) == wanted
    assert comments(made) == comments(text)
    assert len(made.splitlines()) == len(text.splitlines())


NAMES = list(PLAN.destinations)
NUMBERS = st.sampled_from(["02088880001", "13911112222", "057188886666"])
TEXTS = st.text(
    st.characters(codec="utf-8", categories=["L", "N", "P", "S", "Zs"]), max_size=12
).filter(str.isprintable)
WHENS = st.builds(
    When,
    days=st.sets(st.integers(0, 6), min_size=1).map(frozenset),
    hours=st.lists(st.tuples(st.integers(0, 1439), st.integers(0, 1439)), max_size=2).map(
        tuple
    ),
    areas=st.lists(st.sampled_from(["010", "0755", "广东", "unknown"]), max_size=3).map(
        tuple
    ),
)


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """Plans a form may make of PLAN: anything may be there, changed or gone."""
    fresh = {
        name: Destination(
            name=name, number=draw(NUMBERS), trunk="unicom", ring=draw(st.integers(10, 60))
        )
        for name in draw(st.sets(st.sampled_from(["new", "王 敏", "0-lines"])))
    }
    kept = {name: PLAN.destinations[name] for name in draw(st.permutations(NAMES))}
    for name in draw(st.sets(st.sampled_from(NAMES))):
        kept[name] = replace(
            kept[name],
            number=draw(NUMBERS),
            ring=draw(st.integers(10, 60)),
            when=draw(st.none() | WHENS.map(lambda when: replace(when, areas=()))),
        )
    destinations = {**kept, **fresh}
    names = st.sampled_from(list(destinations))
    lists = st.lists(names, max_size=4, unique=True).map(tuple)
    targets: list[Target] = [ToDestination("desk"), ToVoicemail()]
    routes = [
        replace(one, when=draw(st.just(one.when) | WHENS))
        for one in draw(st.permutations(PLAN.routes[:2]))
    ]
    if draw(st.booleans()):
        to = draw(st.sampled_from(targets))
        routes.insert(draw(st.integers(0, 2)), Route(name="fresh", when=draw(WHENS), to=to))
    share = draw(st.integers(0, 100))
    south = Group(
        name="route:south",
        mode=Mode.PERCENT,
        members=(("desk", share), (draw(names.filter(lambda n: n != "desk")), 100 - share)),
    )
    black = draw(
        st.lists(st.sampled_from(["13800138000", "0736*", "02166668888"]), unique=True)
    )
    return replace(
        PLAN,
        name=draw(TEXTS),
        destinations=destinations,
        screening=replace(PLAN.screening, blacklist=tuple(black)),
        forwarding=Forwarding(busy=draw(lists), no_answer=draw(lists)),
        caps=Caps(calls_per_month=draw(st.none() | st.integers(0, 9))),
        greeting=draw(st.none() | st.just("welcome")),
        routes=(*routes, PLAN.routes[2]),
        groups={"route:south": south},
    )


@given(plans())
@settings(max_examples=25, deadline=None)
def test_any_change_says_what_was_meant_and_loses_no_comment(wanted: Plan) -> None:
    text = edited(SOURCE, PLAN, wanted)
    assert read(text) == wanted
    kept = comments(text)
    gone = {comment for comment in comments(SOURCE) if comment not in kept}
    allowed = set()
    if "13800138000" not in wanted.screening.blacklist:
        allowed.add("# rude")
    if "0736*" not in wanted.screening.blacklist:
        allowed.add("# a fax")
    if not wanted.screening.blacklist:
        allowed |= {"# rude", "# a fax"}
    if any(one.name == "south" and one.when == When() for one in wanted.routes):
        allowed.add("# they talk Cantonese")
    assert gone <= allowed
    assert text != plan_to_yaml(wanted)


@given(plans(), plans())
@settings(max_examples=12, deadline=None)
def test_edits_follow_each_other(first: Plan, second: Plan) -> None:
    text = edited(edited(SOURCE, PLAN, first), first, second)
    assert read(text) == second
    assert "# Ms Wang" in text
