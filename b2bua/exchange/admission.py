"""The door of the exchange: which calls count, and what is leased for them."""

from collections.abc import Iterator
from typing import TypeAlias

from b2bua.core.clock import Instant
from b2bua.exchange.outlook import Outlook
from b2bua.exchange.outputs import CapNearing, SaveCounter
from b2bua.service.flow.dossier import Dossier, Moment
from b2bua.service.flow.flow import CallFlow
from b2bua.service.plan import Plan
from b2bua.service.quota import ReserveQuota, Shortage
from b2bua.service.record import CallRecord

Said: TypeAlias = SaveCounter | ReserveQuota | CapNearing


class Admission:
    """What happens to counts and quota as calls come and go."""

    def __init__(self, outlook: Outlook) -> None:
        self._outlook = outlook

    def shortage(self, plan: Plan, dossier: Dossier, now: Instant) -> Shortage | None:
        """Why a call cannot be admitted from what is held; None if it can."""
        return self._outlook.ledger.quota.shortage(plan, dossier, now)

    def ask(self, flow: CallFlow, now: Instant) -> Iterator[Said]:
        """Ask the store for the quota that a call lacks."""
        plan = flow.arrival.plan
        if plan is not None:
            yield from self._outlook.ledger.quota.ask(plan, flow.dossier, now)

    def note(self, flow: CallFlow, moment: Moment) -> Iterator[Said]:
        """Count a call that has just been admitted."""
        plan, outlook = flow.arrival.plan, self._outlook
        if plan is not None:
            outlook.ledger.admit(plan, flow.dossier, moment)
            yield from outlook.nearing(plan, moment)
            yield from outlook.ledger.quota.tidy(plan.number, moment.now)

    def pass_by(self, flow: CallFlow) -> None:
        """A call acted that does not wait for quota, or does no more."""
        self._outlook.ledger.quota.forget(flow.dossier.number, flow.name)

    def settle(self, flow: CallFlow, record: CallRecord, moment: Moment) -> Iterator[Said]:
        """Count what a call came to; what it gives free goes back where others need it."""
        plan, outlook = flow.arrival.plan, self._outlook
        outlook.ledger.settle(record, plan)
        if plan is not None and flow.admitted:
            yield from outlook.nearing(plan, moment)
        yield from outlook.ledger.quota.tidy(record.number, moment.now)
