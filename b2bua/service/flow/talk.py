"""When somebody listens to the caller: the talk, the survey after it, a message instead.

All three are the same to the rest of the flow: a destination is not looked for any more.
"""

from collections.abc import Sequence
from dataclasses import replace

from b2bua.call.call import Call
from b2bua.service.flow import ending
from b2bua.service.flow.arrival import Arrival
from b2bua.service.flow.course import Course, Surroundings
from b2bua.service.flow.decision import NOBODY_ANSWERED, Refusal
from b2bua.service.flow.dossier import Conclusion, Dossier, Moment
from b2bua.service.flow.message import Heard, Left, Message
from b2bua.service.flow.outputs import FlowOutput, Remember
from b2bua.service.flow.phase import MESSAGE_LIFETIME, TALK_LIMIT, Phase
from b2bua.service.flow.survey import Said, Survey, SurveyOutput
from b2bua.service.flow.tape import Tape
from b2bua.service.plan import Legs, Plan


class Talk(Course):
    """One call that has found a listener."""

    def __init__(
        self, call: Call, dossier: Dossier, arrival: Arrival, around: Surroundings
    ) -> None:
        super().__init__(call, dossier, arrival, around)
        self._tape = Tape(call, dossier, around.recordings)
        self._survey: Survey | None = None
        self._message: Message | None = None
        self._instead = NOBODY_ANSWERED
        """What would be said to a caller who may leave a message."""

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

    def _ask_opinion(self, plan: Plan, talk: Conclusion) -> list[FlowOutput]:
        """Keep the caller, whom the destination has left, for one question."""
        moment = self.dossier.talk_ended = talk.ended
        self.phase, self._limit = Phase.SURVEY, None
        legs = Legs.BOTH if plan.recording is None else plan.recording.legs
        stopped = self._carry(self._tape.stop_talk(legs), moment)
        self._survey = Survey(self.call.caller, self.dossier, plan, talk)
        asked = self._surveyed(self._survey.begin(moment.now), moment)
        return [*stopped, *asked, Remember()]

    def _surveyed(
        self, outputs: Sequence[SurveyOutput], moment: Moment
    ) -> list[FlowOutput]:
        passed: list[FlowOutput] = []
        for one in outputs:
            if not isinstance(one, Said):
                passed += self._carry([one], moment)
            elif self._survey is not None:
                self._note("survey", bool(self.dossier.survey), self._opinion)
                passed += self._end(replace(self._survey.talk, ended=moment))
        return passed

    @property
    def _opinion(self) -> str:
        return self.dossier.survey or "no key pressed"

    def _take_message(self, instead: Refusal, moment: Moment) -> list[FlowOutput]:
        plan, self._instead = self._plan, instead
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
