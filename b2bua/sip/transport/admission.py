"""Who may take our time, decided before anything is parsed.

Rates are kept by the generic cell rate algorithm: one number per key, the time at which
its bucket will be full again. Memory is bounded by the number of sources remembered, not
by traffic: the source that was heard least recently is forgotten first.

Who goes on with what is refused anyway (garbage, requests of a stranger, passwords that are
wrong) is banned: for a while nothing of it is read or answered. A source is a host; of IPv6
it is a network of 64 bits, which is the least that one sender has.
"""

import enum
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from ipaddress import IPv6Address, IPv6Network
from typing import Generic, TypeVar

from b2bua.core.clock import Instant


@dataclass(frozen=True, slots=True)
class Rate:
    """So many a second in the long run, so many at once."""

    per_second: float
    burst: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AdmissionSettings:
    """Bounds on what the network may ask of us."""

    messages: Rate = Rate(500.0, 1000)
    """Of one source that is no trunk."""
    source_calls: Rate = Rate(50.0, 25)
    """New calls of one source."""
    calls: Rate = Rate(500.0, 250)
    """New calls of all sources together."""
    pressed_source_calls: Rate = Rate(10.0, 10)
    """New calls of one source while we cannot keep up: who calls most is refused first."""
    pressed_calls: Rate = Rate(50.0, 50)
    """New calls of all sources together while we cannot keep up."""
    refusals: Rate = Rate(5.0, 20)
    """503, 403 and 404 to one source; beyond it silence."""
    offences: Rate = Rate(0.2, 30)
    """What one source may do that is refused, before it is banned."""
    ban_seconds: float = 600.0
    sources: int = 20_000
    """Remembered at most."""


class Verdict(enum.Enum):
    """What becomes of a request for a new call."""

    ADMITTED = "admitted"
    REFUSED = "refused"
    """Answer 503 with Retry-After, without a transaction."""
    IGNORED = "ignored"
    """Do not answer: it has had enough refusals."""


KeyT = TypeVar("KeyT", bound=Hashable)


class Limiter(Generic[KeyT]):
    """One bucket for each key."""

    def __init__(self, rate: Rate, keys: int) -> None:
        self._interval = 1.0 / rate.per_second
        self._tolerance = rate.burst * self._interval
        self._keys = keys
        self._full_at: OrderedDict[KeyT, Instant] = OrderedDict()

    def __len__(self) -> int:
        """How many keys are remembered."""
        return len(self._full_at)

    def take(self, key: KeyT, now: Instant) -> bool:
        """Take a token of ``key``; False if there is none."""
        if not self.has(key, now):
            return False
        self._full_at[key] = max(self._full_at.get(key, now), now) + self._interval
        self._full_at.move_to_end(key)
        if len(self._full_at) > self._keys:
            self._full_at.popitem(last=False)
        return True

    def has(self, key: KeyT, now: Instant) -> bool:
        """Whether :meth:`take` would succeed."""
        full_at = self._full_at.get(key, now)
        return full_at + self._interval <= now + self._tolerance + 1e-9

    def forget(self, key: KeyT) -> None:
        """Let ``key`` begin anew."""
        self._full_at.pop(key, None)


@dataclass(frozen=True, slots=True)
class Ban:
    """A source that is not heard."""

    source: str
    seconds: float
    """How long still."""


class Bans:
    """Who is not heard for a while, and who comes near to it."""

    def __init__(self, offences: Rate, seconds: float, sources: int) -> None:
        self._offences: Limiter[str] = Limiter(offences, sources)
        self._seconds = seconds
        self._sources = sources
        self._until: OrderedDict[str, Instant] = OrderedDict()

    def __len__(self) -> int:
        """How many are remembered, those whose ban is over and unnoticed included."""
        return len(self._until)

    def offended(self, source: str, now: Instant) -> bool:
        """Note an offence; whether a ban begins with it."""
        if self._offences.take(source, now):
            return False
        begins = source not in self._until
        self._until[source] = now + self._seconds
        self._until.move_to_end(source)
        if len(self._until) > self._sources:
            self._until.popitem(last=False)
        return begins

    def holds(self, source: str, now: Instant) -> bool:
        """Whether a source is banned."""
        until = self._until.get(source)
        if until is not None and until <= now:
            del self._until[source]
            return False
        return until is not None

    def lift(self, source: str) -> bool:
        """End a ban and forget what led to it; whether there was one."""
        self._offences.forget(source)
        return self._until.pop(source, None) is not None

    def listed(self, now: Instant) -> tuple[Ban, ...]:
        """Every ban that holds, the oldest first."""
        return tuple(
            Ban(source, until - now) for source, until in self._until.items() if until > now
        )


def source_of(host: str) -> str:
    """What an address is counted as."""
    if ":" not in host:
        return host
    address = IPv6Address(host.partition("%")[0])
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(IPv6Network((int(address) >> 64 << 64, 64)))


class Admission:
    """The door. Sources are hosts: a port costs an attacker nothing."""

    def __init__(self, settings: AdmissionSettings = AdmissionSettings()) -> None:
        sources = settings.sources
        self._messages: Limiter[str] = Limiter(settings.messages, sources)
        self._source_calls: Limiter[str] = Limiter(settings.source_calls, sources)
        self._calls: Limiter[None] = Limiter(settings.calls, 1)
        self._pressed_source: Limiter[str] = Limiter(settings.pressed_source_calls, sources)
        self._pressed: Limiter[None] = Limiter(settings.pressed_calls, 1)
        self._refusals: Limiter[str] = Limiter(settings.refusals, sources)
        self.pressed = False
        """Whether we cannot keep up, and take less."""
        self.bans = Bans(settings.offences, settings.ban_seconds, sources)

    def admits_message(self, source: str, now: Instant) -> bool:
        """Whether to parse what a source that is no trunk sent."""
        return self._messages.take(source, now)

    def admit_call(self, source: str, now: Instant) -> Verdict:
        """Decide about a request outside any dialog that would begin a call.

        A source beyond its own rate takes nothing of what all share.
        """
        if (
            self._source_calls.has(source, now)
            and self._fits_under_pressure(source, now)
            and self._source_calls.take(source, now)
            and self._calls.take(None, now)
        ):
            return Verdict.ADMITTED
        return Verdict.REFUSED if self.may_refuse(source, now) else Verdict.IGNORED

    def _fits_under_pressure(self, source: str, now: Instant) -> bool:
        """Count a call as if we could not keep up, so that it is known once we cannot."""
        fits = self._pressed_source.take(source, now) and self._pressed.take(None, now)
        return fits or not self.pressed

    def may_refuse(self, source: str, now: Instant) -> bool:
        """Whether to answer ``source`` with one more refusal, of whatever status."""
        return self._refusals.take(source, now)
