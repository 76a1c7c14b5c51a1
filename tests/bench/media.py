"""What a call's audio costs: relayed, transcoded, played; beside rtpengine in userspace."""

import asyncio
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final, Literal, TypeAlias

from media.control.client import ControlClient, connect
from media.control.messages import (
    CloseSession,
    Connect,
    Fact,
    Feed,
    FromPort,
    FromPrompts,
    Open,
    Opened,
    Refused,
    Remote,
)
from tests.bench.generator import Flow, Report, Telephones, compiled
from tests.bench.measured import MEASURED_CPU, cpu, cpu_by_thread, pin
from tests.bench.rtpengine import HOST as PEER_HOST
from tests.bench.rtpengine import Peer

HOST: Final = "127.0.91.2"
CALLERS: Final = "127.0.91.3"
DESTINATIONS: Final = "127.0.91.4"
FIRST_PORT: Final = 30000
PROMPTS: Final = Path(__file__).resolve().parents[2] / "prompts"
PROMPT: Final = "zh/menu"
LAWS: Final = {"PCMA": 8, "PCMU": 0}
LIFETIME: Final = 600.0
PATIENCE: Final = 20.0
WARM: Final = 1.0
"""Seconds before the measurement begins."""

Task: TypeAlias = Literal["relay", "transcode", "play"]
Say: TypeAlias = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Medians of the runs; CPU time in microseconds for a second of one call."""

    task: Task
    ours: float
    python: float
    """The part of ours that is Python's thread."""
    peer: float | None
    packets: int
    lost: int
    """Packets sent to ours by one side that the other did not get."""
    peer_lost: int
    delay: float
    peer_delay: float
    """The 99th percentile through each, in microseconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """How much is measured."""

    calls: int
    seconds: float
    runs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One measurement."""

    cost: float
    python: float
    report: Report


class Worker:
    """A media process with sessions in it."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._client: ControlClient | None = None
        self._opened: dict[str, int] = {}
        self._came = asyncio.Event()
        self._refused = asyncio.Event()

    async def attach(self, path: Path) -> None:
        """Become its control."""
        until = asyncio.get_running_loop().time() + PATIENCE
        while self._client is None:
            try:
                self._client = await connect(path, self._hear, lambda reason: None)
            except OSError:
                if asyncio.get_running_loop().time() > until:
                    raise
                await asyncio.sleep(0.05)

    async def arrange(self, task: Task, calls: int) -> list[Flow]:
        """Open the sessions of so many calls; what the telephones then do."""
        self._opened.clear()
        names = [f"{task}-{number}" for number in range(calls)]
        ports = [name + side for name in names for side in _sides(task)]
        for port in ports:
            self._send(Open(session=port[:-1], port=port, lifetime=LIFETIME))
        async with asyncio.timeout(PATIENCE):
            while len(self._opened) < len(ports):
                self._came.clear()
                await self._came.wait()
        for number, name in enumerate(names):
            self._join(task, number, name)
        await self._all_done()
        return [
            _flow(
                task, int(port[:-1].partition("-")[2]), port[-1], HOST, self._opened[port]
            )
            for port in ports
        ]

    async def clear(self, task: Task, calls: int) -> None:
        """Close what :meth:`arrange` opened."""
        for number in range(calls):
            self._send(CloseSession(session=f"{task}-{number}"))
        await self._all_done()

    async def _all_done(self) -> None:
        """An order that is refused in its turn: those before it have been carried out."""
        self._refused.clear()
        self._send(CloseSession(session="nobody's"))
        async with asyncio.timeout(PATIENCE):
            await self._refused.wait()

    def close(self) -> None:
        """Let go of it."""
        if self._client is not None:
            self._client.close()

    def _join(self, task: Task, number: int, name: str) -> None:
        for side in _sides(task):
            remote = _remote(_local(number, side), _law(task, side))
            self._send(Connect(session=name, port=name + side, remote=remote))
        if task == "play":
            prompts = FromPrompts(prompts=(PROMPT,), token="played", repeat=True)
            self._send(Feed(session=name, port=name + "c", source=prompts))
        else:
            for one, other in ("cd", "dc"):
                source = FromPort(port=name + other)
                self._send(Feed(session=name, port=name + one, source=source))

    def _send(self, order: Open | Connect | Feed | CloseSession) -> None:
        assert self._client is not None
        self._client.send(order)

    def _hear(self, fact: Fact) -> None:
        if isinstance(fact, Opened):
            self._opened[fact.port] = fact.rtp_port
            self._came.set()
        elif isinstance(fact, Refused):
            self._refused.set()


@asynccontextmanager
async def worker() -> AsyncIterator[Worker]:
    """A media process of one engine thread, on the measured core."""
    with tempfile.TemporaryDirectory(prefix="b2bua-bench-") as directory:
        path = Path(directory) / "media.sock"
        command = [sys.executable, "-m", "media.worker.main", f"--socket={path}"]
        options = ["--threads=1", f"--address={HOST}", f"--prompts={PROMPTS}"]
        process = await asyncio.create_subprocess_exec(
            *command,
            *options,
            "--quarantine=0",
            stdin=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        measured = Worker(process.pid)
        try:
            await measured.attach(path)
            pin(process.pid, MEASURED_CPU)
            yield measured
        finally:
            measured.close()
            process.terminate()
            await process.wait()


async def compare(
    measured: Worker, peer: Peer | None, task: Task, extent: Extent, say: Say
) -> Cost:
    """Load both in turn, as often as ``extent`` says."""
    ours, theirs = [], []
    calls, seconds, runs = extent.calls, extent.seconds, extent.runs
    for number in range(runs):
        say(f"{task}, {calls} calls, run {number + 1} of {runs}")
        flows = await measured.arrange(task, calls)
        ours.append(await _run(measured.pid, flows, calls, seconds))
        await measured.clear(task, calls)
        if peer is not None and task != "play":
            flows = _through(peer, task, calls)
            theirs.append(await _run(peer.pid, flows, calls, seconds))
            for call in range(calls):
                peer.end(f"{task}-{call}")
    return Cost(
        task=task,
        ours=median(run.cost for run in ours),
        python=median(run.python for run in ours),
        peer=median(run.cost for run in theirs) if theirs else None,
        packets=sum(heard.received for run in ours for heard in run.report.flows),
        lost=sum(_lost(run.report) for run in ours) if task != "play" else 0,
        peer_lost=sum(_lost(run.report) for run in theirs),
        delay=median(run.report.high_delay for run in ours),
        peer_delay=median(run.report.high_delay for run in theirs) if theirs else 0.0,
    )


async def _run(pid: int, flows: Sequence[Flow], calls: int, seconds: float) -> Run:
    telephones = await asyncio.to_thread(
        Telephones, compiled(), flows, WARM + seconds + WARM
    )
    try:
        await asyncio.sleep(WARM)
        before, python = cpu(pid), cpu_by_thread(pid)[pid]
        await asyncio.sleep(seconds)
        spent, of_python = cpu(pid) - before, cpu_by_thread(pid)[pid] - python
        report = await asyncio.to_thread(telephones.report)
    finally:
        telephones.stop()
    share = 1e6 / (calls * seconds)
    return Run(cost=spent * share, python=of_python * share, report=report)


def _through(peer: Peer, task: Task, calls: int) -> list[Flow]:
    flows = []
    for number in range(calls):
        caller, destination = _local(number, "c"), _local(number, "d")
        ports = peer.relay(f"{task}-{number}", caller, destination, _law(task, "d"))
        for side, port in zip("cd", ports, strict=True):
            flows.append(_flow(task, number, side, PEER_HOST, port))
    return flows


def _lost(report: Report) -> int:
    """Neighbours are the two sides of a call."""
    pairs = zip(report.flows[::2], report.flows[1::2], strict=True)
    return sum(
        one.sent - other.received + other.sent - one.received for one, other in pairs
    )


def _sides(task: Task) -> str:
    return "c" if task == "play" else "cd"


def _law(task: Task, side: str) -> str:
    return "PCMU" if task == "transcode" and side == "d" else "PCMA"


def _local(number: int, side: str) -> tuple[str, int]:
    return (CALLERS if side == "c" else DESTINATIONS), FIRST_PORT + 2 * number


def _flow(task: Task, number: int, side: str, host: str, port: int) -> Flow:
    return Flow(
        local=_local(number, side),
        remote=(host, port),
        payload_type=LAWS[_law(task, side)],
        sends=task != "play",
    )


def _remote(address: tuple[str, int], law: str) -> Remote:
    host, port = address
    return Remote(
        address=host,
        rtp_port=port,
        rtcp_port=port + 1,
        codec=law,
        payload_type=LAWS[law],
        accepts={LAWS[law]: law},
        events_payload_type=101,
    )
