"""Session timers: RFC 4028.

A confirmed session lives for an interval and is given another by every re-INVITE or
UPDATE that succeeds. One side refreshes at half of the interval; the other ends the session
when nothing came, a little before the end (§10). The greatest Min-SE that was heard in the
dialog is repeated by every refresh (§7.4).
"""

import enum
from typing import Final

from b2bua.core.clock import Instant
from b2bua.sip.message.message import Request, Response

LEAST_INTERVAL: Final = 90
"""Seconds; nobody may ask for less (§4), so no session ends sooner."""

QUICKEST: Final = 20
"""Seconds; who asks for less all the same is refreshed at half of this."""

MOST_RAISES: Final = 4
"""How often 422 may ask for a longer interval; more is no answer but a loop."""


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
        self.least = LEAST_INTERVAL
        """The greatest Min-SE that the far end's requests and 422 named (§7.4)."""
        self._raises = 0
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
        whole = max(interval, LEAST_INTERVAL)
        left = whole if left is None else left
        self._expires_at = now + max(0.0, left - self._margin)
        if we_refresh:
            before = whole - max(interval, QUICKEST) / 2
            self._refresh_at = now + max(0.0, left - before)

    @property
    def _margin(self) -> float:
        """How long before its end the side that does not refresh gives a session up."""
        if self.we_refresh or self.interval is None:
            return 0.0
        return min(32.0, max(self.interval, LEAST_INTERVAL) / 3)

    def stop(self) -> None:
        """The session is over."""
        self._refresh_at = self._expires_at = None

    def left(self, now: Instant) -> float | None:
        """Seconds until the session ends unless refreshed; None without a timer."""
        if self.interval is None or self._expires_at is None:
            return None
        return self._expires_at + self._margin - now

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
        least = max(least, self.least)
        interval = max(self.interval, least)
        return (
            ("Session-Expires", f"{interval};refresher={refresher}"),
            ("Min-SE", str(least)),
        )

    def raise_to(self, least: int | None, now: Instant) -> bool:
        """Ask for at least what a 422 names (§7.3); False if that is no way on."""
        if self.interval is None or least is None or self._raises >= MOST_RAISES:
            return False
        if least <= max(self.interval, self.least):
            return False
        self._raises += 1
        self.least = least
        left = self.left(now)
        self.start(least, self.we_refresh, now, left)
        return True

    def take_request(
        self, request: Request, ours: int | None, now: Instant
    ) -> tuple[tuple[str, str], ...]:
        """Agree as the answering side (§9), and say what the 2xx must carry.

        ``ours`` is the interval we want when the caller asks for none. Who knows timers is
        required to heed ours, whoever refreshes.
        """
        self.least = max(self.least, request.min_se or 0)
        asked = request.session_expires
        supported = "timer" in request.supported or "timer" in request.require
        interval = asked.seconds if asked else self.interval or ours
        if interval is None:
            return ()
        if asked is None:
            interval = max(interval, request.min_se or 0)
        refresher = asked.refresher if asked else None
        if not supported:
            refresher = "uas"
        elif refresher not in ("uac", "uas"):
            refresher = "uas" if self.we_refresh else "uac"
        self.start(interval, refresher == "uas", now)
        header = ("Session-Expires", f"{interval};refresher={refresher}")
        return (("Require", "timer"), header) if supported else (header,)

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
