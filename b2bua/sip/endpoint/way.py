"""One address of one trunk: whether calls may go there, and when to ask it how it is.

Calls tell most. So many in a row that found nobody there (no 1xx in time, 503, no way to
send) open the breaker: no call goes there until one OPTIONS (RFC 3261 §11) is answered.
Busy and no answer are answers. A trunk may also ask for probes all the time; then so many
that are lost in a row take an address down, and so many that are answered bring it back::

              probes lost, calls failed
    UNKNOWN ─────────────────────────────► DOWN ◄──── lost ──┐
       │  ▲                                 │ └─ answered ─► PROBING
       │  answered                          │ the breaker's  │ answered often enough
       └───────────────► UP ◄───────────────┴────────────────┘

Whatever is answered shows that somebody is there, but for 408 and 503.
"""

import enum
from dataclasses import dataclass
from typing import Final

from b2bua.core.clock import Instant
from b2bua.sip.transport.target import Target

PATIENCE: Final = 4.0
"""Seconds for the answer to a probe."""
NOBODY: Final = frozenset({408, 503})
"""Statuses that say that nobody takes calls there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Care:
    """How one trunk's addresses are watched."""

    probe: float = 0.0
    """Seconds between probes; 0: only an address that is down is probed."""
    losses: int = 3
    """Probes lost in a row that take an address down."""
    gains: int = 2
    """Probes answered in a row that bring it back."""
    failures: int = 5
    """Calls failed in a row that open the breaker."""
    pause: float = 15.0
    """Seconds between probes of an address that is down."""


class Health(enum.Enum):
    """What is thought of an address."""

    UNKNOWN = "unknown"
    """Nothing was heard of it yet: calls may go there."""
    UP = "up"
    DOWN = "down"
    PROBING = "probing"
    """It answers again, but not for long enough."""


class Way:
    """One address, and what is known of it."""

    def __init__(self, care: Care, now: Instant, *, candidate: int = 0) -> None:
        self.target: Target | None = None
        """None until the next hop is resolved."""
        self.candidate = candidate
        """Which address of its next hop it is."""
        self.health = Health.UNKNOWN
        self.since = now
        self.detail = ""
        """Why it is not up."""
        self.deadline: Instant | None = now if care.probe else None
        self._care = care
        self._asked = False
        """A probe is under way."""
        self._failed = 0
        self._lost = 0
        self._answered = 0
        self._needed = 1

    @property
    def usable(self) -> bool:
        """Whether calls may go there."""
        return self.health is Health.UP or self.health is Health.UNKNOWN

    def call_answered(self, now: Instant) -> bool:
        """Somebody is there; True if that changes what is thought of it."""
        self._failed = 0
        if self.health is not Health.UNKNOWN:
            return False
        return self._become(Health.UP, "", now)

    def call_failed(self, why: str, now: Instant) -> bool:
        """A call found nobody there; True if that changes what is thought of it."""
        self._failed += 1
        if not self.usable or self._failed < self._care.failures:
            return False
        self._needed = 1
        if not self._asked:
            self.deadline = now + self._care.pause
        return self._become(Health.DOWN, f"{self._failed} calls in a row: {why}", now)

    def wake(self, now: Instant) -> tuple[bool, bool]:
        """Whether to send a probe, and whether the one that was sent came to nothing."""
        if self._asked:
            return False, True
        self._asked = True
        self.deadline = now + PATIENCE
        return True, False

    def probe_answered(self, status: int, now: Instant) -> bool:
        """Take an answer to a probe; True if that changes what is thought of it."""
        if status in NOBODY:
            return self.probe_lost(f"OPTIONS: {status}", now)
        self._rest(now, self._care.probe)
        self._lost = self._failed = 0
        if self.usable:
            return self.health is Health.UNKNOWN and self._become(Health.UP, "", now)
        self._answered += 1
        if self._answered >= self._needed:
            return self._become(Health.UP, "", now)
        self._rest(now, self._care.probe or self._care.pause)
        return self._become(Health.PROBING, self.detail, now)

    def probe_lost(self, why: str, now: Instant) -> bool:
        """No answer to a probe; True if that changes what is thought of it."""
        self._answered = 0
        self._lost += 1
        if self.usable and self._lost < self._care.losses:
            self._rest(now, self._care.probe or self._care.pause)
            return False
        self._rest(now, self._care.pause)
        if self.usable:
            self._needed = self._care.gains
            return self._become(Health.DOWN, why, now)
        return self._become(Health.DOWN, self.detail or why, now)

    def _rest(self, now: Instant, seconds: float) -> None:
        self._asked = False
        self.deadline = now + seconds if seconds else None

    def _become(self, health: Health, detail: str, now: Instant) -> bool:
        if health is self.health:
            return False
        if health is Health.UP:
            self._lost = self._failed = 0
        if health is not Health.PROBING:
            self._answered = 0
        self.health, self.detail, self.since = health, detail, now
        return True
