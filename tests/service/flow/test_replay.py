"""Recorded calls under a draft: a table of changes, and what must hold for any draft."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from b2bua.service.area import AreaTable
from b2bua.service.flow.chances import moved
from b2bua.service.flow.decision import World
from b2bua.service.flow.replay import Difference, Replay, Summary, Verdict
from b2bua.service.plan import Plan
from b2bua.service.planfile import read_plans
from b2bua.service.planreading import Known
from b2bua.service.record import CallRecord, Outcome
from tests.service.plans import CALENDAR, at

TABLE = AreaTable(provinces={"0755": "广东", "010": "北京"})
PLAN = """\
number: "4006001234"
destinations:
  one: {number: "02088886001", trunk: unicom}
  two: {number: "02088886002", trunk: unicom}
  three: {number: "02088886003", trunk: unicom}
ROUTES
"""
ROUTES = """\
menus:
  main: {prompt: menu, keys: {"1": one, "2": two}, otherwise: three}
routes:
  - {name: south, when: {areas: ["0755"]}, to: {percent: {one: 70, two: 30}}}
  - {name: asked, when: {areas: ["0736"]}, to: {menu: main}}
  - {name: rest, to: three}
"""
SOUTH, NORTH, ASKED = "0755", "010", "0736"


def plan(routes: str = ROUTES, **changes: object) -> Plan:
    read = read_plans(PLAN.replace("ROUTES", routes), "plan.yaml", Known())
    assert isinstance(read, tuple), [str(finding) for finding in read]
    return replace(read[0], **changes)  # type: ignore[arg-type]


def record(
    area: str, number: str = "13800138000", when: datetime | None = None, **changes: object
) -> CallRecord:
    moment = when or at("2026-11-16 10:00")
    made = CallRecord(
        id="c1",
        node="n",
        number="4006001234",
        caller=number,
        area=area,
        trunk="unicom",
        plan_version=1,
        invite_at=moment,
        ended_at=moment,
        outcome=Outcome.ANSWERED,
        end_reason="caller hung up",
        route={SOUTH: "south", ASKED: "asked"}.get(area, "rest"),
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def replayed(draft: Plan, records: Iterable[CallRecord]) -> list[Verdict]:
    machine = Replay(draft, {1: plan()}, World(calendar=CALENDAR), TABLE)
    return [machine.decide(one) for one in records]


def one(draft: Plan, call: CallRecord) -> Verdict:
    (verdict,) = replayed(draft, [call])
    return verdict


def changed(before: str, after: str) -> Plan:
    assert before in ROUTES
    return plan(ROUTES.replace(before, after))


@pytest.mark.parametrize(
    ("area", "keys", "draft", "difference", "share", "told"),
    [
        (SOUTH, "", plan(), Difference.NONE, 0, "one (02088886001) 70 %"),
        (
            SOUTH,
            "",
            changed("one: 70, two: 30", "one: 50, two: 50"),
            Difference.SHARE,
            Fraction(1, 5),
            "one (02088886001) 50 %, two (02088886002) 50 %",
        ),
        (
            SOUTH,
            "",
            changed("{percent: {one: 70, two: 30}}", "two"),
            Difference.SHARE,
            Fraction(7, 10),
            "two (02088886002)",
        ),
        (
            SOUTH,
            "",
            changed("{percent: {one: 70, two: 30}}", "three"),
            Difference.ELSEWHERE,
            1,
            "three (02088886003)",
        ),
        (
            SOUTH,
            "",
            changed("{percent: {one: 70, two: 30}}", "{all: [one, two]}"),
            Difference.ELSEWHERE,
            1,
            "one (02088886001) and two (02088886002)",
        ),
        (SOUTH, "", changed("south", "guangdong"), Difference.ROUTE, 0, "70 %"),
        (NORTH, "", changed("0755", "010"), Difference.ELSEWHERE, 1, "70 %"),
        (NORTH, "", changed("0755", "0769"), Difference.NONE, 0, "three"),
        (ASKED, "1", plan(), Difference.NONE, 0, "one"),
        (ASKED, "", plan(), Difference.NONE, 0, "menu main, without a key"),
        (
            ASKED,
            "1",
            changed('"1": one', '"1": two'),
            Difference.ELSEWHERE,
            1,
            "two (02088886002)",
        ),
        (
            NORTH,
            "",
            changed("rest, to: three", "rest, to: {menu: main}"),
            Difference.ELSEWHERE,
            1,
            "menu main, without a key",
        ),
        (
            SOUTH,
            "",
            plan(active=False),
            Difference.ELSEWHERE,
            1,
            "refused: suspended",
        ),
    ],
)
def test_a_change_of_the_plan(  # noqa: PLR0917 (a table)
    area: str,
    keys: str,
    draft: Plan,
    difference: Difference,
    share: Fraction | int,
    told: str,
) -> None:
    verdict = one(draft, record(area, keys=keys))
    assert (verdict.difference, verdict.moved) == (difference, share)
    assert told in verdict.after.told
    assert verdict.reproduced


def test_the_reason_is_the_rule_that_decided() -> None:
    blocked = plan('screening: {areas: {deny: ["0755"]}}\n' + ROUTES)
    verdict = one(blocked, record(SOUTH))
    assert verdict.after.told == "refused: area"
    assert verdict.after.why.startswith("area: ")
    verdict = one(changed("0755", "010"), record(NORTH))
    assert verdict.after.why == "route south: to group route:south"


def test_a_destination_is_its_number_whatever_it_is_called() -> None:
    renamed = plan()
    renamed = replace(
        renamed,
        destinations={
            **renamed.destinations,
            "three": replace(renamed.destinations["three"], number="02088886009"),
        },
    )
    assert one(renamed, record(NORTH)).difference is Difference.ELSEWHERE
    text = PLAN.replace("ROUTES", ROUTES).replace("three", "night")
    (other,) = read_plans(text, "plan.yaml", Known())
    assert isinstance(other, Plan)
    assert one(other, record(NORTH)).difference is Difference.NONE


def test_a_call_made_under_no_plan_or_another_way_than_its_plan_says() -> None:
    verdict = one(plan(), record(SOUTH, plan_version=9, route="", outcome=Outcome.REFUSED))
    assert verdict.before.told == "refused: number unknown"
    assert verdict.difference is Difference.ELSEWHERE
    assert verdict.reproduced
    assert not one(plan(), record(SOUTH, route="yesterday's")).reproduced
    assert not one(plan(), record(SOUTH, outcome=Outcome.REFUSED)).reproduced


def test_the_area_is_the_recorded_one() -> None:
    verdict = one(plan(), record("", route="rest"))
    assert verdict.before.route == "rest"
    by_province = changed('areas: ["0755"]', "areas: [广东]")
    assert one(by_province, record(SOUTH)).difference is Difference.NONE


def test_caps_are_counted_along_for_each_side() -> None:
    capped = plan("limits: {calls_per_week: 3, calls_per_month: 5}\n" + ROUTES)
    start = at("2026-11-12 10:00")  # a Thursday
    calls = [record(NORTH, when=start + timedelta(days=day)) for day in range(8)]
    told = [verdict.after.told for verdict in replayed(capped, calls)]
    dialled = "three (02088886003)"
    assert (
        told
        == [dialled] * 3
        + ["refused: week cap"]
        + [dialled] * 2
        + ["refused: month cap"] * 2
    )
    refused = [record(NORTH, admitted=False)] * 5 + [record(NORTH)]
    assert all(v.difference is Difference.NONE for v in replayed(plan(), refused))


def test_spend_is_that_of_the_records() -> None:
    capped = plan('limits: {spend_per_month: "1.00"}\n' + ROUTES)
    told = [v.after.told for v in replayed(capped, [record(NORTH, fee=400)] * 4)]
    assert [one.startswith("refused") for one in told] == [False, False, False, True]


def test_the_frequency_of_a_caller_is_counted_along() -> None:
    strict = plan("screening: {frequency: {calls: 2, minutes: 10}}\n" + ROUTES)
    start = at("2026-11-16 10:00")
    calls = [record(NORTH, when=start + timedelta(minutes=5 * n)) for n in range(4)]
    calls.insert(2, record(NORTH, "13900139000", when=start + timedelta(minutes=6)))
    told = [verdict.after.told for verdict in replayed(strict, calls)]
    assert [one.startswith("refused") for one in told] == [False, False, False, True, False]


def test_figures_add_up() -> None:
    summary = Summary()
    draft = changed("one: 70, two: 30", "one: 50, two: 50")
    draft = replace(draft, routes=(*draft.routes[:2], replace(draft.routes[2], name="all")))
    for verdict in replayed(draft, [record(SOUTH)] * 10 + [record(NORTH)] * 5):
        summary.add(verdict)
    assert (summary.calls, summary.expected, summary.unlike) == (15, Fraction(2), 0)
    assert summary.differences == {Difference.SHARE: 10, Difference.ROUTE: 5}
    ((before, after),) = summary.changes
    assert "70 %" in before
    assert "50 %" in after


SHARES = st.dictionaries(st.sampled_from("abcd"), st.integers(1, 100), min_size=1)


@given(SHARES, SHARES)
def test_what_moves_is_a_share_and_the_same_both_ways(
    before: dict[str, int], after: dict[str, int]
) -> None:
    was = {place: Fraction(n, sum(before.values())) for place, n in before.items()}
    would = {place: Fraction(n, sum(after.values())) for place, n in after.items()}
    share = moved(was, would)
    assert 0 <= share <= 1
    assert share == moved(would, was)
    assert (share == 0) is (was == would)
    assert (share == 1) is (not was.keys() & would.keys())


@given(
    st.lists(
        st.tuples(
            st.sampled_from([SOUTH, NORTH, ASKED, ""]),
            st.sampled_from(["", "1", "2", "9", "9,1"]),
            st.integers(0, 30 * 24 * 60),
        ),
        max_size=30,
    )
)
def test_a_plan_changes_nothing_about_its_own_calls(
    calls: list[tuple[str, str, int]],
) -> None:
    start = at("2026-11-01 00:00")
    records = [
        record(area, keys=keys, when=start + timedelta(minutes=minute))
        for area, keys, minute in sorted(calls, key=lambda call: call[2])
    ]
    for verdict in replayed(replace(plan(), version=7), records):
        assert verdict.difference is Difference.NONE
        assert sum(verdict.after.places.values()) == 1
