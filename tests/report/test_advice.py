"""What is advised, from which figures; and that nothing is said without them."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from b2bua.report.advice import RULES, Advice, advise
from b2bua.report.analysis import analyse
from b2bua.report.counting import span
from b2bua.report.figures import Figures
from b2bua.report.wording import Language
from b2bua.service.record import Attempt, CallRecord, Outcome, Step
from tests.report.builders import random_records, record, subject

MONDAY = datetime(2026, 11, 2, 2, 0, tzinfo=UTC)
"""10:00 in Shanghai."""
SECOND = timedelta(seconds=1)


def calls(
    count: int, outcome: Outcome = Outcome.ANSWERED, begin: int = 0, **changes: object
) -> list[CallRecord]:
    """So many calls, 9 seconds apart and each of a caller of its own."""
    return [
        record(
            MONDAY + (begin + place) * 9 * SECOND,
            outcome,
            **{"caller": f"139{begin + place:08}", **changes},
        )
        for place in range(count)
    ]


def figures(records: list[CallRecord]) -> Figures:
    return analyse(sorted(records, key=lambda one: one.invite_at), subject())


def advice(rule: str, records: list[CallRecord]) -> Advice | None:
    return next((one for one in advise(figures(records)) if one.rule == rule), None)


def tried(*outcomes: str) -> tuple[Attempt, ...]:
    return tuple(
        Attempt(destination="support", number="02088886003", trunk="unicom", outcome=one)
        for one in outcomes
    )


def refused(count: int, reason: str) -> list[CallRecord]:
    return calls(count, Outcome.REFUSED, end_reason=reason)


def drawn(count: int, name: str, begin: int) -> list[CallRecord]:
    step = Step("group sales", True, f"percent: {name}")
    return calls(count, begin=begin, trace=(step,))


OF_OCTOBER = [
    record(datetime(2026, 10, 5, tzinfo=UTC) + place * SECOND, caller=f"138{place:08}")
    for place in range(50)
]
CASES = {
    "lines": (
        calls(100, talk_ms=180_000) + calls(20, Outcome.BUSY, 100),
        calls(100, talk_ms=1_000) + calls(4, Outcome.BUSY, 100),
    ),
    "busy-hour": (calls(100, talk_ms=180_000), calls(100, talk_ms=20_000)),
    "cap": (refused(1, "month cap"), refused(1, "blacklist")),
    "out-of-hours": (refused(5, "no route"), refused(4, "no route")),
    "abandoned": (
        calls(90) + calls(10, Outcome.ABANDONED, 90),
        calls(91) + calls(10, Outcome.ABANDONED, 91),
    ),
    "lost": (calls(3, Outcome.NO_ANSWER), calls(2, Outcome.NO_ANSWER)),
    "no-answer": (
        calls(16) + calls(4, Outcome.NO_ANSWER, 16, attempts=tried("no-answer") * 5),
        calls(19, Outcome.NO_ANSWER, attempts=tried("no-answer")),
    ),
    "busy": (
        calls(20, Outcome.BUSY, attempts=tried("busy")),
        calls(20, Outcome.BUSY, attempts=tried("cancelled")),
    ),
    "unreachable": (
        calls(5, Outcome.FAILED, attempts=tried("unreachable")),
        calls(4, Outcome.FAILED, attempts=tried("unreachable")),
    ),
    "failed": (calls(3, Outcome.FAILED), calls(2, Outcome.FAILED)),
    "blocked": (refused(10, "blacklist"), refused(9, "blacklist")),
    "shares": (
        drawn(67, "sales-1", 0) + drawn(33, "sales-2", 67),
        drawn(68, "sales-1", 0) + drawn(32, "sales-2", 68),
    ),
    "keys": (calls(50, route="open", keys="1"), calls(49, route="open", keys="1")),
    "repeat": (
        calls(10) + calls(10, begin=0) + calls(10, begin=20),
        calls(9) + calls(9, begin=0) + calls(1, begin=20),
    ),
    "trend": (OF_OCTOBER + calls(60), OF_OCTOBER + calls(59)),
}
"""For each rule, calls that bring it about and calls that just do not."""


@pytest.mark.parametrize("rule", CASES)
def test_each_rule_speaks_from_its_threshold_on(rule: str) -> None:
    enough, too_few = CASES[rule]
    assert advice(rule, enough) is not None
    assert advice(rule, too_few) is None


def test_every_rule_is_tested() -> None:
    spoken = {one.rule for enough, _ in CASES.values() for one in advise(figures(enough))}
    assert spoken == set(CASES)
    assert len(CASES) == len(RULES)


def every_advice() -> Iterator[Advice]:
    for enough, _ in CASES.values():
        yield from advise(figures(enough))
    about = subject()
    yield from advise(analyse(random_records(Random(9), 4000, *span(about)), about))


def test_each_says_its_figures_in_both_languages() -> None:
    for one in every_advice():
        numbers = [re.findall(r"\d+(?:\.\d+)?", one.said(way).why) for way in Language]
        assert sorted(numbers[0]) == sorted(numbers[1]), one
        assert numbers[0], one
        assert re.search(r"[\u4e00-\u9fff]", one.zh.what)
        assert one.en.what[-1] == "."
        assert one.en.why[-1] == "."
        assert one.zh.what[-1] == one.zh.why[-1] == "。"


def test_lines_short_on_mondays() -> None:
    said = advice("lines", CASES["lines"][0])
    assert said is not None
    assert said.en.what == "Add 1 line on Mondays at 10-11."
    assert said.zh.what == "周一 10-11 点线路不足：增加 1 线。"  # noqa: RUF001
    assert "20 of 120 calls then found it busy (16.7 %)" in said.en.why
    assert "the plan allows 4" in said.en.why


def test_without_limits_lines_are_those_in_use() -> None:
    records, about = CASES["lines"][0], subject()
    about = replace(about, plan=None)
    said = next(one for one in advise(analyse(records, about)) if one.rule == "lines")
    assert "were in use" in said.en.why


def test_keys_never_used_are_named() -> None:
    said = advice("keys", CASES["keys"][0])
    assert said is not None
    assert (
        said.en.what
        == "Take 2 (support), 3 (more) out of the menu main: it will be shorter."
    )
    assert "50" in said.en.why


def test_out_of_hours_names_the_time() -> None:
    said = advice("out-of-hours", CASES["out-of-hours"][0])
    assert said is not None
    assert "on Mondays at 10-11" in said.en.what
    assert said.en.why.startswith("5 calls (100.0 %)")


def test_a_good_month_needs_no_advice() -> None:
    assert advise(figures(calls(5))) == ()
    assert advise(figures([])) == ()
