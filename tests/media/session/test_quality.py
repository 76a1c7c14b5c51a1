"""Scores that a telephone person would expect."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.engine.plan import PortStatistics
from media.session.quality import mean_opinion_score, statistics


@pytest.mark.parametrize(
    ("loss", "jitter_ms", "round_trip_ms", "low", "high"),
    [
        pytest.param(0.0, 0.0, 20.0, 4.35, 4.45, id="G.711 at its best"),
        pytest.param(0.0, 10.0, 100.0, 4.2, 4.4, id="a good line"),
        pytest.param(0.02, 20.0, 100.0, 3.9, 4.3, id="loss of 2 % can be heard"),
        pytest.param(0.10, 20.0, 100.0, 2.5, 3.5, id="loss of 10 % annoys"),
        pytest.param(0.0, 0.0, 800.0, 2.5, 3.9, id="a satellite delays"),
        pytest.param(1.0, 0.0, None, 1.0, 1.2, id="nothing is left"),
    ],
)
def test_the_score_falls_where_people_complain(
    loss: float, jitter_ms: float, round_trip_ms: float | None, low: float, high: float
) -> None:
    score = mean_opinion_score(loss=loss, jitter_ms=jitter_ms, round_trip_ms=round_trip_ms)
    assert low <= score <= high


@given(st.floats(0, 1), st.floats(0, 500), st.floats(0, 5000), st.floats(0, 1))
def test_more_loss_never_sounds_better(
    loss: float, jitter_ms: float, round_trip_ms: float, more: float
) -> None:
    def score(lost: float) -> float:
        return mean_opinion_score(
            loss=lost, jitter_ms=jitter_ms, round_trip_ms=round_trip_ms
        )

    assert 1.0 <= score(min(1.0, loss + more)) <= score(loss) <= 4.5


def test_counters_become_milliseconds() -> None:
    told = statistics(
        PortStatistics(
            packets_received=98,
            packets_sent=100,
            packets_lost=2,
            packets_dropped=3,
            jitter=80.0,
            remote_lost=4,
            remote_jitter=16.0,
            round_trip_ms=30.0,
        )
    )
    assert (told.packets_received, told.packets_sent) == (98, 100)
    assert (told.packets_lost, told.packets_dropped, told.remote_lost) == (2, 3, 4)
    assert (told.jitter_ms, told.remote_jitter_ms, told.round_trip_ms) == (10.0, 2.0, 30.0)
    assert told.mos == mean_opinion_score(loss=0.02, jitter_ms=10.0, round_trip_ms=30.0)


def test_what_was_not_heard_has_no_score() -> None:
    assert statistics(PortStatistics(packets_lost=5)).mos is None
