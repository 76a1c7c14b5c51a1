"""§5 and §10: exact percentages, hunt modes, and where a call goes next."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from b2bua.service.plan import Destination, Forwarding, Mode, Plan, When
from b2bua.service.routing import (
    CALL,
    Cause,
    Draw,
    Forward,
    Progress,
    Rotor,
    Skipped,
    caller_mismatch,
    draw,
    forward,
    turn,
)
from tests.service.plans import caller_from, the_plan, with_group


def free(destination: Destination) -> str:
    return ""


def drawn(
    plan: Plan, rotor: Rotor | None = None, fraction: float = 0.0, full: str = ""
) -> Draw:
    def bar(destination: Destination) -> str:
        return "full" if destination.name in full.split() else ""

    return draw(
        plan.groups["sales"],
        plan.destinations,
        bar=bar,
        rotor=rotor or Rotor(),
        fraction=fraction,
    )


def assignments(weights: Mapping[str, int], calls: int) -> list[str]:
    rotor, order = Rotor(), []
    for _ in range(calls):
        chosen, rotor = turn(rotor, weights)
        assert chosen is not None
        order.append(chosen)
    return order


@st.composite
def shares(draw_: st.DrawFn) -> dict[str, int]:
    """Integer weights that sum to 100, of two to fourteen destinations."""
    cuts = draw_(st.lists(st.integers(0, 100), min_size=1, max_size=13))
    edges = [0, *sorted(cuts), 100]
    sizes = [end - start for start, end in pairwise(edges)]
    return {f"d{place}": size for place, size in enumerate(sizes)}


MANY_SMALL = [26, 8, 1, 1, 21, 1, 8, 8, 23, 3]
"""Shares under which the usual smooth round robin falls behind by more than a call."""


@given(shares())
@example({f"d{place}": size for place, size in enumerate(MANY_SMALL)})
@example({"d0": 99, "d1": 1})
def test_percentages_are_exact_and_never_a_call_off(weights: dict[str, int]) -> None:
    """Every aligned block of 100 is the split; in between no one is a call off."""
    order = assignments(weights, 200)
    for block in (order[:100], order[100:]):
        counts = Counter(block)
        assert {name: counts[name] for name in weights} == weights
    given_so_far: Counter[str] = Counter()
    for calls, name in enumerate(order, start=1):
        given_so_far[name] += 1
        for member, weight in weights.items():
            assert abs(given_so_far[member] - Fraction(calls * weight, 100)) < 1


def test_70_30_is_spread_smoothly() -> None:
    order = assignments({"sales-1": 70, "sales-2": 30}, 10)
    assert order.count("sales-1") == 7
    assert "sales-2,sales-2" not in ",".join(order)


@given(shares(), st.data())
def test_the_share_of_a_full_destination_falls_to_the_others(
    weights: dict[str, int], data: st.DataObject
) -> None:
    out = data.draw(st.sampled_from(sorted(weights)))
    rest = {name: weight for name, weight in weights.items() if name != out}
    total = sum(rest.values())
    if total == 0:
        assert turn(Rotor(), rest) == (None, Rotor())
        return
    order = Counter(assignments(rest, 2 * total))
    for name, weight in rest.items():
        assert abs(order[name] - 2 * weight) <= 1


def test_who_was_away_is_not_owed_the_calls_of_that_time() -> None:
    weights = {"sales-1": 70, "sales-2": 30}
    rotor = Rotor()
    for _ in range(500):
        _, rotor = turn(rotor, {"sales-1": 70})
    order = []
    for _ in range(100):
        chosen, rotor = turn(rotor, weights)
        order.append(chosen)
    assert order.count("sales-2") in (29, 30, 31)


@given(shares(), st.integers(0, 150))
def test_a_rotor_survives_a_restart(weights: dict[str, int], calls: int) -> None:
    rotor = Rotor(last="x")
    for _ in range(calls):
        _, rotor = turn(rotor, weights)
    assert Rotor.from_text(rotor.to_text()) == rotor


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{",
        '{"credits": 3, "last": 4}',
        '{"credits": {"a": "b"}}',
        f'{{"credits": {{"a": {CALL * 10_000}}}}}',
        "9" * 5000,
    ],
)
def test_a_damaged_rotor_begins_a_new_round(text: str) -> None:
    assert Rotor.from_text(text) == Rotor()


def test_percent_chooses_one_and_moves_the_rotor() -> None:
    first = drawn(the_plan())
    assert (first.order, first.at_once) == (("sales-1",), False)
    assert first.rotor is not None
    assert first.rotor.credits == (
        ("sales-1", -3 * CALL // 10),
        ("sales-2", 3 * CALL // 10),
    )
    assert drawn(the_plan(), full="sales-1") == Draw(
        order=("sales-2",),
        rotor=drawn(the_plan(), full="sales-1").rotor,
        skipped=(Skipped("sales-1", "full"),),
    )


THREE = {"sales_1": 0, "sales_2": 0, "support": 0}


@pytest.mark.parametrize(
    ("mode", "full", "order"),
    [
        (Mode.ORDER, "", ("sales-1", "sales-2", "support")),
        (Mode.ORDER, "sales-1", ("sales-2", "support")),
        (Mode.ALL, "", ("sales-1", "sales-2", "support")),
        (Mode.ALL, "support", ("sales-1", "sales-2")),
        (Mode.ALL, "sales-1 sales-2 support", ()),
    ],
)
def test_hunt_modes(mode: Mode, full: str, order: tuple[str, ...]) -> None:
    found = drawn(with_group(mode, **THREE), full=full)
    assert found.order == order
    assert found.at_once is (mode is Mode.ALL and bool(order))
    assert found.rotor is None


def test_rotation_begins_after_the_last_and_goes_on_in_a_circle() -> None:
    plan = with_group(Mode.ROTATE, **THREE)
    rotor, firsts = Rotor(), []
    for _ in range(4):
        found = drawn(plan, rotor)
        assert found.rotor is not None
        rotor = found.rotor
        firsts.append(found.order)
    assert [order[0] for order in firsts] == ["sales-1", "sales-2", "support", "sales-1"]
    assert firsts[1] == ("sales-2", "support", "sales-1")
    assert drawn(plan, Rotor(last="sales-1"), full="sales-2").order[0] == "support"


def test_random_order_uses_all_of_one_number() -> None:
    plan = with_group(Mode.RANDOM, **THREE)
    orders = Counter(drawn(plan, fraction=step / 600).order for step in range(600))
    assert len(orders) == 6
    assert set(orders.values()) == {100}
    assert drawn(plan, fraction=1.0).order == ("support", "sales-2", "sales-1")


def sent_on(cause: Cause, progress: Progress, barred: str = "") -> Forward:
    def bar(destination: Destination) -> str:
        return "full" if destination.name in barred.split() else ""

    return forward(the_plan(), cause, progress, bar)


@pytest.mark.parametrize(
    ("cause", "tried", "rest", "barred", "to"),
    [
        # the two lists of the plan: busy [support, duty], no answer [duty]
        (Cause.BUSY, "sales-1", "", "", "support"),
        (Cause.NO_ANSWER, "sales-1", "", "", "duty"),
        (Cause.BUSY, "sales-1 support", "", "", "duty"),
        (Cause.NO_ANSWER, "sales-1 duty", "", "", None),
        (Cause.BUSY, "sales-1", "", "support", "duty"),
        (Cause.BUSY, "sales-1", "", "support duty", None),
        # the group's own order comes first
        (Cause.BUSY, "sales-1", "sales-2", "", "sales-2"),
        (Cause.NO_ANSWER, "sales-1", "sales-2", "sales-2", "duty"),
    ],
)
def test_where_a_call_goes_next(
    cause: Cause, tried: str, rest: str, barred: str, to: str | None
) -> None:
    progress = Progress(tried=tuple(tried.split()), rest=tuple(rest.split()))
    assert sent_on(cause, progress, barred).to == to


def test_two_forwards_are_three_legs() -> None:
    assert sent_on(Cause.BUSY, Progress(forwards=1)).to == "support"
    ended = sent_on(Cause.BUSY, Progress(forwards=2))
    assert (ended.to, ended.why) == (None, "2 forwards made, the plan allows no more")
    generous = replace(the_plan(), forwarding=Forwarding(busy=("duty",), max_forwards=9))
    assert forward(generous, Cause.BUSY, Progress(forwards=8), free).to == "duty"
    assert forward(generous, Cause.BUSY, Progress(forwards=9), free).to is None


def test_a_number_is_not_tried_twice_under_two_names() -> None:
    plan = the_plan()
    twin = replace(plan.destinations["sales-1"], name="support")
    plan = replace(plan, destinations={**plan.destinations, "support": twin})
    found = forward(plan, Cause.BUSY, Progress(tried=("sales-1",)), free)
    assert found.to == "duty"
    assert found.skipped == (Skipped("support", "tried already"),)


def test_what_was_skipped_is_not_offered_again() -> None:
    rest = ("sales-2", "support", "duty")
    found = sent_on(Cause.BUSY, Progress(tried=("sales-1",), rest=rest), "sales-2")
    assert (found.to, found.why, found.rest) == ("support", "group order", ("duty",))
    assert found.skipped == (Skipped("sales-2", "full"),)


@given(st.lists(st.sampled_from(list(Cause)), max_size=12), st.integers(1, 9))
def test_forwarding_ends(causes: list[Cause], most: int) -> None:
    plan = the_plan()
    plan = replace(plan, forwarding=replace(plan.forwarding, max_forwards=most))
    tried = ["sales-1"]
    for cause in causes:
        progress = Progress(tried=tuple(tried), forwards=len(tried) - 1)
        found = forward(plan, cause, progress, free)
        if found.to is not None:
            tried.append(found.to)
    assert len(tried) <= min(most, 3) + 1
    assert len(set(tried)) == len(tried)


def test_routes_by_area_and_by_number() -> None:
    south = When(areas=("0755", "广东"))
    assert not caller_mismatch(south, caller_from("020", "广东"))
    assert caller_mismatch(south, caller_from("010", "北京"))
    assert caller_mismatch(south, caller_from()) == "area unknown is not in 0755, 广东"
    assert not caller_mismatch(When(areas=("unknown",)), caller_from())
    regulars = When(callers=("13712345678", "139*"))
    assert not caller_mismatch(regulars, caller_from())
    assert caller_mismatch(regulars, caller_from(number="13812345678"))
