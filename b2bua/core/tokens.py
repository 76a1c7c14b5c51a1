"""Identifiers that nobody can guess, from an injected random source.

A branch, a tag and a Call-ID each carry 80 random bits: more than the 32 that RFC 3261
§19.3 asks of a tag and the 64 that a spoofed response would have to guess.
"""

from collections.abc import Callable
from typing import Final, TypeAlias

RandomBytes: TypeAlias = Callable[[int], bytes]
"""Gives so many random bytes: ``os.urandom`` in production, a seeded source in tests."""

_DIGITS: Final = "abcdefghijklmnopqrstuvwxyz234567"
"""Those of Base32 (RFC 4648 §6), in lower case."""
_PAIRS: Final = [one + other for one in _DIGITS for other in _DIGITS]
"""What ten bits are written as; ``base64`` goes bit by bit in Python."""

MAGIC_COOKIE: Final = "z9hG4bK"
"""What every branch of RFC 3261 begins with (§8.1.1.7)."""


class Tokens:
    """Makes every identifier that we put on the wire."""

    def __init__(self, random: RandomBytes) -> None:
        self._random = random

    def token(self) -> str:
        """Sixteen lower-case letters and digits, 80 random bits."""
        bits = int.from_bytes(self._random(10), "big")
        return (
            _PAIRS[bits >> 70]
            + _PAIRS[bits >> 60 & 1023]
            + _PAIRS[bits >> 50 & 1023]
            + _PAIRS[bits >> 40 & 1023]
            + _PAIRS[bits >> 30 & 1023]
            + _PAIRS[bits >> 20 & 1023]
            + _PAIRS[bits >> 10 & 1023]
            + _PAIRS[bits & 1023]
        )

    def branch(self) -> str:
        """A Via branch (RFC 3261 §8.1.1.7)."""
        return MAGIC_COOKIE + self.token()

    def tag(self) -> str:
        """A From or To tag (§19.3)."""
        return self.token()

    def call_id(self) -> str:
        """A Call-ID (§8.1.1.4), without a host: it would tell of our topology."""
        return self.token()

    def master(self) -> bytes:
        """What the keys of one leg's audio are derived from, 256 random bits."""
        return self._random(32)

    def fraction(self) -> float:
        """A number in [0, 1), for the waits of RFC 3261 §14.1."""
        return int.from_bytes(self._random(4), "big") / 2**32
