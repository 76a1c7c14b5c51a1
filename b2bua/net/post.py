"""Posts messages over HTTP to addresses that strangers have chosen.

What is connected to is judged at the moment of connecting, literal address by literal
address, so that no name, redirect or second answer of a name server leads elsewhere.
Redirects are not followed, proxies not asked, cookies not kept, bodies not read beyond a
little, and all of it ends within seconds.
"""

import asyncio
import os
import socket
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from b2bua.core.errors import B2buaError
from b2bua.service.webhook import Reach

PATIENCE: Final = 5.0
"""Seconds for a message, from the name to the answer."""
LONGEST_ANSWER: Final = 16 * 1024
"""Bytes that are read so that the connection can be used again; nobody looks at them."""
LOOKUPS: Final = 16
"""Names asked for at once, on threads of our own."""


class NotDelivered(B2buaError):
    """No answer came; the message says why, in a few words."""


class OutOfReach(OSError):
    """Where it leads nobody may send."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What the receiver answered."""

    status: int

    @property
    def taken(self) -> bool:
        """Whether the receiver has the message."""
        return 200 <= self.status < 300


class Post:
    """Sends messages; use it as an async context manager."""

    def __init__(self, reach: Reach, *, patience: float = PATIENCE) -> None:
        self._reach = reach
        self._patience = patience
        self._names = _Names()
        self._sessions: dict[bool, aiohttp.ClientSession] = {}

    async def __aenter__(self) -> "Post":
        for tls in (False, True):
            self._sessions[tls] = self._session(tls)
        return self

    async def __aexit__(self, *_: object) -> None:
        for session in self._sessions.values():
            await session.close()
        await self._names.close()

    async def send(self, url: str, body: bytes, headers: Mapping[str, str]) -> Reply:
        """Post it. Raises :class:`NotDelivered` if there was no answer in time."""
        session = self._sessions[url.startswith("https:")]
        try:
            async with session.post(
                url, data=body, headers=headers, allow_redirects=False
            ) as response:
                await _drain(response)
                return Reply(response.status)
        except TimeoutError as error:
            raise NotDelivered(f"no answer in {self._patience:g} seconds") from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise NotDelivered(_worded(error)) from error

    def _session(self, tls: bool) -> aiohttp.ClientSession:
        def open_socket(info: Any) -> socket.socket:
            family, kind, protocol, _, address = info
            why = self._reach.bar(str(address[0]), tls=tls)
            if why:
                raise OutOfReach(why)
            return socket.socket(family, kind, protocol)

        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                resolver=self._names,
                use_dns_cache=False,
                limit=0,
                keepalive_timeout=30.0,
                socket_factory=open_socket,
            ),
            timeout=aiohttp.ClientTimeout(total=self._patience),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            trust_env=False,
        )


class _Names(AbstractResolver):
    """The system's resolver, on threads that nobody else waits for."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(LOOKUPS, "webhook-names")

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        found = await asyncio.get_running_loop().run_in_executor(
            self._threads, _look_up, host, port, family
        )
        return [
            ResolveResult(
                hostname=host,
                host=str(address[0]),
                port=port,
                family=one,
                proto=protocol,
                flags=socket.AI_NUMERICHOST,
            )
            for one, _, protocol, _, address in found
        ]

    async def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)


def _look_up(host: str, port: int, family: int) -> list[Any]:
    return socket.getaddrinfo(host, port, family, socket.SOCK_STREAM)


async def _drain(response: aiohttp.ClientResponse) -> None:
    """Read a short answer to its end; a longer one closes the connection."""
    read = 0
    async for part in response.content.iter_any():
        read += len(part)
        if read > LONGEST_ANSWER:
            response.close()
            return


def _worded(error: Exception) -> str:
    """Why, without the address: its query may be a key."""
    match error:
        case aiohttp.ClientConnectorCertificateError():
            return "its certificate is not trusted"
        case aiohttp.ClientConnectorSSLError():
            return "no TLS with it"
        case aiohttp.ClientConnectorDNSError():
            return "its name is not known"
        case aiohttp.ClientConnectorError():
            return _reason(error.os_error)
        case aiohttp.ServerDisconnectedError():
            return "it closed the connection"
        case aiohttp.ClientResponseError():
            return "its answer is no HTTP"
        case aiohttp.InvalidURL():
            return "its address is no URL"
        case OSError():
            return _reason(error)
        case _:
            return type(error).__name__


def _reason(error: OSError) -> str:
    return os.strerror(error.errno) if error.errno else str(error)
