"""§3 and §9: the order of checks, and what each refusal looks like on the wire."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from b2bua.service.flow import decision
from b2bua.service.flow.choosing import Choice, bars, choose, rotor_key
from b2bua.service.flow.decision import Refusal, World, admit, direct, exhausted
from b2bua.service.limits import Cap, Usage
from b2bua.service.number import Caller, CallerKind
from b2bua.service.plan import (
    Anonymous,
    Destination,
    Frequency,
    Mode,
    Plan,
    Screening,
    Target,
    ToDestination,
    ToGroup,
    ToMenu,
    When,
)
from tests.service.plans import CALENDAR, at, caller_from, the_plan, with_group

WORLD = World(calendar=CALENDAR)
MONDAY = at("2026-11-16 10:00")
SATURDAY = at("2026-11-21 10:00")
SHENZHEN = caller_from("0755", "广东")
BEIJING = caller_from("010", "北京")
HAIKOU = caller_from("0898", "海南")
NOBODY_KNOWS = caller_from()
BLACK = caller_from("010", "北京", "13800138000")
WHITE = caller_from("0898", "海南", "13900009999")
CHANGDE = Caller(
    number="07367123456", kind=CallerKind.LANDLINE, area="0736", province="湖南"
)
HIDDEN = Caller(number="", kind=CallerKind.ANONYMOUS)
SALES = ToGroup("sales")


def screened(**changes: Any) -> Plan:
    plan = the_plan()
    return replace(plan, screening=replace(plan.screening, **changes))


def used(**usage: int) -> World:
    return World(calendar=CALENDAR, usage=lambda: Usage(**usage))


def calling(live: Mapping[str, int]) -> World:
    """A world in which destinations have calls."""
    return World(calendar=CALENDAR, live_calls=lambda one: live.get(one.name, 0))


ALLOW_SHENZHEN = screened(deny_areas=(), allow_areas=("0755",))
NO_ANONYMOUS = screened(anonymous=Anonymous.REJECT)
THREE_IN_TEN = screened(frequency=Frequency(calls=3, minutes=10))
CALLED_THREE_TIMES = World(recent_calls=lambda number, caller, minutes: 3)
SUSPENDED = replace(the_plan(), active=False)


@pytest.mark.parametrize(
    ("rule", "plan", "caller", "world"),
    [
        ("number unknown", None, SHENZHEN, WORLD),
        ("suspended", SUSPENDED, WHITE, WORLD),
        ("blacklist", the_plan(), BLACK, WORLD),
        ("blacklist", the_plan(), CHANGDE, WORLD),
        ("area", the_plan(), HAIKOU, WORLD),
        ("area", ALLOW_SHENZHEN, BEIJING, WORLD),
        ("area", ALLOW_SHENZHEN, NOBODY_KNOWS, WORLD),
        ("anonymous", NO_ANONYMOUS, HIDDEN, WORLD),
        ("frequency", THREE_IN_TEN, SHENZHEN, CALLED_THREE_TIMES),
        ("month cap", the_plan(), WHITE, used(calls_this_month=10_000)),
        ("week cap", the_plan(), WHITE, used(calls_this_week=3_000)),
        ("spend cap", the_plan(), WHITE, used(spent_this_month=499_600, reserved=400)),
    ],
)
def test_who_is_refused(rule: str, plan: Plan | None, caller: Caller, world: World) -> None:
    admission = admit(plan, caller, MONDAY, world)
    assert admission.refusal is not None
    assert admission.refusal.rule == rule
    assert admission.trace[-1].passed is False


@pytest.mark.parametrize(
    ("refusal", "status", "q850", "announcement"),
    [
        (decision.NUMBER_UNKNOWN, 404, 1, "number-unknown"),
        (decision.SUSPENDED, 403, 21, "suspended"),
        (decision.BLACKLISTED, 403, 21, "blacklisted"),
        (decision.AREA_BLOCKED, 403, 21, "area-blocked"),
        (decision.ANONYMOUS, 403, 21, "anonymous-rejected"),
        (decision.TOO_FREQUENT, 403, 21, "too-frequent"),
        (decision.PASSWORD, 403, 21, "password-failed"),
        (decision.CAPS[Cap.CALLS_PER_MONTH], 403, 21, "month-cap"),
        (decision.CAPS[Cap.CALLS_PER_WEEK], 403, 21, "week-cap"),
        (decision.CAPS[Cap.SPEND_PER_MONTH], 403, 21, "spend-cap"),
        (decision.DESTINATION_LIMIT, 486, 17, "destination-limit"),
        (decision.ALL_BUSY, 486, 17, "busy"),
        (decision.NOBODY_ANSWERED, 480, 19, "no-answer"),
        (decision.TRUNKS_FAILED, 480, 41, "unavailable"),
        (decision.OVERLOADED, 503, 42, "overloaded"),
    ],
)
def test_what_a_refusal_is_on_the_wire(
    refusal: Refusal, status: int, q850: int, announcement: str
) -> None:
    found = (refusal.status, refusal.q850, refusal.announcement)
    assert found == (status, q850, announcement)


@pytest.mark.parametrize("caller", [SHENZHEN, BEIJING, NOBODY_KNOWS, HIDDEN])
def test_who_is_admitted(caller: Caller) -> None:
    assert admit(the_plan(), caller, MONDAY, WORLD).refusal is None


def test_the_white_list_skips_all_but_the_caps() -> None:
    plan = screened(
        blacklist=("*",), deny_areas=("0898",), frequency=Frequency(calls=1, minutes=1)
    )
    world = World(recent_calls=lambda number, caller, minutes: 99)
    admission = admit(plan, WHITE, MONDAY, world)
    assert (admission.refusal, admission.whitelisted) == (None, True)
    assert admit(plan, SHENZHEN, MONDAY, world).refusal == decision.BLACKLISTED


def test_the_order_of_checks() -> None:
    plan = screened(frequency=Frequency(calls=3, minutes=10))
    rules = [step.rule for step in admit(plan, SHENZHEN, MONDAY, WORLD).trace]
    assert rules == [
        "number",
        "whitelist",
        "blacklist",
        "area",
        "anonymous",
        "frequency",
        "calls_per_month",
        "calls_per_week",
        "spend_per_month",
    ]


def test_the_last_call_of_a_cap_is_accepted() -> None:
    world = used(calls_this_month=9_999, calls_this_week=2_999, spent_this_month=499_999)
    assert admit(the_plan(), SHENZHEN, MONDAY, world).refusal is None


def test_no_full_caller_number_is_in_a_trace() -> None:
    for caller in (SHENZHEN, BLACK, WHITE, HAIKOU):
        trace = admit(screened(whitelist=(), blacklist=()), caller, MONDAY, WORLD).trace
        assert caller.number not in repr(trace)


@pytest.mark.parametrize(
    ("caller", "moment", "route", "target"),
    [
        (SHENZHEN, "2026-11-16 10:00", "office hours", ToMenu("main")),
        (SHENZHEN, "2026-11-16 18:00", "south", ToGroup("route:south")),
        (caller_from("020", "广东"), "2026-11-21 10:00", "south", ToGroup("route:south")),
        (BEIJING, "2026-11-16 18:00", "otherwise", ToDestination("duty")),
        (NOBODY_KNOWS, "2026-11-21 10:00", "otherwise", ToDestination("duty")),
        (HIDDEN, "2026-11-21 10:00", "otherwise", ToDestination("duty")),
        (SHENZHEN, "2026-10-01 10:00", "south", ToGroup("route:south")),
        (BEIJING, "2026-10-10 10:00", "office hours", ToMenu("main")),
        (BEIJING, "2026-10-17 10:00", "otherwise", ToDestination("duty")),
    ],
)
def test_which_route_a_call_takes(
    caller: Caller, moment: str, route: str, target: Target
) -> None:
    found = direct(the_plan(), caller, at(moment), WORLD)
    assert (found.route, found.target, found.refusal) == (route, target, None)


def test_the_trace_says_why_earlier_routes_did_not_fit() -> None:
    steps = direct(the_plan(), BEIJING, SATURDAY, WORLD).trace
    assert [(step.rule, step.passed, step.why) for step in steps] == [
        ("day", True, "Sat 2026-11-21 10:00 Asia/Shanghai, a weekend day"),
        ("route office hours", False, "2026-11-21 is a weekend day, not a workday"),
        ("route south", False, "area 010 is not in 0755, 广东"),
        ("route otherwise", True, "to destination duty"),
    ]


def test_a_plan_without_a_last_route_refuses() -> None:
    plan = replace(the_plan(), routes=the_plan().routes[:1])
    found = direct(plan, BEIJING, SATURDAY, WORLD)
    assert (found.target, found.refusal) == (None, decision.NO_ROUTE)


def chosen(
    target: ToDestination | ToGroup,
    world: World = WORLD,
    plan: Plan | None = None,
    caller: Caller = BEIJING,
) -> Choice:
    return choose(plan or the_plan(), target, caller, MONDAY, world)


def test_a_group_chooses_and_its_rotor_is_saved() -> None:
    first = chosen(SALES)
    assert first.order == ("sales-1",)
    ((key, state),) = first.rotors
    assert key == rotor_key(the_plan(), "sales")
    orders = []
    for _ in range(100):
        found = chosen(SALES, World(rotors={key: state}))
        ((key, state),) = found.rotors
        orders.append(found.order)
    assert orders.count(("sales-1",)) == 70


def test_a_destination_moves_no_rotor() -> None:
    assert chosen(ToDestination("duty")).rotors == ()
    assert chosen(ToDestination("duty")).order == ("duty",)


def test_a_full_destination_is_left_out() -> None:
    found = chosen(SALES, calling({"sales-1": 2}))
    assert found.order == ("sales-2",)
    assert [(s.rule, s.passed, s.why) for s in found.trace] == [
        ("destination sales-1", False, "at its limit, 2 of 2 calls"),
        ("group sales", True, "percent: sales-2"),
    ]
    assert chosen(SALES, calling({"sales-1": 1})).order == ("sales-1",)


def full_plan(*, full_is_busy: bool) -> Plan:
    plan = the_plan()
    limited = {name: replace(one, concurrent=1) for name, one in plan.destinations.items()}
    forwarding = replace(plan.forwarding, full_is_busy=full_is_busy)
    return replace(plan, destinations=limited, forwarding=forwarding)


@pytest.mark.parametrize(
    ("target", "full_is_busy", "live", "order", "refusal"),
    [
        (ToDestination("sales-1"), False, "sales-1", (), decision.DESTINATION_LIMIT),
        (SALES, False, "sales-1 sales-2", (), decision.ALL_BUSY),
        (ToDestination("sales-1"), True, "sales-1", ("support",), None),
        (SALES, True, "sales-1 sales-2", ("support",), None),
        (SALES, True, "sales-1 sales-2 support", ("duty",), None),
        (SALES, True, "sales-1 sales-2 support duty", (), decision.ALL_BUSY),
    ],
)
def test_at_the_limit(
    target: ToDestination | ToGroup,
    full_is_busy: bool,
    live: str,
    order: tuple[str, ...],
    refusal: Refusal | None,
) -> None:
    world = calling(dict.fromkeys(live.split(), 1))
    found = chosen(target, world, full_plan(full_is_busy=full_is_busy))
    assert (found.order, found.refusal) == (order, refusal)
    if refusal is not None:
        assert (refusal.status, refusal.q850) == (486, 17)


def test_who_calls_from_a_destination_is_not_sent_back_there() -> None:
    on_duty = caller_from(number="13900001111")
    assert chosen(ToDestination("duty"), caller=on_duty).refusal == decision.NOWHERE
    group = with_group(Mode.ORDER, duty=0, support=0)
    assert chosen(SALES, plan=group, caller=on_duty).order == ("support",)


def test_our_own_400_numbers_are_no_destinations() -> None:
    plan = the_plan()
    loop = Destination(name="duty", number="4007654321", trunk="unicom")
    plan = replace(plan, destinations={**plan.destinations, "duty": loop})
    ours = World(own_numbers=frozenset(("4007654321",)))
    assert chosen(ToDestination("duty"), ours, plan).refusal == decision.NOWHERE
    assert chosen(ToDestination("duty"), WORLD, plan).order == ("duty",)
    itself = replace(loop, number="4006001234")
    assert bars(plan, BEIJING, MONDAY, WORLD)(itself) == "it is one of our own 400 numbers"


def test_a_destination_outside_its_hours_is_left_out() -> None:
    plan = the_plan()
    nights = replace(plan.destinations["sales-1"], when=When(hours=((1080, 539),)))
    plan = replace(plan, destinations={**plan.destinations, "sales-1": nights})
    assert chosen(SALES, plan=plan).order == ("sales-2",)
    found = chosen(ToDestination("sales-1"), plan=plan)
    assert (found.order, found.refusal) == (("duty",), None)
    alone = replace(plan, forwarding=replace(plan.forwarding, no_answer=()))
    assert chosen(ToDestination("sales-1"), plan=alone).refusal == decision.OUT_OF_HOURS


def test_ringing_all_at_once() -> None:
    found = chosen(SALES, plan=with_group(Mode.ALL, sales_1=0, sales_2=0, support=0))
    assert found.at_once
    assert found.order == ("sales-1", "sales-2", "support")


@pytest.mark.parametrize(
    ("outcomes", "status", "q850"),
    [
        (["busy"], 486, 17),
        (["busy", "busy"], 486, 17),
        (["busy", "no-answer"], 480, 19),
        (["no-answer"], 480, 19),
        (["unreachable", "no-answer"], 480, 19),
        (["unreachable", "busy"], 486, 17),
        (["unreachable", "unreachable"], 480, 41),
        ([], 480, 41),
    ],
)
def test_how_a_call_ends_that_nobody_took(
    outcomes: list[str], status: int, q850: int
) -> None:
    refusal = exhausted(outcomes)
    assert (refusal.status, refusal.q850) == (status, q850)


def test_a_trunk_may_have_its_own_word_for_no_answer() -> None:
    assert exhausted(["no-answer"], nobody_answered=404).status == 404
    assert exhausted(["busy"], nobody_answered=404).status == 486


def test_no_business_refusal_makes_a_carrier_call_again() -> None:
    """§9: never 480, 408, 503 or 504, on which upstream carriers retry."""
    everything = [value for value in vars(decision).values() if isinstance(value, Refusal)]
    everything += decision.CAPS.values()
    technical = (
        decision.NOBODY_ANSWERED,
        decision.TRUNKS_FAILED,
        decision.OVERLOADED,
    )
    assert len(everything) > 15
    for refusal in everything:
        if refusal not in technical:
            assert refusal.status in (403, 404, 486), refusal


def test_a_screening_rule_of_its_own_days() -> None:
    """The enterprise's own day off closes the office route."""
    plan = replace(the_plan(), closed_days=frozenset((date(2026, 11, 16),)))
    assert direct(plan, BEIJING, MONDAY, WORLD).route == "otherwise"


def test_an_empty_screening_admits_everyone() -> None:
    plan = replace(the_plan(), screening=Screening())
    for caller in (BLACK, HAIKOU, HIDDEN, NOBODY_KNOWS):
        assert admit(plan, caller, MONDAY, WORLD).refusal is None
