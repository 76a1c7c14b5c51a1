"""Erlang B against the printed tables, and against its own definition."""

from fractions import Fraction
from math import factorial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from b2bua.report.erlang import blocking, lines_for

TABLE = [  # lines, offered traffic at 1 %, at 5 %: as the printed tables have them
    (1, 0.0101, 0.0526),
    (2, 0.153, 0.381),
    (3, 0.455, 0.899),
    (4, 0.869, 1.52),
    (5, 1.36, 2.22),
    (6, 1.91, 2.96),
    (7, 2.50, 3.74),
    (8, 3.13, 4.54),
    (9, 3.78, 5.37),
    (10, 4.46, 6.22),
    (15, 8.11, 10.6),
    (20, 12.0, 15.2),
    (30, 20.3, 24.8),
    (50, 37.9, 44.5),
    (100, 84.1, 95.2),
]


@pytest.mark.parametrize(("lines", "at_1", "at_5"), TABLE)
def test_the_printed_table(lines: int, at_1: float, at_5: float) -> None:
    assert blocking(lines, at_1) == pytest.approx(0.01, rel=0.03)
    assert blocking(lines, at_5) == pytest.approx(0.05, rel=0.03)
    for traffic, most in ((at_1, 0.01), (at_5, 0.05)):
        assert lines_for(traffic * 0.99, most) == lines
        assert lines_for(traffic * 1.01, most) == lines + 1


@given(lines=st.integers(0, 40), hundredths=st.integers(1, 5000))
def test_the_recurrence_is_the_formula(lines: int, hundredths: int) -> None:
    traffic = Fraction(hundredths, 100)
    terms = [traffic**line / factorial(line) for line in range(lines + 1)]
    exact = terms[-1] / sum(terms)
    assert blocking(lines, float(traffic)) == pytest.approx(float(exact), rel=1e-12)


@given(
    traffic=st.floats(0.001, 500, allow_nan=False),
    most=st.sampled_from((0.001, 0.01, 0.05)),
)
def test_the_fewest_lines(traffic: float, most: float) -> None:
    lines = lines_for(traffic, most)
    assert blocking(lines, traffic) <= most
    assert blocking(lines - 1, traffic) > most


def test_no_traffic_needs_no_lines() -> None:
    assert lines_for(0.0, 0.01) == 0
    assert blocking(0, 1.0) == 1.0
    assert blocking(3, 0.0) == 0.0


def test_absurd_traffic_ends() -> None:
    assert lines_for(1e12, 0.5) < 100_000
