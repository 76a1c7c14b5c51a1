"""The door: every check before the first question, and the wait for quota."""

from b2bua.call.call import Call
from b2bua.service.flow.arrival import Arrival
from b2bua.service.flow.course import Surroundings
from b2bua.service.flow.decision import LOOPED, World, admit
from b2bua.service.flow.dossier import Dossier, Moment
from b2bua.service.flow.outputs import AskQuota, FlowOutput, Remember
from b2bua.service.flow.phase import (
    QUOTA_LIMIT,
    UNANSWERED_LIMIT,
    WAITING_LIFETIME,
    Phase,
)
from b2bua.service.flow.shortage import refused_for
from b2bua.service.flow.talk import Talk


class Admitting(Talk):
    """One call that is let in, or not."""

    def __init__(
        self, call: Call, dossier: Dossier, arrival: Arrival, around: Surroundings
    ) -> None:
        super().__init__(call, dossier, arrival, around)
        self._favoured = False
        """White-listed: first in every queue."""

    @property
    def admitting(self) -> bool:
        """Whether the call waits for quota."""
        return self.phase is Phase.ADMITTING

    def start(self, moment: Moment) -> list[FlowOutput]:
        """Screen the call, and ask for the caller's port if there is something to hear."""
        return self._settle(self._screen(moment), moment)

    def hear_quota(self, moment: Moment) -> list[FlowOutput]:
        """Hear that what is held of the caps, or the hope for more, has changed."""
        if not self.admitting:
            return []
        return self._settle(self._screen(moment), moment)

    def _screen(self, moment: Moment, *, patient: bool = True) -> list[FlowOutput]:
        """Admit the call, or refuse it.

        A caller for whom there is no quota here waits for it, unless not ``patient``.
        """
        plan = self.arrival.plan
        if self.arrival.loop:
            self._note("loop", False, self.arrival.loop)
            return self._refuse(LOOPED, moment)
        world = World() if plan is None else self._around.world(plan)
        admission = admit(plan, self.arrival.caller, moment.at, world)
        if plan is not None and admission.refusal is None:
            shortage = self._around.quota(plan, self.dossier)
            if shortage is not None and patient and not shortage.final:
                return self._wait_for_quota(moment)
            if shortage is not None:
                admission = refused_for(shortage, admission)
        self.dossier.trace += admission.trace
        self._favoured = admission.whitelisted
        self.phase, self._limit = Phase.OPENING, moment.now + UNANSWERED_LIMIT
        if admission.refusal is not None:
            return self._refuse(admission.refusal, moment)
        self.dossier.admitted = True
        return [Remember(), *self._carry(self.call.open(WAITING_LIFETIME), moment)]

    def _wait_for_quota(self, moment: Moment) -> list[FlowOutput]:
        if self.admitting:
            return []
        self.phase, self._limit = Phase.ADMITTING, moment.now + QUOTA_LIMIT
        return [AskQuota()]
