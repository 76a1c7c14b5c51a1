"""Whom one call tries, one after the other: the group's choice, then forwarding (§10)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from b2bua.call.destination import Target
from b2bua.call.events import Verdict
from b2bua.call.hunt import Tried
from b2bua.service.flow import hearing
from b2bua.service.flow.arrival import Arrival
from b2bua.service.flow.choosing import (
    Choice,
    Unanswered,
    bars,
    choose,
    choose_after,
)
from b2bua.service.flow.decision import World
from b2bua.service.flow.dossier import Dossier
from b2bua.service.plan import Destination, Plan, ToDestination, ToGroup, TrunkRule
from b2bua.service.record import Attempt, Step
from b2bua.service.routing import Cause, Progress, Skipped, forward
from b2bua.sip.sdp.crypto import Srtp


@dataclass(frozen=True, slots=True)
class Onward:
    """Whom to try next."""

    names: tuple[str, ...] = ()
    """Empty: nobody."""
    rotors: tuple[tuple[str, str], ...] = ()
    """States of percentage and rotation that moved on."""


class Search:
    """How far one call has come in finding somebody; the dossier is told of each step."""

    def __init__(
        self,
        plan: Plan,
        arrival: Arrival,
        dossier: Dossier,
        world: Callable[[Plan], World],
    ) -> None:
        self._plan = plan
        self._caller = arrival.caller
        self._dossier = dossier
        self._world = world
        self._progress = Progress()
        self._group: ToGroup | None = None
        """Whose choice is still to come: the one tried first is whom the caller knows."""

    def begin(
        self, target: ToDestination | ToGroup, at: datetime, *, again: bool = False
    ) -> Choice:
        """Choose whom to try first: one, or several at once.

        ``again``: nobody was free before; that it is still so is not worth a note.
        """
        choice = choose(self._plan, target, self._caller, at, self._world(self._plan))
        if again and choice.refusal is not None:
            return choice
        self._dossier.trace += choice.trace
        self._note(choice.skipped)
        if choice.familiar and isinstance(target, ToGroup):
            self._group = target
        if choice.at_once:
            self._progress = Progress(tried=choice.order)
        else:
            self._progress = Progress(tried=choice.order[:1], rest=choice.order[1:])
        return choice

    def forward(self, verdict: Verdict, at: datetime) -> Onward:
        """Choose whom to try after an attempt that came to nothing."""
        most = self._plan.forwarding.max_forwards
        if self._group is not None and self._progress.forwards < most:
            group, self._group = self._group, None
            tried = self._progress.tried
            missed = Unanswered(target=group, caller=self._caller, tried=tried)
            choice = choose_after(self._plan, missed, at, self._world(self._plan))
            self._dossier.trace += choice.trace
            if choice.order:
                self._forwarded(choice.order[0], choice.order[1:])
                return Onward(choice.order[:1], choice.rotors)
        to = self._listed(verdict, at)
        return Onward() if to is None else Onward((to,))

    def _listed(self, verdict: Verdict, at: datetime) -> str | None:
        cause = Cause.BUSY if verdict is Verdict.BUSY else Cause.NO_ANSWER
        bar = bars(self._plan, self._caller, at, self._world(self._plan))
        onward = forward(self._plan, cause, self._progress, bar)
        self._note(onward.skipped)
        why = onward.why if onward.to is None else f"{onward.why}: {onward.to}"
        self._dossier.trace.append(Step("forward", onward.to is not None, why))
        if onward.to is not None:
            self._forwarded(onward.to, onward.rest)
        return onward.to

    def _forwarded(self, to: str, rest: tuple[str, ...]) -> None:
        progress = self._progress
        self._progress = replace(
            progress,
            tried=(*progress.tried, to),
            rest=rest,
            forwards=progress.forwards + 1,
        )

    def _note(self, skipped: Sequence[Skipped]) -> None:
        for one in skipped:
            destination = self._plan.destinations[one.name]
            self._dossier.attempts.append(
                Attempt(
                    destination=one.name,
                    number=destination.number,
                    trunk=destination.trunk,
                    outcome="skipped",
                    why=one.why,
                )
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Presentation:
    """What a destination is shown of the caller."""

    from_user: str
    asserted: str
    private: bool
    diverted_from: str


def presentation(arrival: Arrival, plan: Plan, trunk: TrunkRule) -> Presentation:
    """Show the caller, the 400 number or the trunk's own, as the outbound trunk is set."""
    match trunk.caller_id:
        case "caller":
            shown = "" if arrival.private else arrival.caller.number
            return Presentation(
                from_user=shown,
                asserted=arrival.caller.number if trunk.trusted else "",
                private=arrival.private,
                diverted_from=plan.number,
            )
        case "number":
            own = plan.number
        case fixed:
            own = fixed
    return Presentation(
        from_user=own, asserted=own, private=False, diverted_from=plan.number
    )


def target_for(name: str, plan: Plan, arrival: Arrival, trunk: TrunkRule) -> Target:
    """The destination of that name, as an order to call it."""
    destination = plan.destinations[name]
    shown = presentation(arrival, plan, trunk)
    return Target(
        name=name,
        user=destination.number,
        trunk=trunk.name,
        early=trunk.early_media,
        overflow=trunk.overflow,
        srtp=Srtp(trunk.srtp),
        ring=float(destination.ring),
        from_user=shown.from_user,
        from_display="" if arrival.private else arrival.display,
        asserted=shown.asserted,
        private=shown.private,
        diverted_from=shown.diverted_from,
        diversions=arrival.diversions + 1,
        max_forwards=arrival.max_forwards - 1,
        told=_told(destination, plan),
        accept=destination.accept,
    )


def _told(destination: Destination, plan: Plan) -> tuple[str, ...]:
    """What whoever picks up hears before the caller."""
    names = [destination.whisper] if destination.whisper else []
    if destination.accept:
        names.append("accept")
    return tuple(hearing.media_name(name, plan) for name in names)


def attempt_of(tried: Tried) -> Attempt:
    """One attempt, as the record tells it."""
    return Attempt(
        destination=tried.target.name,
        number=tried.target.user,
        trunk=tried.target.trunk,
        outcome="answered" if tried.verdict is None else tried.verdict.value,
        status=tried.status,
        q850=tried.q850,
        ring_ms=tried.ring_ms,
    )
