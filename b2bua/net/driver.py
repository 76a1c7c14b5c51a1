"""Feeds one machine bytes and time, carries out what it answers, arms one timer.

This is all of asyncio that signalling needs; the sockets are in ``udp`` and ``tcp``, names
in ``resolver``. There is no protocol state here: ways to send, the timer, and the
questions under way. What the machine returns is carried out in its order: what must be in
the journal before a message leaves is told before that message is sent.

Only here may anything raise: an exception out of the machine costs the one input that
caused it, is told as :class:`Crashed`, and the loop goes on.
"""

import asyncio
import traceback
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Protocol, TypeAlias

from b2bua.core.address import Address
from b2bua.core.clock import Instant
from b2bua.sip.endpoint.outputs import Resolve, Transmit
from b2bua.sip.transport.flow import Flow, TransportName
from b2bua.sip.transport.target import Answer, Question

LAG: Final = 0.05
"""Seconds for which the loop may be busy before it is told."""
TICK: Final = 0.1
"""Seconds between two looks at the loop."""


@dataclass(frozen=True, slots=True)
class Crashed:
    """The machine, or who is told of outputs, raised; the input that caused it is lost."""

    traceback: str
    flow: Flow | None = None
    data: bytes = b""
    """The datagram or message, if it was one."""


@dataclass(frozen=True, slots=True)
class Lagged:
    """The loop was busy for so long that nobody was heard in time.

    Told for every tenth of a second that began late.
    """

    seconds: float


@dataclass(frozen=True, slots=True)
class Unconnected:
    """A peer was there, and no connection came about; what waited for it has failed."""

    flow: Flow
    reason: str


class Machine(Protocol):
    """What the driver drives: five inputs, one deadline, outputs in return."""

    @property
    def deadline(self) -> Instant | None:
        """When :meth:`wake` must next be called, or None."""

    def receive(
        self, data: bytes, flow: Flow, now: Instant, at: datetime
    ) -> Sequence[object]:
        """Take one datagram, or one message of a stream."""

    def wake(self, now: Instant, at: datetime) -> Sequence[object]:
        """Fire what is due."""

    def flow_failed(self, flow: Flow, now: Instant, at: datetime) -> Sequence[object]:
        """Hear that what was sent by ``flow`` did not arrive, or that it is gone."""

    def resolved(self, answer: Answer, now: Instant, at: datetime) -> Sequence[object]:
        """Take the answer to a ``Resolve``."""


class Way(Protocol):
    """A listening socket, or the connections that belong to one."""

    @property
    def transport(self) -> TransportName:
        """Whose flows it carries."""

    @property
    def local(self) -> Address:
        """The address that those flows name."""

    def send(self, data: bytes, flow: Flow) -> None:
        """Send, or say later through :meth:`Driver.report_failure` that it failed."""

    def close(self) -> None:
        """Release the sockets."""


Input: TypeAlias = Callable[[Instant, datetime], Sequence[object]]
"""A call into the machine, lacking only the time."""


class Driver:
    """One machine, its ways to the network, and its timer."""

    def __init__(
        self,
        machine: Machine,
        tell: Callable[[object], None],
        resolve: Callable[[Question], Awaitable[Answer]],
    ) -> None:
        """``tell`` gets every output that is not for the network, and what befell us."""
        self._machine = machine
        self._tell = tell
        self._resolve = resolve
        self._loop = asyncio.get_running_loop()
        self._ways: dict[tuple[TransportName, Address], Way] = {}
        self._questions: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._armed_for: Instant | None = None
        self._closed = False
        self._behind = 0.0
        self._watchdog = self._watch()

    def attach(self, way: Way) -> None:
        """Send by ``way`` whatever names its transport and local address."""
        self._ways[way.transport, way.local] = way

    def close(self) -> None:
        """Close every way and forget what is under way; the machine hears no more."""
        self._closed = True
        self._watchdog.cancel()
        if self._timer is not None:
            self._timer.cancel()
        for question in self._questions:
            question.cancel()
        for way in self._ways.values():
            way.close()

    def receive(self, data: bytes, flow: Flow) -> None:
        """Feed one datagram or one message of a stream."""
        try:
            outputs = self._machine.receive(data, flow, self._loop.time(), _wall_clock())
        except Exception:
            self._crashed(flow, data)
            outputs = ()
        self._carry_out(outputs)

    def perform(self, act: Input) -> None:
        """Feed anything else: ``act`` calls the machine with the time it is given."""
        if self._closed:
            return
        try:
            outputs = act(self._loop.time(), _wall_clock())
        except Exception:
            self._crashed()
            outputs = ()
        self._carry_out(outputs)

    def report_failure(self, flow: Flow) -> None:
        """Let the machine hear of a failed flow, once what it is doing now is done."""
        self._loop.call_soon(
            self.perform, lambda now, at: self._machine.flow_failed(flow, now, at)
        )

    def tell(self, output: object) -> None:
        """Tell what befell a way to the network."""
        self._tell(output)

    def arm(self) -> None:
        """Heed the machine's deadline, when it was changed by others than the driver."""
        self._arm(self._machine.deadline)

    def fell_behind(self, seconds: float) -> None:
        """Hear that something waits for so long: the loop may be quick and yet be late."""
        self._behind = max(self._behind, seconds)

    def _wake(self, due: Instant) -> None:
        self._timer = self._armed_for = None
        # The loop may call a little early; the machine must not see that.
        self.perform(lambda now, at: self._machine.wake(max(due, now), at))

    def _watch(self) -> asyncio.TimerHandle:
        due = self._loop.time() + TICK
        return self._loop.call_at(due, self._look, due)

    def _look(self, due: Instant) -> None:
        """See how late the loop calls."""
        late = max(self._loop.time() - due, self._behind)
        self._behind = 0.0
        self._watchdog = self._watch()
        if late > LAG:
            self._tell(Lagged(late))

    def _carry_out(self, outputs: Sequence[object]) -> None:
        for output in outputs:
            try:
                self._carry_out_one(output)
            except Exception:
                self._crashed()
        self._arm(self._machine.deadline)

    def _carry_out_one(self, output: object) -> None:
        match output:
            case Transmit(data=data, flow=flow):
                way = self._ways.get((flow.transport, flow.local))
                if way is None:
                    self.report_failure(flow)
                else:
                    way.send(data, flow)
            case Resolve(question=question):
                task = self._loop.create_task(self._answer(question))
                self._questions.add(task)
                task.add_done_callback(self._questions.discard)
            case _:
                self._tell(output)

    async def _answer(self, question: Question) -> None:
        try:
            answer = await self._resolve(question)
        except Exception:
            self._crashed()
            answer = Answer(question=question, targets=())
        self.perform(lambda now, at: self._machine.resolved(answer, now, at))

    def _crashed(self, flow: Flow | None = None, data: bytes = b"") -> None:
        self._tell(Crashed(traceback.format_exc(), flow, data))

    def _arm(self, deadline: Instant | None) -> None:
        if deadline == self._armed_for or self._closed:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer = (
            None if deadline is None else self._loop.call_at(deadline, self._wake, deadline)
        )
        self._armed_for = deadline


def _wall_clock() -> datetime:
    return datetime.now(UTC)
