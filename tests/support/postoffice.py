"""A mail server of aiosmtpd's: it keeps what it is handed, and answers as it is told."""

import asyncio
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session


@dataclass(slots=True)
class PostOffice:
    """Listens on one loopback address."""

    host: str
    port: int = 0
    refused: dict[str, str] = field(default_factory=dict)
    """What is answered to letters for an address."""
    tls: ssl.SSLContext | None = None
    """With it, STARTTLS is asked for."""
    user: str = ""
    password: str = ""
    letters: list[EmailMessage] = field(default_factory=list)
    recipients: list[list[str]] = field(default_factory=list)
    _server: asyncio.Server | None = None
    _came: asyncio.Event = field(default_factory=asyncio.Event)

    async def __aenter__(self) -> "PostOffice":
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._speak, self.host, self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()

    @property
    def address(self) -> str:
        return f"{self.host}:{self.port}"

    async def wait_for(self, many: int, seconds: float = 20.0) -> None:
        """Until so many letters have come."""
        async with asyncio.timeout(seconds):
            while len(self.letters) < many:
                self._came.clear()
                await self._came.wait()

    async def handle_RCPT(  # noqa: N802
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
        to: str,
        options: list[str],
    ) -> str:
        if to in self.refused:
            return self.refused[to]
        envelope.rcpt_tos.append(to)
        return "250 OK"

    async def handle_DATA(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        content = envelope.content
        assert isinstance(content, bytes)
        letter: Any = message_from_bytes(content, policy=policy.default)
        self.letters.append(letter)
        self.recipients.append(list(envelope.rcpt_tos))
        self._came.set()
        return "250 taken"

    def _speak(self) -> SMTP:
        return SMTP(
            self,
            hostname="post.example.com",
            tls_context=self.tls,
            require_starttls=self.tls is not None,
            authenticator=self._authenticate if self.user else None,
            auth_required=bool(self.user),
            auth_require_tls=self.tls is not None,
        )

    def _authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any
    ) -> AuthResult:
        assert isinstance(data, LoginPassword)
        given = (data.login.decode(), data.password.decode())
        return AuthResult(success=given == (self.user, self.password), handled=False)


@contextmanager
def opened(address: str) -> Iterator[PostOffice]:
    """One on a loop of its own, for tests that have none."""
    host, _, port = address.partition(":")
    office, loop = PostOffice(host, int(port)), asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        asyncio.run_coroutine_threadsafe(office.__aenter__(), loop).result(10)
        yield office
        asyncio.run_coroutine_threadsafe(office.__aexit__(), loop).result(10)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
