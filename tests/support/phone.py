"""A phone made by hand: one UDP socket for SIP, one for audio, and no stack of ours.

It says exactly what a test lets it say, and hears whatever comes.
"""

import re
import socket
import struct
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from types import TracebackType
from typing import Final, Self

import pytest

from media.audio.g711 import decode_alaw, decode_ulaw, encode_alaw, encode_ulaw
from tests.support.tones import Samples, linear, sine

FRAME: Final = 160
"""Samples of a packet."""
PACE: Final = 0.02
RTP_PORT: Final = 40000
PCMU: Final = 0
PCMA: Final = 8
EVENTS: Final = 101
LEAST: Final = 12
"""Bytes of a packet without samples."""
_COUNT: Final = count(1)


@dataclass(frozen=True, slots=True)
class Heard:
    """A SIP message, split and no more."""

    start: str
    fields: tuple[tuple[str, str], ...]
    body: str
    data: bytes

    @classmethod
    def of(cls, data: bytes) -> "Heard":
        """Split a datagram."""
        head, _, body = data.decode(errors="replace").partition("\r\n\r\n")
        start, *lines = head.split("\r\n")
        pairs = (line.partition(":") for line in lines)
        fields = tuple((name.strip(), value.strip()) for name, _, value in pairs)
        return cls(start, fields, body, data)

    def values(self, name: str) -> list[str]:
        """Every value of a header field."""
        return [value for key, value in self.fields if key.lower() == name.lower()]

    def value(self, name: str) -> str:
        """The first value of a header field, or nothing."""
        return next(iter(self.values(name)), "")

    @property
    def audio(self) -> tuple[str, int]:
        """Where its session description wants audio sent."""
        address = re.search(r"^c=IN IP4 (\S+)", self.body, re.MULTILINE)
        port = re.search(r"^m=audio (\d+)", self.body, re.MULTILINE)
        assert address is not None
        assert port is not None
        return address[1], int(port[1])


@dataclass(frozen=True, slots=True)
class Arrival:
    """One packet of audio."""

    at: float
    sequence: int
    source: int
    payload: bytes


class Audio:
    """A socket that speaks a tone and keeps what it hears, each in a thread."""

    def __init__(
        self, address: str, hertz: float, port: int = RTP_PORT, law: int = PCMA
    ) -> None:
        self.heard: list[Arrival] = []
        self.events: list[bytes] = []
        """Telephone-events that came (RFC 4733 §2.3)."""
        self._law = law
        self._frames = (encode_alaw if law == PCMA else encode_ulaw)(sine(hertz))
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((address, port))
        self._socket.settimeout(0.1)
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._hear)]
        self._threads[0].start()

    def speak(self, target: tuple[str, int], source: int = 1) -> None:
        """Send to ``target``, a packet every 20 ms, from now on."""
        thread = threading.Thread(target=self._speak, args=(target, source))
        self._threads.append(thread)
        thread.start()

    def stop(self) -> None:
        """Be silent and deaf."""
        self._over.set()
        for thread in self._threads:
            thread.join()
        self._socket.close()

    def between(self, begin: float, end: float) -> list[Arrival]:
        """What came in a span of the monotonic clock."""
        return [one for one in list(self.heard) if begin <= one.at < end]

    def sound(self, begin: float, end: float) -> Samples:
        """What was heard in a span of the monotonic clock."""
        codes = b"".join(one.payload for one in self.between(begin, end))
        return linear((decode_alaw if self._law == PCMA else decode_ulaw)(codes))

    def press(self, digit: int, target: tuple[str, int]) -> None:
        """Press a key for 100 ms, as packets of RFC 4733, the last one three times."""
        for number, duration in enumerate((160, 320, 480, 640, 800, 800, 800)):
            marker = 0x80 if number == 0 else 0
            end = 0x80 if duration == 800 else 0
            header = struct.pack(
                "!BBHII", *(0x80, marker | EVENTS, 60_000 + number, 7_000_000, 1)
            )
            event = struct.pack("!BBH", digit, end | 10, duration)
            self._socket.sendto(header + event, target)
            self._over.wait(PACE)

    def _speak(self, target: tuple[str, int], source: int) -> None:
        due = time.monotonic()
        for number in count():
            if self._over.wait(max(0.0, due - time.monotonic())):
                return
            place = number * FRAME % (len(self._frames) - FRAME)
            header = struct.pack(
                "!BBHII",
                *(0x80, self._law, number & 0xFFFF, number * FRAME & 0xFFFFFFFF, source),
            )
            self._socket.sendto(header + self._frames[place : place + FRAME], target)
            due += PACE

    def _hear(self) -> None:
        while not self._over.is_set():
            try:
                data = self._socket.recv(2048)
            except TimeoutError:
                continue
            if len(data) <= LEAST or data[0] >> 6 != 2:
                continue
            if data[1] & 0x7F == EVENTS:
                self.events.append(data[LEAST:])
            elif data[1] & 0x7F == self._law:
                sequence, _, source = struct.unpack_from("!HII", data, 2)
                self.heard.append(Arrival(time.monotonic(), sequence, source, data[LEAST:]))


@dataclass(slots=True)
class Phone:
    """One side of one call."""

    address: str
    node: str
    hertz: float = 500.0
    law: int = PCMA
    call_id: str = field(default_factory=lambda: f"hand{next(_COUNT)}-{time.time_ns()}")
    ours: str = ""
    """Our From or To, tag included."""
    theirs: str = ""
    target: str = ""
    sequence: int = 0
    up: bool = False
    """Whether a call is up that nobody has ended yet."""
    audio: Audio = field(init=False)
    _socket: socket.socket = field(init=False)

    def __enter__(self) -> Self:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((self.address, 5060))
        self.audio = Audio(self.address, self.hertz, law=self.law)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.up:
            self.send(self.request("BYE"))
        self.audio.stop()
        self._socket.close()

    def invitation(self, number: str, caller: str) -> bytes:
        """An INVITE, as it will be sent once or more."""
        self.ours = f"<sip:{caller}@{self.address}>;tag=hand"
        self.theirs = f"<sip:{number}@{self.node}>"
        self.target = f"sip:{number}@{self.node}:5060"
        return self.request("INVITE", body=self.description())

    def request(self, method: str, *, body: str = "", more: str = "") -> bytes:
        """A request of this call; an ACK has the number of the INVITE."""
        if method != "ACK":
            self.sequence += 1
        kind = "Content-Type: application/sdp\r\n" if body else ""
        return (
            f"{method} {self.target} SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP {self.address}:5060;branch=z9hG4bK{next(_COUNT)}"
            f"{time.time_ns()};rport\r\n"
            "Max-Forwards: 70\r\n"
            f"From: {self.ours}\r\nTo: {self.theirs}\r\n"
            f"Call-ID: {self.call_id}\r\nCSeq: {self.sequence} {method}\r\n"
            f"Contact: <sip:hand@{self.address}:5060>\r\n{more}{kind}"
            f"Content-Length: {len(body)}\r\n\r\n{body}"
        ).encode()

    def description(self, port: int = RTP_PORT, version: int = 1) -> str:
        """Its one codec and telephone-events, at this phone's own port or another."""
        return (
            f"v=0\r\no=- 1 {version} IN IP4 {self.address}\r\ns=-\r\n"
            f"c=IN IP4 {self.address}\r\nt=0 0\r\n"
            f"m=audio {port} RTP/AVP {self.law} {EVENTS}\r\n"
            f"a=rtpmap:{EVENTS} telephone-event/8000\r\n"
        )

    def send(self, data: bytes) -> None:
        """Send to the node."""
        self._socket.sendto(data, (self.node, 5060))

    def expect(self, start: str, seconds: float = 10.0) -> Heard:
        """The next message whose start line begins so; what comes before it is dropped."""
        seen: list[str] = []
        for heard in self.hearing(seconds):
            if heard.start.startswith(start):
                return heard
            seen.append(heard.start)
        pytest.fail(f"{self.address}: no {start!r} within {seconds} s, but {seen}")

    def hearing(self, seconds: float) -> Iterator[Heard]:
        """What comes within so many seconds."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self._socket.settimeout(left)
            try:
                yield Heard.of(self._socket.recv(65_535))
            except TimeoutError:
                return

    def answered(self) -> Heard:
        """Wait for the answer to our INVITE, acknowledge it and speak; the answer."""
        answer = self.expect("SIP/2.0 200", 20.0)
        self.acknowledge(answer)
        self.audio.speak(answer.audio)
        return answer

    def acknowledge(self, answer: Heard) -> None:
        """Take an answer; the call is up."""
        self.theirs = answer.value("To")
        self.target = answer.value("Contact").strip("<>").partition(">")[0]
        self.send(self.request("ACK"))
        self.up = True

    def accept_refusal(self, invitation: bytes, refusal: Heard) -> None:
        """Acknowledge a refusal, in the transaction of its INVITE (RFC 3261 §17.1.1.3)."""
        asked = Heard.of(invitation)
        self.send(
            (
                f"{asked.start.replace('INVITE', 'ACK', 1)}\r\n"
                f"Via: {asked.value('Via')}\r\nMax-Forwards: 70\r\n"
                f"From: {asked.value('From')}\r\nTo: {refusal.value('To')}\r\n"
                f"Call-ID: {self.call_id}\r\nCSeq: {self.sequence} ACK\r\n"
                "Content-Length: 0\r\n\r\n"
            ).encode()
        )

    def take(self) -> Heard:
        """Wait for a call, answer it and speak; its INVITE."""
        invite = self.expect("INVITE", 20.0)
        self.call_id = invite.value("Call-ID")
        self.theirs = invite.value("From")
        self.ours = f"{invite.value('To')};tag=hand"
        self.target = invite.value("Contact").strip("<>").partition(">")[0]
        self.reply(invite, 200, body=self.description())
        self.expect("ACK")
        self.up = True
        self.audio.speak(invite.audio)
        return invite

    def waiting(self, start: str) -> int:
        """How many messages that begin so have come and were not read yet."""
        self._socket.settimeout(0.1)
        found = 0
        try:
            while True:
                found += Heard.of(self._socket.recv(65_535)).start.startswith(start)
        except TimeoutError:
            return found

    def reply(self, request: Heard, status: int, *, body: str = "") -> None:
        """Answer a request."""
        vias = "".join(f"Via: {via}\r\n" for via in request.values("Via"))
        to = request.value("To")
        to = to if "tag=" in to else f"{to};tag=hand"
        kind = "Content-Type: application/sdp\r\n" if body else ""
        self.send(
            (
                f"SIP/2.0 {status} Said\r\n{vias}From: {request.value('From')}\r\n"
                f"To: {to}\r\nCall-ID: {request.value('Call-ID')}\r\n"
                f"CSeq: {request.value('CSeq')}\r\n"
                f"Contact: <sip:hand@{self.address}:5060>\r\n{kind}"
                f"Content-Length: {len(body)}\r\n\r\n{body}"
            ).encode()
        )

    def hang_up(self) -> None:
        """Say BYE and see it answered."""
        self.up = False
        self.send(self.request("BYE"))
        self.expect("SIP/2.0 200")

    def hear_the_end(self, seconds: float = 10.0) -> None:
        """Be told BYE, and answer it."""
        self.reply(self.expect("BYE", seconds), 200)
        self.up = False
