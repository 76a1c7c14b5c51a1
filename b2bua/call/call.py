"""A call: the caller's leg, the attempts to reach somebody, the bridge between two.

It knows how a call is carried, and nothing of why: whom to try, what to play and when to
refuse are told to it. Session events and media facts go in; orders come out, and among
them, in their place, the facts of :mod:`b2bua.call.events` for whoever decides.
"""

import enum
from collections.abc import Callable, Sequence

from b2bua.call.audio import CODECS
from b2bua.call.bridge import Bridge
from b2bua.call.caller import CallerLeg
from b2bua.call.destination import DestinationLeg, Target
from b2bua.call.events import Answered, AudioLost, Measured, Turned, Verdict
from b2bua.call.hunt import Hunt
from b2bua.call.leg import LegOutput
from b2bua.call.media import (
    CallId,
    CloseMedia,
    ExtendMedia,
    HearPrompts,
    LegId,
    MediaFact,
    MediaLost,
    OpenPort,
    PortFailed,
)
from b2bua.core.clock import Instant
from b2bua.core.tokens import Tokens
from b2bua.sip.dialog import events as sip
from b2bua.sip.dialog.events import Cause, SessionId


class State(enum.Enum):
    """Whether anybody is still there."""

    OPEN = "open"
    RELEASED = "released"
    """Both sides were let go; ports and sessions are on their way out."""


class Call:
    """One call and everything it holds."""

    def __init__(self, call: CallId, caller: CallerLeg, tokens: Tokens) -> None:
        self.id = call
        self.state = State.OPEN
        self.caller = caller
        self.hunt = Hunt(call, tokens)
        self.bridge: Bridge | None = None
        self._tokens = tokens
        self._ports: set[LegId] = set()
        self._sessions: set[SessionId] = {SessionId(caller.leg)}

    @property
    def deadline(self) -> Instant | None:
        """When :meth:`wake` must next be called."""
        return self.hunt.deadline

    @property
    def settled(self) -> bool:
        """Whether every port and every session is given back."""
        return self.state is State.RELEASED and not self._ports and not self._sessions

    @property
    def sessions(self) -> frozenset[SessionId]:
        """The sessions that are not over."""
        return frozenset(self._sessions)

    @property
    def destination(self) -> DestinationLeg | None:
        """The destination that answered."""
        return self.hunt.winner

    def restore(self, destination: DestinationLeg) -> None:
        """Take an established call from the journal."""
        self.hunt.legs[destination.leg] = destination
        self.hunt.winner = destination
        self.bridge = Bridge(self.caller, destination)
        self.caller.audio.keep(destination.audio.held)
        destination.audio.keep(self.caller.audio.held)
        self._sessions.add(SessionId(destination.leg))
        self._ports |= {self.caller.leg, destination.leg}

    def open(self, lifetime: float) -> list[LegOutput]:
        """Ask for the caller's port."""
        return self._pass(self.caller.open(lifetime))

    def dial(self, target: Target, lifetime: float, now: Instant) -> list[LegOutput]:
        """Try one more destination, offering the caller's codec first."""
        outputs = self.hunt.call(
            target,
            codecs=self._codecs(),
            session_id=int(self._tokens.fraction() * 2**31),
            lifetime=lifetime,
            now=now,
        )
        self._sessions |= {SessionId(leg.leg) for leg in self.hunt.ringing}
        return self._pass(outputs)

    def give_up(self, now: Instant) -> list[LegOutput]:
        """Stop trying: whoever rings has not answered in the time that the call has."""
        outputs = self._pass(self.hunt.stop(now, verdict=Verdict.NO_ANSWER))
        self._forget_uninvited()
        return outputs

    def join(self) -> list[LegOutput]:
        """Join the caller and the destination that answered."""
        if self.hunt.winner is None:
            return []
        self.bridge = Bridge(self.caller, self.hunt.winner)
        return list(self.bridge.join())

    def tell_both(self, prompts: HearPrompts) -> list[LegOutput]:
        """Let the caller and the destination that answered hear the same."""
        if self.hunt.winner is None:
            return []
        return [*self.caller.hear(prompts), *self.hunt.winner.hear(prompts)]

    def extend(self, lifetime: float) -> list[LegOutput]:
        """Let the media live on."""
        return [ExtendMedia(call=self.id, lifetime=lifetime)]

    def release(
        self,
        now: Instant,
        *,
        status: int,
        causes: tuple[Cause, ...] = (),
        retry_after: int | None = None,
    ) -> list[LegOutput]:
        """Let everybody go, in whatever state they are; :attr:`settled` follows."""
        if self.state is State.RELEASED:
            return []
        self.state = State.RELEASED
        outputs: list[LegOutput] = [*self.caller.end(status, causes, retry_after)]
        outputs += self.hunt.stop(now, causes)
        if self.hunt.winner is not None:
            outputs += self.hunt.winner.hang_up(causes)
        self._forget_uninvited()
        if self._ports:
            outputs.append(CloseMedia(self.id))
        return self._pass(outputs)

    def receive(self, event: sip.Event, now: Instant) -> list[LegOutput]:
        """Take what one of our sessions says."""
        session = event.session
        match event:
            case sip.Ended() | sip.Refused():
                self._sessions.discard(session)
            case _:
                pass
        return self._of_leg(LegId(session), lambda leg: leg.receive(event, now), now)

    def hear_of(self, fact: MediaFact, now: Instant) -> list[LegOutput]:
        """Take what the media plane says of our session."""
        match fact:
            case MediaLost():
                self._ports.clear()
                return [AudioLost()]
            case PortFailed(leg=leg) if not self._is_open(leg):
                self._ports.discard(leg)
            case _:
                pass
        return self._of_leg(fact.leg, lambda leg: leg.hear_of(fact, now), now)

    def wake(self, now: Instant) -> list[LegOutput]:
        """Give up attempts that have rung for long enough."""
        outputs = self._pass(self.hunt.wake(now))
        self._forget_uninvited()
        return outputs

    def _is_open(self, name: LegId) -> bool:
        leg = self.caller if name == self.caller.leg else self.hunt.legs.get(name)
        return leg is not None and leg.audio.ready

    def _of_leg(
        self,
        name: LegId,
        act: Callable[[CallerLeg | DestinationLeg], Sequence[LegOutput]],
        now: Instant,
    ) -> list[LegOutput]:
        if name == self.caller.leg:
            return self._pass(act(self.caller))
        leg = self.hunt.legs.get(name)
        if leg is None:
            return []
        outputs = self._pass(self.hunt.watch(act(leg), now))
        self._forget_uninvited()
        return outputs

    def _pass(self, outputs: Sequence[LegOutput]) -> list[LegOutput]:
        passed: list[LegOutput] = []
        for output in outputs:
            match output:
                case OpenPort(leg=leg):
                    self._ports.add(leg)
                case Measured(leg, _):
                    self._ports.discard(leg)
                case Turned() if self.bridge is not None:
                    passed += self.bridge.turned(output)
                case Answered() if self.state is State.RELEASED:
                    continue
                case _:
                    pass
            passed.append(output)
        return passed

    def _forget_uninvited(self) -> None:
        """An attempt that ended before it was invited has no session to wait for."""
        for leg in self.hunt.legs.values():
            if leg.over and not leg.invited:
                self._sessions.discard(SessionId(leg.leg))

    def _codecs(self) -> tuple[str, ...]:
        first = self.caller.audio.codec
        if first is None:
            return CODECS
        return (first, *(codec for codec in CODECS if codec != first))
