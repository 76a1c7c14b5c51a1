"""Which media process carries which call, and what when one dies.

A new call goes to the process that carries the fewest, among those that answer and have
left no port unanswered for a second (one that hangs gets no more). The call's orders go
there as long as it lives; while the connection is broken they wait, for a second. Then,
or when the process is back but does not know the call any more, :class:`MediaLost` is
said and nothing further about that call.

At the start the calls of the journal are offered to every process; whoever still carries
a call keeps it.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from b2bua.call.media import (
    CallId,
    ClosePort,
    LegId,
    MediaFact,
    MediaLost,
    MediaOrder,
    OpenPort,
    PortClosed,
    PortFailed,
    Quality,
)
from b2bua.mediactl.adapter import from_wire, to_wire
from b2bua.mediactl.link import Link
from media.control import messages as wire

GRACE: Final = 1.0
"""Seconds that a call's media may be out of reach before it is given up."""

LATELY: Final = 600.0
"""Seconds for which a recording that failed is complained of."""


@dataclass(slots=True)
class _Session:
    """One call's media, as far as we were told."""

    ports: dict[LegId, bool] = field(default_factory=dict)
    """Each asked for and not yet closed: whether it has been opened."""


@dataclass(slots=True)
class _Process:
    """One media process and what it carries."""

    answers: bool = False
    """It has said what it adopted, and the connection stands."""
    asked: bool = False
    """It has been offered the calls of the journal."""
    sessions: dict[CallId, _Session] = field(default_factory=dict)
    waiting: list[MediaOrder] = field(default_factory=list)
    """Orders for when it answers again."""
    grace: asyncio.TimerHandle | None = None
    counted: wire.Counted = wire.Counted()
    """What went wrong in it, as far as we were told."""
    opening: dict[tuple[CallId, LegId], float] = field(default_factory=dict)
    """When each port was asked for that has not been answered, earliest first."""

    def is_prompt(self, now: float) -> bool:
        """Whether it takes orders and keeps nobody waiting."""
        oldest = next(iter(self.opening.values()), now)
        return self.answers and now - oldest < GRACE


class MediaPool:
    """All media processes of this node.

    ``tell`` hears every fact, on the loop and never from inside :meth:`send`; ``note``
    hears a line about each incident. ``owner`` is our name with the processes, which others
    may use too: it outlives us, and is nobody else's.
    """

    def __init__(
        self,
        sockets: Sequence[Path],
        tell: Callable[[MediaFact], None],
        note: Callable[[str], None],
        *,
        owner: str = "",
    ) -> None:
        self._tell = tell
        self._note = note
        self._owner = owner
        self._processes = {Link(path, self): _Process() for path in sockets}
        self._of_call: dict[CallId, Link] = {}
        self._orphans: set[CallId] = set()
        """Calls of the journal that no process has claimed yet."""
        self.recordings_failed = 0
        """Since we began: cut short by the disk, or never begun."""
        self.events_lost = 0
        """Since we began: of media processes that had more to tell than they could keep."""
        self._failed_at: float | None = None
        self._settled = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def answering(self) -> int:
        """How many processes take orders now."""
        return sum(process.answers for process in self._processes.values())

    @property
    def recording_fails(self) -> bool:
        """Whether the disk did not take a recording lately."""
        if self._failed_at is None:
            return False
        return asyncio.get_running_loop().time() - self._failed_at < LATELY

    @property
    def calls(self) -> frozenset[CallId]:
        """Whose media is carried."""
        return frozenset(self._of_call)

    async def start(self, adopt: Iterable[CallId] = ()) -> frozenset[CallId]:
        """Connect, and take the media of these calls back.

        Returns within a second or so, with the calls that still have their media. Nothing
        is said of the others, which may begin again. Who answers later joins later.
        """
        loop = asyncio.get_running_loop()
        self._orphans = set(adopt)
        self._tasks = [loop.create_task(link.run()) for link in self._processes]
        try:
            async with asyncio.timeout(GRACE):
                await self._settled.wait()
        except TimeoutError:
            self._note(f"{self.answering} of {len(self._processes)} media processes answer")
        for process in self._processes.values():
            process.asked = True
        self._orphans = set()
        return self.calls

    async def stop(self) -> None:
        """Let go of the processes; what they carry lives on until its lifetime ends."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for process in self._processes.values():
            _disarm(process)

    def send(self, order: MediaOrder) -> None:
        """Give an order to the process that carries the call. Never waits."""
        link = self._of_call.get(order.call)
        if link is None:
            link = self._choose() if isinstance(order, OpenPort) else None
            if link is None:
                self._answer_alone(order)
                return
            self._of_call[order.call] = link
            self._processes[link].sessions[order.call] = _Session()
        process = self._processes[link]
        if not process.answers:
            process.waiting.append(order)
            return
        self._give(link, order)

    def linked(self, link: Link) -> None:
        """Tell a process which calls are ours; it closes those that nobody claims."""
        process = self._processes[link]
        ours: set[CallId] = set(process.sessions)
        if not process.asked:
            ours |= self._orphans
        link.send(wire.Adopt(tuple(sorted(ours)), self._owner))

    def heard(self, link: Link, fact: wire.Fact) -> None:
        """Take a fact, if it is about a call that this process carries for us."""
        process = self._processes[link]
        if isinstance(fact, wire.Adopted):
            self._adopted(link, process, fact)
            return
        if isinstance(fact, wire.Counted):
            self._count(link, process, fact)
            return
        call = CallId(fact.session)
        session = process.sessions.get(call)
        if isinstance(fact, wire.Expired):
            # Said after each port was closed, so the call may be forgotten already.
            self._note(f"media of call {call} outlived its lifetime")
            if session is not None:
                self._forget(link, call)
        elif session is None:
            return
        else:
            self._keep_count(link, call, session, fact)
        told = from_wire(fact)
        if told is not None:
            self._tell(told)

    def _count(self, link: Link, process: _Process, now: wire.Counted) -> None:
        """Add what went wrong since the process last said so; another begins at nothing."""
        before, process.counted = process.counted, now
        failed = now.recordings_failed - before.recordings_failed
        lost = now.events_lost - before.events_lost
        if failed < 0 or lost < 0:
            failed, lost = now.recordings_failed, now.events_lost
        self.events_lost += lost
        if lost:
            self._note(f"media process {link.path} lost {lost} events")
        self.recordings_failed += failed
        if failed:
            self._failed_at = asyncio.get_running_loop().time()
            self._note(f"media process {link.path} cut {failed} recordings short")

    def unlinked(self, link: Link, reason: str) -> None:
        """Wait for a second before the calls are given up."""
        process = self._processes[link]
        self._note(f"media process {link.path} went away {reason}".rstrip())
        process.answers = False
        process.opening.clear()
        if process.grace is None:
            loop = asyncio.get_running_loop()
            process.grace = loop.call_later(GRACE, self._give_up, link)

    def _keep_count(
        self, link: Link, call: CallId, session: _Session, fact: wire.Fact
    ) -> None:
        opening = self._processes[link].opening
        match fact:
            case wire.Opened(port=port):
                session.ports[LegId(port)] = True
                opening.pop((call, LegId(port)), None)
            case wire.Closed(port=port) | wire.OpenFailed(port=port):
                session.ports.pop(LegId(port), None)
                opening.pop((call, LegId(port)), None)
            case wire.Refused(reason=reason):
                self._note(f"media of call {call}: {reason}")
            case _:
                return
        if not session.ports:
            self._forget(link, call)

    def _choose(self) -> Link | None:
        """The process that answers and carries the fewest."""
        now = asyncio.get_running_loop().time()
        return min(
            (link for link, process in self._processes.items() if process.is_prompt(now)),
            key=lambda link: len(self._processes[link].sessions),
            default=None,
        )

    def _give(self, link: Link, order: MediaOrder) -> None:
        process = self._processes[link]
        session = process.sessions.get(order.call)
        if session is None:
            self._answer_alone(order)
            return
        if isinstance(order, OpenPort):
            session.ports.setdefault(order.leg, False)
            now = asyncio.get_running_loop().time()
            process.opening.setdefault((order.call, order.leg), now)
        link.send(to_wire(order))

    def _answer_alone(self, order: MediaOrder) -> None:
        """Answer for a process that is not there."""
        call = order.call
        match order:
            case ClosePort(leg=leg):
                fact: MediaFact = PortClosed(call=call, leg=leg, quality=Quality())
            case OpenPort(leg=leg):
                reason = "no media process answers"
                fact = PortFailed(call=call, leg=leg, reason=reason)
            case _:
                # That the call has no media was said before.
                return
        asyncio.get_running_loop().call_soon(self._tell, fact)

    def _adopted(self, link: Link, process: _Process, fact: wire.Adopted) -> None:
        """Compare what the process carries with what we think it does, and go on."""
        _disarm(process)
        alive = {CallId(name): ports for name, ports in fact.sessions.items()}
        for call in self._orphans & alive.keys():
            self._orphans.discard(call)
            self._of_call[call] = link
            ports = {LegId(port): True for port in alive[call]}
            process.sessions[call] = _Session(ports)
        for call in process.sessions.keys() - alive.keys():
            self._lose(link, call)
        for call, session in list(process.sessions.items()):
            self._compare(link, call, session, alive[call])
        process.answers = process.asked = True
        waiting, process.waiting = process.waiting, []
        for order in waiting:
            self._give(link, order)
        if all(other.asked for other in self._processes.values()):
            self._settled.set()

    def _compare(
        self, link: Link, call: CallId, session: _Session, alive: tuple[str, ...]
    ) -> None:
        """Tell what the broken connection swallowed of a call that lives."""
        for leg, opened in list(session.ports.items()):
            if opened and leg in alive:
                continue
            del session.ports[leg]
            if opened:
                self._tell(PortClosed(call=call, leg=leg, quality=Quality()))
                continue
            if leg in alive:
                link.send(wire.Close(session=call, port=leg))
            self._tell(PortFailed(call=call, leg=leg, reason="the media process went away"))
        if not session.ports:
            self._forget(link, call)

    def _give_up(self, link: Link) -> None:
        process = self._processes[link]
        process.grace = None
        process.waiting.clear()
        for call in list(process.sessions):
            self._lose(link, call)

    def _lose(self, link: Link, call: CallId) -> None:
        self._forget(link, call)
        self._tell(MediaLost(call))

    def _forget(self, link: Link, call: CallId) -> None:
        process = self._processes[link]
        for leg in process.sessions.pop(call).ports:
            process.opening.pop((call, leg), None)
        del self._of_call[call]


def _disarm(process: _Process) -> None:
    if process.grace is not None:
        process.grace.cancel()
        process.grace = None
