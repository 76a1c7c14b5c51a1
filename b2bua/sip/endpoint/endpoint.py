"""The whole SIP stack as one machine: bytes in; bytes, facts and a deadline out.

Transport, transactions and dialogs put together (RFC 3261 §8). Each session is a machine of
its own, and one that raises harms no other: what was under way stays in the backlog, the
session is named by :attr:`SipEndpoint.working_on`, and :meth:`SipEndpoint.abandon` ends it
by what is known of it from outside.
"""

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TypeAlias

from b2bua.core.clock import Instant
from b2bua.core.errors import InvalidState
from b2bua.core.tokens import Tokens
from b2bua.sip.dialog.called import Called
from b2bua.sip.dialog.calling import Calling
from b2bua.sip.dialog.deadlines import earliest
from b2bua.sip.dialog.events import (
    Ended,
    EndReason,
    Event,
    Invite,
    Order,
    Refused,
    SessionId,
    SessionImage,
)
from b2bua.sip.dialog.image import Restored, flow_of, image_of
from b2bua.sip.dialog.outputs import Answer, Failure, SendAck, SendCancel, SendRequest
from b2bua.sip.dialog.outputs import Output as SessionOutput
from b2bua.sip.dialog.terms import METHODS
from b2bua.sip.endpoint.arrivals import Arrivals, Arrived
from b2bua.sip.endpoint.departures import Departed, Departures, NoWay
from b2bua.sip.endpoint.doorway import (
    Decision,
    Doorway,
    Reply,
    TurnAway,
    Welcome,
    read_through,
    refusal_of,
)
from b2bua.sip.endpoint.dress import dress_response
from b2bua.sip.endpoint.ladder import line_of, line_of_bytes
from b2bua.sip.endpoint.orphan import last_words, release
from b2bua.sip.endpoint.outputs import Crossed, Dropped, Output, Transmit
from b2bua.sip.endpoint.registry import Entry, Registry, Served, Session, User
from b2bua.sip.endpoint.settings import EndpointSettings
from b2bua.sip.endpoint.trunks import Trunk, TrunkTable
from b2bua.sip.message.build import response_to
from b2bua.sip.message.errors import MalformedMessage
from b2bua.sip.message.message import Request, Response
from b2bua.sip.transaction import outputs as transaction
from b2bua.sip.transaction.key import ServerKey
from b2bua.sip.transaction.layer import TransactionLayer
from b2bua.sip.transport.flow import Flow
from b2bua.sip.transport.target import Answer as Resolved

Item: TypeAlias = Arrived | Departed | Event


class SipEndpoint:
    """Every session of one process, and the way to and from the network."""

    def __init__(self, settings: EndpointSettings, tokens: Tokens) -> None:
        self.working_on: SessionId | None = None
        """The session whose machine is running, or was when it raised."""
        self._settings = settings
        self._tokens = tokens
        self._trunks = TrunkTable(settings.trunks)
        self._doorway = Doorway(settings, self._trunks, tokens)
        self._layer: TransactionLayer[Flow, User] = TransactionLayer(settings.timers)
        self._registry = Registry()
        self._arrivals = Arrivals(self._doorway, self._layer, self._registry)
        self._departures = Departures(settings, tokens, self._layer, self._registry)
        self._backlog: deque[Item] = deque()
        self._outputs: list[Output] = []

    @property
    def deadline(self) -> Instant | None:
        """When :meth:`wake` must next be called, or None to wait for input alone."""
        return earliest(
            self._layer.deadline, self._departures.deadline, self._registry.alarms.deadline
        )

    @property
    def sessions(self) -> int:
        """How many sessions there are, those that only linger included."""
        return len(self._registry.entries)

    @property
    def remembered(self) -> int:
        """How many things are held in memory for sessions and transactions: 0 at rest."""
        return len(self._registry) + len(self._layer) + len(self._backlog)

    def set_trunks(self, trunks: Iterable[Trunk]) -> None:
        """Know other trunks from now on; sessions keep the terms they began with."""
        self._trunks = TrunkTable(trunks)
        self._doorway.trunks = self._trunks

    @property
    def draining(self) -> bool:
        """Whether new calls are refused with 503, while those in progress go on."""
        return self._doorway.draining

    @draining.setter
    def draining(self, draining: bool) -> None:
        self._doorway.draining = draining

    def receive(self, data: bytes, flow: Flow, now: Instant) -> list[Output]:
        """Take one message: a datagram, or what was cut from a stream."""
        self._backlog += self._arrivals.receive(data, flow, now)
        return self._run(now)

    def order(self, order: Order, now: Instant) -> list[Output]:
        """Do what call control asks; a session that is over is asked nothing."""
        if isinstance(order, Invite):
            trunk = self._trunks.named(order.trunk)
            terms = self._settings.terms(trunk)
            session = Calling(order, terms=terms, tokens=self._tokens)
            if order.session in self._registry.entries:
                raise InvalidState(f"Session {order.session} exists")
            self._registry.add(Entry(session=session, trunk=trunk.name, flow=None))
            self._ask(order.session, lambda _: session.start(now), now)
        else:
            self._ask(order.session, lambda session: session.order(order, now), now)
        return self._run(now)

    def resolved(self, answer: Resolved, now: Instant) -> list[Output]:
        """Take the answer to a :class:`Resolve`."""
        self._backlog += self._departures.resolved(answer, now)
        return self._run(now)

    def flow_failed(self, flow: Flow, now: Instant) -> list[Output]:
        """Hear that a flow is gone, or that what was sent by it did not arrive.

        Sessions live on (RFC 5626 §4.4.1 is not ours): their next request opens a new one.
        """
        if flow.connection:
            for entry in self._registry.entries.values():
                if entry.flow == flow:
                    entry.flow = replace(flow, connection=0)
        self._backlog += self._layer.flow_failed(flow, now)
        return self._run(now)

    def wake(self, now: Instant) -> list[Output]:
        """Fire every timer that is due, earliest first."""
        while (deadline := self.deadline) is not None and deadline <= now:
            if deadline == self._layer.deadline:
                self._backlog += self._layer.wake(deadline)
            elif deadline == self._departures.deadline:
                self._backlog += self._departures.wake(deadline)
            else:
                self._wake_session(deadline)
            self._carry_out(deadline)
        return self._run(now)

    def _wake_session(self, now: Instant) -> None:
        if alarm := self._registry.alarms.pop(now):
            due, entry = alarm
            self._ask(entry.session.session, lambda session: session.wake(due), due)

    def image(self, session: SessionId, now: Instant) -> SessionImage | None:
        """The session as a value, or None unless it was answered and goes on."""
        entry = self._registry.entries.get(session)
        if entry is None or entry.flow is None:
            return None
        standing = entry.session.standing
        if standing is None:
            return None
        return image_of(standing, entry.trunk, entry.flow, now)

    def restore(self, image: SessionImage, now: Instant) -> list[Output]:
        """Take back a session that another process had."""
        known = image.trunk in self._trunks
        trunk = self._trunks.named(image.trunk) if known else Trunk(name=image.trunk)
        session = Restored(
            image, terms=self._settings.terms(trunk), tokens=self._tokens, now=now
        )
        entry = Entry(session=session, trunk=image.trunk, flow=flow_of(image))
        self._registry.add(entry)
        self._registry.watch(entry)
        return self._run(now)

    def abandon(self, session: SessionId, now: Instant) -> list[Output]:
        """End a session whose machine has raised, without asking that machine."""
        entry = self._registry.entries.get(session)
        self.working_on = None
        if entry is not None:
            self._registry.remove(entry)
            for key in self._registry.invites_of(session):
                self._backlog += self._layer.cancel(key, now)
            served = entry.invite and self._registry.served.get(entry.invite[0])
            status = served.status if served else 200
            for word in last_words(entry, status):
                self._send(session, word, now)
            if not entry.closed:
                self._backlog.append(Ended(session=session, reason=EndReason.FAILED))
        return self._run(now)

    def _run(self, now: Instant) -> list[Output]:
        self._carry_out(now)
        collected, self._outputs = self._outputs, []
        return collected

    def _carry_out(self, now: Instant) -> None:
        while self._backlog:
            self._handle(self._backlog.popleft(), now)

    def _ask(
        self,
        session: SessionId,
        ask: Callable[[Session], list[SessionOutput]],
        now: Instant,
    ) -> bool:
        """Let a session's machine run; False if there is no such session."""
        entry = self._registry.entries.get(session)
        if entry is None:
            return False
        self.working_on = session
        outputs = ask(entry.session)
        for output in outputs:
            self._send(session, output, now)
            if isinstance(output, Ended | Refused):
                entry.closed = True
        self._registry.watch(entry)
        self.working_on = None
        return True

    def _send(self, session: SessionId, output: SessionOutput, now: Instant) -> None:
        """Carry out what a session asks."""
        match output:
            case SendRequest() | SendAck():
                self._backlog += self._departures.send(session, output, now)
            case SendCancel():
                self._backlog += self._departures.cancel(session, output, now)
            case Answer(key, response):
                self._respond(key, response, now)
            case _:
                self._backlog.append(output)

    def _respond(self, key: ServerKey, response: Response, now: Instant) -> None:
        served = self._registry.served.get(key)
        if served is None:
            return
        served.status = max(served.status, response.status)
        listener = self._departures.listener(served.flow)
        dressed = dress_response(response, listener, self._settings.user_agent)
        self._backlog += self._layer.respond(key, dressed, now)

    def _handle(self, item: Item, now: Instant) -> None:
        match item:
            case transaction.Transmit(data, flow, key):
                self._transmit(data, flow, self._registry.session_of(key))
            case transaction.NewRequest():
                self._begin(item, now)
            case transaction.Cancelled():
                self._cancelled(item, now)
            case transaction.StrayAck(request, flow):
                self._acknowledged(request, flow, now)
            case transaction.StrayResponse(response, flow):
                self._stray(response, flow, now)
            case transaction.GotResponse(user, key, response):
                if key.method != "CANCEL":
                    self._responded(user, response, now)
            case transaction.TransactionTimedOut(user, key):
                if key.method != "CANCEL":
                    self._failed(user, Failure.TIMED_OUT, now)
            case transaction.TransportFailed(user, key):
                if key.method != "CANCEL":
                    self._failed(user, Failure.UNREACHABLE, now)
            case transaction.TransactionEnded(key):
                self._ended(self._registry.end(key), now)
            case transaction.Dropped(reason, flow):
                self._outputs.append(Dropped(reason.value, flow))
            case transaction.AckMissed() | transaction.ResponseFailed():
                pass
            case NoWay(user, failure):
                self._failed(user, failure, now)
            case _:
                self._outputs.append(item)

    def _transmit(self, data: bytes, flow: Flow, session: SessionId | None) -> None:
        self._outputs.append(Transmit(data, flow, session))
        if session is not None:
            self._outputs.append(Crossed(session, True, line_of_bytes(data), flow))

    def _begin(self, new: transaction.NewRequest[Flow], now: Instant) -> None:
        """Take a request that nobody has seen before."""
        request = new.request
        served = self._registry.served[new.key] = Served(new.flow)
        session = SessionId(request.to.tag)
        entry = self._registry.entries.get(session)
        if not session and request.method != "CANCEL":
            self._decide(new, self._doorway.judge(new, self.sessions, now), now)
        elif (
            entry is None
            or entry.session.call_id != request.call_id
            or request.method == "CANCEL"
        ):
            self._decide(new, self._doorway.unknown_dialog(new, now), now)
        else:
            served.session = session
            self._outputs.append(Crossed(session, False, line_of(request), new.flow))
            refusal = refusal_of(request, METHODS, session)
            if refusal is not None:
                self._respond(new.key, refusal, now)
                return
            entry.flow = new.flow
            self._ask(session, lambda machine: machine.receive(new.key, request, now), now)

    def _decide(
        self, new: transaction.NewRequest[Flow], decision: Decision, now: Instant
    ) -> None:
        match decision:
            case Reply(response):
                self._respond(new.key, response, now)
            case TurnAway(response, answer):
                self._turn_away(new, response, answer=answer)
            case Welcome():
                self._welcome(new, decision, now)

    def _turn_away(
        self, new: transaction.NewRequest[Flow], response: Response, *, answer: bool
    ) -> None:
        """Refuse without a transaction, or in silence."""
        for said in self._layer.refuse_statelessly(new.key, response):
            if answer or not isinstance(said, transaction.Transmit):
                self._backlog.append(said)
        if not answer:
            self._backlog.append(Dropped("refused in silence", new.flow))

    def _welcome(
        self, new: transaction.NewRequest[Flow], welcome: Welcome, now: Instant
    ) -> None:
        """Begin a session that we were invited to."""
        request, session = new.request, welcome.session
        machine = Called(
            session, new.key, request, terms=welcome.terms, tokens=self._tokens
        )
        entry = Entry(session=machine, trunk=welcome.terms.trunk, flow=new.flow)
        entry.invite = new.key, request
        self._registry.add(entry)
        self._registry.served[new.key].session = session
        self._outputs.append(Crossed(session, False, line_of(request), new.flow))
        self._ask(session, lambda _: machine.start(welcome.invitation, now), now)

    def _cancelled(self, cancelled: transaction.Cancelled[Flow], now: Instant) -> None:
        """Answer a CANCEL, and let the session end its INVITE (§9.2)."""
        request, invite = cancelled.request, cancelled.invite
        self._registry.served[cancelled.key] = Served(cancelled.flow)
        served = self._registry.served.get(invite)
        session = served.session if served else None
        self._respond(cancelled.key, response_to(request, 200, to_tag=session), now)
        if session is None:
            return
        self._outputs.append(Crossed(session, False, line_of(request), cancelled.flow))
        try:
            read_through(request)
        except MalformedMessage:
            request.headers.remove("Reason")
        self._ask(session, lambda machine: machine.cancel(invite, request, now), now)

    def _acknowledged(self, ack: Request, flow: Flow, now: Instant) -> None:
        session = SessionId(ack.to.tag)
        if session not in self._registry.entries:
            self._outputs.append(Dropped("ACK of nothing we know", flow))
            return
        self._outputs.append(Crossed(session, False, line_of(ack), flow))
        self._ask(session, lambda machine: machine.acknowledge(ack, now), now)

    def _stray(self, response: Response, flow: Flow, now: Instant) -> None:
        session = SessionId(response.from_.tag)
        if not self._ask(session, lambda machine: machine.receive_stray(response), now):
            self._outputs.append(Dropped("response to nothing we know", flow))

    def _responded(self, user: User, response: Response, now: Instant) -> None:
        """Hand a response to its session; end what it began if that is gone."""
        if self._ask(
            user.session,
            lambda machine: machine.receive_response(user.purpose, response, now),
            now,
        ):
            return
        for word in release(response, self._tokens) or ():
            self._send(user.session, word, now)

    def _failed(self, user: User, failure: Failure, now: Instant) -> None:
        self._ask(
            user.session, lambda machine: machine.failed(user.purpose, failure, now), now
        )

    def _ended(self, user: User | None, now: Instant) -> None:
        entry = user and self._registry.entries.get(user.session)
        if user and entry:
            entry.session.transaction_ended(user.purpose)
            self._registry.watch(entry)
