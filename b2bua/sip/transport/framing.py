"""Cut a stream into messages and answer keep-alives: RFC 3261 §18.3, RFC 5626 §3.5.1.

A message on a stream ends where its Content-Length says; without a good one nothing that
follows can be trusted. The stream is then :class:`Broken`: the sender is told by a 400 and
the connection is closed.

Also a stop to slow senders: a message that was begun must be whole within 30 seconds.
"""

import re
from dataclasses import dataclass
from typing import Final, TypeAlias
from zlib import crc32

from b2bua.core.clock import Instant
from b2bua.sip.message.build import response_to
from b2bua.sip.message.message import Request
from b2bua.sip.message.parser import parse
from b2bua.sip.message.serializer import serialize

MAX_HEAD: Final = 65536
MAX_BODY: Final = 2**20
PATIENCE: Final = 30.0
"""Seconds from the first byte of a message to its last."""

_CONTENT_LENGTH: Final = re.compile(
    rb"\r\n(?:content-length|l)[ \t]*:(?:[ \t]|\r\n[ \t])*([^\r\n]*)", re.IGNORECASE
)
_NUMBER: Final = re.compile(rb"[0-9]{1,10}[ \t]*")


@dataclass(frozen=True, slots=True)
class Framed:
    """One message, to be parsed."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Pong:
    """Send one CRLF: the far end sent the two of a keep-alive."""


@dataclass(frozen=True, slots=True)
class Broken:
    """Send ``answer`` if there is one, then close; nothing more will come out."""

    reason: str
    answer: bytes = b""


Output: TypeAlias = Framed | Pong | Broken


class StreamFraming:
    """The receiving half of one connection."""

    def __init__(self, patience: float = PATIENCE) -> None:
        self._patience = patience
        self._buffer = bytearray()
        self._searched = 0
        """So much of the buffer holds no end of a head."""
        self._length: int | None = None
        """Of the whole message, once its head is here."""
        self._deadline: Instant | None = None
        self._broken = False

    @property
    def deadline(self) -> Instant | None:
        """When :meth:`wake` must be called; None while no message is begun."""
        return self._deadline

    def receive(self, data: bytes, now: Instant) -> list[Output]:
        """Take what the stream brought next."""
        if self._broken:
            return []
        self._buffer += data
        outputs: list[Output] = []
        while (output := self._next()) is not None:
            outputs.append(output)
            if isinstance(output, Framed):
                self._deadline = None
        if not self._buffer.lstrip(b"\r\n"):
            self._deadline = None
        elif self._deadline is None:
            self._deadline = now + self._patience
        return outputs

    def wrap(self, message: bytes) -> bytes:
        """One message as it is sent: as it is."""
        return message

    def wake(self, now: Instant) -> list[Output]:
        """Give up on a message that took too long."""
        if self._deadline is None or now < self._deadline:
            return []
        self._deadline = None
        return [self._break("Message Not Finished In Time")]

    def _next(self) -> Output | None:
        """The next thing the buffer holds whole; it is taken out."""
        if self._length is None:
            if self._buffer.startswith((b"\r", b"\n")):
                return self._skip_blank()
            if (fault := self._read_head()) is not None:
                return self._break(*fault)
        if self._length is None or len(self._buffer) < self._length:
            return None
        message = bytes(self._buffer[: self._length])
        del self._buffer[: self._length]
        self._length = None
        self._searched = 0
        return Framed(message)

    def _skip_blank(self) -> Output | None:
        """Take line ends that stand before a message: two are a ping, one is a pong."""
        if self._buffer.startswith(b"\r\n\r\n"):
            del self._buffer[:4]
            return Pong()
        if b"\r\n\r\n".startswith(self._buffer):
            return None
        blank = len(self._buffer) - len(self._buffer.lstrip(b"\r\n"))
        del self._buffer[:blank]
        return self._next() if self._buffer else None

    def _read_head(self) -> tuple[str, bytes] | None:
        """Learn the length of the message; what is wrong with its head, if anything."""
        end = self._buffer.find(b"\r\n\r\n", self._searched)
        if end < 0:
            self._searched = max(0, len(self._buffer) - 3)
            return ("Header Too Large", b"") if self._searched > MAX_HEAD else None
        if end > MAX_HEAD:
            return "Header Too Large", b""
        head = bytes(self._buffer[: end + 4])
        lengths = {value.strip() for value in _CONTENT_LENGTH.findall(head)}
        if len(lengths) != 1:
            return "Content-Length Missing" if not lengths else "Two Content-Lengths", head
        if _NUMBER.fullmatch(value := lengths.pop()) is None:
            return "Bad Content-Length", head
        if int(value) > MAX_BODY:
            return "Body Too Large", head
        self._length = end + 4 + int(value)
        return None

    def _break(self, reason: str, head: bytes = b"") -> Broken:
        self._broken = True
        self._buffer.clear()
        return Broken(reason, _refusal_of(head, reason))


def _refusal_of(head: bytes, reason: str) -> bytes:
    """A 400 to the request of that head; empty if it is no request that can be answered."""
    length = b"\r\nContent-Length: 0\r\n\r\n"
    request = parse(_CONTENT_LENGTH.sub(b"", head).removesuffix(b"\r\n\r\n") + length)
    if not isinstance(request, Request) or request.method == "ACK":
        return b""
    tag = f"{crc32(head):08x}"
    return serialize(response_to(request, 400, to_tag=tag, reason=reason))
