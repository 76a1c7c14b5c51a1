"""A phone in a browser, as far as signalling goes: SIP over a WebSocket (RFC 7118)."""

import socket
from typing import Self

from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, Request, TextMessage

from tests.support.phone import Audio, Phone

PATIENCE = 10.0


class Frames(socket.socket):
    """A WebSocket that looks like the socket of a phone: messages whole."""

    def __init__(self, address: str, node: tuple[str, int]) -> None:
        super().__init__(socket.AF_INET, socket.SOCK_STREAM)
        self.settimeout(PATIENCE)
        self.bind((address, 0))
        self.connect(node)
        self._frames = WSConnection(ConnectionType.CLIENT)
        hello = Request(host=node[0], target="/", subprotocols=["sip"])
        self.sendall(self._frames.send(hello))
        self._frames.receive_data(super().recv(65_535))
        (accepted, *rest) = self._frames.events()
        assert accepted == AcceptConnection(subprotocol="sip")
        self._come = [event.data for event in rest if isinstance(event, TextMessage)]

    def sendto(self, data: bytes, _: object) -> int:  # type: ignore[override]
        """Send one message; there is one place only that it can go to."""
        self.sendall(self._frames.send(TextMessage(data=data.decode())))
        return len(data)

    def recv(self, size: int, flags: int = 0) -> bytes:
        """One message; raises TimeoutError as any socket does."""
        text = ""
        while True:
            while not self._come:
                self._frames.receive_data(super().recv(size, flags))
                for event in self._frames.events():
                    assert isinstance(event, TextMessage), event
                    text += str(event.data)
                    if event.message_finished:
                        self._come.append(text)
                        text = ""
            return str(self._come.pop(0)).encode()


class Browser(Phone):
    """One that can be reached by its own connection alone: its names lead nowhere."""

    def __enter__(self) -> Self:
        self._socket = Frames(self.address, (self.node, 8080))
        self.audio = Audio(self.address, self.hertz, law=self.law)
        return self

    def request(self, method: str, *, body: str = "", more: str = "") -> bytes:
        written = super().request(method, body=body, more=more)
        return self._nowhere(written)

    def send(self, data: bytes) -> None:
        super().send(self._nowhere(data))

    def _nowhere(self, data: bytes) -> bytes:
        here = f"{self.address}:5060".encode()
        ours = data.replace(b"SIP/2.0/UDP " + here, b"SIP/2.0/WS df7jal23ls0d.invalid")
        contact = b"<sip:hand@df7jal23ls0d.invalid;transport=ws>"
        return ours.replace(b"<sip:hand@" + here + b">", contact)
