"""A media process without an engine: the real protocol and sessions, pretended ports."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from b2bua.call.media import MediaFact
from media.control.messages import Closed, Counted, Order
from media.control.server import ControlServer
from media.engine.plan import Event, PortStatistics
from media.session.outputs import Arrange, Fetch, GiveBack, Lend, Output, Say
from media.session.process import Lent, Policy
from media.session.quality import statistics
from media.session.sessions import Sessions

FactT = TypeVar("FactT")
PATIENCE = 10.0


class StandIn:
    """Lends numbers instead of sockets."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.sessions = Sessions(Policy())
        self.orders: list[Order] = []
        self.arranged: list[Arrange] = []
        self.full = False
        self.hangs = False
        """Takes orders and does nothing."""
        self.clients: set[int] = set()
        self._lent = 0
        self._server = ControlServer(path)

    async def start(self) -> "StandIn":
        await self._server.start(self)
        return self

    async def die(self) -> None:
        """Go, and take the sessions along."""
        await self._server.close()

    async def hang_up(self) -> None:
        """Break the connections; the sessions live, and connecting is possible again."""
        await self._server.close()
        self._server = ControlServer(self.path)
        await self._server.start(self)

    def connected(self, client: int) -> None:
        self.clients.add(client)

    def disconnected(self, client: int, reason: str) -> None:
        self.clients.discard(client)
        self.sessions.disconnected(client)

    def received(self, client: int, order: Order) -> None:
        self.orders.append(order)
        if self.hangs:
            return
        now = asyncio.get_running_loop().time()
        self._do(self.sessions.receive(client, order, now))

    def hear(self, event: Event) -> None:
        self._do(self.sessions.hear(event))

    def count(self, counted: Counted) -> None:
        """Tell everybody what went wrong so far."""
        for client in self.clients:
            self._server.say(client, counted)

    def expire(self) -> None:
        """Let all lifetimes end."""
        self._do(self.sessions.wake(asyncio.get_running_loop().time() + 1e6))

    def _do(self, outputs: list[Output]) -> None:
        for output in outputs:
            match output:
                case Lend(session, port) if self.full:
                    self._do(self.sessions.not_lent(session, port, "none left"))
                case Lend(session, port):
                    self._lent += 1
                    lent = Lent(
                        number=self._lent,
                        address="127.0.0.1",
                        rtp_port=20000 + 2 * self._lent,
                        rtcp_port=20001 + 2 * self._lent,
                    )
                    self._do(self.sessions.lent(session, port, lent))
                case Fetch(session=session, port=port, epoch=epoch):
                    self._do(self.sessions.fetched(session, port, epoch, (1,)))
                case GiveBack(session=session, port=port, owner=int(owner)):
                    carried = statistics(PortStatistics(packets_received=5))
                    closed = Closed(session=session, port=port, statistics=carried)
                    self._server.say(owner, closed)
                case Arrange():
                    self.arranged.append(output)
                case Say(client, fact):
                    self._server.say(client, fact)
                case _:
                    pass


class Ear:
    """Call control, listening."""

    def __init__(self) -> None:
        self.facts: list[MediaFact] = []
        self.notes: list[str] = []
        self._came = asyncio.Event()

    def tell(self, fact: MediaFact) -> None:
        self.facts.append(fact)
        self._came.set()

    async def hear(
        self, kind: type[FactT], fits: Callable[[FactT], bool] = lambda _: True
    ) -> FactT:
        """Take the first fact of that kind, or wait for it."""
        async with asyncio.timeout(PATIENCE):
            while True:
                for fact in self.facts:
                    if isinstance(fact, kind) and fits(fact):
                        self.facts.remove(fact)
                        return fact
                self._came.clear()
                await self._came.wait()
