"""One 400 call from first INVITE to record: screen, admit, ask, route, join, charge.

The flow decides; :class:`b2bua.call.call.Call` carries out. It is a walk through phases::

    OPENING ──► PASSWORD ──► MENU ──► HUNTING ──► TALKING ──► ENDING ──► OVER
       │            │          │         │                      ▲
       └────────────┴──────────┴─────────┴──► ANNOUNCING ───────┘

Each phase may be skipped, every phase may end the call, and there is one way out,
:meth:`CallFlow._end`: both sides are released at once, and the record follows as soon as
ports and sessions are back, or a moment later whatever becomes of them.
"""

import enum
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Final, TypeAlias

from b2bua.call import events as leg_events
from b2bua.call.call import Call
from b2bua.call.events import LegFact, Release
from b2bua.call.leg import LegOutput
from b2bua.call.media import (
    HearPrompts,
    HearSilence,
    LegId,
    MediaFact,
    PressKeys,
    Quality,
)
from b2bua.call.verdict import q850_of
from b2bua.core.clock import Instant
from b2bua.core.errors import InvalidState
from b2bua.service import ivr
from b2bua.service.flow import hearing
from b2bua.service.flow.arrival import Arrival
from b2bua.service.flow.decision import (
    NO_CHOICE,
    NOBODY_ANSWERED,
    PASSWORD,
    Refusal,
    World,
    admit,
    direct,
    exhausted,
)
from b2bua.service.flow.dossier import Conclusion, Dossier, Moment
from b2bua.service.flow.outputs import Finished, FlowOutput, Remember, SaveRotor
from b2bua.service.flow.ringing import Ringing
from b2bua.service.flow.search import Search, attempt_of, target_for
from b2bua.service.plan import Announcements, Plan, ToMenu, TrunkRule
from b2bua.service.plan import Target as PlanTarget
from b2bua.service.record import LegQuality, Outcome, Step
from b2bua.sip.dialog import events as sip
from b2bua.sip.dialog.events import Cause

UNANSWERED_LIMIT: Final = 90.0
"""Seconds that a call may go on without a destination answering (§10)."""
ASKING_LIMIT: Final = 300.0
"""Seconds that a caller may spend with a password and menus."""
ANNOUNCEMENT_LIMIT: Final = 15.0
"""Seconds that a refusal may be spoken (§9)."""
TALK_LIMIT: Final = 4 * 3600.0
"""Seconds that any talk may last: the last of the three reapers."""
SETTLE_LIMIT: Final = 1.0
"""Seconds that a record waits for ports and sessions to come back."""
WAITING_LIFETIME: Final = 600.0
"""Seconds of media for a call that nobody has answered yet."""
TALKING_LIFETIME: Final = TALK_LIMIT + 60.0


class Phase(enum.Enum):
    """How far the call has come."""

    OPENING = "opening"
    """Waits for the caller's port."""
    ANNOUNCING = "announcing"
    PASSWORD = "password"
    MENU = "menu"
    HUNTING = "hunting"
    TALKING = "talking"
    ENDING = "ending"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a flow is told of everything that is not its call."""

    world: Callable[[Plan], World]
    trunks: Callable[[str], TrunkRule]


OUTCOMES: Final = {17: Outcome.BUSY, 19: Outcome.NO_ANSWER, 41: Outcome.FAILED}
"""By the Q.850 cause of a refusal; every other refusal is a rule's."""

Walk: TypeAlias = ivr.MenuWalk | ivr.PasswordCheck


class CallFlow:
    """One call of the 400 service."""

    def __init__(
        self, call: Call, dossier: Dossier, arrival: Arrival, around: Surroundings
    ) -> None:
        self.call = call
        self.dossier = dossier
        self.arrival = arrival
        self.phase = Phase.OPENING
        self._around = around
        self._admitted = False
        self._walk: Walk | None = None
        self._greeted = False
        self._refusal: Refusal | None = None
        self._search: Search | None = None
        self._ringing = Ringing(call.caller, dossier)
        self._limit: Instant | None = None
        """When the phase has lasted for long enough."""
        self._conclusion: Conclusion | None = None

    @property
    def deadline(self) -> Instant | None:
        """When :meth:`wake` must next be called."""
        walk = self._walk.deadline if self._walk is not None else None
        due = (self.call.deadline, walk, self._limit)
        return min((when for when in due if when is not None), default=None)

    @property
    def admitted(self) -> bool:
        """Whether the call passed screening, and so counts towards the caps."""
        return self._admitted

    @property
    def answered(self) -> bool:
        """Whether both sides are talking: the journal can bring such a call back."""
        return self.phase is Phase.TALKING

    @property
    def engaged(self) -> tuple[str, ...]:
        """Names of the destinations that this call rings or talks to."""
        if self.phase is Phase.TALKING:
            return (self.dossier.destination,)
        if self.phase is Phase.HUNTING:
            return tuple(leg.target.name for leg in self.call.hunt.ringing)
        return ()

    def start(self, moment: Moment) -> list[FlowOutput]:
        """Screen the call, and ask for the caller's port if there is something to hear."""
        plan = self.arrival.plan
        world = World() if plan is None else self._around.world(plan)
        admission = admit(plan, self.arrival.caller, moment.at, world)
        self.dossier.trace += admission.trace
        self._limit = moment.now + UNANSWERED_LIMIT
        if admission.refusal is not None:
            return self._settle(self._refuse(admission.refusal, moment), moment)
        self._admitted = True
        opened = self._carry(self.call.open(WAITING_LIFETIME), moment)
        return self._settle([Remember(), *opened], moment)

    def restore(self, moment: Moment) -> list[FlowOutput]:
        """Go on with an established call that was taken from the journal."""
        self.phase = Phase.TALKING
        talked = self.dossier.destination_answered or moment
        self._limit = talked.now + TALK_LIMIT
        return [Remember(), *self._carry(self.call.extend(TALKING_LIFETIME), moment)]

    def receive(self, event: sip.Event, moment: Moment) -> list[FlowOutput]:
        """Take what one of the call's sessions says."""
        outputs = self._carry(self.call.receive(event, moment.now), moment)
        return self._settle(outputs, moment)

    def hear_of(self, fact: MediaFact, moment: Moment) -> list[FlowOutput]:
        """Take what the media plane says of the call."""
        outputs = self._carry(self.call.hear_of(fact, moment.now), moment)
        return self._settle(outputs, moment)

    def wake(self, moment: Moment) -> list[FlowOutput]:
        """Fire what is due."""
        outputs = self._carry(self.call.wake(moment.now), moment)
        if self._walk is not None:
            outputs += self._walked(self._walk.wake(moment.now), moment)
        if self._limit is not None and self._limit <= moment.now:
            outputs += self._out_of_time(moment)
        return self._settle(outputs, moment)

    def hang_up(self, moment: Moment, reason: str) -> list[FlowOutput]:
        """End the call because the operator says so, or the process goes down."""
        return self._settle(self._fail(reason, moment), moment)

    def break_off(self, moment: Moment, fault: str) -> Finished:
        """Write the record of a call whose own machinery raised; trust nothing else."""
        self.phase, self._limit, self._walk = Phase.OVER, None, None
        self._conclusion = Conclusion(
            ended=moment,
            outcome=Outcome.FAILED,
            end_reason="our fault",
            status=500,
            q850=41,
            fault=fault,
        )
        return Finished(self.dossier.record(self._conclusion))

    def _carry(self, outputs: Sequence[LegOutput], moment: Moment) -> list[FlowOutput]:
        """Pass orders on, and act on facts where they stand among them."""
        passed: list[FlowOutput] = []
        for output in outputs:
            if isinstance(output, LegFact):
                passed += self._act(output, moment)
            else:
                passed.append(output)
        return passed

    def _act(self, fact: LegFact, moment: Moment) -> list[FlowOutput]:
        match fact:
            case leg_events.Measured(leg, quality):
                self._measure(leg, quality)
                return []
            case leg_events.Failed(leg=leg):
                return self._failed(fact, moment)
            case _ if self.phase in (Phase.ENDING, Phase.OVER):
                return []
            case leg_events.Ready():
                return self._opened(moment)
            case leg_events.NoAudio(_, status, why):
                return self._fail(why, moment, status=status, q850=88)
            case leg_events.Rang(_, audio) if self._search is not None:
                return self._carry(self._ringing.rang(audio, moment), moment)
            case leg_events.Spoke(leg) if leg in self.call.hunt.running:
                return self._carry(self._ringing.spoke(leg), moment)
            case leg_events.Rang() | leg_events.Spoke():
                return []
            case leg_events.Answered(leg):
                return self._answered(leg, moment)
            case leg_events.Pressed():
                return self._pressed(fact, moment)
            case leg_events.PromptsEnded(_, token):
                return self._prompts_ended(token, moment)
            case leg_events.FellSilent():
                return self._fail("no audio", moment) if self.answered else []
            case leg_events.Ended():
                return self._left(fact, moment)
            case leg_events.Stale():
                return [Remember()] if self.answered else []
            case leg_events.AudioLost():
                return self._fail("media_lost", moment)
            case leg_events.Turned():
                return []

    def _opened(self, moment: Moment) -> list[FlowOutput]:
        if self._refusal is not None:
            return self._announce(self._refusal, moment)
        plan = self.arrival.plan
        if plan is not None and plan.password:
            self.phase = Phase.PASSWORD
            self._walk = ivr.PasswordCheck(plan.password)
            answered = self._pick_up(moment)
            return answered + self._walked(self._walk.start(moment.now), moment)
        return self._direct(moment)

    def _direct(self, moment: Moment) -> list[FlowOutput]:
        plan = self._plan
        world = self._around.world(plan)
        direction = direct(plan, self.arrival.caller, moment.at, world)
        self.dossier.trace += direction.trace
        self.dossier.route = direction.route
        if direction.target is None:
            return self._refuse(direction.refusal or NO_CHOICE, moment)
        return self._go(direction.target, moment)

    def _go(self, target: PlanTarget, moment: Moment) -> list[FlowOutput]:
        self._walk = None
        if isinstance(target, ToMenu):
            self.phase = Phase.MENU
            self._walk = ivr.MenuWalk(self._plan.menus, target.name)
            answered = self._pick_up(moment)
            return answered + self._walked(self._walk.start(moment.now), moment)
        self.phase = Phase.HUNTING
        self._limit = moment.now + UNANSWERED_LIMIT
        search = Search(self._plan, self.arrival, self.dossier, self._around.world)
        choice = search.begin(target, moment.at)
        if choice.refusal is not None:
            return self._refuse(choice.refusal, moment)
        self._search = search
        names = choice.order if choice.at_once else choice.order[:1]
        rotors = [SaveRotor(key, state) for key, state in choice.rotors]
        heard = self._carry(self._ringing.begin(self._plan, moment), moment)
        return [*rotors, *heard, *self._try(names, moment)]

    def _try(self, names: Sequence[str], moment: Moment) -> list[FlowOutput]:
        outputs: list[LegOutput] = []
        for name in names:
            trunk = self._around.trunks(self._plan.destinations[name].trunk)
            target = target_for(name, self._plan, self.arrival, trunk)
            outputs += self.call.dial(target, WAITING_LIFETIME, moment.now)
        return self._carry(outputs, moment)

    def _walked(
        self, outputs: Sequence[ivr.MenuOutput | ivr.PasswordOutput], moment: Moment
    ) -> list[FlowOutput]:
        """Carry out what a menu or a password question wants."""
        passed: list[FlowOutput] = []
        for output in outputs:
            match output:
                case ivr.Ask(prompts, token):
                    passed += self._ask(prompts, token, moment)
                case ivr.Hush():
                    passed += self._carry(self.call.caller.hear(HearSilence()), moment)
                case ivr.Chose(target, keys) | ivr.GaveUp(target, keys):
                    self.dossier.keys = keys
                    self.dossier.trace.append(Step("keys", True, keys or "none pressed"))
                    if target is None:
                        passed += self._refuse(NO_CHOICE, moment)
                    else:
                        passed += self._go(target, moment)
                case ivr.Accepted():
                    self.dossier.trace.append(Step("password", True, "right"))
                    self._walk = None
                    passed += self._direct(moment)
                case ivr.Rejected():
                    self.dossier.trace.append(Step("password", False, "wrong three times"))
                    passed += self._refuse(PASSWORD, moment)
        return passed

    def _ask(self, prompts: Sequence[str], token: str, moment: Moment) -> list[FlowOutput]:
        plan = self._plan
        names = [hearing.media_name(name, plan) for name in prompts]
        if not self._greeted and plan.greeting is not None and self.phase is Phase.MENU:
            self._greeted = True
            names.insert(0, hearing.media_name(plan.greeting, plan))
        heard = HearPrompts(prompts=tuple(names), token=token)
        return self._carry(self.call.caller.hear(heard), moment)

    def _pick_up(self, moment: Moment) -> list[FlowOutput]:
        """Answer the caller, unless that was done: from here on it may cost."""
        outputs = self.call.caller.answer()
        if not outputs:
            return []
        self.dossier.answered = moment
        self._limit = moment.now + ASKING_LIMIT
        return [Remember(), *self._carry(outputs, moment)]

    def _failed(self, failed: leg_events.Failed, moment: Moment) -> list[FlowOutput]:
        self._note_attempt(failed.leg)
        search = self._search
        if search is None:
            return []
        outputs = self._carry(self._ringing.failed(failed.leg), moment)
        if not self.call.hunt.exhausted:
            return outputs
        if (name := search.forward(failed.verdict, moment.at)) is not None:
            return outputs + self._try([name], moment)
        outcomes = [attempt.outcome for attempt in self.dossier.attempts]
        trunk = self._around.trunks(self.arrival.trunk)
        return outputs + self._refuse(exhausted(outcomes, trunk.nobody_answered), moment)

    def _answered(self, leg: LegId, moment: Moment) -> list[FlowOutput]:
        self._note_attempt(leg)
        self.dossier.destination = self.call.hunt.legs[leg].target.name
        self.dossier.destination_answered = moment
        outputs = self._pick_up(moment)
        self.phase, self._search = Phase.TALKING, None
        self._limit = moment.now + TALK_LIMIT
        joined = [*self.call.join(), *self.call.extend(TALKING_LIFETIME)]
        return [*outputs, *self._carry(joined, moment), Remember()]

    def _pressed(self, pressed: leg_events.Pressed, moment: Moment) -> list[FlowOutput]:
        if self._walk is not None and pressed.leg == self.call.caller.leg:
            return self._walked(self._walk.press(pressed.digit, moment.now), moment)
        destination = self.call.destination
        if self.phase is not Phase.TALKING or pressed.in_audio or destination is None:
            return []
        from_caller = pressed.leg == self.call.caller.leg
        other = destination.leg if from_caller else self.call.caller.leg
        return [PressKeys(call=self.call.id, leg=other, digits=pressed.digit)]

    def _prompts_ended(self, token: str, moment: Moment) -> list[FlowOutput]:
        if self.phase is Phase.ANNOUNCING and token == hearing.ANNOUNCED:
            return self._out_of_time(moment)
        if self._walk is None:
            return []
        return self._walked(self._walk.prompt_ended(token, moment.now), moment)

    def _left(self, ended: leg_events.Ended, moment: Moment) -> list[FlowOutput]:
        """One side is gone: let the other go, at once and independently."""
        by_caller = ended.leg == self.call.caller.leg
        lost = ended.release is Release.LOST
        who = "caller" if by_caller else "destination"
        if lost:
            return self._fail(f"{who} lost", moment)
        reason = f"{who} hung up" if self.answered else "caller gave up"
        outcome = Outcome.ANSWERED if self.answered else Outcome.ABANDONED
        q850 = q850_of(ended.causes) or 16
        return self._end(_conclusion(moment, outcome, reason, 487, q850))

    def _refuse(self, refusal: Refusal, moment: Moment) -> list[FlowOutput]:
        """End the call for a reason of the service: say why, then say no (§9)."""
        plan = self.arrival.plan
        self._refusal, self._walk, self._search = refusal, None, None
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
        outcome = OUTCOMES.get(refusal.q850, Outcome.REFUSED)
        return self._end(
            _conclusion(moment, outcome, refusal.rule, refusal.status, refusal.q850)
        )

    def _out_of_time(self, moment: Moment) -> list[FlowOutput]:
        """The phase has lasted for long enough."""
        self._limit = None
        match self.phase:
            case Phase.ANNOUNCING if self._refusal is not None:
                return self._conclude(self._refusal, moment)
            case Phase.PASSWORD | Phase.MENU:
                return self._refuse(NO_CHOICE, moment)
            case Phase.HUNTING:
                self._search = None
                stopped = self._carry(self.call.hunt.stop(moment.now), moment)
                return stopped + self._refuse(NOBODY_ANSWERED, moment)
            case Phase.TALKING:
                return self._fail("talk limit", moment)
            case Phase.OPENING | Phase.ANNOUNCING:
                return self._fail("no port in time", moment)
            case Phase.ENDING | Phase.OVER:
                return []

    def _fail(
        self, reason: str, moment: Moment, *, status: int = 480, q850: int = 41
    ) -> list[FlowOutput]:
        """End the call for a reason that is neither side's and no rule's."""
        outcome = Outcome.ANSWERED if self.answered else Outcome.FAILED
        return self._end(_conclusion(moment, outcome, reason, status, q850))

    def _end(self, conclusion: Conclusion) -> list[FlowOutput]:
        """Let both sides go: the one way out of every phase."""
        moment = conclusion.ended
        self.phase, self._conclusion = Phase.ENDING, conclusion
        self._walk, self._search = None, None
        self._limit = moment.now + SETTLE_LIMIT
        released = self.call.release(
            moment.now,
            status=conclusion.status,
            causes=(Cause("Q.850", conclusion.q850),),
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

    def _note_attempt(self, leg: LegId) -> None:
        tried = next(one for one in reversed(self.call.hunt.tried) if one.leg == leg)
        self.dossier.attempts.append(attempt_of(tried))

    def _measure(self, leg: LegId, quality: Quality) -> None:
        attempt = self.call.hunt.legs.get(leg)
        name = "caller" if attempt is None else attempt.target.name
        self.dossier.quality.append(LegQuality(leg=name, **asdict(quality)))

    @property
    def _plan(self) -> Plan:
        if self.arrival.plan is None:
            raise InvalidState("a call to an unknown number has no plan")
        return self.arrival.plan


def _conclusion(
    moment: Moment, outcome: Outcome, reason: str, status: int, q850: int
) -> Conclusion:
    return Conclusion(
        ended=moment, outcome=outcome, end_reason=reason, status=status, q850=q850
    )
