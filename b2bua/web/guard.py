"""What holds for every request and response, whatever the page: headers and bounds."""

from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from b2bua.web.portal import LONGEST_BODY

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
    " media-src 'self' blob:; connect-src 'self'; form-action 'self'; base-uri 'none';"
    " frame-ancestors 'none'"
)
HEADERS: Final = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(self)",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
UPLOADS: Final = ("/prompts", "/api/prompts/", "/operator/data", "/api/operator/areas")
"""Where files are taken."""
LONGEST_FILE: Final = 21_000_000
"""Bytes of a request that brings one."""
TRANSPORT_SECURITY: Final = "max-age=31536000"
TOO_LARGE: Final = b'{"detail":"the body is too large"}'


class _TooLarge(Exception):
    """More came than a request may hold."""


class Guard:
    """Adds the headers that protect a browser, and refuses bodies without end."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = False
        taken = 0
        upload = scope["path"].startswith(UPLOADS)
        longest = LONGEST_FILE if upload else LONGEST_BODY

        async def counted() -> Message:
            nonlocal taken
            message = await receive()
            if message["type"] == "http.request":
                taken += len(message.get("body", b""))
                if taken > longest:
                    raise _TooLarge
            return message

        async def dressed(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                _dress(MutableHeaders(scope=message), secure=scope["scheme"] == "https")
            await send(message)

        try:
            await self._app(scope, counted, dressed)
        except _TooLarge:
            if not begun:
                await _refuse(dressed)


def _dress(headers: MutableHeaders, *, secure: bool) -> None:
    for name, value in HEADERS.items():
        headers.setdefault(name, value)
    if secure:
        headers.setdefault("Strict-Transport-Security", TRANSPORT_SECURITY)


async def _refuse(send: Send) -> None:
    headers = [(b"content-type", b"application/json"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": TOO_LARGE})
