"""Metrics, health and bans over HTTP: four addresses, one request a connection."""

import asyncio
from collections.abc import Callable
from typing import Final

from b2bua.core.address import Address

PATIENCE: Final = 5.0
"""Seconds for a request."""
LONGEST_HEAD: Final = 8192
PHRASES: Final = {
    200: "OK",
    400: "Bad Request",
    404: "Not Found",
    503: "Service Unavailable",
}
PLAIN: Final = "text/plain; charset=utf-8"
PROMETHEUS: Final = "text/plain; version=0.0.4; charset=utf-8"


class HealthServer:
    """Answers ``/metrics``, ``/healthz``, ``/readyz`` and ``/bans``."""

    def __init__(
        self,
        metrics: Callable[[], bytes],
        unready: Callable[[], str],
        bans: Callable[[], bytes],
    ) -> None:
        """``unready`` says why no calls are served; empty while they are."""
        self._metrics = metrics
        self._unready = unready
        self._bans = bans

    async def start(self, local: Address) -> None:
        """Listen. Raises OSError."""
        self._server = await asyncio.start_server(
            self._serve, *local, limit=LONGEST_HEAD, reuse_address=True
        )

    def close(self) -> None:
        """Stop listening."""
        self._server.close()

    async def _serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                head = await reader.readuntil(b"\r\n\r\n")
                writer.write(self._answer(head))
                await writer.drain()
        except (OSError, EOFError, asyncio.LimitOverrunError):
            writer.transport.abort()
        finally:
            writer.close()

    def _answer(self, head: bytes) -> bytes:
        words = head.split(b"\r\n", 1)[0].split(b" ")
        if len(words) != 3 or words[0] not in (b"GET", b"HEAD"):
            return _response(400, PLAIN, b"GET is all there is\n")
        match words[1].split(b"?", 1)[0]:
            case b"/metrics":
                answer = 200, PROMETHEUS, self._metrics()
            case b"/healthz":
                answer = 200, PLAIN, b"alive\n"
            case b"/readyz":
                reason = self._unready()
                answer = (503 if reason else 200), PLAIN, f"{reason or 'ready'}\n".encode()
            case b"/bans":
                answer = 200, PLAIN, self._bans()
            case _:
                answer = 404, PLAIN, b"/metrics, /healthz, /readyz, /bans\n"
        return _response(*answer, with_body=words[0] == b"GET")


def _response(status: int, kind: str, body: bytes, *, with_body: bool = True) -> bytes:
    head = (
        f"HTTP/1.1 {status} {PHRASES[status]}\r\nContent-Type: {kind}\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + (body if with_body else b"")
