"""Between transactions and sessions: what either says goes to whom it concerns.

Everything waits in one backlog and is carried out in its order. When a session's machine
raises, the rest of the backlog is untouched and the next :meth:`Switchboard.run` goes on.
"""

from collections import deque
from collections.abc import Callable
from typing import TypeAlias

from b2bua.core.clock import Instant
from b2bua.core.tokens import Tokens
from b2bua.sip.dialog.called import Called
from b2bua.sip.dialog.events import (
    Accepted,
    Confirmed,
    Described,
    DialogChanged,
    Ended,
    Event,
    Invited,
    Offered,
    OfferFailed,
    Pressed,
    Progressed,
    Refuse,
    Refused,
    SessionId,
)
from b2bua.sip.dialog.outputs import Answer, Failure, SendAck, SendCancel, SendRequest
from b2bua.sip.dialog.outputs import Output as SessionOutput
from b2bua.sip.endpoint.arrivals import Arrived
from b2bua.sip.endpoint.attendance import Attendance
from b2bua.sip.endpoint.authentication import Authenticator
from b2bua.sip.endpoint.belonging import belongs
from b2bua.sip.endpoint.departures import Departed, Departures, NoWay
from b2bua.sip.endpoint.doorway import (
    BANNED,
    Decision,
    Doorway,
    Reply,
    TurnAway,
    Welcome,
    read_through,
    refusal_of,
)
from b2bua.sip.endpoint.dress import dress_response, wants_sips
from b2bua.sip.endpoint.ladder import line_of, line_of_bytes
from b2bua.sip.endpoint.manners import USUAL, Manners, put, understood
from b2bua.sip.endpoint.orphan import acknowledgement, release
from b2bua.sip.endpoint.outputs import (
    Crossed,
    Dropped,
    Output,
    Resolve,
    Transmit,
    WayChanged,
)
from b2bua.sip.endpoint.registrar import PHONES, Registrar
from b2bua.sip.endpoint.registrations import Registrations
from b2bua.sip.endpoint.registry import Entry, Registry, Served, Session, User
from b2bua.sip.endpoint.settings import EndpointSettings
from b2bua.sip.endpoint.trunks import TrunkTable
from b2bua.sip.endpoint.ways import Ways
from b2bua.sip.message.build import response_to
from b2bua.sip.message.errors import MalformedMessage
from b2bua.sip.message.message import Request, Response
from b2bua.sip.message.serializer import serialize
from b2bua.sip.transaction import outputs as transaction
from b2bua.sip.transaction.key import ServerKey
from b2bua.sip.transaction.layer import TransactionLayer
from b2bua.sip.transport.flow import Flow

Item: TypeAlias = Arrived | Departed | Event


class Switchboard:
    """The parts of the endpoint, wired to each other."""

    def __init__(
        self, settings: EndpointSettings, trunks: TrunkTable, tokens: Tokens
    ) -> None:
        self.working_on: SessionId | None = None
        self.layer: TransactionLayer[Flow, User] = TransactionLayer(settings.timers)
        self.registry = Registry()
        authenticator = Authenticator(settings.realm, tokens)
        at_home = settings.registrar
        self.attendance = Attendance(
            at_home.probe, at_home.losses, settings.listeners[0].advertised[0], tokens
        )
        self.registrar = Registrar(at_home, authenticator, self.attendance, tokens)
        self.doorway = Doorway(
            settings, trunks, tokens, self.registry.quotas, self.registrar
        )
        self.ways = Ways(settings, tokens)
        self.departures = Departures(settings, tokens, self.layer, self.registry, self.ways)
        self.departures.flows = self.attendance.flows
        self.registrations = Registrations(settings, tokens)
        self.backlog: deque[Item] = deque()
        self._settings = settings
        self._tokens = tokens
        self._outputs: list[Output] = []

    def run(self, now: Instant) -> list[Output]:
        """Carry out all there is, and give out what came of it."""
        self.carry_out(now)
        if self.registrar.changed:
            self._outputs[:0] = self.registrar.save(now)
        collected, self._outputs = self._outputs, []
        return collected

    def carry_out(self, now: Instant) -> None:
        """Go on until nothing is left to do."""
        while self.backlog:
            self._handle(self.backlog.popleft(), now)

    def ask(
        self,
        session: SessionId,
        ask: Callable[[Session], list[SessionOutput]],
        now: Instant,
    ) -> bool:
        """Let a session's machine run; False if there is no such session."""
        entry = self.registry.entries.get(session)
        if entry is None:
            return False
        self.working_on = session
        outputs = ask(entry.session)
        for output in outputs:
            if isinstance(output, Ended | Refused):
                entry.closed = True
                self.registry.close(entry)
                if isinstance(output, Refused):
                    output = understood(output, self._manners(entry))  # noqa: PLW2901
            self.send(session, output, now)
        self.registry.watch(entry)
        self.working_on = None
        return True

    def put(self, refuse: Refuse) -> Refuse:
        """A refusal as the trunk of its session wants to be refused."""
        entry = self.registry.entries.get(refuse.session)
        return refuse if entry is None else put(refuse, self._manners(entry))

    def _manners(self, entry: Entry) -> Manners:
        trunks = self.doorway.trunks
        return trunks.named(entry.trunk).manners if entry.trunk in trunks else USUAL

    def send(self, session: SessionId, output: SessionOutput, now: Instant) -> None:
        """Carry out what a session asks."""
        match output:
            case SendRequest() | SendAck():
                self.backlog += self.departures.send(session, output, now)
            case SendCancel():
                self.backlog += self.departures.cancel(session, output, now)
            case Answer(key, response):
                self._respond(key, response, now)
            case _:
                self.backlog.append(output)

    def send_all(self, sends: list[tuple[SessionId, SendRequest]], now: Instant) -> None:
        for tag, send in sends:
            self.send(tag, send, now)

    def probe(self, now: Instant) -> None:
        """Ask the addresses of trunks how they are, when that is due."""
        sends, changes = self.ways.wake(now)
        self._outputs += changes
        self.send_all(sends, now)

    def _respond(self, key: ServerKey, response: Response, now: Instant) -> None:
        served = self.registry.served.get(key)
        if served is None:
            return
        served.status = max(served.status, response.status)
        listener = self.departures.listener(served.flow)
        agent = self._settings.user_agent
        dressed = dress_response(response, listener, agent, sips=served.sips)
        self.backlog += self.layer.respond(key, dressed, now)

    def _handle(self, item: Item, now: Instant) -> None:
        match item:
            case transaction.Transmit(data, flow, key):
                self._transmit(data, flow, self.registry.session_of(key))
            case transaction.NewRequest():
                self._begin(item, now)
            case transaction.Cancelled():
                self._cancelled(item, now)
            case transaction.StrayAck(request, flow):
                self._acknowledged(request, flow, now)
            case transaction.StrayResponse(response, flow):
                self._stray(response, flow, now)
            case transaction.GotResponse(user, key, response):
                self.departures.reached(key)
                if key.method != "CANCEL":
                    self._responded(user, response, now)
            case transaction.TransactionTimedOut(user, key):
                if key.method != "CANCEL":
                    self._failed(user, Failure.TIMED_OUT, now)
            case transaction.TransportFailed(user, key):
                again = self.departures.fall_back(key, now)
                if again is not None:
                    self.backlog += again
                elif key.method != "CANCEL":
                    self._failed(user, Failure.UNREACHABLE, now)
            case transaction.TransactionEnded(key):
                self.departures.reached(key)
                self._ended(self.registry.end(key), now)
            case transaction.Dropped(reason, flow):
                self._outputs.append(Dropped(reason.value, flow))
            case transaction.AckMissed() | transaction.ResponseFailed():
                pass
            case NoWay(user, failure):
                self._failed(user, failure, now)
            case (
                Transmit()
                | Crossed()
                | Dropped()
                | Resolve()
                | WayChanged()
                | Invited()
                | Progressed()
                | Accepted()
                | Refused()
                | Confirmed()
                | Described()
                | Offered()
                | OfferFailed()
                | Pressed()
                | Ended()
                | DialogChanged()
            ):
                self._outputs.append(item)

    def _transmit(self, data: bytes, flow: Flow, session: SessionId | None) -> None:
        self._outputs.append(Transmit(data, flow, session))
        if session is not None:
            self._outputs.append(Crossed(session, True, line_of_bytes(data), flow))

    def _begin(self, new: transaction.NewRequest[Flow], now: Instant) -> None:
        """Take a request that nobody has seen before."""
        request = new.request
        served = self.registry.served[new.key] = Served(new.flow)
        served.sips = new.flow.secure and wants_sips(request)
        session = SessionId(request.to.tag)
        entry = self.registry.entries.get(session)
        if not session and request.method != "CANCEL":
            self._decide(new, self.doorway.judge(new, len(self.registry.entries), now), now)
        elif (
            entry is None
            or entry.session.call_id != request.call_id
            or request.method == "CANCEL"
            or not self._belongs(entry, new.flow)
        ):
            self._decide(new, self.doorway.unknown_dialog(new, now), now)
        else:
            served.session = session
            self._outputs.append(Crossed(session, False, line_of(request), new.flow))
            refusal = refusal_of(request, self.doorway.methods(entry.trunk), session)
            if refusal is not None:
                self._respond(new.key, refusal, now)
                return
            entry.flow = new.flow
            self.ask(session, lambda machine: machine.receive(new.key, request, now), now)

    def _belongs(self, entry: Entry, flow: Flow) -> bool:
        trunks = self.doorway.trunks
        return belongs(entry, flow, trunks, self.doorway.trunk_of(flow))

    def _decide(
        self, new: transaction.NewRequest[Flow], decision: Decision, now: Instant
    ) -> None:
        match decision:
            case Reply(response):
                self._respond(new.key, response, now)
            case TurnAway():
                self._turn_away(new, decision)
            case Welcome():
                self._welcome(new, decision, now)

    def _turn_away(self, new: transaction.NewRequest[Flow], turned: TurnAway) -> None:
        """Refuse without a transaction, or in silence."""
        answer = turned.answer and not turned.banned
        for said in self.layer.refuse_statelessly(new.key, turned.response):
            if answer or not isinstance(said, transaction.Transmit):
                self.backlog.append(said)
        if not answer:
            reason = BANNED if turned.banned else "refused in silence"
            self.backlog.append(Dropped(reason, new.flow))

    def _welcome(
        self, new: transaction.NewRequest[Flow], welcome: Welcome, now: Instant
    ) -> None:
        """Begin a session that we were invited to."""
        request, session = new.request, welcome.session
        machine = Called(
            session, new.key, request, terms=welcome.terms, tokens=self._tokens
        )
        trunk = welcome.terms.trunk
        entry = Entry(session=machine, trunk=trunk, flow=new.flow)
        entry.by_flow = trunk == PHONES
        entry.invite = new.key, request
        self.registry.add(entry)
        self.registry.served[new.key].session = session
        self._outputs.append(Crossed(session, False, line_of(request), new.flow))
        self.ask(session, lambda _: machine.start(welcome.invitation, now), now)

    def _cancelled(self, cancelled: transaction.Cancelled[Flow], now: Instant) -> None:
        """Answer a CANCEL, and let the session end its INVITE (§9.2)."""
        request, invite = cancelled.request, cancelled.invite
        self.registry.served[cancelled.key] = Served(cancelled.flow)
        served = self.registry.served.get(invite)
        session = served.session if served else None
        self._respond(cancelled.key, response_to(request, 200, to_tag=session), now)
        if session is None:
            return
        self._outputs.append(Crossed(session, False, line_of(request), cancelled.flow))
        try:
            read_through(request)
        except MalformedMessage:
            request.headers.remove("Reason")
        self.ask(session, lambda machine: machine.cancel(invite, request, now), now)

    def _acknowledged(self, ack: Request, flow: Flow, now: Instant) -> None:
        session = SessionId(ack.to.tag)
        entry = self.registry.entries.get(session)
        if entry is None or not self._belongs(entry, flow):
            self._outputs.append(Dropped("ACK of nothing we know", flow))
            return
        self._outputs.append(Crossed(session, False, line_of(ack), flow))
        self.ask(session, lambda machine: machine.acknowledge(ack, now), now)

    def _stray(self, response: Response, flow: Flow, now: Instant) -> None:
        session = SessionId(response.from_.tag)
        if self.ask(session, lambda machine: machine.receive_stray(response), now):
            return
        banned = self.doorway.offended(flow, now)
        reason = BANNED if banned else "response to nothing we know"
        self._outputs.append(Dropped(reason, flow))
        listener = self.departures.listener(flow)
        ours = (response.via.host, response.via.port) == listener.advertised
        if ours and self.doorway.trunks.of(flow) is not None:
            self._put_right(response, flow, now)

    def _put_right(self, response: Response, flow: Flow, now: Instant) -> None:
        """Acknowledge what a trunk answers to a process that is gone, and end a 2xx."""
        ack = acknowledgement(response)
        if ack is not None:
            self._outputs.append(Transmit(serialize(ack), flow))
        for word in release(response, self._tokens) or ():
            self.send(SessionId(response.from_.tag), word, now)

    def _responded(self, user: User, response: Response, now: Instant) -> None:
        """Hand a response to its session; end what it began if that is gone."""
        if change := self.ways.heard(user, response.status, now):
            self._outputs.append(change)
        if entry := self.registry.entries.get(user.session):
            entry.heard(user.purpose, response)
        if self.ask(
            user.session,
            lambda machine: machine.receive_response(user.purpose, response, now),
            now,
        ):
            return
        if self.attendance.answered(user.session, response.status, now):
            return
        if self.ways.probing(user.session):
            if change := self.ways.probe_answered(user.session, response.status, now):
                self._outputs.append(change)
            return
        registration = self.registrations.find(user.session)
        for word in (
            registration.receive(user.purpose, response, now)
            if registration
            else release(response, self._tokens) or ()
        ):
            self.send(user.session, word, now)

    def _failed(self, user: User, failure: Failure, now: Instant) -> None:
        if change := (
            self.ways.failed(user, failure, now)
            or self.ways.probe_failed(user.session, failure, now)
        ):
            self._outputs.append(change)
        self.attendance.failed(user.session, now)
        if registration := self.registrations.find(user.session):
            registration.fail(user.purpose, now)
        self.ask(
            user.session, lambda machine: machine.failed(user.purpose, failure, now), now
        )

    def _ended(self, user: User | None, now: Instant) -> None:
        entry = user and self.registry.entries.get(user.session)
        if user:
            self.ways.forget(user)
        if user and entry:
            entry.session.transaction_ended(user.purpose)
            self.registry.watch(entry)
