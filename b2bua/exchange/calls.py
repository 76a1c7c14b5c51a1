"""The calls in progress: by name, by session, by 400 number, and who must be woken next."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from b2bua.call.media import CallId
from b2bua.core.clock import Instant
from b2bua.service.flow.flow import CallFlow
from b2bua.service.flow.waiting import line
from b2bua.sip.dialog.events import SessionId
from b2bua.sip.transaction.alarms import Alarms


@dataclass(slots=True, eq=False)
class _Seat:
    """One call, and when it must be woken."""

    flow: CallFlow
    deadline: Instant | None = None
    alarm: Instant | None = None


class Calls:
    """Every call of one exchange; what is held for a call goes with it."""

    def __init__(self) -> None:
        self._named: dict[CallId, CallFlow] = {}
        self._seats: dict[CallId, _Seat] = {}
        self._of_session: dict[SessionId, CallFlow] = {}
        self._of_number: dict[str, dict[CallId, CallFlow]] = {}
        self._alarms: Alarms[_Seat] = Alarms()

    def __len__(self) -> int:
        """How many calls are in progress."""
        return len(self._named)

    def __iter__(self) -> Iterator[CallFlow]:
        return iter(self._named.values())

    def __contains__(self, name: CallId) -> bool:
        return name in self._named

    @property
    def held(self) -> int:
        """How many things are held in memory: 0 at rest."""
        return len(self._named) + len(self._of_session) + len(self._of_number)

    @property
    def names(self) -> list[CallId]:
        """The names of the calls, oldest first."""
        return list(self._named)

    @property
    def deadline(self) -> Instant | None:
        """When :meth:`due` has the next call."""
        return self._alarms.deadline

    def add(self, flow: CallFlow) -> None:
        """Begin to hold a call and its sessions."""
        name = flow.call.id
        self._named[name] = flow
        self._seats[name] = _Seat(flow)
        self._of_number.setdefault(flow.dossier.number, {})[name] = flow
        for session in flow.call.sessions:
            self._of_session[session] = flow

    def remove(self, flow: CallFlow) -> None:
        """Hold nothing of a call any more."""
        name, number = flow.call.id, flow.dossier.number
        del self._named[name]
        del self._of_number[number][name]
        if not self._of_number[number]:
            del self._of_number[number]
        for leg in (flow.call.caller.leg, *flow.call.hunt.legs):
            self._of_session.pop(SessionId(leg), None)
        seat = self._seats.pop(name)
        seat.deadline = None
        self._alarms.watch(seat)

    def named(self, name: CallId) -> CallFlow | None:
        """The call of that name."""
        return self._named.get(name)

    def of(self, session: SessionId) -> CallFlow | None:
        """The call that a session belongs to."""
        return self._of_session.get(session)

    def of_number(self, number: str) -> Collection[CallFlow]:
        """The calls to one 400 number."""
        return self._of_number.get(number, {}).values()

    def waiting(self, number: str) -> list[CallFlow]:
        """The calls to one 400 number that wait in queues, next first."""
        calls = self.of_number(number)
        groups = {place.group for call in calls if (place := call.place) is not None}
        return [
            self._named[name] for group in sorted(groups) for name in line(calls, group)
        ]

    def own(self, session: SessionId, flow: CallFlow) -> None:
        """Give a call one more session."""
        self._of_session[session] = flow

    def watch(self, flow: CallFlow) -> None:
        """Note when a call must next be woken, after it has acted."""
        seat = self._seats[flow.call.id]
        deadline = flow.deadline
        if seat.deadline != deadline or seat.alarm is None:
            seat.deadline = deadline
            self._alarms.watch(seat)

    def due(self, now: Instant) -> CallFlow | None:
        """Take the call that must be woken first, if any is due."""
        alarm = self._alarms.pop(now)
        return None if alarm is None else alarm[1].flow
