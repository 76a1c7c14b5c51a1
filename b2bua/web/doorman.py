"""Who pushes while many wait to sign in is sent away before anything is read.

Each guess of a crowd would else cost as much as a page. An address from which somebody has
signed in is let through to the door, however hard its neighbours push.
"""

from typing import Final

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from b2bua.web.gate import address_of
from b2bua.web.portal import portal_of
from b2bua.web.throttle import origin

DOORS: Final = ("/api/session", "/api/operator/session", "/sign-in", "/operator/sign-in")
PUSHED: Final = 30
"""Tries, one less each minute, that an address may have made."""
ANSWER: Final = b'{"detail":"too many tries: wait a little"}'
HEADERS: Final = (
    (b"content-type", b"application/json"),
    (b"content-length", str(len(ANSWER)).encode()),
    (b"retry-after", b"10"),
)


class Doorman:
    """Stands before the ways in."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        signing_in = scope["type"] == "http" and scope["method"] == "POST"
        if signing_in and scope["path"] in DOORS and _pushes(Request(scope)):
            await send(
                {"type": "http.response.start", "status": 429, "headers": [*HEADERS]}
            )
            await send({"type": "http.response.body", "body": ANSWER})
            return
        await self._app(scope, receive, send)


def _pushes(request: Request) -> bool:
    portal = portal_of(request)
    if not portal.turnstile.crowded:
        return False
    anyone, now = ("", origin(address_of(request))), portal.clock()
    return anyone not in portal.regulars and portal.pushing.wrong(anyone, now) >= PUSHED
