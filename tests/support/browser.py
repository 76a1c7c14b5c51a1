"""A phone in a browser, as far as signalling goes: SIP over a WebSocket (RFC 7118)."""

import hashlib
import re
import socket
import ssl
from typing import ClassVar, Self, cast

from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, Request, TextMessage

from tests.support.phone import Audio, Heard, Phone

PATIENCE = 10.0


class Frames:
    """A WebSocket that looks like the socket of a phone: messages whole."""

    def __init__(self, address: str, node: tuple[str, int], *, sealed: bool) -> None:
        self._stream = socket.create_connection(node, PATIENCE, (address, 0))
        if sealed:
            context = ssl.create_default_context()
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            self._stream = context.wrap_socket(self._stream)
        self._frames = WSConnection(ConnectionType.CLIENT)
        hello = Request(host=node[0], target="/", subprotocols=["sip"])
        self._stream.sendall(self._frames.send(hello))
        self._frames.receive_data(self._stream.recv(65_535))
        (accepted, *rest) = self._frames.events()
        assert accepted == AcceptConnection(subprotocol="sip")
        self._come = [event.data for event in rest if isinstance(event, TextMessage)]

    def settimeout(self, seconds: float) -> None:
        """Wait so long at most."""
        self._stream.settimeout(seconds)

    def close(self) -> None:
        """Be gone without a word."""
        self._stream.close()

    def sendto(self, data: bytes, _: object) -> int:
        """Send one message; there is one place only that it can go to."""
        self._stream.sendall(self._frames.send(TextMessage(data=data.decode())))
        return len(data)

    def recv(self, size: int, flags: int = 0) -> bytes:
        """One message; raises TimeoutError as any socket does."""
        text = ""
        while True:
            while not self._come:
                self._frames.receive_data(self._stream.recv(size, flags))
                for event in self._frames.events():
                    assert isinstance(event, TextMessage), event
                    text += str(event.data)
                    if event.message_finished:
                        self._come.append(text)
                        text = ""
            return str(self._come.pop(0)).encode()


class Browser(Phone):
    """One that can be reached by its own connection alone: its names lead nowhere."""

    port: ClassVar[int] = 8080
    sealed: ClassVar[bool] = False

    def __enter__(self) -> Self:
        frames = Frames(self.address, (self.node, self.port), sealed=self.sealed)
        self._socket = cast(socket.socket, frames)
        self.audio = Audio(self.address, self.hertz, law=self.law)
        return self

    def register(self, extension: str, password: str) -> Heard:
        """Say where we are, and prove who we are (RFC 7616); the answer."""
        self.theirs = f"<sip:{extension}@{self.node}>"
        self.ours, self.target = f"{self.theirs};tag=here", f"sip:{self.node}"
        self.send(self.request("REGISTER", more="Expires: 600\r\n"))
        asked = self.expect("SIP/2.0 401").value("WWW-Authenticate")
        realm, nonce = (re.search(f'{key}="([^"]*)"', asked) for key in ("realm", "nonce"))
        assert realm is not None
        assert nonce is not None
        secret = _hash(f"{extension}:{realm[1]}:{password}")
        about = _hash(f"REGISTER:{self.target}")
        proof = _hash(f"{secret}:{nonce[1]}:00000001:c:auth:{about}")
        proved = (
            f'Authorization: Digest username="{extension}", realm="{realm[1]}", '
            f'nonce="{nonce[1]}", uri="{self.target}", response="{proof}", '
            'algorithm=SHA-256, qop=auth, nc=00000001, cnonce="c"\r\n'
        )
        self.send(self.request("REGISTER", more=f"Expires: 600\r\n{proved}"))
        return self.expect("SIP/2.0 200")

    def request(self, method: str, *, body: str = "", more: str = "") -> bytes:
        written = super().request(method, body=body, more=more)
        return self._nowhere(written)

    def send(self, data: bytes) -> None:
        super().send(self._nowhere(data))

    def _nowhere(self, data: bytes) -> bytes:
        here = f"{self.address}:5060".encode()
        name = b"WSS" if self.sealed else b"WS"
        via = b"SIP/2.0/" + name + b" df7jal23ls0d.invalid"
        ours = data.replace(b"SIP/2.0/UDP " + here, via)
        contact = b"<sip:hand@df7jal23ls0d.invalid;transport=ws>"
        return ours.replace(b"<sip:hand@" + here + b">", contact)


class SealedBrowser(Browser):
    """One whose page came by https, so that its WebSocket is sealed too."""

    port = 8443
    sealed = True


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
