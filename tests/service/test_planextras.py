"""What plans say beyond ways and destinations, read and written back; what is found.

Overrides, rosters, familiar callers, places in a queue, greetings by time, menu words, and
what caps count.
"""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from b2bua.service.plan import (
    Back,
    Caps,
    Counted,
    Group,
    Mode,
    Override,
    Plan,
    Repeat,
    Shift,
    TimedGreeting,
    ToDestination,
    ToGroup,
    ToMenu,
    ToVoicemail,
    When,
)
from b2bua.service.planfile import (
    plan_from_mapping,
    plan_to_mapping,
    plan_to_yaml,
    read_plans,
)
from b2bua.service.planreading import PLAN_KEYS, Known
from b2bua.service.planwriting import plain

KNOWN = Known(trunks=("unicom",), tariffs=("standard",), prompts=("welcome", "evening"))
BASE = """\
number: "4006001234"
destinations:
  wang: {number: "13900001111", trunk: unicom, person: 王敏}
  li: {number: "13900002222", trunk: unicom}
"""
ROUTES = "routes: [{name: all, to: wang}]\n"


def read(text: str, *, base: str = BASE) -> Plan:
    found = read_plans(base + text, "plan.yaml", KNOWN)
    assert isinstance(found, tuple), found
    (plan,) = found
    again = read_plans(plan_to_yaml(plan), "again.yaml", KNOWN)
    assert again == (plan,)
    assert plan_from_mapping(plan_to_mapping(plan)) == plan
    return plan


def test_who_answers() -> None:
    people = {name: one.person for name, one in read(ROUTES).destinations.items()}
    assert people == {"wang": "王敏", "li": ""}


@pytest.mark.parametrize(
    ("text", "override"),
    [
        ("", None),
        (
            "override: {to: li, until: 2026-11-24T08:00}\n",
            Override(to=ToDestination("li"), until=datetime(2026, 11, 24, tzinfo=UTC)),
        ),
        (
            "override: {to: {order: [li, wang]}, since: 2026-11-23 22:00,"
            ' until: "2026-11-24T08:00:00+01:00", note: 台风}\n',
            Override(
                to=ToGroup("override:to"),
                since=datetime(2026, 11, 23, 14, tzinfo=UTC),
                until=datetime(2026, 11, 24, 7, tzinfo=UTC),
                note="台风",
            ),
        ),
        (
            "override: {to: {voicemail: true}, until: 2026-11-24T00:00:00Z}\n",
            Override(to=ToVoicemail(), until=datetime(2026, 11, 24, tzinfo=UTC)),
        ),
        (
            "menus: {m: {prompt: welcome, keys: {'1': li}}}\n"
            "override: {to: {menu: m}, until: 2026-11-24T08:00}\n",
            Override(to=ToMenu("m"), until=datetime(2026, 11, 24, tzinfo=UTC)),
        ),
    ],
)
def test_overrides(text: str, override: Override | None) -> None:
    assert read(text + ROUTES).override == override


def test_a_duty_roster() -> None:
    plan = read(
        """\
groups:
  duty:
    roster:
      - {name: 早班, when: {days: Mon-Fri, hours: "09:00-17:59"}, on: [wang, li]}
      - {name: 夜班, when: {hours: "18:00-08:59"}, on: li}
    familiar: 7
routes: [{name: all, to: duty}]
"""
    )
    morning = Shift(
        name="早班",
        when=When(days=frozenset(range(5)), hours=((540, 1079),)),
        on=("wang", "li"),
    )
    night = Shift(name="夜班", when=When(hours=((1080, 539),)), on=("li",))
    assert plan.groups["duty"] == Group(
        name="duty",
        mode=Mode.ROSTER,
        members=(("wang", 0), ("li", 0)),
        shifts=(morning, night),
        familiar=7,
    )


def test_a_roster_inside_a_route() -> None:
    plan = read("routes: [{name: all, to: {roster: [{name: day, on: [li]}]}}]\n")
    (shift,) = plan.groups["route:all"].shifts
    assert (shift.when, shift.on) == (When(), ("li",))


@pytest.mark.parametrize("mode", ["percent: {wang: 60, li: 40}", "rotate: [wang, li]"])
def test_familiar_callers(mode: str) -> None:
    plan = read(f"groups: {{g: {{{mode}, familiar: 30}}}}\n" + ROUTES)
    assert plan.groups["g"].familiar == 30
    assert read(f"routes: [{{name: all, to: {{{mode}}}}}]\n").groups["route:all"] == Group(
        name="route:all", mode=plan.groups["g"].mode, members=plan.groups["g"].members
    )


@pytest.mark.parametrize(("text", "position"), [("", False), ("position: true", True)])
def test_places_in_a_queue(text: str, position: bool) -> None:
    plan = read(f"groups: {{g: {{order: [li], queue: {{{text}}}}}}}\n" + ROUTES)
    queue = plan.groups["g"].queue
    assert queue is not None
    assert queue.position is position


def test_greetings_by_time() -> None:
    plan = read(
        "greeting: welcome\ngreetings:\n"
        '  - {prompt: evening, when: {hours: "18:00-23:59"}}\n'
        "  - {prompt: evening, when: {workday: false}}\n" + ROUTES
    )
    assert plan.greeting == "welcome"
    assert plan.greetings == (
        TimedGreeting(prompt="evening", when=When(hours=((1080, 1439),))),
        TimedGreeting(prompt="evening", when=When(workday=False)),
    )


def test_prompts_of_greetings_are_published() -> None:
    known = Known(trunks=("unicom",), own_prompts={"tea": "own/tea"}, prompts=())
    found = read_plans(BASE + "greetings: [{prompt: tea}]\n" + ROUTES, "plan.yaml", known)
    assert isinstance(found, tuple)
    assert found[0].prompts == {"tea": "own/tea"}


def test_keys_that_repeat_and_go_back() -> None:
    plan = read(
        """\
menus:
  main: {prompt: welcome, keys: {"1": {menu: more}, "*": repeat, "0": li}}
  more: {prompt: welcome, keys: {"1": li, "*": repeat, "#": back}, operator: wang}
routes: [{name: all, to: {menu: main}}]
"""
    )
    assert plan.menus["main"].keys["*"] == Repeat()
    assert plan.menus["main"].otherwise is None
    assert plan.menus["more"].keys == {
        "1": ToDestination("li"),
        "*": Repeat(),
        "#": Back(),
        "0": ToDestination("wang"),
    }
    assert plan.menus["more"].otherwise == ToDestination("wang")


def test_an_operator_yields_to_what_is_said_of_its_key_and_of_silence() -> None:
    keys = '{prompt: welcome, keys: {"0": li, "1": li}, otherwise: li, operator: wang}'
    menu = read(f"menus: {{m: {keys}}}\n" + ROUTES).menus["m"]
    assert menu.keys["0"] == menu.otherwise == ToDestination("li")


def test_a_destination_called_back_is_that_destination() -> None:
    base = BASE + '  back: {number: "02088886001", trunk: unicom}\n'
    text = 'menus: {m: {prompt: welcome, keys: {"1": back, "2": repeat}}}\n' + ROUTES
    keys = read(text, base=base).menus["m"].keys
    assert keys == {"1": ToDestination("back"), "2": Repeat()}


@pytest.mark.parametrize(
    ("text", "counted"),
    [
        ("", Counted.ADMITTED),
        ("count: admitted", Counted.ADMITTED),
        ("count: offered", Counted.OFFERED),
        ("count: answered", Counted.ANSWERED),
    ],
)
def test_what_caps_count(text: str, counted: Counted) -> None:
    both = ", ".join(filter(None, ("calls_per_month: 5", text)))
    assert read(f"limits: {{{both}}}\n" + ROUTES).caps == Caps(
        calls_per_month=5, count=counted
    )
    assert read(f"limits: {{{text}}}\n" + ROUTES).caps.count is counted


@pytest.mark.parametrize(
    ("text", "field", "message"),
    [
        ("override: wang\n", "override", "must be a mapping"),
        ("override: {to: li}\n", "override.until", "say when it ends"),
        ("override: {to: li, until: soon}\n", "override.until", "'soon' is no time"),
        ("override: {to: li, until: 2026-13-01}\n", "override.until", "is no time"),
        (
            "override: {to: li, until: 9999-12-31T23:59-12:00}\n",
            "override.until",
            "no time",
        ),
        (
            "override: {to: li, since: 2026-11-24T08:00, until: 2026-11-24T08:00}\n",
            "override.until",
            "ends before it begins",
        ),
        (
            "override: {to: zhao, until: 2026-11-24}\n",
            "override.to",
            "no destination or group 'zhao'",
        ),
        ("override: {to: li, untill: 2026-11-24}\n", "override.untill", "mean until?"),
        ("override: {to: back, until: 2026-11-24}\n", "override.to", "'back'"),
        ("groups: {d: {roster: [{name: a, on: []}]}}\n", "groups.d.roster[0].on", "name"),
        (
            "groups: {d: {roster: [{name: a, on: [li, chen]}]}}\n",
            "groups.d.roster[0].on[1]",
            "no destination 'chen'",
        ),
        (
            "groups: {d: {roster: [{name: a, on: li}, {name: a, on: li}]}}\n",
            "groups.d.roster[1].name",
            "'a' is there already",
        ),
        (
            "groups: {d: {roster: [{name: a, on: li, when: {areas: [0755]}}]}}\n",
            "groups.d.roster[0].when.areas",
            "unknown key",
        ),
        (
            "groups: {d: {roster: [{name: a, on: [li, li]}]}}\n",
            "groups.d.roster[0].on",
            "named twice",
        ),
        ("groups: {d: {roster: li}}\n", "groups.d.roster[0]", "must be a mapping"),
        ("groups: {d: {roster: []}}\n", "groups.d.roster", "name at least one"),
        ("groups: {g: {order: [li], familiar: 0}}\n", "groups.g.familiar", "1 to 366"),
        ("groups: {g: {all: [li], familiar: 9}}\n", "groups.g.familiar", "nobody is first"),
        (
            "groups: {g: {order: [li], queue: {position: 1}}}\n",
            "groups.g.queue.position",
            "true or false",
        ),
        ("greetings: [{prompt: tea}]\n", "greetings[0].prompt", "no prompt 'tea'"),
        ("greetings: evening\n", "greetings[0]", "must be a mapping"),
        (
            "greetings: [{prompt: evening, when: {callers: ['1*']}}]\n",
            "greetings[0].when.callers",
            "unknown key",
        ),
        (
            'menus: {m: {prompt: welcome, keys: {"1": li}, otherwise: repeat}}\n',
            "menus.m.otherwise",
            "no destination or group 'repeat'",
        ),
        (
            'menus: {m: {prompt: welcome, keys: {"1": li}, operator: nobody}}\n',
            "menus.m.operator",
            "no destination or group 'nobody'",
        ),
        ("limits: {count: all}\n", "limits.count", "write one of: admitted"),
        ("limits: {count: [offered]}\n", "limits.count", "did you mean offered"),
    ],
)
def test_what_is_found(text: str, field: str, message: str) -> None:
    found = read_plans(BASE + text + ROUTES, "plan.yaml", KNOWN)
    assert isinstance(found, list), "nothing was found"
    lines = (BASE + text).count("\n")
    assert all(0 < one.line <= lines for one in found)
    assert any(one.field == field and message in one.message for one in found), found


def test_the_plan_of_the_documentation_is_a_plan() -> None:
    text = (Path(__file__).parents[2] / "docs" / "plan.md").read_text(encoding="utf-8")
    source = text.split("```yaml\n")[1].split("```")[0]
    known = Known(trunks=("unicom",), own_prompts={"tea": "x", "evening": "y"})
    found = read_plans(source, "plan.md", known)
    assert isinstance(found, tuple), found
    (plan,) = found
    assert read_plans(plan_to_yaml(plan), "again.yaml", known) == found
    assert set(plain(plan)) >= PLAN_KEYS - {"webhooks", "survey"}
