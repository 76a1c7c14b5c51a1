"""Ordinary calls amid all that the hostile send: set up in time, and all comes back.

    python -m tests.bench.storm
    python -m tests.bench.storm --scale 0.1

One after the other: half-open INVITEs of a trunk that has gone mad, garbage and scans of
strangers, mutated INVITEs of that trunk, connections that send an octet a second, heads of
four megabytes. Meanwhile another trunk places ordinary calls. Then the same again: what is
held at rest after the second time is what was held after the first. Limits are the
program's own.
"""

import argparse
import asyncio
import contextlib
import socket
import sys
import urllib.request
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from itertools import count
from random import Random
from statistics import median
from typing import Final

from tests.bench.measured import Memory, descriptors, memory
from tests.bench.node import PLAN, SERVICE, Node, Place, node
from tests.bench.phones import Callers, Destinations
from tests.fuzz.fuzzing import bent
from tests.fuzz.seeds import SIP_WORDS

PLACE: Final = Place(host="127.0.95.1", caller="127.0.95.2", destination="127.0.95.3")
RATE: Final = 500.0
"""Hostile datagrams a second."""
ORDINARY: Final = 4.0
"""Calls a second."""
TALK: Final = 0.5
SET_UP: Final = 0.2
"""Seconds in which every ordinary call is up."""
LATE: Final = 0.02
"""The part of them that may be later where other programs have the core."""
REST: Final = 45.0
"""Seconds: ringing, 64 T1 and a pair of media ports out of quarantine."""
GROWTH: Final = 4096
"""Kilobytes that may come and go by chance."""
SLOW: Final = 200
"""Connections that send an octet a second."""
GIANTS: Final = 20
GIANT: Final = 4 * 2**20

SETTINGS: Final = """\
data_dir = "{directory}/data"
[sip]
listen = ["udp:{host}:5060", "tcp:{host}:5060"]
session_interval = {session_interval}
[media]
ports = "{ports}"
threads = 1
[metrics]
listen = "{host}:9400"
[log]
level = "error"
[[trunk]]
name = "far"
from = ["{destination_host}"]
to = "sip:{destination}"
trusted = true
[[trunk]]
name = "callers"
from = ["{caller}"]
trusted = true
[[trunk]]
name = "mad"
from = ["{mad}"]
trusted = true
[[trunk]]
name = "silent"
to = "sip:{silent}:5060"
[[tariff]]
name = "standard"
"""
SILENT_SERVICE: Final = "4006005678"
SILENT_PLAN: Final = (
    PLAN.replace(SERVICE, SILENT_SERVICE)
    .replace("trunk: far", "trunk: silent")
    .replace("measured", "silent")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hostile:
    """Who is there besides the ordinary."""

    place: Place
    mad: str
    silent: str
    stranger: str

    @classmethod
    def of(cls, place: Place) -> "Hostile":
        """Their addresses follow those of the ordinary."""
        network = place.host.rpartition(".")[0]
        return cls(
            place=place,
            mad=f"{network}.4",
            silent=f"{network}.5",
            stranger=f"{network}.6",
        )

    @property
    def settings(self) -> str:
        """What the node is told."""
        settled = SETTINGS
        for name, value in (
            ("caller", self.place.caller),
            ("destination_host", self.place.destination),
            ("mad", self.mad),
            ("silent", self.silent),
        ):
            settled = settled.replace(f"{{{name}}}", value)
        return settled


@dataclass(slots=True)
class Phase:
    """One kind of hostility, and how ordinary calls fared."""

    name: str
    sent: int = 0
    answered: int = 0
    """Datagrams that the hostile got."""
    set_up: list[float] = field(default_factory=list)
    failed: int = 0
    why: set[str] = field(default_factory=set)
    """What ordinary calls were answered that failed."""
    highest: Memory | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What became of everything."""

    phases: list[Phase]
    before: tuple[Memory, int]
    at_rest: list[tuple[Memory, int]]
    """After each round: memory of control and its descriptors."""
    live: float
    """Calls that there still are."""
    sessions: float

    @property
    def faults(self) -> list[str]:
        """What is not as it must be."""
        faults = []
        times = [seconds for phase in self.phases for seconds in phase.set_up]
        late = [seconds for seconds in times if seconds > SET_UP]
        if len(late) > LATE * len(times):
            faults.append(f"{len(late)} of {len(times)} calls took over {SET_UP} s")
        if failed := sum(phase.failed for phase in self.phases):
            faults.append(f"{failed} ordinary calls failed")
        if self.live or self.sessions:
            faults.append(f"{self.live:.0f} calls, {self.sessions:.0f} sessions are left")
        _, open_before = self.before
        if self.at_rest[-1][1] > open_before + 2:
            faults.append(f"{self.at_rest[-1][1]} descriptors, {open_before} before")
        if len(self.at_rest) > 1:
            first, last = self.at_rest[0][0], self.at_rest[-1][0]
            if last.proportional - first.proportional > GROWTH:
                faults.append(
                    f"{last.proportional - first.proportional} kB more each round"
                )
        return faults


class Storm:
    """The hostile, and the calls amid them."""

    def __init__(self, hostile: Hostile, scale: float, say: Callable[[str], None]) -> None:
        self._hostile = hostile
        self._scale = scale
        self._say = say
        self._to = (hostile.place.host, 5060)
        self._numbers = count()
        self._random = Random(1)

    async def warm(self, measured: Node, callers: Callers) -> tuple[Memory, int]:
        """Place a few calls, so that connections that are kept are there; what is held."""
        warming = Phase("warming")
        for _ in range(8):
            await self._call(callers, next(self._numbers), warming)
        await asyncio.sleep(TALK)
        return memory(measured.control), descriptors(measured.control)

    async def round(self, measured: Node, callers: Callers, phases: list[Phase]) -> None:
        """Every kind of hostility once."""
        acts: dict[str, Callable[[Phase], Awaitable[None]]] = {
            "nobody": self._nobody,
            "half-open INVITEs": self._half_open,
            "garbage and scans": self._garbage,
            "mutated INVITEs": self._mutated,
            "slow connections": self._slow,
            "heads of 4 MB": self._giants,
        }
        for name, act in acts.items():
            phase = Phase(name)
            phases.append(phase)
            async with self._ordinary(callers, phase, measured):
                await act(phase)
            self._say(described(phase))

    @asynccontextmanager
    async def _ordinary(
        self, callers: Callers, phase: Phase, measured: Node
    ) -> AsyncIterator[None]:
        """Place ordinary calls while the body runs."""
        async with asyncio.TaskGroup() as group:
            placing = group.create_task(self._place(group, callers, phase, measured))
            yield
            placing.cancel()

    async def _place(
        self, group: asyncio.TaskGroup, callers: Callers, phase: Phase, measured: Node
    ) -> None:
        while True:
            group.create_task(self._call(callers, next(self._numbers), phase))
            held = memory(measured.control)
            if phase.highest is None or held.resident > phase.highest.resident:
                phase.highest = held
            await asyncio.sleep(1 / ORDINARY)

    async def _call(self, callers: Callers, number: int, phase: Phase) -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            await callers.call(number)
            phase.set_up.append(loop.time() - began)
            await asyncio.sleep(TALK)
            await callers.hang_up(number)
        except (RuntimeError, TimeoutError) as error:
            phase.failed += 1
            phase.why.add(str(error).partition("SIP/2.0 ")[2][:24] or "no answer")

    async def _nobody(self, phase: Phase) -> None:
        """For comparison."""
        await asyncio.sleep(max(2.0, 5 * self._scale))

    async def _half_open(self, phase: Phase) -> None:
        with _bound(self._hostile.mad) as sender:
            await self._send(
                sender, phase, (self._invite(number) for number in self._upto(10_000))
            )

    async def _garbage(self, phase: Phase) -> None:
        with _bound(self._hostile.stranger) as stranger, _bound(self._hostile.mad) as mad:
            both = (stranger, mad)
            for number, _ in enumerate(self._upto(5_000)):
                noise = self._random.randbytes(self._random.choice((1, 40, 400, 1400)))
                scan = self._invite(number).replace(b"INVITE", b"OPTIONS")
                await self._send(
                    both[number % 2], phase, (noise if number % 3 else scan,), RATE
                )

    async def _mutated(self, phase: Phase) -> None:
        seeds = [self._invite(number) for number in range(8)]
        with _bound(self._hostile.mad) as sender:
            await self._send(
                sender,
                phase,
                (bent(seeds, SIP_WORDS, self._random) for _ in self._upto(1_500)),
            )

    async def _slow(self, phase: Phase) -> None:
        head = self._invite(1)
        async with contextlib.AsyncExitStack() as stack:
            writers = []
            for _ in range(max(10, round(SLOW * self._scale))):
                _, writer = await self._connected()
                stack.callback(writer.close)
                writers.append(writer)
            for place in range(max(4, round(15 * self._scale))):
                for writer in writers:
                    if not writer.is_closing():
                        writer.write(head[place : place + 1])
                        phase.sent += 1
                await asyncio.sleep(1)

    async def _giants(self, phase: Phase) -> None:
        for _ in range(max(4, round(GIANTS * self._scale))):
            reader, writer = await self._connected()
            with contextlib.suppress(OSError):
                writer.write(b"INVITE sip:x SIP/2.0\r\nX: " + b"a" * GIANT)
                await writer.drain()
                await asyncio.wait_for(reader.read(), 5)
            writer.close()
            phase.sent += 1
            await asyncio.sleep(0.25)

    async def _connected(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection(
            *self._to, local_addr=(self._hostile.stranger, 0)
        )

    async def _send(
        self,
        sender: socket.socket,
        phase: Phase,
        datagrams: "Iterator[bytes] | tuple[bytes, ...]",
        rate: float = RATE,
    ) -> None:
        """At a steady rate; what comes back is read and counted."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        for datagram in datagrams:
            due += 1 / rate
            with contextlib.suppress(OSError):
                sender.sendto(datagram[:65_000], self._to)
            phase.sent += 1
            if (wait := due - loop.time()) > 0:
                await asyncio.sleep(wait)
            phase.answered += _drained(sender)

    def _upto(self, number: int) -> range:
        return range(max(20, round(number * self._scale)))

    def _invite(self, number: int) -> bytes:
        """A call to where nobody says a word; it will never be acknowledged."""
        mad, host = self._hostile.mad, self._to[0]
        unique = self._random.randrange(2**48)
        body = (
            f"v=0\r\no=- 1 1 IN IP4 {mad}\r\ns=-\r\nc=IN IP4 {mad}\r\nt=0 0\r\n"
            f"m=audio 40000 RTP/AVP 8\r\n"
        )
        return (
            f"INVITE sip:{SILENT_SERVICE}@{host} SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP {mad}:5060;branch=z9hG4bK{unique:x}\r\nMax-Forwards: 70\r\n"
            f"From: <sip:139{number:08}@{mad}>;tag=m{unique:x}\r\n"
            f"To: <sip:{SILENT_SERVICE}@{host}>\r\nCall-ID: m{unique:x}\r\n"
            f"CSeq: 1 INVITE\r\nContact: <sip:m@{mad}:5060>\r\n"
            f"Content-Type: application/sdp\r\nContent-Length: {len(body)}\r\n\r\n{body}"
        ).encode()


@contextmanager
def _bound(host: str) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as bound:
        bound.setblocking(False)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        bound.bind((host, 5060))
        yield bound


def _drained(bound: socket.socket) -> int:
    found = 0
    try:
        while bound.recv(65_535):
            found += 1
    except BlockingIOError:
        pass
    return found


async def storm(
    *,
    scale: float,
    rounds: int,
    rest: float,
    say: Callable[[str], None],
    place: Place = PLACE,
) -> Result:
    """Start a node, let the storm pass over it, and see what it holds afterwards."""
    hostile = Hostile.of(place)
    plans = f"{PLAN}---\n{SILENT_PLAN}"
    with (
        node(place, plan=plans, settings=hostile.settings) as measured,
        _bound(hostile.silent),
    ):
        destinations = await Destinations.at(place.destination)
        callers = await Callers.at(place.caller)
        callers.to = (place.host, 5060)
        phases: list[Phase] = []
        at_rest = []
        raging = Storm(hostile, scale, say)
        try:
            before = await raging.warm(measured, callers)
            for _ in range(rounds):
                await raging.round(measured, callers, phases)
                say(f"resting {rest:.0f} s")
                await asyncio.sleep(rest)
                at_rest.append((memory(measured.control), descriptors(measured.control)))
        finally:
            callers.close()
            destinations.close()
        live, sessions = await asyncio.to_thread(_left, place)
        say(measured.log.read_text()[-2000:])
    return Result(
        phases=phases, before=before, at_rest=at_rest, live=live, sessions=sessions
    )


def _left(place: Place) -> tuple[float, float]:
    """Calls and sessions, by the node's own figures."""
    url = f"http://{place.host}:9400/metrics"
    with urllib.request.urlopen(url, timeout=5) as answer:
        lines = answer.read().decode().splitlines()
    figures = dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    return float(figures["b2bua_live_calls"]), float(figures["b2bua_sip_sessions"])


def described(phase: Phase) -> str:
    """The figures of a phase in a line."""
    times = sorted(phase.set_up)
    slowest = (
        f"median {median(times) * 1000:.0f} ms, slowest {times[-1] * 1000:.0f} ms"
        if times
        else "none up"
    )
    held = phase.highest.resident if phase.highest else 0
    return (
        f"{phase.name:18} {phase.sent:6} sent, {phase.answered:6} answers; "
        f"{len(times):3} calls set up, {phase.failed} failed, {slowest}; {held} kB"
        f"{' '.join(['', *sorted(phase.why)][:6])}"
    )


def main() -> int:
    """Run as a command; status 1 when anything is not as it must be."""
    parser = argparse.ArgumentParser(prog="tests.bench.storm", description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0, help="of the numbers sent")
    parser.add_argument("--rounds", type=int, default=2)
    chosen = parser.parse_args()
    result = asyncio.run(
        storm(scale=chosen.scale, rounds=chosen.rounds, rest=REST, say=_say)
    )
    for name, (held, opened) in (
        ("before", result.before),
        *((f"after {number}", one) for number, one in enumerate(result.at_rest, 1)),
    ):
        print(
            f"{name:9} {held.resident} kB resident, {held.proportional} kB its own share, "
            f"{opened} descriptors"
        )
    for fault in result.faults:
        print(f"not well: {fault}")
    return 1 if result.faults else 0


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
