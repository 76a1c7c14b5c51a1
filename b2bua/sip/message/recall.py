"""What was read once from a short text is kept: the same peers write the same values.

In the messages of a call nearly every From, To, Via, Contact and CSeq comes again, octet
by octet. A value that was read is immutable, so whoever asks may have the same one. What
is kept is bounded in number and length; a flood of other texts only makes it useless.
"""

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Final, TypeVar

T = TypeVar("T")

MOST: Final = 2048
"""Texts kept for each kind of value."""
LONGEST: Final = 256
"""Characters of a text that is kept."""


def recalled(parse: Callable[[str], T]) -> Callable[[str], T]:
    """Make ``parse``, which depends on its text alone, keep what it read.

    What it raises is not kept.
    """
    kept = lru_cache(maxsize=MOST)(parse)

    @wraps(parse)
    def read(text: str) -> T:
        return kept(text) if len(text) <= LONGEST else parse(text)

    return read
