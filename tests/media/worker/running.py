"""A media process in its own process, a client, and far ends with real sockets."""

import asyncio
import math
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar, cast

import numpy as np
import soundfile  # type: ignore[import-untyped]

from media.audio.wav import file_of, samples
from media.control.client import ControlClient, connect
from media.control.messages import (
    Connect,
    Fact,
    Feed,
    Open,
    Opened,
    Remote,
    Source,
)

FactT = TypeVar("FactT")
PATIENCE = 10.0
PCMA = 8
EVENTS = 101


def tone(directory: Path, hertz: float, seconds: float) -> bytes:
    """A-law samples of a sine."""
    path = directory / "tone.tmp"
    at = np.arange(round(8000 * seconds)) / 8000
    wave = (8000 * np.sin(2 * math.pi * hertz * at)).astype(np.int16)
    soundfile.write(path, wave, 8000, subtype="ALAW", format="WAV")
    alaw = samples(path.read_bytes())
    path.unlink()
    return alaw


def strength(directory: Path, alaw: bytes, hertz: float) -> float:
    """Of one frequency in A-law samples, from 0 to 1, by correlation."""
    path = directory / "heard.tmp"
    path.write_bytes(file_of(alaw))
    wave, _ = soundfile.read(path)
    turns = np.exp(-2j * math.pi * hertz * np.arange(len(wave)) / 8000)
    power = float(np.abs(wave @ turns)) / len(wave) * math.sqrt(2)
    loudness = float(np.sqrt(np.mean(wave**2)))
    return power / loudness if loudness > 0 else 0.0


class Worker:
    """The process, seen from outside."""

    def __init__(self, process: asyncio.subprocess.Process, path: Path) -> None:
        self.process = process
        self.path = path

    async def end(self) -> int:
        """SIGTERM; returns the exit status."""
        self.process.send_signal(signal.SIGTERM)
        return await asyncio.wait_for(self.process.wait(), PATIENCE)


def _command(path: Path, *options: str) -> list[str]:
    main = [sys.executable, "-m", "media.worker.main"]
    return [*main, f"--socket={path}", "--threads=1", *options]


@asynccontextmanager
async def worker(path: Path, *options: str) -> AsyncIterator[Worker]:
    """Start a process that serves ``path``, and end it however the test ends."""
    process = await asyncio.create_subprocess_exec(
        *_command(path, *options), stderr=asyncio.subprocess.PIPE
    )
    assert process.stderr is not None
    first = await asyncio.wait_for(process.stderr.readline(), PATIENCE)
    assert b'"serving"' in first, (first + await process.stderr.read()).decode()
    try:
        yield Worker(process, path)
    finally:
        if process.returncode is None:
            process.terminate()
        _, told = await asyncio.wait_for(process.communicate(), PATIENCE)
    assert b"failed" not in told.replace(b"recording failed", b""), told.decode()


async def start_in_vain(path: Path, *options: str) -> tuple[int | None, bytes]:
    """The exit status and the complaint of a process that must not start."""
    process = await asyncio.create_subprocess_exec(
        *_command(path, *options), stderr=asyncio.subprocess.PIPE
    )
    _, told = await asyncio.wait_for(process.communicate(), PATIENCE)
    return process.returncode, told


class Control:
    """A client that keeps what it is told until asked."""

    def __init__(self) -> None:
        self._facts: list[Fact] = []
        self._came = asyncio.Event()
        self.lost: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._client: ControlClient | None = None

    @classmethod
    async def of(cls, path: Path) -> "Control":
        control = cls()
        control._client = await connect(path, control._receive, control.lost.set_result)
        return control

    def send(self, *orders: object) -> None:
        assert self._client is not None
        for order in orders:
            self._client.send(order)  # type: ignore[arg-type]

    def close(self) -> None:
        assert self._client is not None
        self._client.close()

    async def hear(
        self, kind: type[FactT], fits: Callable[[FactT], bool] = lambda _: True
    ) -> FactT:
        """Take the first fact of that kind out of what was told, or wait for it."""
        async with asyncio.timeout(PATIENCE):
            while True:
                for fact in self._facts:
                    if isinstance(fact, kind) and fits(fact):
                        self._facts.remove(fact)
                        return fact
                self._came.clear()
                await self._came.wait()

    def _receive(self, fact: Fact) -> None:
        self._facts.append(fact)
        self._came.set()

    async def open(
        self, session: str, port: str, lifetime: float = 60.0, *, family: int = 0
    ) -> Opened:
        self.send(Open(session=session, port=port, lifetime=lifetime, family=family))
        return await self.hear(Opened, lambda opened: opened.port == port)

    def feed(self, session: str, port: str, source: Source) -> None:
        self.send(Feed(session=session, port=port, source=source))


class FarEnd(asyncio.DatagramProtocol):
    """A telephone: sends what it is told to, keeps the payloads it hears."""

    def __init__(self) -> None:
        self.heard: list[tuple[int, bytes]] = []
        """Payload type and payload."""
        self._sequence = 0
        self._came = asyncio.Event()

    @classmethod
    async def at(cls, address: str = "127.0.0.1") -> "FarEnd":
        bound = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        bound.bind((address, 0))
        bound.setblocking(False)
        loop = asyncio.get_running_loop()
        _, far = await loop.create_datagram_endpoint(cls, sock=bound)
        return far

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)
        self.address: tuple[str, int] = transport.get_extra_info("sockname")

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        kind = data[1] & 0x7F
        if kind in {PCMA, EVENTS}:
            self.heard.append((kind, data[12:]))
            self._came.set()

    def remote(self, **changes: object) -> Remote:
        """As its session description would have it."""
        fields: dict[str, object] = {
            "address": self.address[0],
            "rtp_port": self.address[1],
            "rtcp_port": self.address[1],
            "codec": "PCMA",
            "payload_type": PCMA,
            "accepts": {PCMA: "PCMA"},
            "events_payload_type": EVENTS,
        }
        return Remote(**{**fields, **changes})  # type: ignore[arg-type]

    def connect(self, control: Control, session: str, opened: Opened) -> None:
        self.to = (opened.address, opened.rtp_port)
        control.send(Connect(session=session, port=opened.port, remote=self.remote()))

    def say(self, payload: bytes, payload_type: int = PCMA, timestamp: int = 0) -> None:
        self._sequence += 1
        header = bytes([0x80, payload_type]) + self._sequence.to_bytes(2, "big")
        header += (timestamp or 160 * self._sequence).to_bytes(4, "big") + b"\0\0\0\x07"
        self.transport.sendto(header + payload, self.to)

    async def speak(self, alaw: bytes) -> None:
        """Say all of it, a packet every 20 ms."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        for number, start in enumerate(range(0, len(alaw), 160)):
            self.say(alaw[start : start + 160])
            await asyncio.sleep(began + 0.02 * (number + 1) - loop.time())

    def press(self, key: int) -> None:
        """One telephone-event of 100 ms (RFC 4733), its end said three times."""
        at = 160 * (self._sequence + 1)
        for held in (160, 320, 480, 640, 800):
            self.say(bytes([key, 10]) + held.to_bytes(2, "big"), EVENTS, at)
        for _ in range(3):
            self.say(bytes([key, 0x8A]) + (800).to_bytes(2, "big"), EVENTS, at)

    async def listen(self, enough: Callable[[bytes], bool]) -> bytes:
        """The audio heard since the last time, once there is enough of it."""
        async with asyncio.timeout(PATIENCE):
            while True:
                audio = b"".join(said for kind, said in self.heard if kind == PCMA)
                if enough(audio):
                    self.heard.clear()
                    return audio
                self._came.clear()
                await self._came.wait()

    async def key(self) -> int:
        """The event of the first packet of telephone-events."""
        async with asyncio.timeout(PATIENCE):
            while not (said := [said for kind, said in self.heard if kind == EVENTS]):
                self._came.clear()
                await self._came.wait()
        return said[0][0]

    def close(self) -> None:
        self.transport.close()
