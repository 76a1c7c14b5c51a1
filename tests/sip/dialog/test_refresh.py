"""Session timers and repeated responses, on a virtual clock."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from b2bua.sip.dialog.outputs import Answer
from b2bua.sip.dialog.refresh import Due, Refresh, too_brief
from b2bua.sip.dialog.repeat import Repeater
from b2bua.sip.message.build import response_to
from b2bua.sip.message.message import Request
from b2bua.sip.transaction.key import ServerKey
from b2bua.sip.transaction.timers import TimerValues
from tests.sip.dialog.test_dialog import request

KEY = ServerKey("z9hG4bKx", "127.0.1.1", "INVITE")


def asking(*extra: tuple[str, str]) -> Request:
    return request("INVITE", *extra)


def run(refresh: Refresh, now: float) -> list[tuple[float, Due]]:
    happened = []
    while (at := refresh.deadline) is not None and at <= now:
        due = refresh.wake(at)
        assert due is not None
        happened.append((at, due))
    return happened


@given(st.integers(90, 100_000))
def test_a_refresher_asks_at_half_time_and_gives_up_at_the_end(interval: int) -> None:
    refresh = Refresh()
    refresh.start(interval, True, 0.0)
    assert run(refresh, interval) == [
        (interval / 2, Due.REFRESH),
        (float(interval), Due.EXPIRY),
    ]


@given(st.integers(90, 100_000))
def test_the_other_side_ends_a_little_before_the_end(interval: int) -> None:
    refresh = Refresh()
    refresh.start(interval, False, 0.0)
    ((at, due),) = run(refresh, interval)
    assert due is Due.EXPIRY
    assert interval - at == pytest.approx(min(32.0, interval / 3))


@given(st.integers(90, 10_000), st.booleans(), st.floats(0, 0.6))
def test_what_is_left_survives_a_restart(
    interval: int, ours: bool, fraction: float
) -> None:
    refresh, again = Refresh(), Refresh()
    refresh.start(interval, ours, 0.0)
    left = refresh.left(interval * fraction)
    again.start(interval, ours, 5000.0, left)
    assert again.left(5000.0) == pytest.approx(left)
    last, repeated = run(refresh, 1e9)[-1], run(again, 1e9)[-1]
    assert repeated[0] - 5000.0 == pytest.approx(
        max(0.0, last[0] - interval * fraction), abs=1e-6
    )


def test_a_2xx_without_the_header_ends_a_timer_that_was_not_ours() -> None:
    answer = response_to(asking(), 200)
    for ours, interval in ((True, 300), (False, None)):
        refresh = Refresh()
        refresh.start(300, ours, 0.0)
        refresh.take_response(answer, 100.0)
        assert refresh.interval == interval


def test_the_least_interval_of_the_far_end_is_obeyed() -> None:
    refresh = Refresh()
    headers = refresh.take_request(asking(("Min-SE", "3600")), 1800, 0.0)
    assert headers == (("Session-Expires", "3600;refresher=uas"),)
    assert refresh.interval == 3600


@pytest.mark.parametrize(
    ("extra", "brief"),
    [
        ((), False),
        ((("Session-Expires", "89"),), False),
        ((("Session-Expires", "89"), ("Supported", "timer")), True),
        ((("Session-Expires", "89"), ("Require", "timer")), True),
        ((("Session-Expires", "90"), ("Supported", "timer")), False),
    ],
)
def test_what_is_too_brief(extra: tuple[tuple[str, str], ...], brief: bool) -> None:
    assert too_brief(asking(*extra), 90) is brief


@pytest.mark.parametrize(
    ("capped", "expected"),
    [
        (True, [0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]),
        (False, [0.5, 1.5, 3.5, 7.5, 15.5, 31.5]),
    ],
)
def test_repetitions(capped: bool, expected: list[float]) -> None:
    answer = Answer(KEY, response_to(asking(), 200))
    repeater = Repeater(answer, TimerValues(), 0.0, capped=capped)
    sent = []
    while not repeater.expired(repeater.deadline):
        at = repeater.deadline
        assert repeater.wake(at) == [answer]
        sent.append(at)
    assert sent == expected
    assert repeater.deadline == 32.0


def test_a_late_wake_repeats_once() -> None:
    answer = Answer(KEY, response_to(asking(), 200))
    repeater = Repeater(answer, TimerValues(), 0.0, capped=True)
    assert repeater.wake(9.0) == [answer]
    assert repeater.deadline == 11.5
