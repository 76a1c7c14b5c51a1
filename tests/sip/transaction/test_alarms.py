"""The earliest deadline of many, while all of them move."""

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from b2bua.sip.transaction.alarms import Alarms


@dataclass(slots=True, eq=False)
class Clockwork:
    deadline: float | None = None
    alarm: float | None = None


moves = st.lists(st.tuples(st.integers(0, 4), st.none() | st.integers(0, 20)), max_size=60)


@given(moves)
def test_the_deadline_is_always_the_earliest_and_the_heap_stays_small(
    script: list[tuple[int, int | None]],
) -> None:
    sleepers = [Clockwork() for _ in range(5)]
    alarms: Alarms[Clockwork] = Alarms()
    for index, due in script:
        sleepers[index].deadline = due
        alarms.watch(sleepers[index])
        expected = min(
            (s.deadline for s in sleepers if s.deadline is not None), default=None
        )
        assert alarms.deadline == expected


@given(moves)
def test_all_come_out_in_order(script: list[tuple[int, int | None]]) -> None:
    sleepers = [Clockwork() for _ in range(5)]
    alarms: Alarms[Clockwork] = Alarms()
    for index, due in script:
        sleepers[index].deadline = due
        alarms.watch(sleepers[index])
    expected = sorted(s.deadline for s in sleepers if s.deadline is not None)
    fired: list[float] = []
    while (alarm := alarms.pop(100.0)) is not None:
        when, sleeper = alarm
        assert when == sleeper.deadline
        fired.append(when)
        sleeper.deadline = None
        alarms.watch(sleeper)
    assert fired == expected
    assert alarms.deadline is None


def test_nothing_is_due_before_its_time() -> None:
    alarms: Alarms[Clockwork] = Alarms()
    alarms.watch(Clockwork(5.0))
    assert alarms.pop(4.9) is None
    assert alarms.pop(5.0) is not None
