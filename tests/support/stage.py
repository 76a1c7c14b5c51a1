"""A stage for whole calls: the exchange between phones, on a virtual wire and clock.

Phones are endpoints of our own stack with a script of what to do when something happens;
the media plane is stood in for by a table of ports. Nothing is real but the program.
"""

import heapq
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import TypeAlias

from b2bua.call.media import (
    CallId,
    CloseMedia,
    ClosePort,
    Hearing,
    HearPrompts,
    LegId,
    LetHear,
    MediaFact,
    MediaLost,
    MediaOrder,
    OpenPort,
    PortClosed,
    PortFailed,
    PortOpened,
    PromptsEnded,
    Quality,
    Recorded,
    RecordLeg,
    StopRecording,
)
from b2bua.core.address import Address
from b2bua.core.tokens import Tokens
from b2bua.exchange.exchange import Exchange
from b2bua.exchange.ledger import Ledger
from b2bua.exchange.outlook import Outlook
from b2bua.exchange.outputs import (
    CallFault,
    CapNearing,
    Drained,
    FinishCall,
    SaveCall,
    SaveCounter,
)
from b2bua.service.area import AreaTable
from b2bua.service.plan import Plan, Snapshot, Tariff, TrunkRule
from b2bua.service.quota import Granted, ReserveQuota
from b2bua.service.record import CallRecord
from b2bua.service.talks import LookUpTalk, Talked, TalkFound
from b2bua.sip.dialog import events as sip
from b2bua.sip.dialog.events import SessionId
from b2bua.sip.endpoint.endpoint import SipEndpoint
from b2bua.sip.endpoint.outputs import Crossed, Dropped, Resolve, Transmit
from b2bua.sip.endpoint.settings import EndpointSettings, Listener
from b2bua.sip.endpoint.trunks import Trunk
from b2bua.sip.sdp.description import SessionDescription
from b2bua.sip.sdp.negotiation import LocalAudio, make_answer, make_offer
from b2bua.sip.transport.flow import Flow
from tests.support.quota_store import QuotaStore
from tests.support.wire import PERFECT, Faults, Wire

START = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
"""Friday 10:00 in Shanghai."""
NODE: Address = ("10.0.0.1", 5060)
CALLER: Address = ("10.0.1.1", 5060)
PROMPT_SECONDS = 2.0
RECORDINGS = "/recordings"
OURSELVES = "node-1"
QUOTA_SECONDS = 0.002
"""How long the store takes to answer."""


Told: TypeAlias = MediaFact | Granted | TalkFound
"""What media and store say."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """A datagram on its way."""

    source: Address
    target: Address
    data: bytes


def audio(address: Address, port: int = 40000, *, version: int = 1) -> LocalAudio:
    """The audio that a phone has to offer."""
    return LocalAudio(
        address=address[0],
        rtp_port=port,
        rtcp_port=port + 1,
        session_id=7,
        version=version,
    )


Script = Callable[["Phone", sip.Event, float], list[sip.Order]]


def endpoint(address: Address, seed: int, trunks: Iterable[Trunk]) -> SipEndpoint:
    """A SIP stack with predictable tokens."""
    settings = EndpointSettings(
        listeners=(Listener(transport="udp", local=address, advertised=address),),
        trunks=tuple(trunks),
    )
    return SipEndpoint(settings, Tokens(Random(seed).randbytes))


class Phone:
    """A peer with a script; it remembers everything that its stack told it."""

    def __init__(self, address: Address, script: Script, seed: int) -> None:
        self.address = address
        self.script = script
        self.local = audio(address)
        self.told: list[sip.Event] = []
        self.dialled = 0
        self.later: list[tuple[float, sip.Order]] = []
        node = Trunk(
            name="node",
            networks=("10.0.0.0/8",),
            next_hops=(f"sip:{NODE[0]}:{NODE[1]}",),
            trusted=True,
        )
        self.stack = endpoint(address, seed, [node])

    def ended(self) -> bool:
        """Whether every session of this phone is over."""
        begun = {e.session for e in self.told}
        over = {e.session for e in self.told if isinstance(e, sip.Ended | sip.Refused)}
        return begun == over

    def answer_to(self, offer: SessionDescription | None) -> SessionDescription:
        """Describe this phone's audio."""
        if offer is None:
            return make_offer(self.local)
        answer = make_answer(offer, self.local)
        assert answer is not None
        return answer


@dataclass(slots=True)
class Ports:
    """The media plane, as far as control can tell it from a real one."""

    open: dict[LegId, CallId] = field(default_factory=dict)
    hearing: dict[LegId, Hearing] = field(default_factory=dict)
    heard: list[tuple[LegId, Hearing]] = field(default_factory=list)
    """Everything that a leg was ever made to hear."""
    orders: list[MediaOrder] = field(default_factory=list)
    refused: bool = False
    """No port is free."""
    lost: bool = False
    """Nobody answers an order for a port."""
    recording: dict[LegId, tuple[str, float]] = field(default_factory=dict)
    """Files that are being written, and since when."""
    recorded: dict[str, int] = field(default_factory=dict)
    """Files that are complete, with their milliseconds."""
    full: bool = False
    """The disk holds no recording more."""
    shortfall: str = ""
    """Why recordings are not whole."""
    mute: bool = False
    """Prompts cannot be played."""
    _next: int = 20000

    def take(self, order: MediaOrder, now: float) -> list[tuple[float, MediaFact]]:
        """Carry out an order; facts with how long they take."""
        self.orders.append(order)
        match order:
            case RecordLeg(call=call, leg=leg, path=path) if self.full:
                why = f"{path}: No space left on device"
                return [(0.0005, PortFailed(call=call, leg=leg, reason=why))]
            case RecordLeg(leg=leg, path=path):
                assert leg in self.open
                assert leg not in self.recording
                self.recording[leg] = path, now
                return []
            case StopRecording(call=call, leg=leg):
                return self._finish(call, leg, now)
            case OpenPort() if self.lost:
                return []
            case OpenPort(call=call, leg=leg) if self.refused:
                return [(0.0005, PortFailed(call=call, leg=leg, reason="no port is free"))]
            case OpenPort(call=call, leg=leg):
                self.open[leg] = call
                self._next += 2
                fact = PortOpened(
                    call=call,
                    leg=leg,
                    address=NODE[0],
                    rtp_port=self._next,
                    rtcp_port=self._next + 1,
                )
                return [(0.0005, fact)]
            case ClosePort(call=call, leg=leg):
                return self._close([leg], call, now)
            case CloseMedia(call):
                legs = [leg for leg, of in self.open.items() if of == call]
                return self._close(legs, call, now)
            case LetHear(call=call, leg=leg, hearing=hearing):
                self.hearing[leg] = hearing
                self.heard.append((leg, hearing))
                if self.mute:
                    return [(0.0005, PortFailed(call=call, leg=leg, reason="no prompt"))]
                if isinstance(hearing, HearPrompts) and not hearing.repeat:
                    token = hearing.token
                    end = PromptsEnded(call=call, leg=leg, token=token, completed=True)
                    return [(PROMPT_SECONDS * len(hearing.prompts), end)]
                return []
            case _:
                return []

    def _finish(
        self, call: CallId, leg: LegId, now: float
    ) -> list[tuple[float, MediaFact]]:
        if leg not in self.recording:
            return []
        path, began = self.recording.pop(leg)
        self.recorded[path] = round((now - began) * 1000)
        return [
            (
                0.0004,
                Recorded(
                    call=call,
                    leg=leg,
                    path=path,
                    milliseconds=self.recorded[path],
                    fault=self.shortfall,
                ),
            )
        ]

    def _close(
        self, legs: list[LegId], call: CallId, now: float
    ) -> list[tuple[float, MediaFact]]:
        finished = [fact for leg in legs for fact in self._finish(call, leg, now)]
        closed = [leg for leg in legs if self.open.pop(leg, None) is not None]
        return finished + [
            (0.0005, PortClosed(call=call, leg=leg, quality=Quality(packets_received=1)))
            for leg in closed
        ]


class Stage:
    """The exchange, its phones, and everything that it asked for."""

    def __init__(
        self,
        plan: Plan,
        *,
        seed: int = 1,
        faults: Faults = PERFECT,
        rules: Mapping[str, TrunkRule] | None = None,
        tariff: Tariff | None = None,
        store: QuotaStore | None = None,
        tokens: type[Tokens] = Tokens,
    ) -> None:
        self._tokens = tokens
        self.start = START
        self.store = store or QuotaStore(count=plan.caps.count)
        """Who leases quota."""
        self.rules = dict(rules or {})
        self.tariff = tariff or Tariff(name="standard")
        self.now = 0.0
        self.plan = plan
        self.wire: Wire[Parcel] = Wire(seed, faults)
        self.phones: dict[Address, Phone] = {}
        self.ports = Ports()
        self.recordings = RECORDINGS
        """Where a node made from now on keeps recordings."""
        self.journal: dict[CallId, bytes] = {}
        self.counters: dict[str, str] = {}
        self.records: list[CallRecord] = []
        self.faults: list[CallFault] = []
        self.alerts: list[CapNearing] = []
        self.drained = False
        self.talks: list[Talked] = []
        """Talks that the store has records of, whoever calls."""
        self.talk_seconds = 0.01
        """How long the store takes to answer."""
        self.post: dict[Address, list[bytes]] = {}
        """What was sent to addresses where no phone is."""
        self.deaf: set[tuple[Address, bytes]] = set()
        """Who cannot send what: an address, and how a message begins."""
        self.carried = 0
        """How many outputs were carried out."""
        self.die_after: int | None = None
        """Kill the exchange after so many outputs, and lose what it said beyond."""
        self._facts: list[tuple[float, int, Told]] = []
        self._count = 0
        self._seed = seed
        self._trunks: list[Trunk] = []
        self.exchange = self._make()

    @property
    def at(self) -> datetime:
        """The wall clock."""
        return self.start + timedelta(seconds=self.now)

    @property
    def snapshot(self) -> Snapshot:
        """What a new exchange knows of plans, trunks and prices."""
        plans = {self.plan.number: self.plan}
        trunks = {t.name: TrunkRule(name=t.name, trusted=True) for t in self._trunks}
        trunks |= self.rules
        tariffs = {"standard": self.tariff}
        return Snapshot(plans=plans, trunks=trunks, tariffs=tariffs)

    def phone(self, address: Address, script: Script, *, trunk: str = "") -> Phone:
        """Add a phone, and with it the trunk of that name."""
        made = Phone(address, script, self._seed + len(self.phones) + 10)
        self.phones[address] = made
        self._trunks.append(
            Trunk(
                name=trunk or "in",
                networks=(address[0],),
                next_hops=(f"sip:{address[0]}:{address[1]}",),
                trusted=True,
            )
        )
        self.exchange = self._make()
        return made

    def crash(self, *, adopted: bool = True) -> None:
        """Kill the exchange, and start another from the journal."""
        self._seed += 1000
        self._facts = [
            item for item in self._facts if not isinstance(item[2], Granted | TalkFound)
        ]
        heapq.heapify(self._facts)
        self.exchange = self._make()
        calls = dict(self.journal)
        self.ports.open = {leg: c for leg, c in self.ports.open.items() if c in calls}
        alive = [call for call in calls if call in self.ports.open.values()]
        self.carry_out(
            self.exchange.restore(
                calls.items(), alive if adopted else [], self.now, self.at
            )
        )

    def order(self, phone: Phone, order: sip.Order) -> None:
        """Let a phone do something now."""
        self._of_phone(phone, phone.stack.order(order, self.now))

    def dial(
        self,
        phone: Phone,
        user: str = "4006001234",
        *,
        offer: SessionDescription | None = None,
        from_user: str = "13800001111",
    ) -> SessionId:
        """Let a phone call the node."""
        phone.dialled += 1
        session = SessionId(f"dial{phone.dialled}")
        invite = sip.Invite(
            session=session,
            trunk="node",
            user=user,
            from_user=from_user,
            offer=offer or make_offer(phone.local),
        )
        self.order(phone, invite)
        return session

    def tell(self, fact: Told) -> None:
        """Let the media plane, or the store, say something now."""
        if isinstance(fact, TalkFound):
            self.carry_out(self.exchange.talk_found(fact, self.now, self.at))
            return
        if isinstance(fact, Granted):
            self.carry_out(self.exchange.granted(fact, self.now, self.at))
            return
        self.carry_out(self.exchange.hear_of(fact, self.now, self.at))

    def _talked(self, question: LookUpTalk) -> Talked | None:
        """What the store knows of a caller."""
        known = [one for one in self.talks if one.destination in question.members]
        recent = [one for one in known if one.at >= question.since]
        return max(recent, key=lambda one: one.at, default=None)

    def lose_media(self) -> None:
        """Kill the media process."""
        for call in set(self.ports.open.values()):
            self._later(0.0, MediaLost(call))
        self.ports.open.clear()

    def forget_facts(self) -> None:
        """Lose what the media plane was about to say."""
        self._facts.clear()

    def run(self, seconds: float) -> None:
        """Let time pass."""
        end = self.now + seconds
        while (due := self._due()) is not None and due <= end:
            self.now = max(self.now, due)
            self._step()
        self.now = end

    def _due(self) -> float | None:
        stacks = [phone.stack.deadline for phone in self.phones.values()]
        later = [when for phone in self.phones.values() for when, _ in phone.later]
        facts = [self._facts[0][0]] if self._facts else []
        machines = [self.exchange.deadline, self.wire.deadline, *stacks, *later, *facts]
        return min((when for when in machines if when is not None), default=None)

    def _step(self) -> None:
        for parcel in self.wire.wake(self.now):
            self._deliver(parcel)
        while self._facts and self._facts[0][0] <= self.now:
            self.tell(heapq.heappop(self._facts)[2])
        for phone in self.phones.values():
            due = [order for when, order in phone.later if when <= self.now]
            phone.later = [item for item in phone.later if item[0] > self.now]
            for order in due:
                self.order(phone, order)
            deadline = phone.stack.deadline
            if deadline is not None and deadline <= self.now:
                self._of_phone(phone, phone.stack.wake(self.now))
        deadline = self.exchange.deadline
        if deadline is not None and deadline <= self.now:
            self.carry_out(self.exchange.wake(self.now, self.at))

    def _deliver(self, parcel: Parcel) -> None:
        if any(
            parcel.source == source and parcel.data.startswith(start)
            for source, start in self.deaf
        ):
            return
        flow = Flow("udp", parcel.target, parcel.source)
        if parcel.target == NODE:
            outputs = self.exchange.receive(parcel.data, flow, self.now, self.at)
            self.carry_out(outputs)
        elif (phone := self.phones.get(parcel.target)) is not None:
            self._of_phone(phone, phone.stack.receive(parcel.data, flow, self.now))
        else:
            self.post.setdefault(parcel.target, []).append(parcel.data)

    def send(self, source: Address, text: str) -> None:
        """Let somebody who is no phone send a message to the node."""
        self.wire.carry(Parcel(source, NODE, text.encode()), self.now)

    def _of_phone(self, phone: Phone, outputs: Iterable[object]) -> None:
        for output in outputs:
            match output:
                case Transmit(data=data, flow=flow):
                    self.wire.carry(Parcel(phone.address, flow.remote, data), self.now)
                case Crossed() | Resolve() | Dropped():
                    pass
                case _:
                    assert isinstance(output, sip.Event)
                    phone.told.append(output)
                    for order in phone.script(phone, output, self.now):
                        self.order(phone, order)

    def carry_out(self, outputs: Iterable[object]) -> None:
        """Do what the exchange says."""
        for output in outputs:
            if self.carried == self.die_after:
                self.die_after = None
                self.crash()
                return
            self.carried += 1
            match output:
                case Transmit(data=data, flow=flow):
                    self.wire.carry(Parcel(NODE, flow.remote, data), self.now)
                case SaveCall(call, image):
                    assert call not in {record.id for record in self.records}
                    self.journal[call] = image
                case FinishCall(record):
                    assert record.id not in {known.id for known in self.records}
                    self.journal.pop(CallId(record.id), None)
                    self.records.append(record)
                case SaveCounter(key, state):
                    self.counters[key] = state
                case CapNearing():
                    self.alerts.append(output)
                case CallFault():
                    self.faults.append(output)
                case Drained():
                    self.drained = True
                case Dropped() | Resolve():
                    pass
                case LookUpTalk():
                    found = TalkFound(output, self._talked(output))
                    self._later(self.talk_seconds, found)
                case ReserveQuota():
                    self._later(QUOTA_SECONDS, self.store.ask(OURSELVES, output))
                case _:
                    assert isinstance(output, MediaOrder)
                    for delay, fact in self.ports.take(output, self.now):
                        self._later(delay, fact)

    def _later(self, delay: float, fact: Told) -> None:
        self._count += 1
        heapq.heappush(self._facts, (self.now + delay, self._count, fact))

    def _make(self) -> Exchange:
        return Exchange(
            endpoint(NODE, self._seed, self._trunks),
            self._tokens(Random(self._seed + 1).randbytes),
            Outlook(
                node=OURSELVES,
                areas=AreaTable([]),
                snapshot=self.snapshot,
                ledger=self._ledger(),
                counters=dict(self.counters),
                recordings=self.recordings,
            ),
        )

    def _ledger(self) -> Ledger:
        """What a new process knows of the calls that are over."""
        ledger = Ledger()
        ledger.quota.restore(self.counters)
        if not self.store.away:
            ledger.learn(self.store.standing(self.plan, OURSELVES, ()))
        for record in self.records:
            if record.number == self.plan.number:
                ledger.enter(self.plan, record)
        return ledger
