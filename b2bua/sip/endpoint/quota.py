"""How many calls a trunk may bring and take: at once, and a second, each way by itself.

What is in use is derived from the sessions that live, never counted up and down.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil
from typing import Final

from b2bua.core.clock import Instant
from b2bua.sip.dialog.events import SessionId
from b2bua.sip.transport.admission import Limiter, Rate


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """Bounds of one trunk; 0 is no bound."""

    calls_in: int = 0
    """Calls that it brings, at once."""
    calls_out: int = 0
    """Calls that go by it, at once."""
    rate_in: float = 0.0
    """New calls a second that it brings."""
    rate_out: float = 0.0
    """New calls a second that go by it."""


UNBOUNDED: Final = Quota()


class Quotas:
    """What every trunk has in use, and may have."""

    def __init__(self) -> None:
        self._bounds: dict[str, Quota] = {}
        self._paces: dict[tuple[str, bool], Limiter[None]] = {}
        self._using: dict[tuple[str, bool], set[SessionId]] = {}

    def know(self, bounds: Iterable[tuple[str, Quota]]) -> None:
        """These are the bounds from now on; paces that stay are not begun anew."""
        before, self._bounds = self._bounds, dict(bounds)
        paces = {}
        for name, quota in self._bounds.items():
            for outbound, rate in ((False, quota.rate_in), (True, quota.rate_out)):
                if rate:
                    old = self._paces.get((name, outbound))
                    same = old is not None and before.get(name) == quota
                    pace = Limiter[None](Rate(rate, max(1, ceil(rate))), 1)
                    paces[name, outbound] = old if same and old is not None else pace
        self._paces = paces

    def calls(self, trunk: str, *, outbound: bool) -> int:
        """Calls of a trunk now, one way."""
        return len(self._using.get((trunk, outbound), ()))

    def admits(self, trunk: str, now: Instant, *, outbound: bool) -> bool:
        """Whether one more call fits; if so, it has taken its place in the pace."""
        quota = self._bounds.get(trunk, UNBOUNDED)
        if quota is UNBOUNDED:
            return True
        most = quota.calls_out if outbound else quota.calls_in
        if most and self.calls(trunk, outbound=outbound) >= most:
            return False
        pace = self._paces.get((trunk, outbound))
        return pace is None or pace.take(None, now)

    def begin(self, trunk: str, session: SessionId, *, outbound: bool) -> None:
        """A session lives."""
        using = self._using.get((trunk, outbound))
        if using is None:
            using = self._using[trunk, outbound] = set()
        using.add(session)

    def end(self, trunk: str, session: SessionId, *, outbound: bool) -> None:
        """A session has said its last fact, or is gone."""
        using = self._using.get((trunk, outbound))
        if using is not None:
            using.discard(session)
