"""Digits in the audio: ITU-T Q.23 and Q.24, heard by Goertzel filters, made by two sines.

Samples are linear, 16 bits, 8000 a second. A digit is two blocks in a row of 12.75 ms in
which one tone of each group stands out, and nothing much else sounds; two blocks without
it end it. Forty milliseconds, the shortest that Q.24 wants heard, always hold two whole
blocks.
"""

import math
from collections.abc import Sequence
from typing import Final

from media.dtmf.events import Press
from media.rtp.sequence import ahead32

FREQUENCIES: Final = (697, 770, 852, 941, 1209, 1336, 1477, 1633)
KEYPAD: Final = ("123A", "456B", "789C", "*0#D")
BLOCK: Final = 102
SMALL_GAP: Final = 3 * 160
"""Samples lost in a row that do not end a tone."""
OVER: Final = 0.1
"""Seconds without audio that end a tone."""
LOUD: Final = 400.0
"""Amplitude of the weaker tone, about -38 dBm0."""
PEAK: Final = 4.0
"""Power of a tone over the others of its group, 6 dB."""
TWIST: Final = 6.3
"""Power of one tone over the other, 8 dB."""
PURITY: Final = 0.6
"""Share of the two tones in all energy."""
_LOW, _HIGH = 8000, 10000
_COEFFICIENTS: Final = tuple(2 * math.cos(2 * math.pi * f / 8000) for f in FREQUENCIES)


def tone_samples(digit: str, start: int, count: int) -> list[int]:
    """Make ``count`` samples of a digit: -9 dBm0 low, the high tone 2 dB louder."""
    row, column = next(
        (row, keys.index(digit)) for row, keys in enumerate(KEYPAD) if digit in keys
    )
    low = 2 * math.pi * FREQUENCIES[row] / 8000
    high = 2 * math.pi * FREQUENCIES[4 + column] / 8000
    return [
        round(_LOW * math.sin(low * at) + _HIGH * math.sin(high * at))
        for at in range(start, start + count)
    ]


def judge(samples: Sequence[int]) -> str:
    """Name the digit of one block, or the empty string."""
    powers = [_power(samples, coefficient) for coefficient in _COEFFICIENTS]
    energy = sum(sample * sample for sample in samples)
    low, high = powers[:4], powers[4:]
    one, other = max(low), max(high)
    if min(one, other) < LOUD * LOUD * BLOCK * BLOCK / 4:
        return ""
    if max(one, other) > TWIST * min(one, other):
        return ""
    if not _stands_out(low, one) or not _stands_out(high, other):
        return ""
    # A sine of energy E over N samples has a power of E * N / 2.
    if one + other < PURITY * energy * BLOCK / 2:
        return ""
    return KEYPAD[low.index(one)][high.index(other)]


def _power(samples: Sequence[int], coefficient: float) -> float:
    one = two = 0.0
    for sample in samples:
        one, two = sample + coefficient * one - two, one
    return one * one + two * two - coefficient * one * two


def _stands_out(group: list[float], best: float) -> bool:
    return sum(power * PEAK > best for power in group) == 1


class ToneReceiver:
    """Hears the digits in one port's audio, packet by packet."""

    def __init__(self) -> None:
        self._samples: list[int] = []
        self._next: tuple[int, int] | None = None
        self._before = self._digit = ""
        self._hits = self._misses = 0
        self._began = self._last = self._arrived = 0.0

    @property
    def deadline(self) -> float | None:
        """When :meth:`wake` must next be called."""
        return self._arrived + OVER if self._digit else None

    def receive(
        self, ssrc: int, timestamp: int, samples: Sequence[int], now: float
    ) -> list[Press]:
        """Take the audio of one packet; what is late is not heard."""
        presses: list[Press] = []
        gap = SMALL_GAP + 1
        if self._next is not None and self._next[0] == ssrc:
            gap = ahead32(timestamp, self._next[1])
        if -8000 < gap < 0:
            return []
        if not 0 <= gap <= SMALL_GAP:
            presses += self._end()
            self._samples.clear()
            self._before = ""
        self._next = ssrc, (timestamp + len(samples)) & 0xFFFFFFFF
        self._arrived = now
        self._samples += samples
        while len(self._samples) >= BLOCK:
            presses += self._take(judge(self._samples[:BLOCK]), now)
            del self._samples[:BLOCK]
        return presses

    def wake(self, now: float) -> list[Press]:
        """End a tone whose audio stopped."""
        due = self.deadline
        if due is None or now < due:
            return []
        self._samples.clear()
        self._before = ""
        self._next = None
        return self._end()

    def _take(self, hit: str, now: float) -> list[Press]:
        presses: list[Press] = []
        if self._digit and hit == self._digit:
            self._hits += 1
            self._misses = 0
            self._last = now
        elif self._digit:
            self._misses += 1
            if self._misses == 2:
                presses += self._end()
        if not self._digit and hit and hit == self._before:
            self._digit, self._hits, self._misses = hit, 2, 0
            self._began, self._last = now - 2 * BLOCK / 8000, now
        self._before = hit
        return presses

    def _end(self) -> list[Press]:
        digit, self._digit = self._digit, ""
        if not digit:
            return []
        return [
            Press(
                digit=digit,
                began=self._began,
                ended=self._last,
                duration_ms=self._hits * BLOCK // 8,
            )
        ]
