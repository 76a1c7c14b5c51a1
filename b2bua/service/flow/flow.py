"""One 400 call from first INVITE to record: screen, admit, ask, route, join, charge.

The flow decides; :class:`b2bua.call.call.Call` carries out. It is a walk through phases::

    OPENING ──► PASSWORD ──► MENU ──► HUNTING ──► TALKING ──► ENDING ──► OVER
       │            │          │         │                      ▲
       └────────────┴──────────┴─────────┼──► ANNOUNCING ───────┤
                                         └──► VOICEMAIL ────────┘

While all are busy a caller may wait in a QUEUE, between one hunt and the next. A talk that
is recorded begins with a NOTICE, and any talk may be followed by a SURVEY. Each phase may
be skipped, every phase may end the call, and there is one way out, which
:mod:`b2bua.service.flow.course` has.
"""

from collections.abc import Sequence
from dataclasses import replace

from b2bua.call import events as leg_events
from b2bua.call.call import Call
from b2bua.call.events import LegFact
from b2bua.call.leg import LegOutput
from b2bua.call.media import LegId, MediaFact, PressKeys
from b2bua.core.clock import Instant
from b2bua.service.flow import ending, hearing
from b2bua.service.flow.acquaintance import ANSWER_LIMIT, Acquaintance
from b2bua.service.flow.arrival import Arrival
from b2bua.service.flow.asking import Asking, Chosen, Denied, Granted, Said
from b2bua.service.flow.choosing import queue_of
from b2bua.service.flow.course import Surroundings
from b2bua.service.flow.decision import (
    ALL_BUSY,
    NO_CHOICE,
    NO_ROUTE,
    NOBODY_ANSWERED,
    PASSWORD,
    QUEUED,
    Refusal,
    World,
    direct,
    opening,
)
from b2bua.service.flow.dossier import Dossier, Moment
from b2bua.service.flow.outputs import FlowOutput, Remember, SaveRotor
from b2bua.service.flow.phase import (
    ANNOUNCEMENT_LIMIT,
    NO_AUDIO,
    TALK_LIMIT,
    TALKING_LIFETIME,
    UNANSWERED_LIMIT,
    WAITING_LIFETIME,
    Phase,
)
from b2bua.service.flow.queueing import Queueing
from b2bua.service.flow.search import Search, target_for
from b2bua.service.flow.waiting import Try, Waited
from b2bua.service.plan import (
    Plan,
    ToDestination,
    ToGroup,
    ToMenu,
    ToVoicemail,
)
from b2bua.service.plan import Target as PlanTarget
from b2bua.service.talks import TalkFound
from b2bua.sip.dialog import events as sip
from b2bua.sip.dialog.deadlines import earliest


class CallFlow(Queueing):
    """One call of the 400 service."""

    def __init__(
        self, call: Call, dossier: Dossier, arrival: Arrival, around: Surroundings
    ) -> None:
        super().__init__(call, dossier, arrival, around)
        self._asking = Asking(call.caller, dossier)
        self._search: Search | None = None
        self._acquaintance = Acquaintance(call.id, arrival)
        self._greeting: str | None = None
        """What is played while it rings, or before the first menu."""

    @property
    def deadline(self) -> Instant | None:
        """When :meth:`wake` must next be called."""
        if self.phase is Phase.OVER:
            return None
        message = None if self._message is None else self._message.deadline
        waiting = None if self._waiting is None else self._waiting.deadline
        survey = None if self._survey is None else self._survey.deadline
        return earliest(
            *(self.call.deadline, self._asking.deadline, message, waiting, survey),
            self._limit,
        )

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
        if self._survey is not None:
            outputs += self._surveyed(self._survey.wake(moment.now), moment)
        if self._waiting is not None:
            outputs += self._waited(self._waiting.wake(moment.now), moment)
        if self._limit is not None and self._limit <= moment.now:
            outputs += self._out_of_time(moment)
        return self._settle(outputs, moment)

    def nudge(self, moment: Moment) -> list[FlowOutput]:
        """Hear that a call of the same number ended: a destination may be free."""
        return self._settle(self._try_again(moment), moment)

    def hear_talk(self, found: TalkFound, moment: Moment) -> list[FlowOutput]:
        """Take the answer to a ``LookUpTalk``, unless it comes too late."""
        target = self._target
        if self.phase is not Phase.RECALLING or not isinstance(target, ToGroup):
            return []
        self._acquaintance.hear(target, found)
        return self._settle(self._hunt(target, moment), moment)

    def _act(self, fact: LegFact, moment: Moment) -> list[FlowOutput]:
        match fact:
            case leg_events.Measured(leg, quality):
                self._measure(leg, quality)
                return []
            case leg_events.Recorded():
                self._tape.recorded(fact)
                if fact.fault:
                    self._note("recording", False, f"cut short: {fact.fault}")
                return []
            case leg_events.Failed(leg=leg):
                return self._failed(fact, moment)
            case _ if self.phase in (Phase.ENDING, Phase.OVER):
                return []
            case leg_events.Ready():
                return self._opened(moment)
            case leg_events.NoAudio(_, status, why):
                return self._fail(why, moment, status=status, q850=NO_AUDIO[status])
            case leg_events.Rang() if self._search is not None:
                return self._carry(self._ringing.rang(fact, moment), moment)
            case leg_events.Spoke(leg) if leg in self.call.hunt.running:
                return self._carry(self._ringing.spoke(leg), moment)
            case leg_events.Rang() | leg_events.Spoke():
                return []
            case leg_events.PickedUp(leg):
                heard = self._carry(self._ringing.failed(leg), moment)
                return [*heard, Remember()]
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
        begun = opening(self._plan, moment.at, self._around.world(self._plan))
        self.dossier.trace += begun.trace
        self._greeting = begun.greeting
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
            greeting, self._greeting = self._greeting, None
            asked = self._asking.menu(self._plan, target.name, greeting, moment.now)
            return answered + self._asked(asked, moment)
        if isinstance(target, ToVoicemail):
            return self._take_message(NOBODY_ANSWERED, moment)
        self._target = target
        queue = queue_of(self._plan, target)
        ahead = len(self._around.world(self._plan).line(target.name))
        if queue is not None and ahead:
            return self._wait(queue, f"{ahead} wait already", moment)
        return self._hunt(target, moment)

    def _hunt(self, target: ToDestination | ToGroup, moment: Moment) -> list[FlowOutput]:
        question = self._acquaintance.question(self._plan, target, moment)
        if question is not None:
            self.phase, self._limit = Phase.RECALLING, moment.now + ANSWER_LIMIT
            return [Remember(), question]
        waiting = self._waiting
        search = Search(self._plan, self.arrival, self.dossier, self._knowing)
        choice = search.begin(target, moment.at, again=waiting is not None)
        if choice.refusal is not None:
            return self._nobody(choice.refusal, moment)
        self.phase = Phase.HUNTING
        self._limit = moment.now + UNANSWERED_LIMIT
        self._search = search
        names = choice.order if choice.at_once else choice.order[:1]
        heard: list[FlowOutput] = []
        heard += (SaveRotor(key, state) for key, state in choice.rotors)
        if choice.rotors:
            heard.append(Remember())
        if waiting is None:
            heard += self._carry(
                self._ringing.begin(self._plan, self._greeting, moment), moment
            )
        else:
            waiting.pause()
        return [*heard, *self._try(names, moment)]

    def _knowing(self, plan: Plan) -> World:
        """The world, with what was told of the caller."""
        world, known = self._around.world(plan), self._acquaintance.known
        return replace(world, familiar=known) if known else world

    def _waited(self, waited: Sequence[Waited], moment: Moment) -> list[FlowOutput]:
        passed: list[FlowOutput] = []
        for one in waited:
            if isinstance(one, Try):
                passed += self._try_again(moment)
            else:
                passed += self._carry([one], moment)
        return passed

    def _try_again(self, moment: Moment) -> list[FlowOutput]:
        """Look for a free destination, if it is this caller's turn."""
        target, place = self._target, self.place
        if target is None or place is None:
            return []
        if self._around.world(self._plan).line(place.group)[0] != self.name:
            return []
        return self._hunt(target, moment)

    def _try(self, names: Sequence[str], moment: Moment) -> list[FlowOutput]:
        outputs: list[LegOutput] = []
        for name in names:
            trunk = self._around.trunks(self._plan.destinations[name].trunk)
            target = target_for(name, self._plan, self.arrival, trunk)
            outputs += self.call.dial(target, WAITING_LIFETIME, moment.now)
        return self._carry(outputs, moment)

    def _stop(self) -> None:
        """Ask, try and play nothing more."""
        self._search = self._message = self._waiting = self._survey = None
        self._asking.stop()

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

    def _failed(self, failed: leg_events.Failed, moment: Moment) -> list[FlowOutput]:
        self._note_attempt(failed.leg)
        search = self._search
        if search is None:
            return []
        outputs = self._carry(self._ringing.failed(failed.leg), moment)
        if failed.spent:
            outputs += self._by_another_trunk(failed.leg, moment)
        if not self.call.hunt.exhausted:
            return outputs
        onward = search.forward(failed.verdict, moment.at)
        if onward.names:
            outputs += (SaveRotor(key, state) for key, state in onward.rotors)
            return outputs + self._try(onward.names, moment)
        outcomes = [attempt.outcome for attempt in self.dossier.attempts]
        return outputs + self._nobody(self._exhausted(outcomes), moment)

    def _nobody(self, refusal: Refusal, moment: Moment) -> list[FlowOutput]:
        """Let the caller, whom nobody takes, wait, or leave a message, or be refused."""
        self._search = None
        queue, waiting = queue_of(self._plan, self._target), self._waiting
        waits = waiting is None or moment.now < waiting.until
        if queue is not None and waits and (waiting is not None or refusal in QUEUED):
            return self._wait(queue, "all are busy", moment)
        if waiting is not None and refusal in QUEUED:
            refusal = ALL_BUSY
        self._wait_no_more("nobody was free in time", moment)
        if self._plan.forwarding.voicemail:
            return self._take_message(refusal, moment)
        return self._refuse(refusal, moment)

    def _answered(self, leg: LegId, moment: Moment) -> list[FlowOutput]:
        self._note_attempt(leg)
        self._wait_no_more("answered", moment)
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

    def _pressed(self, pressed: leg_events.Pressed, moment: Moment) -> list[FlowOutput]:
        from_caller = pressed.leg == self.call.caller.leg
        destination = self.call.destination
        if self._survey is not None and from_caller:
            said = self._survey.press(pressed.digit, moment.now)
            return self._surveyed(said, moment)
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
        if self._survey is not None:
            return self._surveyed(self._survey.prompts_ended(token, moment.now), moment)
        if self._message is not None:
            return self._messaged(self._message.prompts_ended(token, moment.now), moment)
        if self._waiting is not None:
            return self._carry(self._waiting.prompts_ended(token), moment)
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
        if self._survey is not None:
            return self._surveyed(self._survey.unheard(moment.now), moment)
        if self._message is not None:
            return self._messaged(self._message.unheard(moment.now), moment)
        if self._waiting is not None:
            return []
        return self._asked(self._asking.unheard(moment.now), moment)

    def _left(self, ended: leg_events.Ended, moment: Moment) -> list[FlowOutput]:
        """One side is gone: let the other go, at once and independently."""
        if self._message is not None and self._message.spoken:
            return self._end(ending.by_message(self._instead, moment))
        if self._survey is not None:
            return self._end(replace(self._survey.talk, ended=moment))
        who = "caller" if ended.leg == self.call.caller.leg else "destination"
        conclusion = ending.by_leaving(ended, who, moment, talked=self._talked)
        plan = self.arrival.plan
        hung_up = ended.release is leg_events.Release.HUNG_UP and who == "destination"
        if hung_up and self.phase is Phase.TALKING and plan is not None and plan.survey:
            return self._ask_opinion(plan, conclusion)
        return self._end(conclusion)

    def _out_of_time(self, moment: Moment) -> list[FlowOutput]:
        """The phase has lasted for long enough."""
        self._limit = None
        match self.phase:
            case Phase.ADMITTING:
                return self._screen(moment, patient=False)
            case Phase.OPENING | Phase.ANNOUNCING:
                return self._fail("no port in time", moment)
            case Phase.PASSWORD | Phase.MENU:
                return self._refuse(NO_CHOICE, moment)
            case Phase.RECALLING:
                return [] if self._target is None else self._hunt(self._target, moment)
            case Phase.HUNTING:
                self._search = None
                stopped = self._carry(self.call.give_up(moment.now), moment)
                return stopped + self._nobody(self._exhausted(["no-answer"]), moment)
            case Phase.NOTICE:
                return self._talk(moment)
            case Phase.QUEUE:
                return self._nobody(ALL_BUSY, moment)
            case Phase.VOICEMAIL | Phase.SURVEY:
                return []
            case Phase.TALKING:
                return self._fail("talk limit", moment)
            case Phase.ENDING | Phase.OVER:
                return []
