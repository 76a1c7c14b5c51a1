"""The softphone's machine: one SIP stack, and legs without a service behind them.

``b2bua dial`` and ``b2bua answer`` are made of the same legs as a 400 call. Whatever
happens to a leg is given out as a fact for whoever holds the phone.
"""

from collections import deque
from collections.abc import Sequence
from datetime import datetime
from typing import TypeAlias

from b2bua.call.audio import CODECS
from b2bua.call.caller import CallerLeg, secrecy_of
from b2bua.call.destination import DestinationLeg, Target
from b2bua.call.events import LegFact
from b2bua.call.leg import LegOutput
from b2bua.call.media import CallId, LegId, MediaFact, MediaLost, MediaOrder
from b2bua.core.clock import Instant
from b2bua.core.tokens import Tokens
from b2bua.sip.dialog import events as sip
from b2bua.sip.dialog.events import SessionId
from b2bua.sip.endpoint.endpoint import SipEndpoint
from b2bua.sip.endpoint.outputs import Crossed, Dropped, Notice, Resolve, Transmit
from b2bua.sip.endpoint.outputs import Output as EndpointOutput
from b2bua.sip.transport.flow import Flow
from b2bua.sip.transport.target import Answer

LIFETIME = 2 * 3600.0
"""Seconds that the audio of one call may last, and outlive a phone that was killed."""

Leg: TypeAlias = CallerLeg | DestinationLeg
LineOutput: TypeAlias = Transmit | Resolve | MediaOrder | sip.Invited | LegFact


class Line:
    """Every leg of one softphone; implements :class:`b2bua.net.driver.Machine`."""

    def __init__(self, endpoint: SipEndpoint, tokens: Tokens) -> None:
        self.legs: dict[LegId, Leg] = {}
        self._endpoint = endpoint
        self._tokens = tokens

    @property
    def deadline(self) -> Instant | None:
        """When :meth:`wake` must next be called."""
        rings = [
            leg.deadline for leg in self.legs.values() if isinstance(leg, DestinationLeg)
        ]
        due = (self._endpoint.deadline, *rings)
        return min((when for when in due if when is not None), default=None)

    def receive(
        self, data: bytes, flow: Flow, now: Instant, at: datetime
    ) -> list[LineOutput]:
        """Take one message."""
        return self._run(self._endpoint.receive(data, flow, now), now)

    def flow_failed(self, flow: Flow, now: Instant, at: datetime) -> list[LineOutput]:
        """Hear that what was sent did not arrive."""
        return self._run(self._endpoint.flow_failed(flow, now), now)

    def resolved(self, answer: Answer, now: Instant, at: datetime) -> list[LineOutput]:
        """Take the answer to a ``Resolve``."""
        return self._run(self._endpoint.resolved(answer, now), now)

    def wake(self, now: Instant, at: datetime) -> list[LineOutput]:
        """Fire what is due."""
        outputs = self._run(self._endpoint.wake(now), now)
        for leg in list(self.legs.values()):
            if isinstance(leg, DestinationLeg):
                outputs += self._run(leg.wake(now), now)
        return outputs

    def hear_of(self, fact: MediaFact, now: Instant) -> list[LineOutput]:
        """Take what the media process says."""
        if isinstance(fact, MediaLost):
            return []
        leg = self.legs.get(fact.leg)
        return [] if leg is None else self._run(leg.hear_of(fact, now), now)

    def dial(self, target: Target, now: Instant) -> tuple[LegId, list[LineOutput]]:
        """Call somebody."""
        session = SessionId(self._tokens.tag())
        leg = DestinationLeg(
            CallId(session),
            session,
            target,
            session_id=int(self._tokens.fraction() * 2**31),
            codecs=CODECS,
            master=self._tokens.master(),
        )
        self.legs[leg.leg] = leg
        return leg.leg, self._run(leg.dial(now, LIFETIME), now)

    def take(self, invited: sip.Invited, now: Instant) -> tuple[LegId, list[LineOutput]]:
        """Take somebody's call as a leg, and ask for a port for it."""
        invitation = invited.invitation
        leg = CallerLeg(
            CallId(invited.session),
            invited.session,
            offer=invitation.offer,
            reliable=invitation.supports_reliable,
            session_id=int(self._tokens.fraction() * 2**31),
            secrecy=secrecy_of(invitation, self._tokens),
        )
        self.legs[leg.leg] = leg
        return leg.leg, self._run(leg.open(LIFETIME), now)

    def act(self, outputs: Sequence[LegOutput], now: Instant) -> list[LineOutput]:
        """Carry out what a leg wants."""
        return self._run(outputs, now)

    def refuse(
        self, session: SessionId, status: int, q850: int, now: Instant
    ) -> list[LineOutput]:
        """Say no to a call that was not taken."""
        causes = (sip.Cause("Q.850", q850),) if q850 else ()
        return self._run([sip.Refuse(session=session, status=status, causes=causes)], now)

    def forget(self, leg: LegId) -> None:
        """Let go of a leg that is over and measured."""
        self.legs.pop(leg, None)

    def _run(
        self, items: Sequence[EndpointOutput | LegOutput], now: Instant
    ) -> list[LineOutput]:
        outputs: list[LineOutput] = []
        backlog: deque[EndpointOutput | LegOutput] = deque(items)
        while backlog:
            item = backlog.popleft()
            if isinstance(item, Transmit | Resolve | sip.Invited | MediaOrder | LegFact):
                outputs.append(item)
            elif isinstance(item, Crossed | Dropped | Notice):
                continue
            elif isinstance(item, sip.Order):
                backlog += self._endpoint.order(item, now)
            elif (leg := self.legs.get(LegId(item.session))) is not None:
                backlog += leg.receive(item, now)
        return outputs
