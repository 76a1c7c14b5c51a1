"""Machines to be driven, and what the tests share."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import TypeVar

import uvloop

from b2bua.core.address import Address
from b2bua.net.driver import Driver
from b2bua.sip.endpoint.outputs import Transmit
from b2bua.sip.transport.flow import Flow
from b2bua.sip.transport.target import Answer, Question

PATIENCE = 10.0
"""Seconds for what is awaited; reached only by a failing test."""
T = TypeVar("T")


class Scripted:
    """Notes its inputs, and answers each with what the test has put into ``replies``."""

    def __init__(self) -> None:
        self.deadline: float | None = None
        self.heard: asyncio.Queue[tuple[object, ...]] = asyncio.Queue()
        self.replies: dict[bytes, Callable[[Flow], Sequence[object]]] = {}
        self.woken: list[tuple[float, float]] = []
        """When it wanted to be woken, and when it was."""
        self.times: list[datetime] = []

    def receive(
        self, data: bytes, flow: Flow, now: float, at: datetime
    ) -> Sequence[object]:
        self.times.append(at)
        self.heard.put_nowait(("received", data, flow))
        reply = self.replies.get(data)
        return () if reply is None else reply(flow)

    def wake(self, now: float, at: datetime) -> Sequence[object]:
        assert self.deadline is not None
        self.woken.append((self.deadline, now))
        self.deadline = None
        self.heard.put_nowait(("woken",))
        return ()

    def flow_failed(self, flow: Flow, now: float, at: datetime) -> Sequence[object]:
        self.heard.put_nowait(("failed", flow))
        return ()

    def resolved(self, answer: Answer, now: float, at: datetime) -> Sequence[object]:
        self.heard.put_nowait(("resolved", answer))
        return ()

    async def next(self) -> tuple[object, ...]:
        """The next input it has got."""
        return await asyncio.wait_for(self.heard.get(), PATIENCE)


class Side:
    """A driver with a scripted machine, and what it told."""

    def __init__(
        self, resolve: Callable[[Question], Awaitable[Answer]] | None = None
    ) -> None:
        self.machine = Scripted()
        self.told: asyncio.Queue[object] = asyncio.Queue()
        self.driver = Driver(self.machine, self.told.put_nowait, resolve or _unresolvable)

    def say(self, *outputs: object) -> None:
        """Let the driver carry out outputs."""
        self.driver.perform(lambda now, at: outputs)

    def transmit(self, data: bytes, flow: Flow) -> None:
        self.say(Transmit(data, flow))

    async def next_told(self) -> object:
        return await asyncio.wait_for(self.told.get(), PATIENCE)


async def _unresolvable(question: Question) -> Answer:
    return Answer(question=question, targets=())


async def received(side: Side) -> tuple[bytes, Flow]:
    """The next message that a side got."""
    kind, data, flow = await side.machine.next()
    assert kind == "received"
    assert isinstance(data, bytes)
    assert isinstance(flow, Flow)
    return data, flow


def on_both_loops(main: Callable[[], Awaitable[T]]) -> None:
    """Run ``main`` on asyncio's own loop and on uvloop."""

    async def run() -> T:
        return await main()

    asyncio.run(run())
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run())


def loopback(host: str) -> Address:
    """A free port on one of the many addresses of this machine."""
    return (host, 0)
