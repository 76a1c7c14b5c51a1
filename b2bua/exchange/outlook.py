"""What the exchange knows besides its calls, and the world that decisions are made in."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from b2bua.exchange.ledger import Ledger
from b2bua.exchange.outputs import CapNearing, SaveCounter
from b2bua.exchange.quota import capped
from b2bua.exchange.talks import Talks
from b2bua.service.area import AreaTable
from b2bua.service.flow.decision import World
from b2bua.service.flow.dossier import Moment
from b2bua.service.flow.flow import CallFlow
from b2bua.service.flow.waiting import line
from b2bua.service.limits import cap_states, period_of, period_start, step_reached
from b2bua.service.plan import Destination, Plan, Snapshot, Tariff, TrunkRule


@dataclass(slots=True, kw_only=True)
class Outlook:
    """All that is not a call. The snapshot is replaced whole when plans are published."""

    node: str
    areas: AreaTable
    snapshot: Snapshot = Snapshot()
    ledger: Ledger = field(default_factory=Ledger)
    counters: dict[str, str] = field(default_factory=dict)
    """States of percentages and rotations, and which caps were told of, by their keys."""
    talks: Talks = field(default_factory=Talks)
    """With whom callers talked on this node."""
    recordings: str = ""
    """Directory for recordings, absolute; empty: nothing can be recorded."""

    def trunk(self, name: str) -> TrunkRule:
        """The rule of a trunk; the default one for a trunk that has none."""
        return self.snapshot.trunks.get(name) or TrunkRule(name=name)

    def tariff(self, plan: Plan | None) -> Tariff:
        """The price of a call, fixed for it when it arrives."""
        name = "standard" if plan is None else plan.tariff
        return self.snapshot.tariffs.get(name) or Tariff(name=name)

    def world(
        self, plan: Plan, calls: Iterable[CallFlow], moment: Moment, fraction: float
    ) -> World:
        """What decisions about a call of this plan depend on; ``calls`` are its own."""

        def live_calls(destination: Destination) -> int:
            if destination.concurrent is None:
                return 0
            return sum(flow.engaged.count(destination.name) for flow in calls)

        def recent_calls(number: str, caller: str, minutes: int) -> int:
            return self.ledger.recent(number, caller, minutes, moment.now)

        return World(
            calendar=self.snapshot.calendar,
            live_calls=live_calls,
            recent_calls=recent_calls,
            line=lambda group: line(calls, group),
            usage=lambda: self.ledger.usage(plan, moment),
            rotors=self.counters,
            own_numbers=self.snapshot.plans.keys(),
            phones=self.snapshot.phones,
            fraction=fraction,
        )

    def nearing(self, plan: Plan, moment: Moment) -> Iterator[CapNearing | SaveCounter]:
        """Who is to be told that a cap comes near, once for each period and step."""
        if not capped(plan.caps):
            return
        for state in cap_states(plan.caps, self.ledger.usage(plan, moment)):
            step = step_reached(state)
            starts = period_start(period_of(state.cap), moment.at, plan.timezone)
            key = f"nearing/{plan.number}/{state.cap.value}"
            *period, told = self.counters.get(key, "0").split()
            if period != [f"{starts}", f"{state.limit}"]:
                told = "0"
            if step <= int(told):
                continue
            self.counters[key] = f"{starts} {state.limit} {step}"
            yield SaveCounter(key, self.counters[key])
            yield CapNearing(
                number=plan.number,
                cap=state.cap,
                percent=step,
                used=state.used,
                limit=state.limit,
                starts=starts,
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveCall:
    """One call now up, as operators see it."""

    id: str
    number: str
    caller: str
    state: str
    since: datetime
    destination: str
    area: str = ""
    private: bool = False
    """The caller asked for privacy."""
    answered_at: datetime | None = None
    """When the destination answered."""


def live_call(flow: CallFlow) -> LiveCall:
    """One call, as operators see it."""
    dossier, engaged = flow.dossier, flow.engaged
    answered = dossier.destination_answered
    return LiveCall(
        id=dossier.id,
        number=dossier.number,
        caller=dossier.caller.number,
        state=flow.phase.value,
        since=dossier.invited.at,
        destination=engaged[0] if engaged else "",
        area=dossier.caller.area,
        private=dossier.private,
        answered_at=None if answered is None else answered.at,
    )
