"""A receiver of webhooks: a real HTTP server that answers as it is told."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

Behaviour = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(slots=True)
class Received:
    """One message as it came."""

    path: str
    body: bytes
    headers: dict[str, str]

    @property
    def told(self) -> Any:
        return json.loads(self.body)


@dataclass(slots=True)
class Receiver:
    """Listens on one loopback address."""

    host: str
    status: int = 200
    behaviour: Behaviour | None = None
    received: list[Received] = field(default_factory=list)
    port: int = 0
    _runner: web.AppRunner | None = None
    _came: asyncio.Event = field(default_factory=asyncio.Event)

    async def __aenter__(self) -> "Receiver":
        app = web.Application()
        app.router.add_route("*", "/{tail:.*}", self._take)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self.host, self.port)
        await site.start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    def url(self, path: str = "/calls") -> str:
        return f"http://{self.host}:{self.port}{path}"

    @property
    def ids(self) -> list[str]:
        return [one.headers["X-B2bua-Id"] for one in self.received]

    async def wait_for(self, many: int, seconds: float = 20.0) -> None:
        """Until so many messages have come."""
        async with asyncio.timeout(seconds):
            while len(self.received) < many:
                self._came.clear()
                await self._came.wait()

    async def _take(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        headers = dict(request.headers)
        self.received.append(Received(str(request.rel_url), body, headers))
        self._came.set()
        if self.behaviour is not None:
            return await self.behaviour(request)
        return web.Response(status=self.status)
