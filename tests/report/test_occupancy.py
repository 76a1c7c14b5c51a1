"""How much is taken at once, beside counting every moment."""

from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from b2bua.core.errors import InvalidState
from b2bua.report.month import QUARTER, Month, Quarters
from b2bua.report.occupancy import Occupancy

QUARTERS = Quarters.of(Month(2026, 2), ZoneInfo("Asia/Shanghai"))
START, END = QUARTERS.start, QUARTERS.end
STEP = QUARTER // 3

Interval = tuple[int, int]


def swept(intervals: list[Interval]) -> Occupancy:
    occupancy = Occupancy(QUARTERS)
    for begin, end in sorted(intervals):
        occupancy.advance(begin)
        occupancy.add(begin, end)
    occupancy.finish()
    return occupancy


def level(intervals: list[Interval], at: int) -> int:
    return sum(begin <= at < end for begin, end in intervals)


intervals = st.lists(
    st.tuples(st.integers(-20, 40), st.integers(-2, 30)).map(
        lambda pair: (START + pair[0] * STEP, START + sum(pair) * STEP)
    ),
    max_size=25,
)


@given(intervals)
def test_levels_are_those_of_every_moment(found: list[Interval]) -> None:
    occupancy = swept(found)
    moments = [START + step * STEP for step in range(90)]
    levels = [level(found, at) for at in moments]
    assert occupancy.peak == max(levels)
    if occupancy.peak:
        assert occupancy.peak_at == moments[levels.index(occupancy.peak)]
    for quarter in range(30):
        here = levels[quarter * 3 : quarter * 3 + 3]
        assert occupancy.peaks[quarter] == max(here)
        assert occupancy.load[quarter] == sum(here) * STEP


def test_one_that_ends_when_another_begins_never_meets_it() -> None:
    assert swept([(START, START + 5), (START + 5, START + 9)]).peak == 1
    assert swept([(START, START + 6), (START + 5, START + 9)]).peak == 2


def test_the_month_is_all_that_counts() -> None:
    occupancy = swept([(START - 10, END + 10), (START - 10, START), (END, END + 5)])
    assert occupancy.peak == 1
    assert occupancy.peak_at == START
    assert sum(occupancy.load) == END - START


def test_time_does_not_go_back() -> None:
    occupancy = Occupancy(QUARTERS)
    occupancy.advance(START + 100)
    with pytest.raises(InvalidState):
        occupancy.add(START + 99, START + 200)


def test_what_is_kept_is_what_is_open() -> None:
    occupancy = Occupancy(QUARTERS)
    for call in range(1000):
        occupancy.advance(START + call * 10)
        occupancy.add(START + call * 10, START + call * 10 + 25)
        assert len(occupancy._edges) <= 8
