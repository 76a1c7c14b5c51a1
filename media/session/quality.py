"""How good the audio was: counters to a mean opinion score, by a simplified G.107.

The E-model starts from R = 93.2 and takes away what delay (Id) and loss (Ie-eff) cost.
Of G.107 it keeps the delay impairment of its §7.4 in the usual straight-line form with
a bend at 177.3 ms, and §7.5's effective equipment impairment for G.711 with packet-loss
concealment (Ie 0, Bpl 25.1, loss at random). Jitter costs what a buffer that swallows
it costs: twice the jitter in delay.
"""

from typing import Final

from media.control.messages import Statistics
from media.engine.plan import FRAME_MS, SAMPLE_RATE, PortStatistics

_BEST: Final = 93.2
_LOSS_ROBUSTNESS: Final = 25.1
_CODEC_DELAY_MS: Final = 2 * FRAME_MS
"""One frame to fill, one to play."""
_BEND_MS: Final = 177.3
_UNKNOWN_DELAY_MS: Final = 50.0
"""One way, when no report told the round trip."""


def statistics(counted: PortStatistics) -> Statistics:
    """What the record keeps of a port."""
    jitter_ms = counted.jitter * 1000 / SAMPLE_RATE
    expected = counted.packets_received + counted.packets_lost
    score = None
    if counted.packets_received > 0:
        score = mean_opinion_score(
            loss=counted.packets_lost / expected,
            jitter_ms=jitter_ms,
            round_trip_ms=counted.round_trip_ms,
        )
    return Statistics(
        packets_received=counted.packets_received,
        packets_sent=counted.packets_sent,
        packets_lost=counted.packets_lost,
        packets_dropped=counted.packets_dropped,
        jitter_ms=jitter_ms,
        remote_lost=counted.remote_lost,
        remote_jitter_ms=counted.remote_jitter * 1000 / SAMPLE_RATE,
        round_trip_ms=counted.round_trip_ms,
        mos=score,
    )


def mean_opinion_score(
    *, loss: float, jitter_ms: float, round_trip_ms: float | None
) -> float:
    """From 1.0 (unusable) to 4.4 (G.711 at its best); ``loss`` is a fraction of 1."""
    one_way = _UNKNOWN_DELAY_MS if round_trip_ms is None else round_trip_ms / 2
    delay = one_way + 2 * jitter_ms + _CODEC_DELAY_MS
    percent = 100 * min(max(loss, 0.0), 1.0)
    delay_impairment = 0.024 * delay + 0.11 * max(0.0, delay - _BEND_MS)
    loss_impairment = 95 * percent / (percent + _LOSS_ROBUSTNESS)
    return _opinion(_BEST - delay_impairment - loss_impairment)


def _opinion(rating: float) -> float:
    """G.107 annex B: transmission rating R to mean opinion score."""
    if rating <= 0:
        return 1.0
    if rating >= 100:
        return 4.5
    score = 1 + 0.035 * rating + rating * (rating - 60) * (100 - rating) * 7e-6
    return round(max(1.0, score), 2)
