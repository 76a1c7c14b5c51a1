"""The whole program as one machine: every call now in progress.

Bytes, media facts, plans and the time go in; bytes, media orders, journal entries, records
and one deadline come out. A call's flow decides, the SIP endpoint speaks, and the exchange
carries between them what each says until neither has anything more to say. What must be
in the journal comes first among the outputs: it is safe before anything else leaves.

One call's bug ends that call alone: what raises is caught here, where calls are driven, the
call is released and recorded with its traceback, and the others go on.
"""

import heapq
import traceback
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import TypeAlias

from b2bua.call.call import Call
from b2bua.call.caller import CallerLeg
from b2bua.call.media import CallId, CloseMedia, LegId, MediaFact, MediaOrder
from b2bua.core.clock import Instant
from b2bua.core.tokens import Tokens
from b2bua.exchange.journal_image import CallImage, decode, encode
from b2bua.exchange.outlook import LiveCall, Outlook, live_call
from b2bua.exchange.outputs import CallFault, Drained, FinishCall, SaveCall, SaveCounter
from b2bua.service.flow.arrival import Arrival, read_arrival
from b2bua.service.flow.decision import World
from b2bua.service.flow.dossier import Dossier, Moment
from b2bua.service.flow.flow import CallFlow, Surroundings
from b2bua.service.flow.image import broken_off, image_of, restored
from b2bua.service.flow.outputs import Finished, FlowOutput, Remember, SaveRotor, Wish
from b2bua.service.plan import Plan, Snapshot
from b2bua.service.record import CallRecord
from b2bua.sip.dialog import events as sip
from b2bua.sip.dialog.events import Cause, SessionId
from b2bua.sip.endpoint.endpoint import SipEndpoint
from b2bua.sip.endpoint.outputs import Crossed, Dropped, Resolve, Transmit
from b2bua.sip.endpoint.outputs import Output as EndpointOutput
from b2bua.sip.transport.flow import Flow
from b2bua.sip.transport.target import Answer

Output: TypeAlias = (
    Transmit
    | Resolve
    | Dropped
    | MediaOrder
    | SaveCall
    | FinishCall
    | SaveCounter
    | Drained
    | CallFault
)

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

Item: TypeAlias = EndpointOutput | Wish


class Exchange:
    """Every call of one node."""

    def __init__(self, endpoint: SipEndpoint, tokens: Tokens, outlook: Outlook) -> None:
        self._endpoint = endpoint
        self._tokens = tokens
        self._outlook = outlook
        self._calls: dict[CallId, CallFlow] = {}
        self._of_session: dict[SessionId, CallId] = {}
        self._alarms: list[tuple[Instant, CallId]] = []
        self._armed: dict[CallId, Instant] = {}
        self._moment = Moment(0.0, datetime.min.replace(tzinfo=UTC))
        self._draining = False

    @property
    def deadline(self) -> Instant | None:
        """When :meth:`wake` must next be called."""
        while self._alarms and self._armed.get(self._alarms[0][1]) != self._alarms[0][0]:
            heapq.heappop(self._alarms)
        endpoint = self._endpoint.deadline
        if not self._alarms:
            return endpoint
        return self._alarms[0][0] if endpoint is None else min(endpoint, self._alarms[0][0])

    @property
    def remembered(self) -> int:
        """How many things are held in memory for calls: 0 at rest."""
        calls = len(self._calls) + len(self._of_session) + len(self._armed)
        return calls + self._endpoint.remembered

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
        while self._alarms and self._alarms[0][0] <= now:
            due, name = heapq.heappop(self._alarms)
            if self._armed.get(name) != due:
                continue
            del self._armed[name]
            outputs += self._tell(name, lambda call: call.wake(self._moment))
        return outputs

    def hear_of(self, fact: MediaFact, now: Instant, at: datetime) -> list[Output]:
        """Take what the media plane says of a call."""
        self._moment = Moment(now, at)
        return self._tell(fact.call, lambda call: call.hear_of(fact, self._moment))

    def replan(self, snapshot: Snapshot) -> None:
        """Know other plans from now on; calls in progress keep theirs."""
        self._outlook.snapshot = snapshot

    def hang_up(self, call: CallId, now: Instant, at: datetime) -> list[Output]:
        """End a call because an operator says so."""
        self._moment = Moment(now, at)
        return self._tell(call, lambda flow: flow.hang_up(self._moment, "operator"))

    def hang_up_all(self, reason: str, now: Instant, at: datetime) -> list[Output]:
        """End every call: the process is going down for good."""
        self._moment = Moment(now, at)
        outputs: list[Output] = []
        for call in list(self._calls):
            outputs += self._tell(call, lambda flow: flow.hang_up(self._moment, reason))
        return outputs

    def drain(self) -> list[Output]:
        """Admit no new calls; :class:`Drained` is said when the last has ended."""
        self._draining = self._endpoint.draining = True
        return [] if self._calls else [Drained()]

    def live(self) -> list[LiveCall]:
        """The calls now up, oldest first."""
        return [live_call(flow) for flow in self._calls.values()]

    def restore(
        self,
        images: Iterable[tuple[CallId, bytes]],
        adopted: Iterable[CallId],
        now: Instant,
        at: datetime,
    ) -> list[Output]:
        """Take calls back from the journal of the process before.

        A call in which both sides talked, and whose media is ``adopted``, goes on. Of any
        other the answered legs are released, and its record is written: it ended with its
        process.
        """
        self._moment = Moment(now, at)
        alive = set(adopted)
        outputs: list[Output] = []
        for name, data in images:
            image = decode(data)
            flow = restored(image.flow, self._around(), self._tokens, self._moment)
            for session in image.sessions:
                outputs += self._run(
                    lambda session=session: self._endpoint.restore(session, now)  # type: ignore[misc]
                )
            if flow is not None and name in alive:
                self._take(name, flow)
                outputs += self._tell(name, lambda call: call.restore(self._moment))
            else:
                outputs += self._break_off(image)
        return outputs

    def _break_off(self, image: CallImage) -> list[Output]:
        """Release what is left of a call that cannot go on."""
        record = broken_off(image.flow, self._moment)
        outputs: list[Output] = [FinishCall(record), CloseMedia(CallId(record.id))]
        for session in image.sessions:
            hang_up = sip.HangUp(session=session.session, causes=(Cause("Q.850", 41),))
            outputs += self._run(
                lambda order=hang_up: self._endpoint.order(order, self._moment.now)  # type: ignore[misc]
            )
        return outputs

    def _run(self, act: Callable[[], Sequence[EndpointOutput]]) -> list[Output]:
        """Let the endpoint act, and carry what it says to the calls it is about."""
        try:
            items: Sequence[Item] = act()
        except Exception:
            session = self._endpoint.working_on
            if session is None:
                raise
            items = self._session_fault(session, traceback.format_exc())
        return self._settle(items)

    def _tell(
        self, name: CallId, act: Callable[[CallFlow], Sequence[FlowOutput]]
    ) -> list[Output]:
        """Let one call act, and carry out what it wants."""
        dirty: set[CallId] = set()
        return self._collect(self._ask(name, act, dirty), dirty)

    def _settle(self, items: Sequence[Item]) -> list[Output]:
        return self._collect(items, set())

    def _collect(self, items: Sequence[Item], dirty: set[CallId]) -> list[Output]:
        """Carry items to and fro until only outputs are left; the journal's come first."""
        journal: list[Output] = []
        outputs: list[Output] = []
        strangers: list[Crossed] = []
        """Messages of a session whose call begins with this very INVITE."""
        backlog = deque(items)
        while backlog:
            item = backlog.popleft()
            match item:
                case Transmit() | Resolve() | Dropped():
                    outputs.append(item)
                case Crossed():
                    strangers += self._note(item)
                case sip.Invited():
                    backlog += self._invited(item, dirty)
                    backlog.extendleft(reversed(strangers))
                    strangers = []
                case (
                    sip.Invite()
                    | sip.Ring()
                    | sip.Accept()
                    | sip.Refuse()
                    | sip.HangUp()
                    | sip.Offer()
                    | sip.AnswerOffer()
                    | sip.RefuseOffer()
                ):
                    backlog += self._order(item)
                case Finished(record):
                    journal.append(FinishCall(record))
                    outputs += self._finished(record, dirty)
                case SaveRotor(key, state):
                    self._outlook.counters[key] = state
                    journal.append(SaveCounter(key, state))
                case _ if isinstance(item, MediaOrder):
                    outputs.append(item)
                case _:
                    backlog += self._event(item, dirty)
        saved = [self._image(name) for name in dirty if name in self._calls]
        return [*saved, *journal, *outputs]

    def _event(self, event: SessionFact, dirty: set[CallId]) -> Sequence[Wish]:
        name = self._of_session.get(event.session)
        if isinstance(event, sip.Ended | sip.Refused):
            self._of_session.pop(event.session, None)
        if name is None:
            return []
        return self._ask(name, lambda call: call.receive(event, self._moment), dirty)

    def _ask(
        self,
        name: CallId,
        act: Callable[[CallFlow], Sequence[FlowOutput]],
        dirty: set[CallId],
    ) -> list[Wish]:
        """Let one call act; one that raises is released, recorded and forgotten."""
        flow = self._calls.get(name)
        if flow is None:
            return []
        try:
            outputs = act(flow)
        except Exception:
            return self._fault(flow, traceback.format_exc())
        self._arm(name, flow)
        kept: list[Wish] = []
        for output in outputs:
            match output:
                case Remember():
                    dirty.add(name)
                case sip.Invite(session=session):
                    self._of_session[session] = name
                    kept.append(output)
                case _:
                    kept.append(output)
        return kept

    def _invited(self, invited: sip.Invited, dirty: set[CallId]) -> Sequence[Wish]:
        """Begin a call."""
        invitation, moment = invited.invitation, self._moment
        outlook = self._outlook
        arrival = read_arrival(
            invitation,
            outlook.trunk(invitation.trunk),
            outlook.snapshot.plans,
            outlook.areas,
        )
        name = CallId(f"{moment.at:%Y%m%d}-{self._tokens.token()}")
        caller = CallerLeg(
            name,
            invited.session,
            offer=invitation.offer,
            reliable=invitation.supports_reliable,
            session_id=int(self._tokens.fraction() * 2**31),
        )
        flow = CallFlow(
            Call(name, caller, self._tokens),
            self._dossier(name, arrival),
            arrival,
            self._around(),
        )
        self._take(name, flow)
        outputs = self._ask(name, lambda call: call.start(moment), dirty)
        dirty.add(name)
        if arrival.plan is not None and flow.admitted:
            price = flow.dossier.tariff.unit_price
            number = arrival.caller.number
            self._outlook.ledger.admit(arrival.plan, number, price, moment.now, moment.at)
        return outputs

    def _dossier(self, name: CallId, arrival: Arrival) -> Dossier:
        plan = arrival.plan
        return Dossier(
            id=name,
            node=self._outlook.node,
            number=arrival.number,
            caller=arrival.caller,
            private=arrival.private,
            trunk=arrival.trunk,
            plan_version=0 if plan is None else plan.version,
            tariff=self._outlook.tariff(plan),
            invited=self._moment,
        )

    def _take(self, name: CallId, flow: CallFlow) -> None:
        self._calls[name] = flow
        for session in flow.call.sessions:
            self._of_session[session] = name

    def _order(self, order: sip.Order) -> Sequence[Item]:
        """Have a session do what its call wants."""
        try:
            return self._endpoint.order(order, self._moment.now)
        except Exception:
            return self._session_fault(order.session, traceback.format_exc())

    def _session_fault(self, session: SessionId, trace: str) -> list[Item]:
        name = self._of_session.pop(session, None)
        outputs: list[Item] = []
        if name is not None and (flow := self._calls.get(name)) is not None:
            outputs += self._fault(flow, trace)
        outputs += self._endpoint.abandon(session, self._moment.now)
        return outputs

    def _fault(self, flow: CallFlow, trace: str) -> list[Wish]:
        """End a call whose own machine raised, without asking it anything more."""
        outputs: list[Wish] = [CloseMedia(flow.call.id)]
        outputs.append(flow.break_off(self._moment, trace))
        causes = (Cause("Q.850", 41),)
        outputs += [
            sip.HangUp(session=session, causes=causes) for session in flow.call.sessions
        ]
        return outputs

    def _finished(self, record: CallRecord, dirty: set[CallId]) -> list[Output]:
        """Forget a call that is over."""
        name = CallId(record.id)
        flow = self._calls.pop(name)
        dirty.discard(name)
        self._armed.pop(name, None)
        for leg in (flow.call.caller.leg, *flow.call.hunt.legs):
            self._of_session.pop(SessionId(leg), None)
        if flow.arrival.plan is not None and flow.admitted:
            price = flow.dossier.tariff.unit_price
            at = record.invite_at
            self._outlook.ledger.settle(flow.arrival.plan, price, record.fee, at)
        outputs: list[Output] = []
        if record.fault:
            outputs.append(CallFault(name, record.fault))
        if self._draining and not self._calls:
            outputs.append(Drained())
        return outputs

    def _image(self, name: CallId) -> SaveCall:
        flow = self._calls[name]
        sessions = (
            self._endpoint.image(session, self._moment.now)
            for session in flow.call.sessions
        )
        image = CallImage(
            flow=image_of(flow),
            sessions=tuple(session for session in sessions if session is not None),
        )
        return SaveCall(name, encode(image))

    def _arm(self, name: CallId, flow: CallFlow) -> None:
        deadline = flow.deadline
        if deadline is None:
            self._armed.pop(name, None)
        elif self._armed.get(name) != deadline:
            self._armed[name] = deadline
            heapq.heappush(self._alarms, (deadline, name))

    def _note(self, crossed: Crossed) -> list[Crossed]:
        """Add a message to the ladder of its call; give it back if there is none yet."""
        name = self._of_session.get(crossed.session)
        flow = None if name is None else self._calls.get(name)
        if flow is None:
            return [crossed]
        leg = flow.call.hunt.legs.get(LegId(crossed.session))
        label = "caller" if leg is None else leg.target.name
        flow.dossier.note(label, crossed.sent, crossed.line, self._moment.now)
        return []

    def _around(self) -> Surroundings:
        return Surroundings(world=self._world, trunks=self._outlook.trunk)

    def _world(self, plan: Plan) -> World:
        fraction = self._tokens.fraction()
        return self._outlook.world(plan, self._calls.values(), self._moment, fraction)
