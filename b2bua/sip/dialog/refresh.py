"""Session timers: RFC 4028.

A confirmed session lives for an interval and is given another by every re-INVITE or
UPDATE that succeeds. One side refreshes at half of the interval; the other ends the session
when nothing came, a little before the end (§10).
"""

import enum

from b2bua.core.clock import Instant
from b2bua.sip.message.message import Request, Response

LEAST_INTERVAL = 90
"""Seconds; nobody may ask for less (§4)."""


class Due(enum.Enum):
    """What the clock asks for."""

    REFRESH = "refresh"
    EXPIRY = "expiry"


class Refresh:
    """The session timer of one dialog."""

    def __init__(self) -> None:
        self.interval: int | None = None
        """Session-Expires as agreed, seconds; None: there is no timer."""
        self.we_refresh = False
        self._refresh_at: Instant | None = None
        self._expires_at: Instant | None = None

    @property
    def deadline(self) -> Instant | None:
        """When :meth:`wake` must next be called."""
        if self._refresh_at is None:
            return self._expires_at
        if self._expires_at is None:
            return self._refresh_at
        return min(self._refresh_at, self._expires_at)

    def start(
        self,
        interval: int | None,
        we_refresh: bool,
        now: Instant,
        left: float | None = None,
    ) -> None:
        """Begin an interval, of which ``left`` seconds are left (default: all)."""
        self.interval = interval
        self.we_refresh = we_refresh
        self._refresh_at = self._expires_at = None
        if interval is None:
            return
        left = interval if left is None else left
        margin = 0.0 if we_refresh else min(32.0, interval / 3)
        self._expires_at = now + max(0.0, left - margin)
        if we_refresh:
            self._refresh_at = now + max(0.0, left - interval / 2)

    def stop(self) -> None:
        """The session is over."""
        self._refresh_at = self._expires_at = None

    def left(self, now: Instant) -> float | None:
        """Seconds until the session ends unless refreshed; None without a timer."""
        if self.interval is None or self._expires_at is None:
            return None
        margin = 0.0 if self.we_refresh else min(32.0, self.interval / 3)
        return self._expires_at + margin - now

    def wake(self, now: Instant) -> Due | None:
        """What is due. A refresh is asked for once in an interval."""
        if self._expires_at is not None and self._expires_at <= now:
            self.stop()
            return Due.EXPIRY
        if self._refresh_at is not None and self._refresh_at <= now:
            self._refresh_at = None
            return Due.REFRESH
        return None

    def again(self, at: Instant) -> None:
        """Ask for the refresh once more at ``at``: the last try met another request."""
        if self._expires_at is not None and self.we_refresh:
            self._refresh_at = at

    def request_headers(self, least: int) -> tuple[tuple[str, str], ...]:
        """What a refresh request of ours says (§7.4)."""
        if self.interval is None:
            return ()
        refresher = "uac" if self.we_refresh else "uas"
        return (
            ("Session-Expires", f"{self.interval};refresher={refresher}"),
            ("Min-SE", str(least)),
        )

    def take_request(
        self, request: Request, ours: int | None, now: Instant
    ) -> tuple[tuple[str, str], ...]:
        """Agree as the answering side (§9), and say what the 2xx must carry.

        ``ours`` is the interval we want when the caller asks for none.
        """
        asked = request.session_expires
        supported = "timer" in request.supported or "timer" in request.require
        interval = asked.seconds if asked else self.interval or ours
        if interval is None:
            return ()
        interval = max(interval, request.min_se or 0)
        refresher = asked.refresher if asked else None
        if not supported:
            refresher = "uas"
        elif refresher not in ("uac", "uas"):
            refresher = "uas" if self.we_refresh else "uac"
        self.start(interval, refresher == "uas", now)
        header = ("Session-Expires", f"{interval};refresher={refresher}")
        if refresher == "uac":
            return (("Require", "timer"), header)
        return (header,)

    def take_response(self, response: Response, now: Instant) -> None:
        """Agree as the asking side (§7.2).

        A 2xx without Session-Expires ends the timer, unless it is a far end that knows
        no timers and whose session we refresh by ourselves.
        """
        agreed = response.session_expires
        if agreed is None:
            self.start(self.interval if self.we_refresh else None, self.we_refresh, now)
            return
        self.start(agreed.seconds, agreed.refresher != "uas", now)


def too_brief(request: Request, least: int) -> bool:
    """Whether the interval asked for must be refused with 422 (§9)."""
    asked = request.session_expires
    if asked is None:
        return False
    supported = "timer" in request.supported or "timer" in request.require
    return supported and asked.seconds < max(least, LEAST_INTERVAL)
