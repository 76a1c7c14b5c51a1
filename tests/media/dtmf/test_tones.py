"""ITU-T Q.24: what must be heard, and what must not."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from media.dtmf.tones import FREQUENCIES, KEYPAD, ToneReceiver, tone_samples

DIGITS = "".join(KEYPAD)


def sines(seconds: float, *parts: tuple[float, float]) -> list[int]:
    """Sum of ``(frequency, amplitude)``."""
    return [
        round(sum(a * math.sin(2 * math.pi * f * at / 8000) for f, a in parts))
        for at in range(round(seconds * 8000))
    ]


def hear(samples: list[int], *, lead: int = 0, lost: tuple[int, ...] = ()) -> list[str]:
    receiver = ToneReceiver()
    stream = [0] * lead + samples + [0] * 800
    presses = []
    for i in range(0, len(stream), 160):
        if i // 160 not in lost:
            presses += receiver.receive(1, i, stream[i : i + 160], i / 8000)
    presses += receiver.wake(len(stream) / 8000 + 1)
    return [press.digit for press in presses]


def pair(
    digit: str, *, off: float = 1.0, low: float = 4000, high: float = 4000
) -> list[tuple[float, float]]:
    row = next(row for row, keys in enumerate(KEYPAD) if digit in keys)
    column = KEYPAD[row].index(digit)
    return [(FREQUENCIES[row] * off, low), (FREQUENCIES[4 + column] * off, high)]


@pytest.mark.parametrize("digit", DIGITS)
def test_our_own_tones_are_heard(digit: str) -> None:
    assert hear(tone_samples(digit, 0, 960)) == [digit]


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(DIGITS),
    st.floats(0.985, 1.015),
    st.floats(0.045, 0.2),
    st.integers(0, 400),
    st.floats(500, 12000),
)
def test_off_by_one_and_a_half_per_cent_and_short_is_heard(
    digit: str, off: float, seconds: float, lead: int, amplitude: float
) -> None:
    tone = sines(seconds, *pair(digit, off=off, low=amplitude, high=amplitude))
    assert hear(tone, lead=lead) == [digit]


@pytest.mark.parametrize(("low", "high"), [(8000, 4000), (4000, 8000)])
def test_twist_of_six_decibels_is_heard(low: float, high: float) -> None:
    assert hear(sines(0.1, *pair("6", low=low, high=high))) == ["6"]


@pytest.mark.parametrize(
    "parts",
    [
        pytest.param([(440.0, 8000.0)], id="one tone"),
        pytest.param([(770.0, 8000.0)], id="half a digit"),
        pytest.param([(450.0, 8000.0), (450.5, 8000.0)], id="ringback"),
        pytest.param(pair("5", off=1.04), id="off by four per cent"),
        pytest.param(pair("5", low=100, high=100), id="too soft"),
        pytest.param(pair("5", low=12000, high=1500), id="twist of 18 dB"),
        pytest.param([*pair("5"), (941.0, 4000.0)], id="three tones"),
        pytest.param([*pair("5"), (2000.0, 8000.0), (300.0, 8000.0)], id="in a chord"),
    ],
)
def test_what_is_no_digit_is_not_heard(parts: list[tuple[float, float]]) -> None:
    assert hear(sines(0.3, *parts)) == []


def test_a_tone_of_20_ms_is_not_heard() -> None:
    """Q.24: shorter than about 23 ms must not be taken for a digit."""
    assert hear(sines(0.018, *pair("5"))) == []


def test_the_same_digit_after_a_pause_is_another() -> None:
    tone = sines(0.08, *pair("7"))
    assert hear(tone + [0] * 480 + tone) == ["7", "7"]


def test_lost_packets_do_not_cut_a_digit_in_two() -> None:
    assert hear(sines(0.2, *pair("7")), lost=(3, 4)) == ["7"]


def test_a_tone_whose_audio_stops_ends() -> None:
    receiver = ToneReceiver()
    for i in range(4):
        samples = tone_samples("3", 160 * i, 160)
        assert receiver.receive(1, 160 * i, samples, 0.02 * i) == []
    assert receiver.deadline == pytest.approx(0.16)
    assert receiver.wake(0.15) == []
    assert [press.digit for press in receiver.wake(0.16)] == ["3"]
