"""All sessions of one media process, and who owns them.

A client is a connection, named by a number that is never used again. A session is obeyed
to its owner alone; when the connection goes the session stays, heard by nobody, until it
is adopted or its lifetime ends.
"""

from collections.abc import Callable, Sequence
from heapq import heappop, heappush

from media.control.messages import (
    Adopt,
    Adopted,
    CloseSession,
    Extend,
    Fact,
    Open,
    OpenFailed,
    Order,
    Refused,
)
from media.engine.plan import Event
from media.session.outputs import Arrange, GiveBack, Output, Say
from media.session.process import Lent, Policy
from media.session.session import MediaSession, SessionOrder


class Sessions:
    """Routes orders, answers and events to sessions; keeps their deadlines in one heap."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._sessions: dict[str, MediaSession] = {}
        self._named: dict[int, str] = {}
        """Clients, as each has called itself."""
        self._numbers: dict[int, tuple[str, str]] = {}
        """Of the engine, each with the session and port it was lent to."""
        self._due: list[tuple[float, str]] = []
        """A heap; a line whose time is no longer its session's deadline is passed over."""
        self._armed: dict[str, float] = {}
        """The deadline that each session last had put on the heap."""

    def __len__(self) -> int:
        return len(self._sessions)

    @property
    def deadline(self) -> float | None:
        """When :meth:`wake` must next be called."""
        while self._due:
            when, name = self._due[0]
            session = self._sessions.get(name)
            if session is not None and session.deadline == when:
                return when
            heappop(self._due)
        return None

    @property
    def ports(self) -> int:
        """How many pairs are lent."""
        return len(self._numbers)

    @property
    def prompts(self) -> set[int]:
        """The engine's numbers of the prompts that a plan still names."""
        return set().union(*(session.prompts for session in self._sessions.values()))

    def receive(self, client: int, order: Order, now: float) -> list[Output]:
        """Carry out an order of ``client``."""
        match order:
            case Adopt(sessions=names, owner=owner):
                return self._adopt(client, names, owner)
            case Open(session=name):
                session = self._sessions.get(name)
                if session is None:
                    session = MediaSession(name, client, self._policy)
                    session.owner_name = self._named.get(client, "")
                    self._sessions[name] = session
            case _:
                session = self._sessions.get(order.session)
        if session is None:
            return [Say(client, _refusal(order, "unknown session"))]
        if session.owner != client:
            return [Say(client, _refusal(order, "the session is not yours"))]
        return self._after(order.session, session, session.receive(order, now))

    def disconnected(self, client: int) -> None:
        """Hear that a connection is gone; what it owned waits to be adopted."""
        self._named.pop(client, None)
        for session in self._sessions.values():
            if session.owner == client:
                session.owner = None

    def wake(self, now: float) -> list[Output]:
        """Expire all that is due, earliest first."""
        outputs: list[Output] = []
        while (due := self.deadline) is not None and due <= now:
            _, name = heappop(self._due)
            session = self._sessions[name]
            outputs += self._after(name, session, session.wake(now))
        return outputs

    def close(self) -> list[Output]:
        """Give everything back: the process ends."""
        return [
            output
            for name, session in list(self._sessions.items())
            for output in self._after(name, session, session.close())
        ]

    def abandon(self, name: str) -> list[Output]:
        """Close a session that our own fault has hit, as if its lifetime had ended."""
        return self._answer(name, MediaSession.expire)

    def blame(self, output: Output) -> list[Output]:
        """Abandon the session whose output could not be carried out."""
        match output:
            case Arrange(number, _):
                name, _ = self._numbers.get(number, ("", ""))
            case Say():
                return []
            case _:
                name = output.session
        return self.abandon(name)

    def hear(self, event: Event) -> list[Output]:
        """Take an event of the engine; one for a port given back since is dropped."""
        lent_to = self._numbers.get(event.port)
        if lent_to is None:
            return []
        name, port = lent_to
        return self._answer(name, lambda session: session.hear(port, event))

    def lent(self, name: str, port: str, lent: Lent) -> list[Output]:
        """Answer :class:`Lend`."""
        session = self._sessions.get(name)
        if session is None:
            return [GiveBack(session=name, port=port, number=lent.number, owner=None)]
        self._numbers[lent.number] = (name, port)
        return self._after(name, session, session.lent(port, lent))

    def not_lent(self, name: str, port: str, reason: str) -> list[Output]:
        """Answer :class:`Lend`: no pair could be had."""
        return self._answer(name, lambda session: session.not_lent(port, reason))

    def fetched(
        self, name: str, port: str, epoch: int, numbers: tuple[int, ...]
    ) -> list[Output]:
        """Answer :class:`Fetch`."""
        return self._answer(name, lambda session: session.fetched(port, epoch, numbers))

    def not_fetched(self, name: str, port: str, epoch: int, reason: str) -> list[Output]:
        """Answer :class:`Fetch`: a prompt is missing."""
        return self._answer(name, lambda session: session.not_fetched(port, epoch, reason))

    def refuse(self, name: str, port: str, reason: str) -> list[Output]:
        """Answer :class:`PressKeys`: they do not fit."""
        return self._answer(name, lambda session: session.refuse(port, reason))

    def not_recorded(self, name: str, port: str, reason: str) -> list[Output]:
        """Answer :class:`StartRecording`: the file could not be made."""
        return self._answer(name, lambda session: session.not_recorded(port, reason))

    def _adopt(self, client: int, names: Sequence[str], owner: str) -> list[Output]:
        self._named[client] = owner
        adopted: dict[str, tuple[str, ...]] = {}
        for name in names:
            session = self._sessions.get(name)
            # Who knows its name had it in the journal, under whatever name of its own.
            if session is None or not self._is_free(session, client, owner):
                continue
            session.owner, session.owner_name = client, owner
            adopted[name] = session.ports
        outputs: list[Output] = []
        for name, session in list(self._sessions.items()):
            if session.owner is None and session.owner_name == owner:
                outputs += self._after(name, session, session.close())
        return [*outputs, Say(client, Adopted(sessions=adopted))]

    def _is_free(self, session: MediaSession, client: int, owner: str) -> bool:
        """Whether a session may become the client's: nobody else's, or its other self's."""
        return session.owner in (None, client) or session.owner_name == owner

    def _answer(
        self, name: str, act: Callable[[MediaSession], list[Output]]
    ) -> list[Output]:
        session = self._sessions.get(name)
        return [] if session is None else self._after(name, session, act(session))

    def _after(
        self, name: str, session: MediaSession, outputs: list[Output]
    ) -> list[Output]:
        """Keep the tables true to what a session has just done."""
        for output in outputs:
            if isinstance(output, GiveBack):
                del self._numbers[output.number]
        if session.over:
            del self._sessions[name]
            self._armed.pop(name, None)
        elif (due := session.deadline) is not None and due != self._armed.get(name):
            self._armed[name] = due
            heappush(self._due, (due, name))
        return outputs


def _refusal(order: SessionOrder, reason: str) -> Fact:
    match order:
        case Open(session=name, port=port):
            return OpenFailed(session=name, port=port, reason=reason)
        case CloseSession(session=name) | Extend(session=name):
            return Refused(session=name, port="", reason=reason)
        case _:
            return Refused(session=order.session, port=order.port, reason=reason)
