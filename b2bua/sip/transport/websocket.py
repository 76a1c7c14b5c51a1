"""SIP over a WebSocket, the server's side of one connection: RFC 7118.

Bytes in; whole SIP messages and bytes to be sent out. The client must ask for the
subprotocol ``sip`` (§4.1) and sends one SIP message in each WebSocket message (§4.2);
RFC 6455 itself is wsproto's. A client that sends the CRLFs of RFC 5626 is answered, too.

A browser says whose page it is that connects (RFC 6455 §10.2). Who sits in the network of a
trunk may look at any page of the world, and that must not call in the trunk's name: a page
of another host than ours is let in only if it is listed.
"""

from dataclasses import dataclass
from typing import Final, TypeAlias

from wsproto import ConnectionType, WSConnection
from wsproto.events import (
    AcceptConnection,
    BytesMessage,
    CloseConnection,
    Event,
    Ping,
    RejectConnection,
    Request,
    TextMessage,
)
from wsproto.utilities import LocalProtocolError, RemoteProtocolError

from b2bua.core.clock import Instant
from b2bua.sip.transport.framing import MAX_HEAD, PATIENCE, Broken, Framed

SUBPROTOCOL: Final = "sip"
LARGEST: Final = 2 * MAX_HEAD
"""Bytes of one message: browsers describe a lot, but not that much."""


@dataclass(frozen=True, slots=True)
class Reply:
    """Send these bytes: of the handshake, a pong, a close."""

    data: bytes


Output: TypeAlias = Framed | Reply | Broken


class WebSocketFraming:
    """One connection, from its first byte."""

    def __init__(self, patience: float = PATIENCE, origins: tuple[str, ...] = ()) -> None:
        """``origins`` of pages that are let in besides our own host's; ``*``: all."""
        self._patience = patience
        self._origins = origins
        self._connection = WSConnection(ConnectionType.SERVER)
        self._message = bytearray()
        self._deadline: Instant | None = None
        self._unfinished = False
        """A message, or the handshake, was begun and is not whole."""
        self._broken = False

    @property
    def deadline(self) -> Instant | None:
        """When :meth:`wake` must be called; None while nothing is begun."""
        return self._deadline

    def wrap(self, message: bytes) -> bytes:
        """One SIP message as it is sent: a text where it is one (§5)."""
        try:
            text = message.decode()
        except UnicodeDecodeError:
            return self._connection.send(BytesMessage(data=message))
        return self._connection.send(TextMessage(data=text))

    def receive(self, data: bytes, now: Instant) -> list[Output]:
        """Take what the stream brought next."""
        if self._broken or not data:
            return []
        self._unfinished = True
        outputs: list[Output] = []
        try:
            self._connection.receive_data(data)
            for event in self._connection.events():
                outputs += self._take(event)
        except (RemoteProtocolError, LocalProtocolError) as error:
            outputs.append(self._break(str(error) or "No WebSocket"))
        if not self._unfinished or self._broken:
            self._deadline = None
        elif self._deadline is None:
            self._deadline = now + self._patience
        return outputs

    def wake(self, now: Instant) -> list[Output]:
        """Give up on what took too long."""
        if self._deadline is None or now < self._deadline:
            return []
        self._deadline = None
        return [self._break("Message Not Finished In Time")]

    def _take(self, event: Event) -> list[Output]:
        self._unfinished = False
        match event:
            case Request() if not self._welcome(event):
                refusal = self._connection.send(RejectConnection(status_code=403))
                return [self._break("A Page Of Somebody Else", refusal)]
            case Request(subprotocols=offered):
                if SUBPROTOCOL not in offered:
                    refusal = self._connection.send(RejectConnection(status_code=400))
                    return [self._break("No Subprotocol sip", refusal)]
                accept = AcceptConnection(subprotocol=SUBPROTOCOL)
                return [Reply(self._connection.send(accept))]
            case TextMessage(data=text):
                return self._part(text.encode(), finished=event.message_finished)
            case BytesMessage(data=part):
                return self._part(bytes(part), finished=event.message_finished)
            case Ping():
                return [Reply(self._connection.send(event.response()))]
            case CloseConnection():
                return [self._break("Closed", self._connection.send(event.response()))]
            case _:
                return []

    def _welcome(self, hello: Request) -> bool:
        """Whether the page that connects may, if it is a page."""
        headers = {name.lower(): value for name, value in hello.extra_headers}
        origin = headers.get(b"origin", b"").decode("latin-1").lower()
        if not origin or "*" in self._origins or origin in self._origins:
            return True
        return _host(origin.partition("://")[2]) == _host(hello.host.lower())

    def _part(self, part: bytes, *, finished: bool) -> list[Output]:
        self._message += part
        if len(self._message) > LARGEST:
            close = self._connection.send(CloseConnection(code=1009))
            return [self._break("Message Too Large", close)]
        if not finished:
            self._unfinished = True
            return []
        message = bytes(self._message)
        self._message.clear()
        if message.strip(b"\r\n"):
            return [Framed(message)]
        return [Reply(self.wrap(b"\r\n"))] if message == b"\r\n\r\n" else []

    def _break(self, reason: str, answer: bytes = b"") -> Broken:
        self._broken = True
        self._message.clear()
        return Broken(reason, answer)


def _host(authority: str) -> str:
    """The host of ``host:port``, empty if it is none."""
    host, _, port = authority.rpartition(":")
    return host if host and port.isdecimal() else authority
