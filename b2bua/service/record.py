"""The call record, and what it is made of: one for each call, whatever happened.

Moments are wall-clock stamps in UTC and only label; durations are milliseconds of the
monotonic clock. Money is integer 厘 (0.001 yuan).
"""

import enum
from dataclasses import dataclass
from datetime import datetime

import msgspec


class Outcome(enum.Enum):
    """How a call ended, from the enterprise's point of view."""

    ANSWERED = "answered"
    """A destination talked to the caller."""
    BUSY = "busy"
    NO_ANSWER = "no-answer"
    ABANDONED = "abandoned"
    """The caller gave up before a destination answered."""
    REFUSED = "refused"
    """A rule refused the call."""
    FAILED = "failed"
    """Something broke: no trunk, no media, our own fault."""


class ChargeBasis(enum.Enum):
    """From when the enterprise pays (§7 of the service description)."""

    NONE = "none"
    DESTINATION_ANSWER = "destination-answer"
    """Greeting while ringing: from the destination's answer."""
    ANSWER = "answer"
    """Answered prompt: from our own 200, even if no destination answers."""


class Step(msgspec.Struct, frozen=True):
    """One rule that was looked at on the way, passed or not."""

    rule: str
    passed: bool
    why: str


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One destination that was tried."""

    destination: str
    number: str
    trunk: str
    outcome: str
    """``answered``, ``busy``, ``no-answer``, ``unreachable``, ``cancelled`` or
    ``skipped``."""
    status: int = 0
    """The SIP status that ended it; 0 when none came."""
    q850: int = 0
    """The Q.850 cause that came with it; 0 when none did."""
    ring_ms: int = 0
    why: str = ""
    """For ``skipped``: the rule."""


class LadderLine(msgspec.Struct, frozen=True, kw_only=True):
    """One SIP message of the call."""

    at_ms: int
    """Milliseconds after the INVITE arrived."""
    leg: str
    """``caller``, or the name of the destination."""
    sent: bool
    """By us."""
    line: str
    """Its start line and CSeq; of the body only whether it holds (``(2;sendonly)``); no
    digits."""


class LegQuality(msgspec.Struct, frozen=True, kw_only=True):
    """What one leg's audio was like."""

    leg: str
    packets_received: int
    packets_sent: int
    packets_lost: int
    packets_dropped: int
    jitter_ms: float
    remote_lost: int
    remote_jitter_ms: float
    round_trip_ms: float | None
    mos: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRecord:
    """One call, complete."""

    id: str
    node: str
    number: str
    """The 400 number, or what was dialled if it is none of ours."""
    caller: str
    """In national form; empty for anonymous."""
    caller_private: bool = False
    """The caller asked for privacy: show it to nobody."""
    area: str = ""
    """Area code; empty for unknown."""
    trunk: str
    plan_version: int = 0
    invite_at: datetime
    early_media_at: datetime | None = None
    answered_at: datetime | None = None
    """When the caller's leg was answered."""
    destination_answered_at: datetime | None = None
    ended_at: datetime
    outcome: Outcome
    admitted: bool = True
    """It passed screening, and counts towards the caps, whatever became of it."""
    end_reason: str
    """``caller hung up``, ``destination hung up``, ``media_lost``, a refusal's rule …"""
    status: int = 0
    """The final SIP status given to the caller; 200 once answered."""
    q850: int = 16
    destination: str = ""
    """Name of the destination that answered, or empty."""
    route: str = ""
    keys: str = ""
    """Menu keys pressed; never a password."""
    setup_ms: int = 0
    """From INVITE to the destination's answer, or to the end."""
    talk_ms: int = 0
    """From the destination's answer to its end, or to the call's."""
    charge_basis: ChargeBasis = ChargeBasis.NONE
    charged_ms: int = 0
    fee: int = 0
    """The enterprise's share, 厘."""
    caller_fee: int = 0
    """Estimate of the caller's share, 厘."""
    tariff: str = ""
    tariff_version: int = 0
    arithmetic: str = ""
    """How the fees came about, in words and figures."""
    attempts: tuple[Attempt, ...] = ()
    trace: tuple[Step, ...] = ()
    ladder: tuple[LadderLine, ...] = ()
    quality: tuple[LegQuality, ...] = ()
    recording: str = ""
    """File of the recorded talk in the node's recordings, or empty."""
    recording_ms: int = 0
    """Its length; 0 if it is not known to be complete."""
    voicemail: str = ""
    """File of the message that the caller left, or empty."""
    voicemail_ms: int = 0
    survey: str = ""
    """What the caller thought of the talk: ``1`` to ``5``, or empty."""
    fault: str = ""
    """Traceback of our own failure, if that ended the call."""
