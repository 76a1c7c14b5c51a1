"""The whole program as one machine: every call now in progress.

Bytes, media facts, plans and the time go in; bytes, media orders, journal entries, records
and one deadline come out. A call's flow decides, the SIP endpoint speaks, and the exchange
carries between them what each says until neither has anything more to say.

What must be in the journal comes first among the outputs: it is safe before anything else
leaves. A record comes last, after the far ends were told, as the image in the journal
stands for it until then: whenever the process dies, the next one finds the image or the
record. Only a call that begins and ends with one input has no image, and its record comes
first.

One call's bug ends that call alone: what raises is caught here, where calls are driven, the
call is released and recorded with its traceback, and the others go on.
"""

import traceback
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import TypeAlias

from b2bua.call.media import (
    CallId,
    CloseMedia,
    ClosePort,
    ConnectPort,
    ExtendMedia,
    LegId,
    LetHear,
    MediaFact,
    OpenPort,
    PressKeys,
    RecordLeg,
    StopRecording,
)
from b2bua.core.clock import Instant
from b2bua.core.tokens import Tokens
from b2bua.exchange.admission import Admission
from b2bua.exchange.calls import Calls
from b2bua.exchange.entrance import Entrance
from b2bua.exchange.families import in_family
from b2bua.exchange.journal_image import decode, remains_of
from b2bua.exchange.outlook import LiveCall, Outlook, live_call
from b2bua.exchange.outputs import CallFault, Drained, SaveCall, SaveCounter
from b2bua.exchange.quota import Quota
from b2bua.exchange.recovery import OURS, Recovery
from b2bua.exchange.round import Item, Output, Round
from b2bua.service.flow.course import Surroundings
from b2bua.service.flow.decision import World
from b2bua.service.flow.dossier import Moment
from b2bua.service.flow.flow import CallFlow
from b2bua.service.flow.outputs import AskQuota, Finished, FlowOutput, Remember, SaveRotor
from b2bua.service.plan import Plan, Snapshot
from b2bua.service.quota import Granted
from b2bua.service.record import CallRecord
from b2bua.service.talks import LookUpTalk, TalkFound
from b2bua.sip.dialog import events as sip
from b2bua.sip.dialog.deadlines import earliest
from b2bua.sip.dialog.events import SessionId
from b2bua.sip.endpoint.endpoint import SipEndpoint
from b2bua.sip.endpoint.outputs import Crossed, Dropped, Notice, Resolve, Transmit
from b2bua.sip.endpoint.outputs import Output as EndpointOutput
from b2bua.sip.transport.flow import Flow
from b2bua.sip.transport.target import Answer

__all__ = ["Exchange", "Output"]

SessionFact: TypeAlias = (
    sip.Progressed
    | sip.Accepted
    | sip.Refused
    | sip.Confirmed
    | sip.Described
    | sip.Offered
    | sip.OfferFailed
    | sip.Pressed
    | sip.Ended
    | sip.DialogChanged
)
"""What a session says of itself once it exists."""


class Exchange:
    """Every call of one node."""

    def __init__(self, endpoint: SipEndpoint, tokens: Tokens, outlook: Outlook) -> None:
        self._endpoint = endpoint
        self._tokens = tokens
        self._outlook = outlook
        self._calls = Calls()
        self._recovery = Recovery(endpoint, outlook, self._calls, tokens)
        self._admission = Admission(outlook)
        self._entrance = Entrance(outlook, tokens)
        self._around = Surroundings(
            world=self._world,
            trunks=outlook.trunk,
            quota=lambda plan, dossier: self._admission.shortage(
                plan, dossier, self._moment.now
            ),
            recordings=outlook.recordings,
        )
        self._moment = Moment(0.0, datetime.min.replace(tzinfo=UTC))
        self._draining = False

    @property
    def deadline(self) -> Instant | None:
        """When :meth:`wake` must next be called."""
        due = self._endpoint.deadline, self._calls.deadline, self.quota.deadline
        return earliest(*due)

    @property
    def remembered(self) -> int:
        """How many things are held in memory for calls: 0 at rest."""
        return self._calls.held + self._endpoint.remembered

    def receive(self, data: bytes, flow: Flow, now: Instant, at: datetime) -> list[Output]:
        """Take one datagram, or one message of a stream."""
        self._moment = Moment(now, at)
        return self._run(lambda: self._endpoint.receive(data, flow, now))

    def flow_failed(self, flow: Flow, now: Instant, at: datetime) -> list[Output]:
        """Hear that what was sent by ``flow`` did not arrive."""
        self._moment = Moment(now, at)
        return self._run(lambda: self._endpoint.flow_failed(flow, now))

    def resolved(self, answer: Answer, now: Instant, at: datetime) -> list[Output]:
        """Take the answer to a ``Resolve``."""
        self._moment = Moment(now, at)
        return self._run(lambda: self._endpoint.resolved(answer, now))

    def wake(self, now: Instant, at: datetime) -> list[Output]:
        """Fire everything that is due."""
        self._moment = Moment(now, at)
        outputs = self._run(lambda: self._endpoint.wake(now))
        while (flow := self._calls.due(now)) is not None:
            outputs += self._tell(flow, lambda call: call.wake(self._moment))
        return outputs + self.quota.wake(self._outlook.ledger.running, now)

    @property
    def quota(self) -> Quota:
        """The leases of this node; what they say is to be carried out as ours is."""
        return self._outlook.ledger.quota

    def granted(self, answer: Granted, now: Instant, at: datetime) -> list[Output]:
        """Take the answer to a ``ReserveQuota``."""
        self._moment = Moment(now, at)
        round_ = Round()
        saved, names = self.quota.hear(answer, now)
        round_.tell(saved)
        for name in names:
            flow = self._calls.named(CallId(name))
            if flow is not None:
                self._ask(flow, lambda call: call.hear_quota(self._moment), round_)
        round_.tell(self.quota.tidy(answer.number, now))
        return self._play(round_)

    def talk_found(self, found: TalkFound, now: Instant, at: datetime) -> list[Output]:
        """Take the answer to a ``LookUpTalk``; what ended here meanwhile counts too."""
        self._moment = Moment(now, at)
        found = self._outlook.talks.completed(found)
        flow = self._calls.named(CallId(found.question.call))
        return self._tell(flow, lambda call: call.hear_talk(found, self._moment))

    def hear_of(self, fact: MediaFact, now: Instant, at: datetime) -> list[Output]:
        """Take what the media plane says of a call."""
        self._moment = Moment(now, at)
        flow = self._calls.named(fact.call)
        return self._tell(flow, lambda call: call.hear_of(fact, self._moment))

    def replan(self, snapshot: Snapshot) -> None:
        """Know other plans from now on; calls in progress keep theirs."""
        self._outlook.snapshot = snapshot

    def hang_up(self, call: CallId, now: Instant, at: datetime) -> list[Output]:
        """End a call because an operator says so."""
        self._moment = Moment(now, at)
        flow = self._calls.named(call)
        return self._tell(flow, lambda call: call.hang_up(self._moment, "operator"))

    def hang_up_all(self, reason: str, now: Instant, at: datetime) -> list[Output]:
        """End every call: the process is going down for good."""
        self._moment = Moment(now, at)
        outputs: list[Output] = []
        for flow in list(self._calls):
            outputs += self._tell(flow, lambda call: call.hang_up(self._moment, reason))
        return outputs

    def drain(self) -> list[Output]:
        """Admit no new calls; :class:`Drained` is said when the last has ended."""
        self._draining = self._endpoint.draining = True
        return [] if self._calls else [Drained()]

    def live(self) -> list[LiveCall]:
        """The calls now up, oldest first."""
        return [live_call(flow) for flow in self._calls]

    def restore(
        self,
        images: Iterable[tuple[CallId, bytes]],
        adopted: Iterable[CallId],
        now: Instant,
        at: datetime,
    ) -> list[Output]:
        """Take calls back from the journal of the process before.

        A call in which both sides talked, and whose media is ``adopted``, goes on; one that
        was not assigned to anybody begins again with its INVITE. Of any other the answered
        legs are released, and its record is written: it ended with its process. So it is
        with an image that cannot be read, as far as it can.
        """
        self._moment = Moment(now, at)
        alive = set(adopted)
        outputs: list[Output] = []
        for name, data in images:
            if name in self._calls:
                continue
            flow, round_, fault = None, None, ""
            try:
                image = decode(data)
                if name in alive:
                    flow = self._recovery.resume(image, self._around, self._moment)
                round_ = self._recovery.again(image, self._moment)
            except Exception:
                fault = traceback.format_exc()
            if flow is not None:
                outputs += self._tell(flow, lambda call: call.restore(self._moment))
                continue
            if round_ is not None:
                outputs += self._play(round_)
            if round_ is None or round_.again is not None:
                grave = self._recovery.bury(name, remains_of(data), self._moment, fault)
                outputs += self._play(grave)
        return outputs

    def _run(self, act: Callable[[], Sequence[EndpointOutput]]) -> list[Output]:
        """Let the endpoint act, and carry what it says to the calls it is about."""
        return self._play(Round(self._guarded(act)))

    def _tell(
        self, flow: CallFlow | None, act: Callable[[CallFlow], Sequence[FlowOutput]]
    ) -> list[Output]:
        """Let one call act, and carry out what it wants."""
        round_ = Round()
        if flow is not None:
            self._ask(flow, act, round_)
        return self._play(round_)

    def _play(self, round_: Round) -> list[Output]:
        """Carry items to and fro until only outputs are left."""
        while round_.backlog or round_.dirty:
            if round_.backlog:
                self._carry(round_.backlog.popleft(), round_)
            else:
                self._save(round_)
        return round_.outputs

    def _carry(self, item: Item, round_: Round) -> None:
        match item:  # What comes most often stands first.
            case Crossed():
                self._note(item, round_)
            case (
                Transmit()
                | ConnectPort()
                | LetHear()
                | CloseMedia()
                | ExtendMedia()
                | ClosePort()
                | PressKeys()
                | RecordLeg()
                | StopRecording()
                | Resolve()
                | Dropped()
                | Notice()
            ):
                round_.say(item)
            case OpenPort():
                round_.say(in_family(item, self._calls, self._endpoint))
            case (
                sip.Ring()
                | sip.Accept()
                | sip.Refuse()
                | sip.HangUp()
                | sip.Offer()
                | sip.AnswerOffer()
                | sip.RefuseOffer()
            ):
                self._order(item, round_)
            case sip.Invite():
                self._invite(item, round_)
            case sip.Invited():
                self._invited(item, round_)
            case Finished(record):
                self._finished(record, round_)
            case SaveRotor(key, state):
                self._outlook.counters[key] = state
                round_.save(SaveCounter(key, state))
            case CallFault():
                round_.add(item)
            case _:
                self._event(item, round_)

    def _event(self, event: SessionFact, round_: Round) -> None:
        flow = self._calls.of(event.session)
        if flow is not None:
            self._ask(flow, lambda call: call.receive(event, self._moment), round_)

    def _ask(
        self,
        flow: CallFlow,
        act: Callable[[CallFlow], Sequence[FlowOutput]],
        round_: Round,
    ) -> None:
        """Let one call act; one that raises is released, recorded and forgotten."""
        if flow.over:
            return
        counted = flow.admitted
        try:
            outputs = act(flow)
            self._calls.watch(flow)
            if flow.admitted and not counted:
                round_.tell(self._admission.note(flow, self._moment))
            elif not flow.admitting:
                self._admission.pass_by(flow)
        except Exception:
            round_.backlog += self._fault(flow, traceback.format_exc())
            return
        for output in outputs:
            match output:
                case AskQuota():
                    round_.tell(self._admission.ask(flow, self._moment.now))
                case LookUpTalk():
                    round_.say(output)
                case Remember():
                    round_.dirty[flow.call.id] = None
                case sip.Invite(session=session):
                    self._calls.own(session, flow)
                    round_.backlog.append(output)
                case _:
                    round_.backlog.append(output)

    def _invited(self, invited: sip.Invited, round_: Round) -> None:
        """Begin a call."""
        moment = self._moment
        again, round_.again = round_.again, None
        flow, fault = self._entrance.take(invited, self._around, moment, again)
        self._calls.add(flow)
        round_.born(flow.call.id)
        if fault:
            round_.backlog += self._fault(flow, fault)
        else:
            self._ask(flow, lambda call: call.start(moment), round_)
        round_.backlog.extendleft(reversed(round_.strangers))
        round_.strangers = []

    def _invite(self, invite: sip.Invite, round_: Round) -> None:
        """Call a destination; a trunk that is gone since the plan was made refuses."""
        if self._endpoint.knows(invite.trunk):
            self._order(invite, round_)
        else:
            refused = sip.Refused(session=invite.session, status=503, local=True)
            round_.backlog.append(refused)

    def _order(self, order: sip.Order, round_: Round) -> None:
        """Have a session do what its call wants."""
        now, session = self._moment.now, order.session
        act = lambda: self._endpoint.order(order, now)  # noqa: E731
        round_.backlog += self._guarded(act, session)

    def _guarded(
        self,
        act: Callable[[], Sequence[EndpointOutput]],
        session: SessionId | None = None,
    ) -> Sequence[Item]:
        """Let the endpoint act; a session whose machine raises ends, and its call with it.

        ``session`` is whose machine was asked, should the endpoint not know.
        """
        try:
            return act()
        except Exception:
            broken = self._endpoint.working_on or session
            if broken is None:
                raise
            trace = traceback.format_exc()
        flow = self._calls.of(broken)
        items: list[Item] = []
        if flow is None:
            items.append(CallFault(None, trace))
        elif not flow.over:
            items += self._fault(flow, trace)
        now = self._moment.now
        return [*items, *self._guarded(lambda: self._endpoint.abandon(broken, now))]

    def _fault(self, flow: CallFlow, trace: str) -> list[Item]:
        """End a call whose own machine raised, without asking it anything more."""
        conclusion = flow.break_off(self._moment, trace)
        try:
            record = flow.dossier.record(conclusion)
        except Exception:
            record = flow.dossier.uncharged(conclusion)
        caller = SessionId(flow.call.caller.leg)
        hang_ups = (sip.HangUp(session=one, causes=OURS) for one in flow.call.sessions)
        return [
            CloseMedia(flow.call.id),
            sip.Refuse(session=caller, status=conclusion.status, causes=OURS),
            *hang_ups,
            Finished(record),
        ]

    def _finished(self, record: CallRecord, round_: Round) -> None:
        """Forget a call that is over."""
        flow = self._calls.named(CallId(record.id))
        if flow is None:
            return
        self._calls.remove(flow)
        self._outlook.talks.add(record)
        round_.tell(self._admission.settle(flow, record, self._moment))
        round_.finish(record)
        # Those who wait see, in their order, whether a destination is free now.
        plan = flow.arrival.plan
        queues = plan is not None and any(one.queue for one in plan.groups.values())
        for waiting in self._calls.waiting(record.number) if queues else ():
            self._ask(waiting, lambda call: call.nudge(self._moment), round_)
        if record.fault:
            round_.add(CallFault(flow.call.id, record.fault))
        if self._draining and not self._calls:
            round_.add(Drained())

    def _save(self, round_: Round) -> None:
        """Put the first call that changed into the journal, as it is now."""
        name = next(iter(round_.dirty))
        del round_.dirty[name]
        flow = self._calls.named(name)
        if flow is None:
            return
        try:
            round_.save(SaveCall(name, self._recovery.image(flow, self._moment)))
        except Exception:
            round_.backlog += self._fault(flow, traceback.format_exc())

    def _note(self, crossed: Crossed, round_: Round) -> None:
        """Add a message to the ladder of its call, which may be about to begin."""
        flow = self._calls.of(crossed.session)
        if flow is None:
            round_.strangers.append(crossed)
            return
        leg = flow.call.hunt.legs.get(LegId(crossed.session))
        label = "caller" if leg is None else leg.target.name
        flow.dossier.note(label, crossed.sent, crossed.line, self._moment.now)
        if leg is not None and crossed.sent and crossed.line.startswith("INVITE"):
            # So that whoever comes after us can withdraw it.
            round_.dirty[flow.call.id] = None

    def _world(self, plan: Plan) -> World:
        calls, fraction = self._calls.of_number(plan.number), self._tokens.fraction()
        return self._outlook.world(plan, calls, self._moment, fraction)
