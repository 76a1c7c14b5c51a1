"""What every phase of a call has in common: orders passed on, and the one way out.

:meth:`Course._end` is that way: both sides are released at once, and the record follows as
soon as ports and sessions are back, or a moment later whatever becomes of them.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from b2bua.call.call import Call
from b2bua.call.events import LegFact
from b2bua.call.leg import LegOutput
from b2bua.call.media import CallId, LegId, Quality
from b2bua.core.clock import Instant
from b2bua.core.errors import InvalidState
from b2bua.service.flow import ending, hearing
from b2bua.service.flow.arrival import Arrival
from b2bua.service.flow.decision import Refusal, World, exhausted
from b2bua.service.flow.dossier import Conclusion, Dossier, Moment, quality_of
from b2bua.service.flow.outputs import Finished, FlowOutput, Remember
from b2bua.service.flow.phase import (
    ANNOUNCEMENT_LIMIT,
    ASKING_LIMIT,
    RETRY_AFTER,
    SETTLE_LIMIT,
    WAITING_LIFETIME,
    Phase,
)
from b2bua.service.flow.ringing import Ringing
from b2bua.service.flow.search import attempt_of, target_for
from b2bua.service.plan import Announcements, Plan, TrunkRule
from b2bua.service.quota import Shortage
from b2bua.service.record import Step
from b2bua.sip.dialog.events import Cause


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a flow is told of everything that is not its call."""

    world: Callable[[Plan], World]
    trunks: Callable[[str], TrunkRule]
    quota: Callable[[Plan, Dossier], Shortage | None]
    """Why a call cannot be admitted from the quota that is held; None if it can."""
    recordings: str = ""
    """Directory for recordings; empty: there are none."""


class Course(ABC):
    """One call, whatever its phase."""

    def __init__(
        self, call: Call, dossier: Dossier, arrival: Arrival, around: Surroundings
    ) -> None:
        self.call = call
        self.dossier = dossier
        self.arrival = arrival
        self.phase = Phase.OPENING
        self._around = around
        self._refusal: Refusal | None = None
        self._ringing = Ringing(
            call.caller, dossier, lambda leg: call.hunt.legs[leg].target.early
        )
        self._limit: Instant | None = None
        """When the phase has lasted for long enough."""
        self._conclusion: Conclusion | None = None

    @property
    def over(self) -> bool:
        """Whether the record is written: nothing more is asked of this call."""
        return self.phase is Phase.OVER

    @property
    def admitted(self) -> bool:
        """Whether it passed screening, and so counts towards the caps."""
        return self.dossier.admitted

    @property
    def answered(self) -> bool:
        """Whether both sides are there: the journal can bring such a call back."""
        return self.phase in (Phase.NOTICE, Phase.TALKING)

    @property
    def engaged(self) -> tuple[str, ...]:
        """Names of the destinations that this call rings or talks to."""
        if self.answered:
            return (self.dossier.destination,)
        if self.phase is Phase.HUNTING:
            return tuple(leg.target.name for leg in self.call.hunt.ringing)
        return ()

    @property
    def name(self) -> CallId:
        """The call's name."""
        return self.call.id

    def hang_up(self, moment: Moment, reason: str) -> list[FlowOutput]:
        """End the call because the operator says so, or the process goes down."""
        if self.phase in (Phase.ENDING, Phase.OVER):
            return []
        return self._settle(self._fail(reason, moment), moment)

    def break_off(self, moment: Moment, fault: str) -> Conclusion:
        """Be over, as the call's own machinery raised; nothing else of it is trusted.

        A call that was ending has ended as it was about to, but for the fault.
        """
        self.phase = Phase.OVER
        if self._conclusion is not None:
            return replace(self._conclusion, fault=fault)
        return ending.by_fault(moment, fault, talked=self._talked)

    def _carry(self, outputs: Sequence[LegOutput], moment: Moment) -> list[FlowOutput]:
        """Pass orders on, and act on facts where they stand among them."""
        passed: list[FlowOutput] = []
        for output in outputs:
            if isinstance(output, LegFact):
                passed += self._act(output, moment)
            else:
                passed.append(output)
        return passed

    def _pick_up(self, moment: Moment) -> list[FlowOutput]:
        """Answer the caller, unless that was done: from here on it may cost."""
        outputs = self.call.caller.answer()
        if not outputs:
            return []
        self.dossier.answered = moment
        self._limit = moment.now + ASKING_LIMIT
        return [Remember(), *self._carry(outputs, moment)]

    def _by_another_trunk(self, leg: LegId, moment: Moment) -> list[FlowOutput]:
        """Try the same destination by the trunk that stands by for the one that failed."""
        target, tried = self.call.hunt.legs[leg].target, self.call.hunt.tried
        trunks = {one.target.trunk for one in tried if one.target.name == target.name}
        if not target.overflow or target.overflow in trunks:
            return []
        self._note("trunk", False, f"{target.trunk} takes no call: {target.overflow}")
        trunk = self._around.trunks(target.overflow)
        again = target_for(target.name, self._plan, self.arrival, trunk)
        return self._carry(self.call.dial(again, WAITING_LIFETIME, moment.now), moment)

    def _exhausted(self, outcomes: Sequence[str]) -> Refusal:
        """How a call ends that nobody took, in the word of the trunk it came by."""
        trunk = self._around.trunks(self.arrival.trunk)
        return exhausted(outcomes, trunk.nobody_answered)

    def _refuse(self, refusal: Refusal, moment: Moment) -> list[FlowOutput]:
        """End the call for a reason of the service: say why, then say no (§9)."""
        plan = self.arrival.plan
        self._refusal = refusal
        self._stop()
        spoken = plan is None or plan.announcements is Announcements.ALL
        if not spoken or not refusal.announcement:
            return self._conclude(refusal, moment)
        if self.call.caller.audio.ready:
            return self._announce(refusal, moment)
        self.phase = Phase.OPENING
        return self._carry(self.call.open(WAITING_LIFETIME), moment)

    def _announce(self, refusal: Refusal, moment: Moment) -> list[FlowOutput]:
        opened = self._carry(self._ringing.open(moment), moment)
        if not self.call.caller.hears:
            return self._conclude(refusal, moment)
        self.phase = Phase.ANNOUNCING
        self._limit = moment.now + ANNOUNCEMENT_LIMIT
        heard = hearing.announcement(refusal.announcement, self.arrival.plan)
        return [*opened, *self._carry(self.call.caller.hear(heard), moment)]

    def _conclude(self, refusal: Refusal, moment: Moment) -> list[FlowOutput]:
        return self._end(ending.by_refusal(refusal, moment))

    def _fail(
        self, reason: str, moment: Moment, *, status: int = 480, q850: int = 41
    ) -> list[FlowOutput]:
        """End the call for a reason that is neither side's and no rule's.

        A call that is being refused is refused, whatever breaks meanwhile: the carrier
        would try again on any of the statuses that say so (§9).
        """
        if self._refusal is not None:
            return self._conclude(self._refusal, moment)
        talked = self._talked
        return self._end(
            ending.by_failure(reason, moment, talked=talked, status=status, q850=q850)
        )

    def _end(self, conclusion: Conclusion) -> list[FlowOutput]:
        """Let both sides go: the one way out of every phase."""
        moment = conclusion.ended
        self.phase, self._conclusion = Phase.ENDING, conclusion
        self._stop()
        self._limit = moment.now + SETTLE_LIMIT
        released = self.call.release(
            moment.now,
            status=conclusion.status,
            causes=(Cause("Q.850", conclusion.q850),),
            retry_after=RETRY_AFTER if conclusion.status == 503 else None,
        )
        return self._carry(released, moment)

    def _settle(self, outputs: list[FlowOutput], moment: Moment) -> list[FlowOutput]:
        """Write the record when everything is back, or has had time enough to come back."""
        if self.phase is not Phase.ENDING or self._conclusion is None:
            return outputs
        late = self._limit is None or self._limit <= moment.now
        if not self.call.settled and not late:
            return outputs
        self.phase, self._limit = Phase.OVER, None
        return [*outputs, Finished(self.dossier.record(self._conclusion))]

    def _note(self, rule: str, passed: bool, why: str) -> None:
        self.dossier.trace.append(Step(rule, passed, why))

    def _note_attempt(self, leg: LegId) -> None:
        tried = next(one for one in reversed(self.call.hunt.tried) if one.leg == leg)
        self.dossier.attempts.append(attempt_of(tried))

    def _measure(self, leg: LegId, quality: Quality) -> None:
        attempt = self.call.hunt.legs.get(leg)
        name = "caller" if attempt is None else attempt.target.name
        self.dossier.quality.append(quality_of(name, quality))

    @property
    def _talked(self) -> bool:
        return self.dossier.destination_answered is not None

    @property
    def _plan(self) -> Plan:
        if self.arrival.plan is None:
            raise InvalidState("a call to an unknown number has no plan")
        return self.arrival.plan

    @abstractmethod
    def _act(self, fact: LegFact, moment: Moment) -> list[FlowOutput]:
        """Act on what happened to a leg."""

    @abstractmethod
    def _stop(self) -> None:
        """Ask, try and play nothing more."""
