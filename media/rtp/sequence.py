"""Sequence numbers, loss and jitter of what arrives: RFC 3550 appendix A.

Sequence numbers count modulo 2¹⁶ and timestamps modulo 2³²; :func:`ahead16` and
:func:`ahead32` say how far one is ahead of another, negative if behind.
"""

from typing import Final

MAX_DROPOUT: Final = 3000
"""A larger step forward is a jump, believed when the next packet confirms it."""
MAX_MISORDER: Final = 100


def ahead16(one: int, other: int) -> int:
    """Steps from sequence number ``other`` to ``one``, in -2¹⁵..2¹⁵-1."""
    return ((one - other + 0x8000) & 0xFFFF) - 0x8000


def ahead32(one: int, other: int) -> int:
    """Steps from timestamp ``other`` to ``one``, in -2³¹..2³¹-1."""
    return ((one - other + 0x80000000) & 0xFFFFFFFF) - 0x80000000


class Reception:
    """What one port knows of the numbers that arrived, over all sources it has heard.

    Departs from appendix A.1: there is no probation, because the latch has decided whom
    to believe before a packet comes here.
    """

    def __init__(self) -> None:
        self.ssrc: int | None = None
        self.jitter = 0.0
        """In timestamp units (appendix A.8)."""
        self._lost_before = 0
        self._received = self._cycles = self._base = self._highest = 0
        self._bad: int | None = None
        self._transit: int | None = None
        self._expected_prior = self._received_prior = 0

    @property
    def expected(self) -> int:
        """Packets of the present source that were sent, by their numbers."""
        return self.extended_highest - self._base + 1 if self.ssrc is not None else 0

    @property
    def extended_highest(self) -> int:
        """Highest sequence number with the cycles above it."""
        return self._cycles + self._highest

    @property
    def lost(self) -> int:
        """Packets lost, over all sources; duplicates never make it less than zero."""
        return self._lost_before + max(0, self.expected - self._received)

    def count(self, ssrc: int, sequence: int) -> bool:
        """Take a sequence number; False if it is a jump that awaits confirmation."""
        step = (sequence - self._highest) & 0xFFFF
        if ssrc != self.ssrc:
            self._begin(ssrc, sequence)
        elif step < MAX_DROPOUT:
            if sequence < self._highest:
                self._cycles += 0x10000
            self._highest = sequence
        elif step <= 0x10000 - MAX_MISORDER:
            if sequence != self._bad:
                self._bad = (sequence + 1) & 0xFFFF
                return False
            self._begin(ssrc, sequence)
        self._received += 1
        return True

    def time(self, timestamp: int, arrival: int) -> None:
        """Take the timestamp of a packet that arrived at ``arrival``, in the same units."""
        transit = arrival - timestamp
        if self._transit is not None:
            distance = abs(ahead32(transit, self._transit))
            self.jitter += (distance - self.jitter) / 16
        self._transit = transit

    def fraction_lost(self) -> int:
        """Loss in 256ths since the last call (appendix A.3)."""
        expected = self.expected - self._expected_prior
        received = self._received - self._received_prior
        self._expected_prior, self._received_prior = self.expected, self._received
        if expected <= 0 or received >= expected:
            return 0
        return min(255, (expected - received) * 256 // expected)

    @property
    def cumulative_lost(self) -> int:
        """Loss of the present source as a report block says it, which may be negative."""
        return max(-0x800000, min(0x7FFFFF, self.expected - self._received))

    def _begin(self, ssrc: int, sequence: int) -> None:
        self._lost_before = self.lost
        self.ssrc = ssrc
        self._highest = self._base = sequence
        self._cycles = self._received = 0
        self._expected_prior = self._received_prior = 0
        self._bad = self._transit = None
