"""The whole SIP stack as one machine: bytes in; bytes, facts and a deadline out.

Transport, transactions and dialogs put together (RFC 3261 §8). Each session is a machine of
its own, and one that raises harms no other: what was under way stays in the backlog, the
session is named by :attr:`SipEndpoint.working_on`, and :meth:`SipEndpoint.abandon` ends it
by what is known of it from outside.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Final

from b2bua.core.clock import Instant
from b2bua.core.errors import InvalidState
from b2bua.core.tokens import Tokens
from b2bua.sip.dialog.calling import Calling
from b2bua.sip.dialog.deadlines import earliest
from b2bua.sip.dialog.events import (
    Cause,
    Ended,
    EndReason,
    Invite,
    Order,
    Refuse,
    Refused,
    SessionId,
    SessionImage,
)
from b2bua.sip.dialog.image import Restored
from b2bua.sip.dialog.reasons import reason_headers
from b2bua.sip.endpoint.arrivals import Arrivals
from b2bua.sip.endpoint.authentication import Account
from b2bua.sip.endpoint.orphan import farewell, last_words
from b2bua.sip.endpoint.outputs import Heard, Output, Transmit
from b2bua.sip.endpoint.registrar import PHONES
from b2bua.sip.endpoint.registry import Entry
from b2bua.sip.endpoint.rewriting import AS_WRITTEN, sent_out
from b2bua.sip.endpoint.settings import EndpointSettings
from b2bua.sip.endpoint.switchboard import Switchboard
from b2bua.sip.endpoint.trunks import Trunk, TrunkTable
from b2bua.sip.endpoint.ways import WayView
from b2bua.sip.message.serializer import serialize
from b2bua.sip.transport.admission import Bans
from b2bua.sip.transport.flow import Flow
from b2bua.sip.transport.target import Answer as Resolved

FULL: Final = (Cause("Q.850", 34, "no circuit available"),)
"""Why a trunk takes no more calls; with 486 it is taken as busy."""


class SipEndpoint:
    """Every session of one process, and the way to and from the network."""

    def __init__(self, settings: EndpointSettings, tokens: Tokens) -> None:
        self._settings = settings
        self._tokens = tokens
        self._trunks = TrunkTable(settings.trunks)
        self._board = board = Switchboard(settings, self._trunks, tokens)
        self._arrivals = Arrivals(board.doorway, board.layer, board.registry)
        board.departures.proofs = self._trunks.proofs

    @property
    def working_on(self) -> SessionId | None:
        """The session whose machine is running, or was when it raised."""
        return self._board.working_on

    @property
    def deadline(self) -> Instant | None:
        """When :meth:`wake` must next be called, or None to wait for input alone."""
        board = self._board
        return earliest(
            board.layer.deadline,
            board.departures.deadline,
            board.registrations.deadline,
            board.ways.deadline,
            board.registrar.deadline,
            board.attendance.deadline,
            board.registry.alarms.deadline,
        )

    @property
    def sessions(self) -> int:
        """How many sessions there are, those that only linger included."""
        return len(self._board.registry.entries)

    @property
    def remembered(self) -> int:
        """How many things are held in memory for sessions and transactions: 0 at rest."""
        board = self._board
        held = len(board.registry) + len(board.layer) + len(board.ways)
        return held + len(board.backlog)

    @property
    def registrations(self) -> dict[str, bool]:
        """For each trunk that wants a registration, whether it has one."""
        return self._board.registrations.states

    @property
    def ways(self) -> list[WayView]:
        """Every address of every trunk, and what is thought of it."""
        return self._board.ways.views

    def calls_by(self, trunk: str) -> int:
        """Calls by a trunk now, both ways."""
        quotas = self._board.registry.quotas
        return sum(quotas.calls(trunk, outbound=way) for way in (False, True))

    @property
    def bans(self) -> Bans:
        """Who is not heard for a while, because of what it sent."""
        return self._board.doorway.admission.bans

    @property
    def pressed(self) -> bool:
        """Whether fewer new calls are taken, and least of who makes most of them."""
        return self._board.doorway.admission.pressed

    @pressed.setter
    def pressed(self, pressed: bool) -> None:
        self._board.doorway.admission.pressed = pressed

    def start(self, now: Instant) -> list[Output]:
        """Watch the trunks and register at those that want it.

        To be called again after :meth:`set_trunks`.
        """
        self._board.ways.know(self._trunks, now)
        bounds = ((trunk.name, trunk.quota) for trunk in self._trunks)
        self._board.registry.quotas.know(bounds)
        self._board.send_all(self._board.registrations.start(self._trunks, now), now)
        return self._board.run(now)

    def close(self, now: Instant) -> list[Output]:
        """Take our registrations back."""
        self._board.send_all(self._board.registrations.close(now), now)
        return self._board.run(now)

    @property
    def phones(self) -> dict[str, list[str]]:
        """The contacts of each phone that is registered here."""
        return self._board.registrar.states

    def set_phones(self, accounts: Mapping[str, Account], now: Instant) -> list[Output]:
        """These phones may register from now on, by extension; no others stay bound."""
        self._board.registrar.know(accounts, now)
        return self._board.run(now)

    def restore_phone(self, extension: str, state: str, now: Instant) -> list[Output]:
        """Take back a :class:`SaveBindings` of the process before."""
        self._board.registrar.restore(extension, state, now)
        return self._board.run(now)

    def knows(self, trunk: str) -> bool:
        """Whether there is a trunk of that name to call by."""
        return trunk in self._trunks

    def set_trunks(self, trunks: Iterable[Trunk]) -> None:
        """Know other trunks from now on; sessions keep the terms they began with."""
        self._trunks = TrunkTable(trunks)
        self._board.doorway.trunks = self._trunks
        self._board.departures.proofs = self._trunks.proofs

    @property
    def draining(self) -> bool:
        """Whether new calls are refused with 503, while those in progress go on."""
        return self._board.doorway.draining

    @draining.setter
    def draining(self, draining: bool) -> None:
        self._board.doorway.draining = draining

    def receive(self, data: bytes, flow: Flow, now: Instant) -> list[Output]:
        """Take one message: a datagram, or what was cut from a stream."""
        self._board.backlog += self._arrivals.receive(data, flow, now)
        return self._board.run(now)

    def order(self, order: Order, now: Instant) -> list[Output]:
        """Do what call control asks; a session that is over is asked nothing."""
        if isinstance(order, Invite):
            self._invite(order, now)
        else:
            if isinstance(order, Refuse):
                order = self._board.put(order)
            self._board.ask(order.session, lambda session: session.order(order, now), now)
        return self._board.run(now)

    def family_of(self, session: SessionId) -> int:
        """IP version by which a session's far end is reached; 0 if that is not known."""
        entry = self._board.registry.entries.get(session)
        return 0 if entry is None or entry.flow is None else entry.flow.family

    def family_towards(self, name: str, user: str) -> int:
        """IP version by which ``user`` is called by a trunk; 0 if that is not known."""
        if name == PHONES:
            bound = self._board.registrar.reachable(user)
            return bound[0].flow.family if bound else 0
        if name not in self._trunks:
            return 0
        return self._board.ways.family(self._trunks.named(name))

    def _invite(self, order: Invite, now: Instant) -> None:
        """Begin a session, if its trunk has room for one more."""
        trunk, board = self._trunks.named(order.trunk), self._board
        if order.session in board.registry.entries:
            raise InvalidState(f"Session {order.session} exists")
        if not board.registry.quotas.admits(trunk.name, now, outbound=True):
            board.backlog.append(
                Refused(session=order.session, status=486, causes=FULL, local=True)
            )
            return
        terms = self._settings.terms(trunk)
        doors: dict[str, Flow] = {}
        if trunk.weights:
            terms = replace(terms, next_hops=board.ways.order(trunk))
        elif trunk.name == PHONES:
            bound = board.registrar.reachable(order.user)
            doors = {one.contact: one.flow for one in bound}
            ranks = tuple(round(1000 - 1000 * one.q) for one in bound)
            terms = replace(terms, next_hops=tuple(doors), ranks=ranks)
        if trunk.rewriting is not AS_WRITTEN:
            order = sent_out(order, trunk.rewriting)
        session = Calling(order, terms=terms, tokens=self._tokens)
        entry = Entry(session=session, trunk=trunk.name, flow=None, outbound=True)
        if doors:
            entry.doors, entry.by_flow = doors, True
        board.registry.add(entry)
        board.ask(order.session, lambda _: session.start(now), now)

    def resolved(self, answer: Resolved, now: Instant) -> list[Output]:
        """Take the answer to a :class:`Resolve`."""
        self._board.backlog += self._board.departures.resolved(answer, now)
        return self._board.run(now)

    def flow_failed(self, flow: Flow, now: Instant) -> list[Output]:
        """Hear that a flow is gone, or that what was sent by it did not arrive.

        Sessions live on (RFC 5626 §4.4.1 is not ours): their next request opens a new one.
        """
        if flow.connection:
            for entry in self._board.registry.entries.values():
                if entry.flow == flow:
                    entry.flow = replace(flow, connection=0)
            self._board.registrar.flow_failed(flow, now)
        self._board.backlog += self._board.layer.flow_failed(flow, now)
        return self._board.run(now)

    def wake(self, now: Instant) -> list[Output]:
        """Fire every timer that is due, earliest first."""
        while (deadline := self.deadline) is not None and deadline <= now:
            if deadline == self._board.layer.deadline:
                self._board.backlog += self._board.layer.wake(deadline)
            elif deadline == self._board.departures.deadline:
                self._board.backlog += self._board.departures.wake(deadline)
            elif deadline == self._board.registrations.deadline:
                self._board.send_all(self._board.registrations.wake(deadline), deadline)
            elif deadline == self._board.ways.deadline:
                self._board.probe(deadline)
            elif deadline == self._board.registrar.deadline:
                self._board.registrar.wake(deadline)
            elif deadline == self._board.attendance.deadline:
                self._board.send_all(self._board.attendance.wake(deadline), deadline)
            else:
                self._wake_session(deadline)
            self._board.carry_out(deadline)
        return self._board.run(now)

    def _wake_session(self, now: Instant) -> None:
        if alarm := self._board.registry.alarms.pop(now):
            due, entry = alarm
            self._board.ask(entry.session.session, lambda session: session.wake(due), due)

    def image(self, session: SessionId, now: Instant) -> SessionImage | None:
        """The session as a value, or None unless it was answered and goes on."""
        return self._board.registry.image(session, now)

    def farewell(self, session: SessionId) -> Transmit | None:
        """What to send for an unanswered invitation if this process is gone before it."""
        entry = self._board.registry.entries.get(session)
        if entry is None or entry.flow is None:
            return None
        if entry.owed is None:
            listener = self._board.departures.listener(entry.flow)
            entry.owed = farewell(entry, listener, self._settings.user_agent)
        return entry.owed

    def unheeded(self, session: SessionId) -> Heard | None:
        """The INVITE of a session while its caller was told nothing but 100.

        Another process may :meth:`receive` it as if it came now. None over a stream, which
        dies with its process.
        """
        entry = self._board.registry.entries.get(session)
        if entry is None or entry.invite is None:
            return None
        key, request = entry.invite
        served = self._board.registry.served.get(key)
        if served is None or served.status > 100 or served.flow.reliable:
            return None
        return Heard(serialize(request), served.flow)

    def withdrawals(
        self, session: SessionId, causes: tuple[Cause, ...]
    ) -> Iterator[Transmit]:
        """The CANCELs of INVITEs of ours, to be sent if this process is gone before it.

        None of those that have a final response, or whose way is still being found.
        """
        entry = self._board.registry.entries.get(session)
        for invited in entry.invited if entry else ():
            left = self._board.layer.withdrawal(invited, reason_headers(causes))
            if left is not None:
                yield Transmit(*left, session)

    def restore(self, image: SessionImage, now: Instant) -> list[Output]:
        """Take back a session that another process had."""
        known = image.trunk in self._trunks
        trunk = self._trunks.named(image.trunk) if known else Trunk(name=image.trunk)
        terms = self._settings.terms(trunk)
        self._board.registry.restore(image, Restored(image, terms, self._tokens, now))
        return self._board.run(now)

    def abandon(self, session: SessionId, now: Instant) -> list[Output]:
        """End a session whose machine has raised, without asking that machine."""
        entry = self._board.registry.entries.get(session)
        self._board.working_on = None
        if entry is not None:
            self._board.registry.remove(entry)
            for key in self._board.registry.invites_of(session):
                self._board.backlog += self._board.layer.cancel(key, now)
            served = entry.invite and self._board.registry.served.get(entry.invite[0])
            status = served.status if served else 200
            for word in last_words(entry, status):
                self._board.send(session, word, now)
            if not entry.closed:
                self._board.backlog.append(Ended(session=session, reason=EndReason.FAILED))
        return self._board.run(now)
