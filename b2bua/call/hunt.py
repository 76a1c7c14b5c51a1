"""Try destinations until one answers: one after another, or several at once.

The hunt knows nothing of lists and percentages: it is told whom to try and says when
there is nobody left. Every attempt is a leg of its own; the first to answer wins, the
others are given up (RFC 3261 §16.7 step 10, from the calling side).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from b2bua.call.destination import DestinationLeg, Target
from b2bua.call.events import Answered, Failed, Rang, Verdict
from b2bua.call.leg import LegOutput
from b2bua.call.media import CallId, LegId
from b2bua.core.clock import Instant
from b2bua.core.tokens import Tokens
from b2bua.sip.dialog.events import Cause, SessionId
from b2bua.sip.sdp.crypto import Srtp


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """One attempt that is over; ``verdict`` None: it was answered."""

    leg: LegId
    target: Target
    verdict: Verdict | None
    status: int
    q850: int
    ring_ms: int
    """From the INVITE to the end of the attempt."""


class Hunt:
    """The attempts of one call."""

    def __init__(self, call: CallId, tokens: Tokens) -> None:
        self.legs: dict[LegId, DestinationLeg] = {}
        """Every attempt of this call, over or not."""
        self.tried: list[Tried] = []
        self.winner: DestinationLeg | None = None
        self._call = call
        self._tokens = tokens
        self._began: dict[LegId, Instant] = {}

    @property
    def deadline(self) -> Instant | None:
        """When an attempt has rung for long enough."""
        running = [leg.deadline for leg in self.legs.values() if leg.deadline is not None]
        return min(running, default=None)

    @property
    def ringing(self) -> list[DestinationLeg]:
        """The attempts that may still be answered."""
        return [leg for leg in self.legs.values() if leg.leg in self._began]

    @property
    def running(self) -> frozenset[LegId]:
        """The names of the attempts that may still be answered."""
        return frozenset(self._began)

    @property
    def exhausted(self) -> bool:
        """Whether somebody was tried, and nobody is left who may answer."""
        return not self._began and self.winner is None

    def call(
        self,
        target: Target,
        *,
        codecs: tuple[str, ...],
        session_id: int,
        lifetime: float,
        now: Instant,
    ) -> list[LegOutput]:
        """Try one more destination."""
        session = SessionId(self._tokens.tag())
        leg = DestinationLeg(
            self._call,
            session,
            target,
            session_id=session_id,
            codecs=codecs,
            master=b"" if target.srtp is Srtp.NEVER else self._tokens.master(),
        )
        self.legs[leg.leg] = leg
        self._began[leg.leg] = now
        return list(leg.dial(now, lifetime))

    def stop(
        self,
        now: Instant,
        causes: tuple[Cause, ...] = (),
        verdict: Verdict = Verdict.CANCELLED,
    ) -> list[LegOutput]:
        """Give up every attempt that is not answered."""
        outputs: list[LegOutput] = []
        for leg in self.ringing:
            outputs += self.watch(leg.give_up(causes, verdict), now)
        return outputs

    def wake(self, now: Instant) -> list[LegOutput]:
        """Give up the attempts that have rung for long enough."""
        outputs: list[LegOutput] = []
        for leg in self.ringing:
            outputs += self.watch(leg.wake(now), now)
        return outputs

    def watch(self, outputs: Sequence[LegOutput], now: Instant) -> list[LegOutput]:
        """Note what becomes of attempts as their outputs pass by."""
        passed: list[LegOutput] = []
        for output in outputs:
            match output:
                case Failed():
                    passed += self._failed(output, now)
                    passed.append(output)
                case Answered(leg):
                    passed += self._answered(self.legs[leg], now)
                    passed.append(output)
                case Rang(leg=leg) if leg not in self._began:
                    pass
                case _:
                    passed.append(output)
        return passed

    def _failed(self, failed: Failed, now: Instant) -> list[LegOutput]:
        leg = self.legs[failed.leg]
        self._note(leg, failed.verdict, failed.status, failed.q850, now)
        return [*leg.audio.close()]

    def _answered(self, winner: DestinationLeg, now: Instant) -> list[LegOutput]:
        self._note(winner, None, 200, 0, now)
        self.winner = winner
        return self.stop(now, (Cause("SIP", 200, "Call completed elsewhere"),))

    def _note(
        self,
        leg: DestinationLeg,
        verdict: Verdict | None,
        status: int,
        q850: int,
        now: Instant,
    ) -> None:
        began = self._began.pop(leg.leg)
        self.tried.append(
            Tried(
                leg=leg.leg,
                target=leg.target,
                verdict=verdict,
                status=status,
                q850=q850,
                ring_ms=round((now - began) * 1000),
            )
        )
