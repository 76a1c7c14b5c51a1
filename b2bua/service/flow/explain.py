"""What would happen to a call from one number to another at a time, and by which rule.

The same decision as a live call's, without the call: ``b2bua explain``, the portal's
explanation and the replay of recorded calls under a draft plan are this function.
"""

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from b2bua.service.flow.chances import Chances, chances
from b2bua.service.flow.choosing import (
    Choice,
    Unanswered,
    bars,
    choose,
    choose_after,
    queue_of,
)
from b2bua.service.flow.decision import (
    NO_CHOICE,
    QUEUED,
    Refusal,
    World,
    admit,
    direct,
    opening,
)
from b2bua.service.ivr import Ask, Chose, GaveUp, Hush, MenuOutput, MenuWalk
from b2bua.service.number import Caller
from b2bua.service.plan import (
    Announcements,
    Plan,
    Queue,
    Target,
    ToDestination,
    ToGroup,
    ToMenu,
    ToVoicemail,
)
from b2bua.service.record import ChargeBasis, Step


class Fate(enum.Enum):
    """What becomes of the call."""

    DIAL = "dial"
    MENU = "menu"
    """It is asked, and the keys given do not answer."""
    QUEUE = "queue"
    """All are busy: the caller waits, with music."""
    VOICEMAIL = "voicemail"
    """The caller may leave a message."""
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True, kw_only=True)
class Enquiry:
    """A call that might be made."""

    number: str
    """The 400 number, or what was dialled if it is none."""
    caller: Caller
    at: datetime
    """Aware; shown in the plan's zone."""
    keys: tuple[str, ...] = ()
    """What the caller would key at menus, in order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """The decision and how it came about."""

    enquiry: Enquiry
    at: datetime
    outcome: Fate
    route: str
    destinations: tuple[str, ...]
    """In the order in which they would be tried, forwards included."""
    first: Chances
    """Who may be tried first, with what share of such calls."""
    admitted: bool
    """It passed screening and caps."""
    refusal: Refusal | None
    announced: bool
    """Whether a refusal is spoken."""
    charge_basis: ChargeBasis
    trace: tuple[Step, ...]

    def to_mapping(self) -> dict[str, object]:
        """As ``b2bua explain --json`` prints it."""
        return {
            "number": self.enquiry.number,
            "caller": self.enquiry.caller.number,
            "area": self.enquiry.caller.area,
            "at": self.at.isoformat(),
            "outcome": self.outcome.value,
            "route": self.route,
            "destinations": list(self.destinations),
            "refusal": None
            if self.refusal is None
            else {
                "status": self.refusal.status,
                "q850": self.refusal.q850,
                "announcement": self.refusal.announcement if self.announced else None,
            },
            "charge_basis": self.charge_basis.value,
            "trace": [
                {"rule": step.rule, "passed": step.passed, "why": step.why}
                for step in self.trace
            ],
        }


def explain(plan: Plan | None, enquiry: Enquiry, world: World) -> Explanation:
    """Decide the call and say why."""
    return _Walk(enquiry, world).explain(plan)


class _Walk:
    """One enquiry on its way through the checks."""

    def __init__(self, enquiry: Enquiry, world: World) -> None:
        self._enquiry = enquiry
        self._world = world
        self._trace: list[Step] = []
        self._route = ""
        self._answered = False
        self._admitted = False
        self._first: Chances = {}

    def explain(self, plan: Plan | None) -> Explanation:
        caller, at = self._enquiry.caller, self._enquiry.at
        admission = admit(plan, caller, at, self._world)
        self._trace += admission.trace
        if plan is None or admission.refusal is not None:
            return self._closed(plan, Fate.REFUSE, refusal=admission.refusal)
        self._admitted = True
        self._answered = bool(plan.password)
        self._trace += opening(plan, at, self._world).trace
        direction = direct(plan, caller, at, self._world)
        self._trace += direction.trace
        self._route = direction.route
        if direction.target is None:
            return self._closed(plan, Fate.REFUSE, refusal=direction.refusal)
        target: Target | None = direction.target
        if isinstance(target, ToMenu):
            self._answered = True
            walked = self._ask(plan, target)
            if isinstance(walked, Fate):
                return self._closed(plan, walked)
            target = walked.target
        if target is None or isinstance(target, ToMenu):
            return self._closed(plan, Fate.REFUSE, refusal=NO_CHOICE)
        if isinstance(target, ToVoicemail):
            return self._take_message(plan)
        return self._dial(plan, target)

    def _dial(self, plan: Plan, target: ToDestination | ToGroup) -> Explanation:
        caller, at = self._enquiry.caller, self._enquiry.at
        queue = queue_of(plan, target)
        if queue is not None and (ahead := len(self._world.line(target.name))):
            return self._wait(plan, queue, f"{ahead} wait already")
        choice = choose(plan, target, caller, at, self._world)
        self._trace += choice.trace
        if queue is not None and choice.refusal in QUEUED:
            return self._wait(plan, queue, "all are busy")
        if choice.refusal is not None and plan.forwarding.voicemail:
            return self._take_message(plan)
        if choice.refusal is not None:
            return self._closed(plan, Fate.REFUSE, refusal=choice.refusal)
        if plan.recording is not None:
            why = f"legs: {plan.recording.legs.value}"
            self._trace.append(Step("recording", True, why))
        self._first = chances(plan, target, choice)
        return self._closed(plan, Fate.DIAL, self._hunt(plan, target, choice))

    def _wait(self, plan: Plan, queue: Queue, why: str) -> Explanation:
        self._answered = True
        self._trace.append(Step("queue", True, f"{why}: at most {queue.max_wait} s"))
        return self._closed(plan, Fate.QUEUE)

    def _take_message(self, plan: Plan) -> Explanation:
        self._answered = True
        why = f"a message of at most {plan.voicemail.seconds} s"
        self._trace.append(Step("voicemail", True, why))
        return self._closed(plan, Fate.VOICEMAIL)

    def _hunt(
        self, plan: Plan, target: ToDestination | ToGroup, choice: Choice
    ) -> tuple[str, ...]:
        """First assignment, the group's own order, then forwards: busy, then no answer."""
        caller, at, own = self._enquiry.caller, self._enquiry.at, choice.order[1:]
        if choice.familiar and isinstance(target, ToGroup):
            missed = Unanswered(target=target, caller=caller, tried=choice.order)
            own = choose_after(plan, missed, at, self._world).order
        most = plan.forwarding.max_forwards
        first = choice.order if choice.at_once else choice.order[:1]
        order = list(first)
        numbers = {plan.destinations[name].number for name in order}
        bar = bars(plan, caller, at, self._world)
        for name in (
            *(() if choice.at_once else own),
            *plan.forwarding.busy,
            *plan.forwarding.no_answer,
        ):
            destination = plan.destinations[name]
            if len(order) - len(first) == most:
                break
            if destination.number not in numbers and not bar(destination):
                order.append(name)
                numbers.add(destination.number)
        return tuple(order)

    def _ask(self, plan: Plan, first: ToMenu) -> Chose | GaveUp | Fate:
        """Walk the menus with the keys of the enquiry."""
        walk = MenuWalk(plan.menus, first.name)
        outputs = walk.start(0.0)
        for keys in (None, *self._enquiry.keys):
            for output in outputs if keys is None else _key(walk, keys):
                match output:
                    case Step():
                        self._trace.append(output)
                    case Chose() | GaveUp():
                        return output
                    case Ask() | Hush():
                        pass
        return Fate.MENU

    def _closed(
        self,
        plan: Plan | None,
        outcome: Fate,
        destinations: tuple[str, ...] = (),
        refusal: Refusal | None = None,
    ) -> Explanation:
        if self._answered:
            basis = ChargeBasis.ANSWER
        elif outcome is Fate.DIAL:
            basis = ChargeBasis.DESTINATION_ANSWER
        else:
            basis = ChargeBasis.NONE
        at = self._enquiry.at
        return Explanation(
            enquiry=self._enquiry,
            at=at if plan is None else at.astimezone(ZoneInfo(plan.timezone)),
            outcome=outcome,
            route=self._route,
            destinations=destinations,
            first=self._first,
            admitted=self._admitted,
            refusal=refusal,
            announced=plan is None or plan.announcements is Announcements.ALL,
            charge_basis=basis,
            trace=tuple(self._trace),
        )


def _key(walk: MenuWalk, keys: str) -> Sequence[MenuOutput]:
    """Key one answer and wait until the menu takes it as complete."""
    outputs: list[MenuOutput] = []
    for key in keys:
        outputs += walk.press(key, 0.0)
    if walk.keying and walk.deadline is not None:
        outputs += walk.wake(walk.deadline)
    return outputs
