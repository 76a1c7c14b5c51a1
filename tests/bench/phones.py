"""Telephones that speak just enough SIP to hold calls through a node.

The audio is somebody else's: each telephone only learns where its own must go. A caller is
known by its number, which the node passes on, so both ends of a call find each other.
"""

import asyncio
import re
import socket
from typing import Final, Self, cast

from tests.bench.node import SERVICE

Address = tuple[str, int]

FIRST_PORT: Final = 30000
FIRST_NUMBER: Final = 13800000000
T1: Final = 0.5
PATIENCE: Final = 32.0
CALLER: Final = re.compile(rb"(?im)^from:[^\r]*sip:(?:\+?86)?(138\d{8})@")
AUDIO: Final = re.compile(rb"m=audio (\d+) ")
TARGET: Final = re.compile(rb"(?im)^contact:[^\r]*<([^>]+)>")


def media_port(number: int) -> int:
    """Where the audio of call ``number`` is heard, on the host of either side."""
    return FIRST_PORT + 2 * number


class Phones(asyncio.DatagramProtocol):
    """What both sides share: a socket, and the node's audio port by call."""

    def __init__(self, local: Address) -> None:
        self.local = local
        self.audio: dict[int, int] = {}
        self.ended = 0
        self._host = b"%s:%d" % (local[0].encode(), local[1])

    @classmethod
    async def at(cls, host: str) -> Self:
        """Bind port 5060 of ``host``."""
        bound = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        bound.setblocking(False)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        bound.bind((host, 5060))
        loop = asyncio.get_running_loop()
        _, phones = await loop.create_datagram_endpoint(
            lambda: cls((host, 5060)), sock=bound
        )
        return phones

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def close(self) -> None:
        """Hear no more."""
        self._transport.close()

    def _sdp(self, number: int) -> bytes:
        host = self.local[0].encode()
        return (
            b"v=0\r\no=- 1 1 IN IP4 %s\r\ns=-\r\nc=IN IP4 %s\r\nt=0 0\r\n"
            b"m=audio %d RTP/AVP 8 101\r\na=rtpmap:8 PCMA/8000\r\n"
            b"a=rtpmap:101 telephone-event/8000\r\n"
        ) % (host, host, media_port(number))

    def _reply(self, request: bytes, to: Address, body: bytes = b"") -> None:
        """200, with the request's own fields."""
        lines = [
            line
            for line in request.partition(b"\r\n\r\n")[0].split(b"\r\n")[1:]
            if line.lower().startswith((b"via:", b"from:", b"call-id:", b"cseq:", b"to:"))
        ]
        lines = [
            line + b";tag=d"
            if line[:3].lower() == b"to:" and b";tag=" not in line
            else line
            for line in lines
        ]
        self._transport.sendto(
            b"SIP/2.0 200 OK\r\n%s\r\nContact: <sip:%s>\r\n%s%s"
            % (b"\r\n".join(lines), self._host, _length(body), body),
            to,
        )


class Destinations(Phones):
    """They answer at once, whoever calls."""

    def datagram_received(self, data: bytes, addr: Address) -> None:
        method = data.partition(b" ")[0]
        if method == b"INVITE":
            number = _caller(data)
            self.audio[number] = _audio(data)
            self._reply(data, addr, self._sdp(number))
        elif method not in {b"ACK", b"SIP/2.0"}:
            self.ended += method == b"BYE"
            self._reply(data, addr)


class Callers(Phones):
    """They call, and hang up when told to."""

    def __init__(self, local: Address) -> None:
        super().__init__(local)
        self.to: Address = ("", 0)
        self._answers: dict[bytes, asyncio.Future[bytes]] = {}
        self._dialogs: dict[int, tuple[bytes, bytes]] = {}

    def datagram_received(self, data: bytes, addr: Address) -> None:
        if not data.startswith(b"SIP/2.0"):
            self._reply(data, addr)
            return
        answer = self._answers.get(_field(data, b"via"))
        if answer is not None and not answer.done() and data[8:9] != b"1":
            answer.set_result(data)

    async def call(self, number: int) -> None:
        """Place call ``number`` and acknowledge its answer. Raises RuntimeError."""
        uri = b"sip:%s@%s:%d" % (SERVICE.encode(), self.to[0].encode(), self.to[1])
        answer = await self._ask(b"INVITE", 1, number, uri, b"<%s>" % uri)
        target = TARGET.search(answer)
        if not answer.startswith(b"SIP/2.0 200") or target is None:
            raise RuntimeError(f"call {number}: {answer[:60]!r}")
        self.audio[number] = _audio(answer)
        self._dialogs[number] = target[1], _field(answer, b"to")
        self._send(self._request(b"ACK", 1, number, *self._dialogs[number]))

    async def hang_up(self, number: int) -> None:
        """End call ``number``. Raises RuntimeError."""
        answer = await self._ask(b"BYE", 2, number, *self._dialogs[number])
        if not answer.startswith(b"SIP/2.0 200"):
            raise RuntimeError(f"end of call {number}: {answer[:60]!r}")
        self.ended += 1

    async def _ask(
        self, method: bytes, sequence: int, number: int, uri: bytes, to: bytes
    ) -> bytes:
        """Send until there is a final response."""
        request = self._request(method, sequence, number, uri, to)
        answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._answers[_field(request, b"via")] = answer
        interval = T1
        async with asyncio.timeout(PATIENCE):
            while not answer.done():
                self._send(request)
                await asyncio.wait((answer,), timeout=interval)
                interval *= 2
        del self._answers[_field(request, b"via")]
        return answer.result()

    def _request(
        self, method: bytes, sequence: int, number: int, uri: bytes, to: bytes
    ) -> bytes:
        body = self._sdp(number) if method == b"INVITE" else b""
        return (
            b"%s %s SIP/2.0\r\nVia: SIP/2.0/UDP %s;branch=z9hG4bK%s%d\r\n"
            b"From: <sip:%d@%s>;tag=c%d\r\nTo: %s\r\nCall-ID: load%d@%s\r\n"
            b"CSeq: %d %s\r\nContact: <sip:%s>\r\nMax-Forwards: 70\r\n%s%s"
        ) % (
            *(method, uri, self._host, method.lower(), number),
            *(FIRST_NUMBER + number, self._host, number, to, number, self._host),
            *(sequence, method, self._host, _length(body), body),
        )

    def _send(self, request: bytes) -> None:
        self._transport.sendto(request, self.to)


def _length(body: bytes) -> bytes:
    """The last fields of a message, and the line before its body."""
    kind = b"Content-Type: application/sdp\r\n" if body else b""
    return b"%sContent-Length: %d\r\n\r\n" % (kind, len(body))


def _field(message: bytes, name: bytes) -> bytes:
    for line in message.split(b"\r\n"):
        if line.lower().startswith(name + b":"):
            return line.partition(b":")[2].strip()
    raise RuntimeError(f"no {name.decode()} in {message[:60]!r}")


def _caller(invite: bytes) -> int:
    found = CALLER.search(invite)
    if found is None:
        raise RuntimeError(f"an unknown caller: {invite[:300]!r}")
    return int(found[1]) - FIRST_NUMBER


def _audio(message: bytes) -> int:
    found = AUDIO.search(message)
    if found is None:
        raise RuntimeError(f"no audio: {message[:60]!r}")
    return int(found[1])
