"""One address: what calls and probes make of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from b2bua.sip.endpoint.way import PATIENCE, Care, Health, Way

PROBED = Care(probe=30.0, losses=3, gains=2, failures=5, pause=15.0)


def probe(way: Way, status: int | None) -> float:
    """Send the probe that is due and let it have its answer, None for none."""
    now = way.deadline
    assert now is not None
    assert way.wake(now) == (True, False)
    if status is not None:
        way.probe_answered(status, now + 0.1)
        return now + 0.1
    assert way.deadline == now + PATIENCE
    assert way.wake(now + PATIENCE) == (False, True)
    way.probe_lost("no answer to OPTIONS", now + PATIENCE)
    return now + PATIENCE


def state(way: Way) -> Health:
    return way.health


def test_several_calls_that_find_nobody_open_the_breaker_and_one_probe_closes_it() -> None:
    way = Way(Care(failures=3, pause=10.0), 0.0)
    assert not way.call_failed("no answer", 1.0)
    assert not way.call_failed("no answer", 2.0)
    assert way.call_failed("no answer", 3.0)
    assert (state(way), way.usable, way.since) == (Health.DOWN, False, 3.0)
    assert way.detail == "3 calls in a row: no answer"
    assert way.deadline == 13.0
    probe(way, None)
    assert state(way) is Health.DOWN
    probe(way, 503)
    assert state(way) is Health.DOWN
    at = probe(way, 404)
    assert (state(way), way.since, way.detail) == (Health.UP, at, "")
    assert way.deadline is None


def test_an_answer_between_failures_keeps_the_breaker_closed() -> None:
    way = Way(Care(failures=2), 0.0)
    for second in range(10):
        assert not way.call_failed("503", second)
        way.call_answered(second)
    assert state(way) is Health.UP


def test_probes_go_down_and_come_up_with_hysteresis() -> None:
    way = Way(PROBED, 0.0)
    probe(way, 200)
    assert state(way) is Health.UP
    for _ in range(2):
        probe(way, None)
        assert state(way) is Health.UP
    lost = probe(way, None)
    assert (state(way), way.detail) == (Health.DOWN, "no answer to OPTIONS")
    assert way.deadline == lost + PROBED.pause
    probe(way, 200)
    assert (state(way), way.usable) == (Health.PROBING, False)
    probe(way, None)
    assert state(way) is Health.DOWN
    probe(way, 200)
    at = probe(way, 200)
    assert state(way) is Health.UP
    assert way.deadline == at + PROBED.probe


@pytest.mark.parametrize("status", [200, 403, 404, 405, 486, 501])
def test_whatever_is_answered_shows_that_somebody_is_there(status: int) -> None:
    way = Way(PROBED, 0.0)
    probe(way, status)
    assert state(way) is Health.UP


STEPS = st.lists(
    st.tuples(
        st.sampled_from(("served", "failed", "wake", "answered", "refused")),
        st.floats(0.0, 40.0),
    ),
    max_size=60,
)


@given(STEPS, st.booleans())
def test_one_that_is_down_is_always_asked_again(
    steps: list[tuple[str, float]], probed: bool
) -> None:
    way, now = Way(PROBED if probed else Care(failures=2), 0.0), 0.0
    for step, seconds in steps:
        now += seconds
        match step:
            case "served":
                way.call_answered(now)
            case "failed":
                way.call_failed("503", now)
            case "wake" if way.deadline is not None and way.deadline <= now:
                if way.wake(now)[1]:
                    way.probe_lost("silence", now)
            case "answered" | "refused" if way.deadline is not None:
                if way.wake(max(now, way.deadline))[0]:
                    way.probe_answered(200 if step == "answered" else 503, now)
            case _:
                pass
        assert way.usable == (way.health in (Health.UP, Health.UNKNOWN))
        assert way.usable or way.deadline is not None
        if way.health is Health.UP:
            assert way.detail == ""
