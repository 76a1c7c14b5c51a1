"""Erlang B: how many lines a traffic needs, if a caller who finds none free goes away.

The share of calls that find all ``n`` lines taken is, by recurrence,
``B(0) = 1`` and ``B(n) = a B(n-1) / (n + a B(n-1))``, with ``a`` the offered traffic in
Erlang. Every step divides by more than it multiplies, so the floats stay exact to their
last digits however many lines there are.
"""

from typing import Final

MOST_TRAFFIC: Final = 100_000.0
"""Erlang; more than any 400 number carries, and where the recurrence is still quick."""


def blocking(lines: int, traffic: float) -> float:
    """The share of calls that find all lines taken, 0 to 1; ``traffic`` is in Erlang."""
    if traffic <= 0:
        return 0.0
    share = 1.0
    for line in range(1, lines + 1):
        share = traffic * share / (line + traffic * share)
    return share


def lines_for(traffic: float, most: float) -> int:
    """The fewest lines with which at most the share ``most`` of calls is blocked."""
    if traffic <= 0:
        return 0
    traffic = min(traffic, MOST_TRAFFIC)
    lines, share = 0, 1.0
    while share > most:
        lines += 1
        share = traffic * share / (lines + traffic * share)
    return lines
