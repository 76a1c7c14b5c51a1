"""Two endpoints and the virtual wire between them."""

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TypeVar

from b2bua.core.address import Address
from b2bua.core.tokens import Tokens
from b2bua.sip.dialog.deadlines import earliest
from b2bua.sip.dialog.events import Event, Invite, Order, SessionId
from b2bua.sip.endpoint.endpoint import SipEndpoint
from b2bua.sip.endpoint.outputs import (
    Crossed,
    Dropped,
    Output,
    Resolve,
    SaveBindings,
    Transmit,
    WayChanged,
)
from b2bua.sip.endpoint.settings import EndpointSettings, Listener
from b2bua.sip.endpoint.trunks import Trunk
from b2bua.sip.sdp.description import SessionDescription
from b2bua.sip.sdp.negotiation import LocalAudio, make_answer, make_offer
from b2bua.sip.transport.flow import Flow
from tests.support.wire import Faults, Wire

CALLER: Address = ("127.0.1.1", 5060)
CALLED: Address = ("127.0.2.1", 5060)

SLOW = Faults(delay=(0.01, 0.01))

T = TypeVar("T")


def audio(host: str = "127.0.1.1", port: int = 20000, version: int = 1) -> LocalAudio:
    return LocalAudio(
        address=host, rtp_port=port, rtcp_port=port + 1, session_id=7, version=version
    )


def offer(
    host: str = "127.0.1.1", port: int = 20000, version: int = 1
) -> SessionDescription:
    return make_offer(audio(host, port, version))


def answer_to(
    offered: SessionDescription, host: str = "127.0.2.1", version: int = 1
) -> SessionDescription:
    answer = make_answer(offered, audio(host, 30000, version))
    assert answer is not None
    return answer


def settings(own: Address, peer: Address, **changes: object) -> EndpointSettings:
    trunk_changes = changes.pop("trunk", {})
    assert isinstance(trunk_changes, dict)
    trunk = {
        "name": "peer",
        "networks": (peer[0],),
        "next_hops": (f"sip:{peer[0]}:{peer[1]}",),
        "trusted": True,
        **trunk_changes,
    }
    return EndpointSettings(
        listeners=(Listener(transport="udp", local=own, advertised=own),),
        trunks=(Trunk(**trunk),),
        **changes,  # type: ignore[arg-type]
    )


def endpoint(own: Address, peer: Address, seed: int, **changes: object) -> SipEndpoint:
    source = random.Random(seed)
    return SipEndpoint(settings(own, peer, **changes), Tokens(source.randbytes))


@dataclass
class Party:
    """One endpoint, what it said, and how it reacts."""

    address: Address
    endpoint: SipEndpoint
    events: list[Event] = field(default_factory=list)
    dropped: list[Dropped] = field(default_factory=list)
    ladder: list[str] = field(default_factory=list)
    questions: list[Resolve] = field(default_factory=list)
    react: Callable[[Event], Iterable[Order]] = lambda event: ()

    def said(self, kind: type[T]) -> list[T]:
        return [event for event in self.events if isinstance(event, kind)]


class Network:
    """Parties, the link between them, and the clock of both."""

    def __init__(self, *parties: Party, faults: Faults = SLOW, seed: int = 0) -> None:
        self.now = 1000.0
        self.parties = {party.address: party for party in parties}
        self.lose: Callable[[bytes], bool] = lambda data: False
        self.sent: list[tuple[float, Address, bytes]] = []
        self._link: Wire[tuple[Address, Address, bytes]] = Wire(seed, faults)

    def order(self, party: Party, *orders: Order) -> None:
        for order in orders:
            self._take(party, party.endpoint.order(order, self.now))

    def feed(self, party: Party, data: bytes, source: Address) -> None:
        flow = Flow("udp", party.address, source)
        self._take(party, party.endpoint.receive(data, flow, self.now))

    def run(self, seconds: float) -> None:
        """Let time pass, from one thing to do to the next."""
        end = self.now + seconds
        while (at := self._next()) is not None and at <= end:
            self.now = max(self.now, at)
            for source, target, data in self._link.wake(self.now):
                if target in self.parties:
                    self.feed(self.parties[target], data, source)
            for party in self.parties.values():
                deadline = party.endpoint.deadline
                if deadline is not None and deadline <= self.now:
                    self._take(party, party.endpoint.wake(self.now))
        self.now = end

    def _next(self) -> float | None:
        deadlines = [party.endpoint.deadline for party in self.parties.values()]
        return earliest(self._link.deadline, *deadlines)

    def _take(self, party: Party, outputs: list[Output]) -> None:
        for output in outputs:
            match output:
                case Transmit(data, flow):
                    self._carry(party.address, flow.remote, data)
                case Crossed(line=line, sent=sent):
                    party.ladder.append((">" if sent else "<") + line)
                case Dropped():
                    party.dropped.append(output)
                case Resolve():
                    party.questions.append(output)
                case WayChanged() | SaveBindings():
                    pass
                case _:
                    party.events.append(output)
                    self.order(party, *party.react(output))

    def _carry(self, source: Address, target: Address, data: bytes) -> None:
        self.sent.append((self.now, source, data))
        if not self.lose(data):
            self._link.carry((source, target, data), self.now)


def moves(party: Party) -> list[str]:
    """The ladder of a party, as ``> INVITE`` and ``< 180 INVITE``."""
    short = []
    for line in party.ladder:
        first, *_, last = line[1:].split()
        if first == "SIP/2.0":
            first = f"{line.split()[1]} {last.strip('()')}"
        short.append(f"{line[0]} {first}")
    return short


def pair(
    faults: Faults = SLOW,
    seed: int = 0,
    caller: dict[str, object] | None = None,
    called: dict[str, object] | None = None,
) -> tuple[Party, Party, Network]:
    one = Party(CALLER, endpoint(CALLER, CALLED, 2 * seed, **(caller or {})))
    two = Party(CALLED, endpoint(CALLED, CALLER, 2 * seed + 1, **(called or {})))
    return one, two, Network(one, two, faults=faults, seed=seed)


def invite(session: str = "callertag", **changes: object) -> Invite:
    fields: dict[str, object] = {
        "session": SessionId(session),
        "trunk": "peer",
        "user": "02088886001",
        "from_user": "13800138000",
        "offer": offer(),
        **changes,
    }
    return Invite(**fields)  # type: ignore[arg-type]
