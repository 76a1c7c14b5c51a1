"""One 400 call from first INVITE to record: screen, admit, ask, route, join, charge.

The flow decides; :class:`b2bua.call.call.Call` carries out. It is a walk through phases::

    OPENING ──► PASSWORD ──► MENU ──► HUNTING ──► TALKING ──► ENDING ──► OVER
       │            │          │         │                      ▲
       └────────────┴──────────┴─────────┴──► ANNOUNCING ───────┤
                                         └──► VOICEMAIL ────────┘

A talk that is recorded begins with a NOTICE. Each phase may be skipped, every phase may
end the call, and there is one way out, :meth:`CallFlow._end`: both sides are released at
once, and the record follows as soon as ports and sessions are back, or a moment later
whatever becomes of them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from b2bua.call import events as leg_events
from b2bua.call.call import Call
from b2bua.call.events import LegFact
from b2bua.call.leg import LegOutput
from b2bua.call.media import LegId, MediaFact, PressKeys, Quality
from b2bua.core.clock import Instant
from b2bua.core.errors import InvalidState
from b2bua.service.flow import ending, hearing
from b2bua.service.flow.arrival import Arrival
from b2bua.service.flow.asking import Asking, Chosen, Denied, Granted, Said
from b2bua.service.flow.decision import (
    NO_CHOICE,
    NO_ROUTE,
    NOBODY_ANSWERED,
    PASSWORD,
    Refusal,
    World,
    admit,
    direct,
    exhausted,
)
from b2bua.service.flow.dossier import Conclusion, Dossier, Moment, quality_of
from b2bua.service.flow.message import Heard, Left, Message
from b2bua.service.flow.outputs import Finished, FlowOutput, Remember, SaveRotor
from b2bua.service.flow.phase import (
    ANNOUNCEMENT_LIMIT,
    ASKING_LIMIT,
    MESSAGE_LIFETIME,
    NO_AUDIO,
    RETRY_AFTER,
    SETTLE_LIMIT,
    TALK_LIMIT,
    TALKING_LIFETIME,
    UNANSWERED_LIMIT,
    WAITING_LIFETIME,
    Phase,
)
from b2bua.service.flow.ringing import Ringing
from b2bua.service.flow.search import Search, attempt_of, target_for
from b2bua.service.flow.tape import Tape
from b2bua.service.plan import Announcements, Plan, ToMenu, ToVoicemail, TrunkRule
from b2bua.service.plan import Target as PlanTarget
from b2bua.service.record import Step
from b2bua.sip.dialog import events as sip
from b2bua.sip.dialog.deadlines import earliest
from b2bua.sip.dialog.events import Cause


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a flow is told of everything that is not its call."""

    world: Callable[[Plan], World]
    trunks: Callable[[str], TrunkRule]
    recordings: str = ""
    """Directory for recordings; empty: there are none."""


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
        self._asking = Asking(call.caller, dossier)
        self._refusal: Refusal | None = None
        self._search: Search | None = None
        self._ringing = Ringing(call.caller, dossier)
        self._tape = Tape(call, dossier, around.recordings)
        self._message: Message | None = None
        self._instead = NOBODY_ANSWERED
        """What would be said to a caller who may leave a message."""
        self._limit: Instant | None = None
        """When the phase has lasted for long enough."""
        self._conclusion: Conclusion | None = None

    @property
    def deadline(self) -> Instant | None:
        """When :meth:`wake` must next be called."""
        if self.phase is Phase.OVER:
            return None
        message = None if self._message is None else self._message.deadline
        return earliest(self.call.deadline, self._asking.deadline, message, self._limit)

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

    def start(self, moment: Moment) -> list[FlowOutput]:
        """Screen the call, and ask for the caller's port if there is something to hear."""
        plan = self.arrival.plan
        world = World() if plan is None else self._around.world(plan)
        admission = admit(plan, self.arrival.caller, moment.at, world)
        self.dossier.trace += admission.trace
        self._limit = moment.now + UNANSWERED_LIMIT
        if admission.refusal is not None:
            return self._settle(self._refuse(admission.refusal, moment), moment)
        self.dossier.admitted = True
        opened = self._carry(self.call.open(WAITING_LIFETIME), moment)
        return self._settle([Remember(), *opened], moment)

    def restore(self, moment: Moment) -> list[FlowOutput]:
        """Go on with an established call that was taken from the journal."""
        talked = self.dossier.destination_answered or moment
        begun = self._talk(moment) if self.phase is Phase.NOTICE else []
        self.phase = Phase.TALKING
        self._limit = talked.now + TALK_LIMIT
        extended = self._carry(self.call.extend(TALKING_LIFETIME), moment)
        return [Remember(), *begun, *extended]

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
        outputs += self._asked(self._asking.wake(moment.now), moment)
        if self._message is not None:
            outputs += self._messaged(self._message.wake(moment.now), moment)
        if self._limit is not None and self._limit <= moment.now:
            outputs += self._out_of_time(moment)
        return self._settle(outputs, moment)

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

    def _act(self, fact: LegFact, moment: Moment) -> list[FlowOutput]:
        match fact:
            case leg_events.Measured(leg, quality):
                self._measure(leg, quality)
                return []
            case leg_events.Recorded():
                self._tape.recorded(fact)
                return []
            case leg_events.Failed(leg=leg):
                return self._failed(fact, moment)
            case _ if self.phase in (Phase.ENDING, Phase.OVER):
                return []
            case leg_events.Ready():
                return self._opened(moment)
            case leg_events.NoAudio(_, status, why):
                return self._fail(why, moment, status=status, q850=NO_AUDIO[status])
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
            case leg_events.Unheard(leg, why):
                return self._unheard(leg, why, moment)
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
        if not self._plan.password:
            return self._direct(moment)
        self.phase = Phase.PASSWORD
        answered = self._pick_up(moment)
        asked = self._asking.password(self._plan, moment.now)
        return answered + self._asked(asked, moment)

    def _direct(self, moment: Moment) -> list[FlowOutput]:
        plan = self._plan
        world = self._around.world(plan)
        direction = direct(plan, self.arrival.caller, moment.at, world)
        self.dossier.trace += direction.trace
        self.dossier.route = direction.route
        if direction.target is None:
            return self._refuse(direction.refusal or NO_ROUTE, moment)
        return self._go(direction.target, moment)

    def _go(self, target: PlanTarget, moment: Moment) -> list[FlowOutput]:
        if isinstance(target, ToMenu):
            self.phase = Phase.MENU
            answered = self._pick_up(moment)
            asked = self._asking.menu(self._plan, target.name, moment.now)
            return answered + self._asked(asked, moment)
        if isinstance(target, ToVoicemail):
            return self._take_message(NOBODY_ANSWERED, moment)
        self.phase = Phase.HUNTING
        self._limit = moment.now + UNANSWERED_LIMIT
        search = Search(self._plan, self.arrival, self.dossier, self._around.world)
        choice = search.begin(target, moment.at)
        if choice.refusal is not None:
            return self._nobody(choice.refusal, moment)
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

    def _asked(self, said: Sequence[Said], moment: Moment) -> list[FlowOutput]:
        """Go on from what a question came to."""
        passed: list[FlowOutput] = []
        for one in said:
            match one:
                case Granted():
                    passed += self._direct(moment)
                case Denied():
                    passed += self._refuse(PASSWORD, moment)
                case Chosen(target):
                    passed += self._chosen(target, moment)
                case _:
                    passed += self._carry([one], moment)
        return passed

    def _chosen(self, target: PlanTarget | None, moment: Moment) -> list[FlowOutput]:
        if target is None:
            return self._refuse(NO_CHOICE, moment)
        return self._go(target, moment)

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
        return outputs + self._nobody(self._exhausted(outcomes), moment)

    def _exhausted(self, outcomes: Sequence[str]) -> Refusal:
        """How a call ends that nobody took, in the word of the trunk it came by."""
        trunk = self._around.trunks(self.arrival.trunk)
        return exhausted(outcomes, trunk.nobody_answered)

    def _nobody(self, refusal: Refusal, moment: Moment) -> list[FlowOutput]:
        """Let the caller, whom nobody takes, leave a message if the plan has it so."""
        if self._plan.forwarding.voicemail:
            return self._take_message(refusal, moment)
        return self._refuse(refusal, moment)

    def _take_message(self, instead: Refusal, moment: Moment) -> list[FlowOutput]:
        plan, self._instead, self._search = self._plan, instead, None
        if not self._tape.ready:
            self._note("voicemail", False, "this node has no place for recordings")
            return self._refuse(instead, moment)
        self._note("voicemail", True, f"a message of at most {plan.voicemail.seconds} s")
        self.phase = Phase.VOICEMAIL
        answered = self._pick_up(moment)
        lifetime = self._carry(self.call.extend(MESSAGE_LIFETIME), moment)
        self._limit = None
        self._message = Message(self.call.caller, self._tape, plan)
        asked = self._messaged(self._message.begin(moment.now), moment)
        return [*answered, *lifetime, *asked, Remember()]

    def _messaged(self, heard: Sequence[Heard], moment: Moment) -> list[FlowOutput]:
        passed: list[FlowOutput] = []
        for one in heard:
            if isinstance(one, Left):
                passed += self._end(ending.by_message(self._instead, moment))
            else:
                passed += self._carry([one], moment)
        return [*passed, Remember()] if heard else passed

    def _answered(self, leg: LegId, moment: Moment) -> list[FlowOutput]:
        self._note_attempt(leg)
        self.dossier.destination = self.call.hunt.legs[leg].target.name
        self.dossier.destination_answered = moment
        outputs = self._pick_up(moment)
        self._search = None
        outputs += self._carry(self.call.extend(TALKING_LIFETIME), moment)
        recording = self._plan.recording
        if recording is None or not recording.notice or not self._tape.ready:
            return outputs + self._talk(moment)
        self.phase, self._limit = Phase.NOTICE, moment.now + ANNOUNCEMENT_LIMIT
        told = self.call.tell_both(hearing.notice(self._plan))
        return [*outputs, *self._carry(told, moment), Remember()]

    def _talk(self, moment: Moment) -> list[FlowOutput]:
        """Join both sides, and record them if the plan has it so."""
        self.phase, self._limit = Phase.TALKING, moment.now + TALK_LIMIT
        joined = self.call.join()
        plan = self.arrival.plan
        if plan is not None and plan.recording is not None:
            legs = plan.recording.legs
            joined += self._tape.talk(legs)
            self._note("recording", self._tape.ready, f"legs: {legs.value}")
        return [*self._carry(joined, moment), Remember()]

    def _pressed(self, pressed: leg_events.Pressed, moment: Moment) -> list[FlowOutput]:
        from_caller = pressed.leg == self.call.caller.leg
        destination = self.call.destination
        if self._message is not None and from_caller:
            pressed_ = self._message.press(pressed.digit, moment.now)
            return self._messaged(pressed_, moment)
        if self.phase is not Phase.TALKING:
            asked = self._asking.press(pressed.digit, moment.now) if from_caller else []
            return self._asked(asked, moment)
        if pressed.in_audio or destination is None:
            return []
        other = destination.leg if from_caller else self.call.caller.leg
        return [PressKeys(call=self.call.id, leg=other, digits=pressed.digit)]

    def _prompts_ended(self, token: str, moment: Moment) -> list[FlowOutput]:
        if self.phase is Phase.ANNOUNCING and token == hearing.ANNOUNCED:
            return self._out_of_time(moment)
        if self.phase is Phase.NOTICE and token == hearing.NOTICE:
            return self._talk(moment)
        if self._message is not None:
            return self._messaged(self._message.prompts_ended(token, moment.now), moment)
        return self._asked(self._asking.prompts_ended(token, moment.now), moment)

    def _unheard(self, leg: LegId, why: str, moment: Moment) -> list[FlowOutput]:
        """What the caller was to hear cannot be played: nobody waits for its end."""
        if self._tape.refused(why):
            self._note("recording", False, why)
            return [] if self._message is None else self._fail("no recording", moment)
        if leg != self.call.caller.leg:
            return []
        if self.phase in (Phase.ANNOUNCING, Phase.NOTICE):
            return self._out_of_time(moment)
        if self._message is not None:
            return self._messaged(self._message.unheard(moment.now), moment)
        return self._asked(self._asking.unheard(moment.now), moment)

    def _left(self, ended: leg_events.Ended, moment: Moment) -> list[FlowOutput]:
        """One side is gone: let the other go, at once and independently."""
        if self._message is not None and self._message.spoken:
            return self._end(ending.by_message(self._instead, moment))
        who = "caller" if ended.leg == self.call.caller.leg else "destination"
        return self._end(ending.by_leaving(ended, who, moment, talked=self._talked))

    def _refuse(self, refusal: Refusal, moment: Moment) -> list[FlowOutput]:
        """End the call for a reason of the service: say why, then say no (§9)."""
        plan = self.arrival.plan
        self._refusal, self._search = refusal, None
        self._asking.stop()
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

    def _out_of_time(self, moment: Moment) -> list[FlowOutput]:
        """The phase has lasted for long enough."""
        self._limit = None
        match self.phase:
            case Phase.OPENING | Phase.ANNOUNCING:
                return self._fail("no port in time", moment)
            case Phase.PASSWORD | Phase.MENU:
                return self._refuse(NO_CHOICE, moment)
            case Phase.HUNTING:
                self._search = None
                stopped = self._carry(self.call.give_up(moment.now), moment)
                return stopped + self._nobody(self._exhausted(["no-answer"]), moment)
            case Phase.NOTICE:
                return self._talk(moment)
            case Phase.VOICEMAIL:
                return []
            case Phase.TALKING:
                return self._fail("talk limit", moment)
            case Phase.ENDING | Phase.OVER:
                return []

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
        self._search = self._message = None
        self._asking.stop()
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
