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


def test_what_is_over_is_not_held_until_it_would_have_been_due() -> None:
    """Calls that last a minute are not remembered for the hours they could last."""
    alarms: Alarms[Clockwork] = Alarms()
    living = [Clockwork(9000.0 + number) for number in range(20)]
    for one in living:
        alarms.watch(one)
    for number in range(10_000):
        sleeper = Clockwork(5000.0 + number)
        alarms.watch(sleeper)
        sleeper.deadline = None
        alarms.watch(sleeper)
        blocker = Clockwork(1.0)
        alarms.watch(blocker)
        alarms.pop(1.0)
    assert len(alarms) < 150
    alarms.watch(Clockwork())
    assert alarms.deadline == 9000.0
    fired = []
    while (alarm := alarms.pop(1e9)) is not None:
        fired.append(alarm[1])
        alarm[1].deadline = None
        alarms.watch(alarm[1])
    assert fired == living


def test_sleepers_that_move_while_the_heap_is_swept_are_still_woken() -> None:
    alarms: Alarms[Clockwork] = Alarms()
    sleepers = [Clockwork(1000.0 - number) for number in range(200)]
    for one in sleepers:
        alarms.watch(one)
    for number, one in enumerate(sleepers):
        one.deadline = None if number % 2 else 2000.0 + number
        alarms.watch(one)
    for one in sleepers[1::2]:
        one.deadline = 5.0
        alarms.watch(one)
    woken = 0
    while (alarm := alarms.pop(1e9)) is not None:
        woken += 1
        alarm[1].deadline = None
        alarms.watch(alarm[1])
    assert woken == 200
