"""With whom a caller talked last: the question, and its answer.

Groups that know their callers (熟客) ask it of the store, as calls of other nodes count
too; a call does not wait long for the answer.
"""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Talked:
    """A talk that a caller had."""

    destination: str
    """Name of the destination that answered."""
    at: datetime
    """When the call arrived."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LookUpTalk:
    """The question with which of these destinations a caller talked last."""

    call: str
    """Which call wants to know."""
    number: str
    caller: str
    members: tuple[str, ...]
    since: datetime
    """Older talks do not count."""


@dataclass(frozen=True, slots=True)
class TalkFound:
    """The answer."""

    question: LookUpTalk
    talked: Talked | None
    """None: with none of them."""
    known: bool = True
    """False: the store could not say."""
