"""What a media session asks of the process around it, in the order it must be done.

Ports of the engine are named by its small integers; sessions and ports of the protocol
by their names. Who carries an output out answers with the input that its docstring names.
"""

from dataclasses import dataclass
from typing import TypeAlias

from media.control.messages import Fact
from media.engine.plan import PortPlan


@dataclass(frozen=True, slots=True)
class Lend:
    """Bind a pair and give it to the engine; answered by ``lent`` or ``not_lent``."""

    session: str
    port: str
    family: int = 0
    """The IP version that the far end wants, 4 or 6; 0: any."""


@dataclass(frozen=True, slots=True)
class Arrange:
    """Replace the plan of an engine port."""

    number: int
    plan: PortPlan


@dataclass(frozen=True, slots=True, kw_only=True)
class PressKeys:
    """Send digits to the far end of an engine port; ``refuse`` if they do not fit."""

    session: str
    port: str
    number: int
    digits: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetch:
    """Load prompts into the engine; answered by ``fetched`` or ``not_fetched``."""

    session: str
    port: str
    epoch: int
    """Comes back in the answer: a later order may have overtaken it."""
    prompts: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StartRecording:
    """Create the file and record to it; answered by ``not_recorded`` if that fails."""

    session: str
    port: str
    number: int
    path: str
    both: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishRecording:
    """Finish the file and tell ``owner`` :class:`Recorded`."""

    session: str
    port: str
    number: int
    path: str
    owner: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class GiveBack:
    """Close an engine port and its sockets, and tell ``owner`` :class:`Closed`."""

    session: str
    port: str
    number: int
    owner: int | None
    """None: nobody is left to be told."""


@dataclass(frozen=True, slots=True)
class Say:
    """Tell a client a fact."""

    client: int
    fact: Fact


Output: TypeAlias = (
    Lend | Arrange | PressKeys | Fetch | StartRecording | FinishRecording | GiveBack | Say
)
