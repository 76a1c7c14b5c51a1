"""What happens to a leg, as the service hears it: no SIP, no port number, no codec.

Both kinds of leg, the caller's and a destination's, speak these facts alone. A leg says
:class:`Failed` or :class:`Ended` exactly once, and nothing after it.
"""

import enum
from dataclasses import dataclass
from typing import TypeAlias

from b2bua.call.media import LegId, Quality
from b2bua.sip.dialog.events import Cause
from b2bua.sip.sdp.description import Direction


class Verdict(enum.Enum):
    """Why an attempt to reach somebody failed, as the service's lists know it (§10)."""

    BUSY = "busy"
    NO_ANSWER = "no-answer"
    UNREACHABLE = "unreachable"
    """Taken as no answer, but told apart in the record."""
    CANCELLED = "cancelled"
    """We gave up: the caller left, or another destination answered first."""


class Release(enum.Enum):
    """Why a leg that had been answered, or a caller that was still waiting, is gone."""

    HUNG_UP = "hung up"
    GAVE_UP = "gave up"
    """The caller left before we answered."""
    UNACKNOWLEDGED = "no ACK"
    EXPIRED = "session expired"
    LOST = "lost"
    """No answer in the dialog, or a broken protocol."""
    RELEASED = "released"
    """Because we asked."""


@dataclass(frozen=True, slots=True)
class Ready:
    """The leg has a port; audio can be offered."""

    leg: LegId


@dataclass(frozen=True, slots=True)
class Rang:
    """The destination's phone rings. ``audio``: its early media is described."""

    leg: LegId
    audio: bool
    authorized: bool | None = None
    """Whether the network lets it be heard; None: it did not say so now."""


@dataclass(frozen=True, slots=True)
class Spoke:
    """Real audio came from the leg for the first time."""

    leg: LegId


@dataclass(frozen=True, slots=True)
class PickedUp:
    """Somebody picked up, and is asked before the caller hears of it."""

    leg: LegId


@dataclass(frozen=True, slots=True)
class Answered:
    """The destination answered, and both know how to talk."""

    leg: LegId


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """An attempt came to nothing."""

    leg: LegId
    verdict: Verdict
    status: int
    """The SIP status that said so; 0 when we gave up by ourselves."""
    q850: int
    """The Q.850 cause that came with it; 0 when none did."""
    spent: bool = False
    """No address of the trunk took the call: the destination itself was not asked."""


@dataclass(frozen=True, slots=True)
class Pressed:
    """A key was pressed."""

    leg: LegId
    digit: str
    in_audio: bool
    """It came in the audio stream, and so reaches a leg that is joined by itself."""


@dataclass(frozen=True, slots=True)
class PromptsEnded:
    """What the leg was made to hear came to its own end."""

    leg: LegId
    token: str


@dataclass(frozen=True, slots=True)
class Unheard:
    """The leg could not be made to hear what it was to hear."""

    leg: LegId
    why: str


@dataclass(frozen=True, slots=True)
class FellSilent:
    """No audio came from a leg that is not on hold, for longer than a call can bear."""

    leg: LegId


@dataclass(frozen=True, slots=True)
class NoAudio:
    """The leg can have no audio: no port was free, or no codec is common to both."""

    leg: LegId
    status: int
    """What to refuse the caller with: 488 or 503."""
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """The leg is gone."""

    leg: LegId
    release: Release
    causes: tuple[Cause, ...] = ()


@dataclass(frozen=True, slots=True)
class Measured:
    """The leg's port is closed, and this is what its audio was like."""

    leg: LegId
    quality: Quality


@dataclass(frozen=True, slots=True)
class Recorded:
    """A recording of the leg is complete."""

    leg: LegId
    path: str
    milliseconds: int
    fault: str = ""
    """Why there is not more of it; empty if that is all."""


@dataclass(frozen=True, slots=True)
class Turned:
    """The far end put us on hold, or came back (RFC 3264 §8.4)."""

    leg: LegId
    direction: Direction
    """SENDONLY or INACTIVE while it holds us, SENDRECV after."""


@dataclass(frozen=True, slots=True)
class Stale:
    """What the journal holds of this leg is out of date."""

    leg: LegId


@dataclass(frozen=True, slots=True)
class AudioLost:
    """The media process is gone, and with it the call's audio."""


LegFact: TypeAlias = (
    Ready
    | Rang
    | Spoke
    | PickedUp
    | Answered
    | Failed
    | Pressed
    | PromptsEnded
    | Unheard
    | FellSilent
    | NoAudio
    | Ended
    | Measured
    | Recorded
    | Turned
    | Stale
    | AudioLost
)
