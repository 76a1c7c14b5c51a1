"""What ``b2bua explain`` says: caller, time and keys to outcome, as a table."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from b2bua.service.area import AreaTable, identify
from b2bua.service.flow.decision import World
from b2bua.service.flow.explain import Enquiry, explain
from b2bua.service.number import Caller, CallerKind
from b2bua.service.plan import (
    Announcements,
    Mode,
    Plan,
    Queue,
    Recording,
    ToVoicemail,
    When,
)
from tests.service.plans import CALENDAR, at, caller_from, the_plan, with_group

SHENZHEN = "075588886666"
HAIKOU = "089812345678"
BEIJING = "01012345678"
TABLE = AreaTable(provinces={"0755": "广东", "0898": "海南", "010": "北京"})
WORLD = World(calendar=CALENDAR)
MESSAGE = ToVoicemail()


def asked(
    caller: str, moment: str, keys: str = "", plan: Plan | None = None
) -> dict[str, object]:
    """The explanation as it is printed."""
    enquiry = Enquiry(
        number="4006001234",
        caller=identify(caller, TABLE),
        at=at(moment),
        keys=tuple(keys.split(",")) if keys else (),
    )
    return explain(plan or the_plan(), enquiry, WORLD).to_mapping()


OFFICE, EVENING = "2026-11-16 10:00", "2026-11-16 19:00"
AFTER_SALES_1 = ["sales-1", "support", "duty"]


@pytest.mark.parametrize(
    ("call", "outcome", "route", "destinations"),
    [
        ((SHENZHEN, OFFICE), "menu", "office hours", []),
        ((SHENZHEN, OFFICE, "1"), "dial", "office hours", AFTER_SALES_1),
        ((SHENZHEN, OFFICE, "2"), "dial", "office hours", ["support", "duty"]),
        ((SHENZHEN, OFFICE, "9"), "menu", "office hours", []),
        ((SHENZHEN, OFFICE, "9,1"), "dial", "office hours", AFTER_SALES_1),
        ((SHENZHEN, OFFICE, "9,8,7"), "dial", "office hours", ["support", "duty"]),
        ((SHENZHEN, EVENING), "dial", "south", AFTER_SALES_1),
        ((BEIJING, EVENING), "dial", "otherwise", ["duty", "support"]),
        ((BEIJING, "2026-10-01 10:00"), "dial", "otherwise", ["duty", "support"]),
        ((BEIJING, "2026-10-10 10:00"), "menu", "office hours", []),
        ((HAIKOU, OFFICE), "refuse", "", []),
        (("13800138000", OFFICE), "refuse", "", []),
        (("13900009999", OFFICE), "menu", "office hours", []),
        (("anonymous", EVENING), "dial", "otherwise", ["duty", "support"]),
    ],
)
def test_what_becomes_of_a_call(
    call: tuple[str, str] | tuple[str, str, str],
    outcome: str,
    route: str,
    destinations: list[str],
) -> None:
    said = asked(*call)
    assert (said["outcome"], said["route"]) == (outcome, route)
    assert said["destinations"] == destinations


@pytest.mark.parametrize(
    ("caller", "moment", "keys", "basis"),
    [
        (SHENZHEN, EVENING, "", "destination-answer"),
        (SHENZHEN, OFFICE, "", "answer"),
        (SHENZHEN, OFFICE, "1", "answer"),
        (HAIKOU, OFFICE, "", "none"),
    ],
)
def test_from_when_the_enterprise_would_pay(
    caller: str, moment: str, keys: str, basis: str
) -> None:
    assert asked(caller, moment, keys)["charge_basis"] == basis


def test_the_form_is_the_one_that_was_promised() -> None:
    said = asked("13800138000", OFFICE)
    assert json.loads(json.dumps(said)) == said
    trace = said.pop("trace")
    assert said == {
        "number": "4006001234",
        "caller": "13800138000",
        "area": "",
        "at": "2026-11-16T10:00:00+08:00",
        "outcome": "refuse",
        "route": "",
        "destinations": [],
        "refusal": {"status": 403, "q850": 21, "announcement": "blacklisted"},
        "charge_basis": "none",
    }
    assert isinstance(trace, list)
    assert trace[-1] == {
        "rule": "blacklist",
        "passed": False,
        "why": "mobile 138****8000, unknown area is on it (13800138000)",
    }


def test_an_unknown_number_is_refused_with_404() -> None:
    enquiry = Enquiry(number="4009999999", caller=caller_from(), at=at(OFFICE))
    said = explain(None, enquiry, WORLD).to_mapping()
    assert said["outcome"] == "refuse"
    assert said["refusal"] == {
        "status": 404,
        "q850": 1,
        "announcement": "number-unknown",
    }


def test_a_silent_refusal_announces_nothing() -> None:
    silent = replace(the_plan(), announcements=Announcements.NONE)
    said = asked("13800138000", OFFICE, plan=silent)
    assert said["refusal"] == {"status": 403, "q850": 21, "announcement": None}


def test_a_password_answers_the_call() -> None:
    said = asked(BEIJING, EVENING, plan=replace(the_plan(), password="20264"))
    assert said["charge_basis"] == "answer"
    assert "20264" not in json.dumps(said)


def test_the_trace_follows_the_keys() -> None:
    steps = asked(SHENZHEN, OFFICE, "9,1")["trace"]
    assert isinstance(steps, list)
    assert [(step["rule"], step["passed"], step["why"]) for step in steps[-4:]] == [
        ("menu main", True, "asks the caller"),
        ("menu main", False, "9 is no key"),
        ("menu main", True, "key 1: to group sales"),
        ("group sales", True, "percent: sales-1"),
    ]


def test_the_groups_own_order_comes_before_forwards_and_counts_as_such() -> None:
    plan = with_group(Mode.ORDER, sales_1=0, sales_2=0)
    assert asked(SHENZHEN, OFFICE, "1", plan)["destinations"] == [
        "sales-1",
        "sales-2",
        "support",
    ]
    at_once = with_group(Mode.ALL, sales_1=0, sales_2=0)
    assert asked(SHENZHEN, OFFICE, "1", at_once)["destinations"] == [
        "sales-1",
        "sales-2",
        "support",
        "duty",
    ]


kinds = st.sampled_from(list(CallerKind))
callers = st.builds(
    Caller,
    number=st.from_regex(r"[0-9]{0,12}", fullmatch=True),
    kind=kinds,
    area=st.sampled_from(["", "0755", "010", "0898"]),
    province=st.sampled_from(["", "广东"]),
)
pressed = st.lists(st.text("0123456789*#x", max_size=4), max_size=8).map(tuple)


@given(callers, st.integers(0, 500_000), pressed)
def test_every_call_has_an_outcome_that_fits_together(
    caller: Caller, minute: int, keys: tuple[str, ...]
) -> None:
    moment = at("2026-06-01 00:00") + timedelta(minutes=minute)
    enquiry = Enquiry(number="4006001234", caller=caller, at=moment, keys=keys)
    said: Mapping[str, object] = explain(the_plan(), enquiry, WORLD).to_mapping()
    assert (said["refusal"] is not None) == (said["outcome"] == "refuse")
    assert bool(said["destinations"]) == (said["outcome"] == "dial")
    json.dumps(said)


def test_out_of_hours_a_message_may_be_left() -> None:
    plan = the_plan()
    night = replace(plan, routes=(*plan.routes[:2], replace(plan.routes[2], to=MESSAGE)))
    told = asked(BEIJING, EVENING, plan=night)
    assert (told["outcome"], told["charge_basis"]) == ("voicemail", "answer")
    assert told["trace"][-1] == {  # type: ignore[index]
        "rule": "voicemail",
        "passed": True,
        "why": "a message of at most 120 s",
    }


def test_a_menu_leads_to_a_message() -> None:
    plan = the_plan()
    main = plan.menus["main"]
    keys = {**main.keys, "9": MESSAGE}
    menus = {"main": replace(main, keys=keys)}
    told = asked(BEIJING, OFFICE, "9", plan=replace(plan, menus=menus))
    assert told["outcome"] == "voicemail"


@pytest.mark.parametrize(("last", "outcome"), [(True, "voicemail"), (False, "refuse")])
def test_a_message_is_the_last_resort(last: bool, outcome: str) -> None:
    plan = the_plan()
    shut = {
        name: replace(one, when=When(hours=((0, 1),)))
        for name, one in plan.destinations.items()
    }
    forwarding = replace(plan.forwarding, voicemail=last)
    closed = replace(plan, destinations=shut, forwarding=forwarding)
    assert asked(BEIJING, EVENING, plan=closed)["outcome"] == outcome


def test_that_a_talk_is_recorded_is_told() -> None:
    told = asked(BEIJING, EVENING, plan=replace(the_plan(), recording=Recording()))
    step = {"rule": "recording", "passed": True, "why": "legs: both"}
    assert step in told["trace"]  # type: ignore[operator]


@pytest.mark.parametrize(
    ("live", "waiting", "outcome", "why"),
    [
        (0, (), "dial", None),
        (2, (), "queue", "all are busy: at most 60 s"),
        (0, ("somebody",), "queue", "1 wait already: at most 60 s"),
    ],
)
def test_when_all_are_busy_the_caller_waits(
    live: int, waiting: tuple[str, ...], outcome: str, why: str | None
) -> None:
    plan = with_group(Mode.ORDER, sales_1=0)
    group = replace(plan.groups["sales"], queue=Queue())
    plan = replace(plan, groups={**plan.groups, "sales": group})
    enquiry = Enquiry(
        number="4006001234", caller=identify(BEIJING, TABLE), at=at(OFFICE), keys=("1",)
    )
    world = replace(WORLD, live_calls=lambda _: live, line=lambda _: waiting)
    told = explain(plan, enquiry, world)
    assert told.outcome.value == outcome
    waits = [step.why for step in told.trace if step.rule == "queue"]
    assert waits == ([] if why is None else [why])
