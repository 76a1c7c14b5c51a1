"""One script for both engines: the reference on virtual time, the compiled on loopback.

A rig has ports (of the engine) and fars (the far ends' sockets). ``until`` waits for a
condition, in virtual or real time, and fails when it does not come about.
"""

import os
import select
import socket
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, TypeAlias

from media.audio import g711
from media.engine.core import Engine
from media.engine.plan import Address, Event, PortPlan, PortStatistics, Secret, Suite
from media.engine.port import Output, Send
from media.engine.reference import ReferenceEngine
from media.rtp.packet import Packet, build_packet, is_rtcp, parse_packet
from tests.support.srtp import Srtp

SSRC = 0x1234
SEQUENCE = 65530
TIMESTAMP = 0xFFFFFF00
"""Both numbers wrap soon, in every test."""

Condition: TypeAlias = Callable[[], bool]


@dataclass(eq=False)
class Far:
    """A far end: what it got."""

    address: Address
    packets: list[Packet] = field(default_factory=list)
    reports: list[bytes] = field(default_factory=list)
    from_rtcp: list[bool] = field(default_factory=list)
    """For each report, whether it came from the port's RTCP socket."""
    bound: socket.socket | None = None
    opens: Srtp | None = None
    """What it opens packets with; None: they are to come in the clear."""

    def take(self, data: bytes, from_rtcp: bool) -> None:
        if self.opens is not None:
            opened = self.opens.open(data, is_rtcp(data))
            assert opened is not None, "it is not sealed as it should be"
            data = opened
        if is_rtcp(data):
            self.reports.append(data)
            self.from_rtcp.append(from_rtcp)
            return
        packet = parse_packet(data)
        assert packet is not None
        self.packets.append(packet)


class Rig(Protocol):
    """What a test script may do."""

    events: list[Event]

    def open(self, host: str = "127.0.0.1") -> int: ...
    def far(self, host: str = "127.0.0.1") -> Far: ...
    def arrange(self, port: int, plan: PortPlan) -> None: ...
    def send(self, far: Far, port: int, data: bytes, *, rtcp: bool = False) -> None: ...
    def until(self, condition: Condition, seconds: float = 3.0) -> None: ...
    def run(self, seconds: float) -> None: ...
    def load(self, samples: bytes) -> int: ...
    def unload(self, prompt: int) -> None: ...
    def send_digits(self, port: int, digits: str) -> None: ...
    def statistics(self, port: int) -> PortStatistics: ...
    def record(self, port: int, *, both: bool) -> None: ...
    def stop_recording(self, port: int) -> bytes: ...
    def close(self, port: int) -> PortStatistics: ...
    def stop(self) -> None: ...


class VirtualRig:
    """The reference; time jumps from deadline to deadline."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.now = 1000.0
        self._engine = ReferenceEngine(g711, lambda secret, outbound: srtp(secret))
        self._fars: dict[Address, Far] = {}

    def open(self, host: str = "127.0.0.1") -> int:
        return self._engine.open(SSRC, SEQUENCE, TIMESTAMP, self.now)

    def far(self, host: str = "127.0.0.1") -> Far:
        far = Far((host, 40000 + len(self._fars)))
        self._fars[far.address] = far
        return far

    def arrange(self, port: int, plan: PortPlan) -> None:
        self._engine.arrange(port, plan, self.now)

    def send(self, far: Far, port: int, data: bytes, *, rtcp: bool = False) -> None:
        outputs = self._engine.receive(port, data, far.address, self.now, rtcp=rtcp)
        self._carry_out(outputs)

    def until(self, condition: Condition, seconds: float = 3.0) -> None:
        end = self.now + seconds
        while not condition():
            due = self._engine.deadline
            assert due is not None, "nothing will ever happen"
            assert due <= end, f"did not come about in {seconds} s: {self.events}"
            self._wake(due)

    def run(self, seconds: float) -> None:
        end = self.now + seconds
        while (due := self._engine.deadline) is not None and due <= end:
            self._wake(due)
        self.now = end

    def load(self, samples: bytes) -> int:
        return self._engine.load(samples)

    def unload(self, prompt: int) -> None:
        self._engine.unload(prompt)

    def send_digits(self, port: int, digits: str) -> None:
        self._engine.send_digits(port, digits)

    def statistics(self, port: int) -> PortStatistics:
        return self._engine.statistics(port)

    def record(self, port: int, *, both: bool) -> None:
        self._engine.record(port, both, self.now)

    def stop_recording(self, port: int) -> bytes:
        return self._engine.stop_recording(port, self.now)

    def close(self, port: int) -> PortStatistics:
        self._carry_out(self._engine.leave(port, self.now))
        return self._engine.close(port)

    def stop(self) -> None:
        """Nothing holds anything."""

    def _wake(self, due: float) -> None:
        self.now = max(self.now, due)
        self._carry_out(self._engine.wake(self.now))

    def _carry_out(self, outputs: Sequence[Output]) -> None:
        for output in outputs:
            if isinstance(output, Send):
                self._fars[output.destination].take(output.data, output.from_rtcp)
            else:
                self.events.append(output)


class LoopbackRig:
    """The compiled engine between real sockets on 127.0.0.0/8."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.engine = Engine(2)
        self._fars: list[Far] = []
        self._addresses: dict[int, tuple[Address, Address]] = {}
        self._files: dict[int, Path] = {}

    def open(self, host: str = "127.0.0.1") -> int:
        rtp, rtcp = _bound(host), _bound(host)
        addresses = rtp.getsockname()[:2], rtcp.getsockname()[:2]
        port = self.engine.open(rtp.detach(), rtcp.detach(), SSRC, SEQUENCE, TIMESTAMP)
        self._addresses[port] = addresses
        return port

    def far(self, host: str = "127.0.0.1") -> Far:
        bound = _bound(host)
        far = Far(bound.getsockname()[:2], bound=bound)
        self._fars.append(far)
        return far

    def arrange(self, port: int, plan: PortPlan) -> None:
        self.engine.arrange(port, plan)

    def send(self, far: Far, port: int, data: bytes, *, rtcp: bool = False) -> None:
        assert far.bound is not None
        far.bound.sendto(data, self._addresses[port][rtcp])

    def until(self, condition: Condition, seconds: float = 3.0) -> None:
        end = time.monotonic() + seconds + 5.0
        while not condition():
            assert time.monotonic() < end, f"did not come about: {self.events}"
            self._poll(0.002)

    def run(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self._poll(left)

    def load(self, samples: bytes) -> int:
        return self.engine.load(samples)

    def unload(self, prompt: int) -> None:
        self.engine.unload(prompt)

    def send_digits(self, port: int, digits: str) -> None:
        self.engine.send_digits(port, digits)

    def statistics(self, port: int) -> PortStatistics:
        return self.engine.statistics(port)

    def record(self, port: int, *, both: bool) -> None:
        fd, name = tempfile.mkstemp(suffix=".wav")
        self._files[port] = Path(name)
        self.engine.record(port, fd, both)

    def stop_recording(self, port: int) -> bytes:
        length, error = self.engine.stop_recording(port)
        assert error == 0
        path = self._files.pop(port)
        self.until(lambda: path.read_bytes()[40:44] != bytes(4))
        data = path.read_bytes()
        path.unlink()
        frame = 2 * int.from_bytes(data[22:24], "little")
        assert data[:4] == b"RIFF"
        assert int.from_bytes(data[40:44], "little") == len(data) - 44
        assert abs((len(data) - 44) // (8 * frame) - length) <= 1
        return data[44:]

    def close(self, port: int) -> PortStatistics:
        return self.engine.close(port)

    def stop(self) -> None:
        self.engine.stop()
        for far in self._fars:
            if far.bound is not None:
                far.bound.close()

    def _poll(self, seconds: float) -> None:
        bound = {far.bound.fileno(): far for far in self._fars if far.bound is not None}
        news = self.engine.fileno()
        ready, _, _ = select.select([*bound, news], [], [], seconds)
        for fd in ready:
            if fd == news:
                self.events += self.engine.events()
            else:
                self._take(bound[fd])

    def _take(self, far: Far) -> None:
        assert far.bound is not None
        data, source = far.bound.recvfrom(4096)
        far.take(data, source[:2] in {rtcp for _, rtcp in self._addresses.values()})


SHORT = (Suite.AES_CM_128_HMAC_SHA1_32, Suite.AES_256_CM_HMAC_SHA1_32)


def srtp(secret: Secret) -> Srtp:
    return Srtp(secret.key, tag=4 if secret.suite in SHORT else 10)


def _bound(host: str) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_DGRAM)
    bound.bind((host, 0))
    bound.setblocking(False)
    return bound


def descriptor_count() -> int:
    return len(os.listdir("/proc/self/fd"))


def audio(
    number: int, payload: bytes = b"\xd5" * 160, *, ssrc: int = 7, payload_type: int = 8
) -> bytes:
    """Frame ``number`` of a stream, 20 ms each."""
    return build_packet(
        Packet(
            payload_type=payload_type,
            sequence=number & 0xFFFF,
            timestamp=number * 160 & 0xFFFFFFFF,
            ssrc=ssrc,
            payload=payload,
        )
    )
