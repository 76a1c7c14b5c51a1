"""The driver of one media process: carries out what sessions ask, and arms one timer.

Everything runs on the loop's thread; packets are the engine's, on threads of its own.
A fault in one session's order ends that session, tells its owner, and nobody else.
"""

import asyncio
import os
import stat
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from secrets import randbits
from typing import Protocol

from media.audio.prompts import PromptMissing, Prompts
from media.control.messages import Adopt, Closed, Counted, Fact, Order, Recorded
from media.engine.plan import Engine, Event
from media.session.outputs import (
    Arrange,
    Fetch,
    FinishRecording,
    GiveBack,
    Lend,
    Output,
    PressKeys,
    Say,
    StartRecording,
)
from media.session.process import Lent
from media.session.quality import statistics
from media.session.sessions import Sessions
from media.worker.ports import PortPairs


class Log(Protocol):
    """Writes down one incident."""

    def __call__(self, incident: str, **details: object) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """An address that ports are lent at."""

    family: int
    """4 or 6."""
    pairs: PortPairs
    advertise: str
    """What far ends are told to send to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What a process works with."""

    engine: Engine
    places: tuple[Place, ...]
    """One of each IP family, the preferred first."""
    prompts: Prompts
    say: Callable[[int, Fact], None]
    log: Log
    idle: Callable[[bool], None]
    """Hears after every change whether there is neither client nor session."""


class MediaProcess:
    """Implements :class:`media.control.server.Listener`."""

    def __init__(self, sessions: Sessions, means: Means) -> None:
        self._sessions = sessions
        self._engine = means.engine
        self._prompts = means.prompts
        self._means = means
        self._loop = asyncio.get_running_loop()
        self._clients: set[int] = set()
        self._lent_ports: dict[int, tuple[Place, int]] = {}
        """Engine port to UDP port."""
        self._events: deque[Event] = deque()
        self._counted = Counted()
        self._never_begun = 0
        """Recordings for which there was no file."""
        self._timer: asyncio.TimerHandle | None = None
        self._armed_for: float | None = None

    def start(self) -> None:
        """Listen to the engine."""
        self._loop.add_reader(self._engine.fileno(), self._hear)
        self._means.idle(True)

    def stop(self) -> None:
        """Give everything back, tell the owners, and stop the engine."""
        self._carry_out(self._sessions.close())
        self._loop.remove_reader(self._engine.fileno())
        if self._timer is not None:
            self._timer.cancel()
        self._engine.stop()

    def connected(self, client: int) -> None:
        """Count a client."""
        self._clients.add(client)
        if self._counted != Counted():
            self._means.say(client, self._counted)
        self._settle()

    def received(self, client: int, order: Order) -> None:
        """Carry out an order; what goes wrong in it is its session's end alone."""
        try:
            self._carry_out(self._sessions.receive(client, order, self._loop.time()))
        except Exception as fault:  # the driver's door, see above
            self._means.log("order failed", order=order, exc_info=fault)
            if not isinstance(order, Adopt):
                self._carry_out(self._sessions.abandon(order.session))

    def disconnected(self, client: int, reason: str) -> None:
        """Leave the client's sessions to be adopted."""
        self._clients.discard(client)
        self._sessions.disconnected(client)
        if reason:
            self._means.log("client lost", client=client, reason=reason)
        self._settle()

    def _wake(self, due: float) -> None:
        self._timer = self._armed_for = None
        # The loop may call a little early; the sessions must not see that.
        outputs = self._sessions.wake(max(due, self._loop.time()))
        if outputs:
            self._means.log("sessions expired", ports=len(outputs))
        self._carry_out(outputs)

    def _hear(self) -> None:
        self._events.extend(self._engine.events())
        self._carry_out([])
        self._count()

    def _count(self) -> None:
        """Tell everybody if something went wrong that no order answers for."""
        counted = Counted(
            recordings_failed=self._engine.recordings_failed + self._never_begun,
            events_lost=self._engine.events_lost,
        )
        if counted == self._counted:
            return
        self._counted = counted
        self._means.log(
            "losses", recordings=counted.recordings_failed, events=counted.events_lost
        )
        for client in self._clients:
            self._means.say(client, counted)

    def _carry_out(self, outputs: Sequence[Output]) -> None:
        """Do it all, and what follows from it, in order."""
        waiting = deque(outputs)
        while waiting or self._events:
            if not waiting:
                waiting.extend(self._sessions.hear(self._events.popleft()))
                continue
            output = waiting.popleft()
            try:
                waiting.extend(self._do(output))
            except Exception as fault:
                self._means.log("order failed", output=output, exc_info=fault)
                waiting.extend(self._sessions.blame(output))
        self._settle()

    def _do(self, output: Output) -> Sequence[Output]:
        """Do one thing; returns what the sessions make of the answer."""
        match output:
            case Lend():
                return self._lend(output)
            case Arrange(number, plan):
                self._engine.arrange(number, plan)
            case PressKeys():
                return self._press(output)
            case Fetch():
                return self._fetch(output)
            case StartRecording():
                return self._record(output)
            case FinishRecording():
                self._finish(output)
            case GiveBack():
                self._give_back(output)
            case Say(client, fact):
                self._means.say(client, fact)
        return []

    def _lend(self, lend: Lend) -> Sequence[Output]:
        try:
            lent = self._open(self._place(lend.family))
        except OSError as fault:
            reason = fault.strerror or str(fault)
            self._means.log("no ports", session=lend.session, reason=reason)
            return self._sessions.not_lent(lend.session, lend.port, reason)
        return self._sessions.lent(lend.session, lend.port, lent)

    def _place(self, family: int) -> Place:
        """The place of that family, else the first."""
        places = self._means.places
        return next((place for place in places if place.family == family), places[0])

    def _open(self, place: Place) -> Lent:
        """Bind a pair and give it to the engine; raises OSError."""
        pair = place.pairs.lend(self._loop.time())
        udp_port = pair.port
        with ExitStack() as bound:
            bound.enter_context(pair.rtp)
            bound.enter_context(pair.rtcp)
            bound.callback(place.pairs.take_back, udp_port, self._loop.time())
            number = self._engine.open(
                pair.rtp.fileno(),
                pair.rtcp.fileno(),
                randbits(32),
                randbits(15),
                randbits(32),
            )
            pair.rtp.detach()
            pair.rtcp.detach()
            bound.pop_all()
        self._lent_ports[number] = place, udp_port
        return Lent(
            number=number,
            address=place.advertise,
            rtp_port=udp_port,
            rtcp_port=udp_port + 1,
        )

    def _press(self, keys: PressKeys) -> Sequence[Output]:
        try:
            self._engine.send_digits(keys.number, keys.digits)
        except ValueError as fault:
            return self._sessions.refuse(keys.session, keys.port, str(fault))
        return []

    def _fetch(self, fetch: Fetch) -> Sequence[Output]:
        try:
            numbers = tuple(self._prompts.number(name) for name in fetch.prompts)
        except PromptMissing as fault:
            self._means.log("prompt missing", session=fetch.session, reason=str(fault))
            return self._sessions.not_fetched(
                fetch.session, fetch.port, fetch.epoch, str(fault)
            )
        outputs = self._sessions.fetched(fetch.session, fetch.port, fetch.epoch, numbers)
        if self._prompts.has_retired:
            self._prompts.forget_retired(self._sessions.prompts)
        return outputs

    def _record(self, start: StartRecording) -> Sequence[Output]:
        try:
            with ExitStack() as opened:
                file = open_recording(start.path)
                opened.callback(os.close, file)
                self._engine.record(start.number, file, start.both)
                opened.pop_all()
        except OSError as fault:
            reason = f"{start.path}: {fault.strerror}"
            self._means.log("recording failed", session=start.session, reason=reason)
            self._never_begun += 1
            self._count()
            return self._sessions.not_recorded(start.session, start.port, reason)
        return []

    def _finish(self, finish: FinishRecording) -> None:
        milliseconds, error = self._engine.stop_recording(finish.number)
        fault = os.strerror(error) if error else ""
        if fault:
            self._means.log("recording cut short", path=finish.path, reason=fault)
        if finish.owner is not None:
            recorded = Recorded(
                session=finish.session,
                port=finish.port,
                path=finish.path,
                milliseconds=milliseconds,
                fault=fault,
            )
            self._means.say(finish.owner, recorded)

    def _give_back(self, back: GiveBack) -> None:
        carried = self._engine.close(back.number)
        # Now, while its number is nobody's: what it said must not be taken for the next
        # user's.
        self._events.extend(self._engine.events())
        place, udp_port = self._lent_ports.pop(back.number)
        place.pairs.take_back(udp_port, self._loop.time())
        if back.owner is not None:
            closed = Closed(
                session=back.session, port=back.port, statistics=statistics(carried)
            )
            self._means.say(back.owner, closed)

    def _settle(self) -> None:
        """Arm the timer, and say whether anybody needs this process."""
        deadline = self._sessions.deadline
        if deadline != self._armed_for:
            if self._timer is not None:
                self._timer.cancel()
            self._timer = (
                None
                if deadline is None
                else self._loop.call_at(deadline, self._wake, deadline)
            )
            self._armed_for = deadline
        self._means.idle(not self._clients and not len(self._sessions))


def open_recording(path: str) -> int:
    """A descriptor of a new or emptied regular file; raises OSError."""
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    file = os.open(path, flags, 0o600)
    try:
        if not stat.S_ISREG(os.fstat(file).st_mode):
            raise OSError(0, "not a regular file")
        os.ftruncate(file, 0)
    except OSError:
        os.close(file)
        raise
    return file
