"""Hands letters to a mail server (RFC 5321), which takes them where they are meant to go.

The server is the operator's own choice. What comes from plans and pages is written into
header fields by the standard library, which refuses line breaks, and the one address that
a letter goes to is a plain one (:func:`b2bua.report.timetable.is_address`).
"""

import asyncio
import hashlib
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from typing import Final, Literal, TypeAlias

import aiosmtplib

from b2bua.core.errors import B2buaError

PATIENCE: Final = 60.0
"""Seconds for a letter, from the connection to the answer."""
Security: TypeAlias = Literal["starttls", "tls", "none"]


class NotMailed(B2buaError):
    """The letter was not taken; the message says why. Later it may be."""


class NobodyThere(NotMailed):
    """It never will be: the server knows no such address, or refuses the letter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MailServer:
    """Who takes our letters."""

    host: str
    port: int
    security: Security = "starttls"
    sender: str
    """``name@example.com`` or ``Reports <name@example.com>``."""
    user: str = ""
    password: str = field(default="", repr=False)
    ca: str = ""
    """File of those who vouch for it; empty: the system's."""


@dataclass(frozen=True, slots=True)
class Enclosure:
    """A file that goes with a letter."""

    name: str
    kind: str
    """``text/html`` and such."""
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One letter to one address."""

    id: str
    """The same however often it is sent: of it the Message-ID is made."""
    to: str
    at: datetime
    subject: str
    text: str
    html: str
    enclosures: Sequence[Enclosure] = ()


def written(letter: Letter, sender: str) -> EmailMessage:
    """The letter as it is sent: text, the same in HTML, and the files."""
    _, address = parseaddr(sender)
    digest = hashlib.sha256(f"{letter.id}\n{letter.to}".encode()).hexdigest()[:40]
    message = EmailMessage(policy=SMTP)
    message["From"] = sender
    message["To"] = letter.to
    message["Subject"] = " ".join(letter.subject.split())
    message["Date"] = format_datetime(letter.at)
    message["Message-ID"] = f"<{digest}@{address.rpartition('@')[2]}>"
    # RFC 3834 §5: nobody's holiday notice shall answer it.
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(letter.text)
    message.add_alternative(letter.html, subtype="html")
    for one in letter.enclosures:
        main, _, sub = one.kind.partition("/")
        message.add_attachment(one.content, maintype=main, subtype=sub, filename=one.name)
    return message


class Mail:
    """Sends letters by one server."""

    def __init__(self, server: MailServer, *, patience: float = PATIENCE) -> None:
        self._server = server
        self._patience = patience

    async def send(self, letter: Letter) -> None:
        """Hand it over. Raises NotMailed, or NobodyThere."""
        server = self._server
        # Composing some hundred kilobytes takes a while that others need not wait.
        message = await asyncio.to_thread(written, letter, server.sender)
        _, sender = parseaddr(server.sender)
        try:
            async with asyncio.timeout(self._patience):
                await aiosmtplib.send(
                    message,
                    sender=sender,
                    recipients=[letter.to],
                    hostname=server.host,
                    port=server.port,
                    username=server.user or None,
                    password=server.password or None,
                    use_tls=server.security == "tls",
                    start_tls=server.security == "starttls",
                    tls_context=self._context(),
                    timeout=self._patience,
                )
        except TimeoutError as error:
            raise NotMailed(f"no answer in {self._patience:g} seconds") from error
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            raise _worded(error) from error

    def _context(self) -> ssl.SSLContext | None:
        if self._server.security == "none":
            return None
        return ssl.create_default_context(cafile=self._server.ca or None)


def _worded(error: Exception) -> NotMailed:
    """Why, in a few words; what is for good is told apart (RFC 5321 §4.2.1)."""
    match error:
        case aiosmtplib.SMTPAuthenticationError():
            return NotMailed(f"the mail server refuses our password: {error.code}")
        case aiosmtplib.SMTPRecipientsRefused(recipients=refused) if refused:
            return _answered(refused[0].code, refused[0].message)
        case aiosmtplib.SMTPResponseException():
            return _answered(error.code, error.message)
        case aiosmtplib.SMTPTimeoutError():
            return NotMailed("the mail server does not answer in time")
        case aiosmtplib.SMTPConnectError():
            cause = error.__cause__
            why = cause.strerror if isinstance(cause, OSError) and cause.strerror else error
            return NotMailed(f"the mail server is not reached: {why}")
        case ssl.SSLError():
            return NotMailed("the mail server's certificate is not trusted")
        case _:
            return NotMailed(f"the mail server: {str(error) or type(error).__name__}")


def _answered(code: int, said: str) -> NotMailed:
    told = f"the mail server answered {code} {' '.join(said.split())}"[:200]
    return NobodyThere(told) if 500 <= code <= 599 else NotMailed(told)
