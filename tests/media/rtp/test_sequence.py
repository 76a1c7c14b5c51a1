"""RFC 3550 appendix A."""

from hypothesis import given
from hypothesis import strategies as st

from media.rtp.sequence import Reception, ahead16, ahead32


def count(*sequences: int, ssrc: int = 1) -> Reception:
    reception = Reception()
    for sequence in sequences:
        reception.count(ssrc, sequence & 0xFFFF)
    return reception


@given(st.integers(0, 0xFFFF), st.integers(-0x8000, 0x7FFF))
def test_steps_of_sequence_numbers(start: int, step: int) -> None:
    assert ahead16((start + step) & 0xFFFF, start) == step


@given(st.integers(0, 0xFFFFFFFF), st.integers(-0x80000000, 0x7FFFFFFF))
def test_steps_of_timestamps(start: int, step: int) -> None:
    assert ahead32((start + step) & 0xFFFFFFFF, start) == step


@given(st.integers(0, 0xFFFF), st.sets(st.integers(1, 400)))
def test_what_is_missing_is_lost_across_the_wrap(start: int, missing: set[int]) -> None:
    sent = [start + i for i in range(402) if i not in missing]
    assert count(*sent).lost == len(missing)


def test_reordering_loses_nothing_and_duplicates_hide_nothing_below_zero() -> None:
    assert count(1, 3, 2, 4).lost == 0
    assert count(1, 1, 1).lost == 0


def test_a_jump_is_believed_when_confirmed() -> None:
    reception = count(1, 2)
    assert not reception.count(1, 20_000)
    assert reception.count(1, 20_001)
    assert reception.lost == 0
    assert reception.expected == 1


def test_loss_of_an_earlier_source_is_kept() -> None:
    reception = count(1, 3)
    reception.count(2, 900)
    assert reception.lost == 1
    assert reception.cumulative_lost == 0


def test_the_fraction_is_of_the_interval() -> None:
    reception = count(0, 1, 2, 4)
    assert reception.fraction_lost() == 256 // 5
    assert reception.fraction_lost() == 0


def test_jitter_is_a_sixteenth_of_the_change() -> None:
    reception = Reception()
    reception.time(0, 1000)
    reception.time(160, 1160)
    assert reception.jitter == 0
    reception.time(320, 1336)
    assert reception.jitter == 1.0
