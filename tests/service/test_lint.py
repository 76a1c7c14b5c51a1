"""What ``b2bua check`` remarks on."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import pytest

from b2bua.service.lint import Around, check, lint
from b2bua.service.plan import Menu, Plan, Route, ToDestination, ToMenu, When
from tests.service.plans import CALENDAR, KNOWN, PLAN_TEXT, the_plan

NOVEMBER, DECEMBER = date(2026, 11, 21), date(2026, 12, 1)
AROUND = Around(calendar=CALENDAR, today=NOVEMBER, prompts=("welcome", "menu"))
DUTY = ToDestination("duty")
MON_FRI = frozenset(range(5))


def remarks(plan: Plan, around: Around = AROUND) -> list[tuple[str, str]]:
    return [(one.field, one.message) for one in lint(plan, around)]


def with_routes(*whens: When) -> Plan:
    routes = [Route(name=f"r{n}", when=when, to=DUTY) for n, when in enumerate(whens)]
    return replace(the_plan(), routes=tuple(routes))


def test_the_plan_of_the_documentation_is_clean() -> None:
    assert remarks(the_plan()) == []


@pytest.mark.parametrize(
    ("whens", "gap"),
    [
        ([When()], None),
        ([When(workday=True), When(workday=False)], None),
        ([When(hours=((0, 1079),)), When(hours=((1080, 1439),))], None),
        ([When(hours=((1080, 539),)), When(hours=((540, 1079),))], None),
        ([When(days=MON_FRI)], "Sat at 00:00"),
        ([When(hours=((0, 1079),)), When(hours=((1081, 1439),))], "Mon at 18:00"),
        ([When(workday=True)], "Mon at 00:00 if it is a day off"),
        ([When(areas=("0755",))], "Mon at 00:00"),
    ],
)
def test_gaps_in_the_week(whens: Sequence[When], gap: str | None) -> None:
    found = [
        message for _, message in remarks(with_routes(*whens)) if "no route" in message
    ]
    assert bool(found) is (gap is not None)
    assert gap is None or gap in found[0]


@pytest.mark.parametrize(
    ("above", "below", "shadowed"),
    [
        (When(), When(areas=("0755",)), True),
        (When(areas=("0755", "010")), When(areas=("0755",)), True),
        (When(areas=("0755",)), When(areas=("0755", "010")), False),
        (When(areas=("0755",)), When(), False),
        (When(days=MON_FRI), When(days=frozenset((1,))), True),
        (When(days=frozenset((1,))), When(days=MON_FRI), False),
        (When(hours=((540, 1079),)), When(hours=((600, 700),)), True),
        (When(hours=((1320, 360),)), When(hours=((1380, 300),)), True),
        (When(hours=((1320, 360),)), When(hours=((1380, 400),)), False),
        (When(hours=((1320, 360),)), When(hours=((0, 300),)), False),
        (When(workday=True), When(), False),
        (When(), When(workday=True), True),
        (When(days=MON_FRI), When(days=MON_FRI, workday=True), False),
        (When(callers=("137*",)), When(callers=("137*",), areas=("010",)), True),
        (When(dates=((NOVEMBER, NOVEMBER),)), When(), False),
    ],
)
def test_shadowed_routes(above: When, below: When, shadowed: bool) -> None:
    found = [
        field
        for field, message in remarks(with_routes(above, below, When()))
        if "never reached" in message and field == "routes[1]"
    ]
    assert bool(found) is shadowed


def test_loops_to_our_own_numbers() -> None:
    plan = the_plan()
    loop = replace(plan.destinations["duty"], number="4007001234")
    plan = replace(plan, destinations={**plan.destinations, "duty": loop})
    assert remarks(plan) == []
    around = replace(AROUND, own_numbers=("4007001234",))
    assert [field for field, _ in remarks(plan, around)] == ["destinations.duty.number"]


def test_a_menu_that_a_silent_caller_never_leaves() -> None:
    plan = the_plan()
    more = Menu(name="more", prompt="menu", keys={"1": DUTY}, otherwise=ToMenu("main"))
    main = replace(plan.menus["main"], otherwise=ToMenu("more"))
    found = remarks(replace(plan, menus={"main": main, "more": more}))
    assert [field for field, _ in found] == ["menus.main.otherwise", "menus.more.otherwise"]


def test_missing_prompts() -> None:
    around = replace(AROUND, prompts=())
    assert [f for f, _ in remarks(the_plan(), around)] == ["menus.main.prompt", "greeting"]
    plan = replace(the_plan(), prompts={"welcome": "a", "menu": "b"})
    assert remarks(plan, around) == []


@pytest.mark.parametrize(
    ("today", "years"),
    [
        (NOVEMBER, []),
        (DECEMBER, ["2027"]),
        (date(2027, 1, 1), ["2027"]),
        (date(2027, 12, 1), ["2027", "2028"]),
    ],
)
def test_a_calendar_without_data(today: date, years: list[str]) -> None:
    found = remarks(the_plan(), replace(AROUND, today=today))
    assert len(found) == len(years)
    for year, (_, message) in zip(years, found, strict=True):
        assert year in message
    said = remarks(with_routes(When()), replace(AROUND, today=today))
    assert not [message for _, message in said if "calendar" in message]


def test_a_file_is_checked_for_mistakes_and_then_for_oddities() -> None:
    early = "routes:\n  - {name: all, to: duty}\n"
    text = PLAN_TEXT.replace("routes:", early + "#", 1)
    found = check(text, "plan.yaml", KNOWN, AROUND)
    assert [(one.line, one.field) for one in found] == [
        (26, "routes[1]"),
        (27, "routes[2]"),
        (28, "routes[3]"),
    ]
    wrong = check(text.replace("ring: 15", "ring: 5"), "plan.yaml", KNOWN, AROUND)
    assert [one.field for one in wrong] == ["destinations.sales-1.ring"]
    assert check(PLAN_TEXT, "plan.yaml", KNOWN, AROUND) == []


def test_plans_of_one_file_that_forward_to_each_other() -> None:
    other = PLAN_TEXT.replace("4006001234", "4007001234")
    other = other.replace("13900001111", "4006001234")
    found = check(f"{PLAN_TEXT}---\n{other}", "two.yaml", KNOWN, AROUND)
    assert [(one.line, one.field) for one in found] == [(40, "destinations.duty.number")]
