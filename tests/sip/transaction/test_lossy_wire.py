"""Two layers on a wire that loses, doubles and reorders: every request comes to an end.

The caller invites, cancels some calls, acknowledges every 2xx and says BYE, and cancels
what still rings after a minute; the called side answers, repeating its 2xx until the ACK,
refuses, or rings. Whatever the wire does, each request ends exactly once for its user, the
called side sees each request at most once, and nothing is left behind.
"""

import itertools
from collections import Counter
from typing import TypeAlias

import pytest

from b2bua.core.address import Address
from b2bua.sip.message.build import response_to
from b2bua.sip.message.message import Request, Response
from b2bua.sip.message.parser import parse
from b2bua.sip.message.serializer import serialize
from b2bua.sip.transaction.key import ClientKey, ServerKey
from b2bua.sip.transaction.layer import TransactionLayer
from b2bua.sip.transaction.outputs import (
    AckMissed,
    Cancelled,
    Dropped,
    GotResponse,
    LayerOutput,
    NewRequest,
    ResponseFailed,
    StrayAck,
    StrayResponse,
    TransactionEnded,
    TransactionTimedOut,
    Transmit,
    TransportFailed,
)
from b2bua.sip.transport.flow import Flow
from tests.sip.transaction.messages import request
from tests.support.wire import Faults, Wire

Said: TypeAlias = LayerOutput[Flow, str]
Parcel: TypeAlias = tuple[Address, bytes]
"""Where it goes, and what it is."""

CALLER: Address = ("127.0.0.2", 5070)
CALLED: Address = ("127.0.0.1", 5060)
CALLS = 12


class Scene:
    """Both sides, the wire, and what each user has seen."""

    def __init__(self, seed: int, faults: Faults) -> None:
        self.now = 0.0
        self.wire: Wire[Parcel] = Wire(seed, faults)
        self.caller: TransactionLayer[Flow, str] = TransactionLayer()
        self.called: TransactionLayer[Flow, str] = TransactionLayer()
        self.finals: Counter[tuple[str, str]] = Counter()
        self.arrived: Counter[tuple[str, str]] = Counter()
        self.invites: dict[ServerKey, Request] = {}
        self.answered: set[ServerKey] = set()
        self.repeated: dict[str, tuple[float, ServerKey, Response]] = {}
        """By Call-ID: when a 2xx is due again (RFC 3261 §13.3.1.4)."""
        self.calls: dict[str, ClientKey] = {}
        self._branches = itertools.count()

    def call(self, name: str, *, cancelled: bool) -> None:
        invite = request(branch=f"z9hG4bK{name}", call_id=name)
        key, said = self.caller.send_request(invite, self._flow(CALLED), self.now, name)
        self.calls[name] = key
        self._caller_does(said)
        if cancelled:
            self._caller_does(self.caller.cancel(key, self.now))

    def give_up(self) -> None:
        """Cancel what still rings."""
        for key in self.calls.values():
            self._caller_does(self.caller.cancel(key, self.now))

    def run(self, end: float) -> None:
        """Go on until then."""
        for _ in range(100_000):
            deadlines = [
                deadline
                for deadline in (
                    self.wire.deadline,
                    self.caller.deadline,
                    self.called.deadline,
                    *(due for due, _, _ in self.repeated.values()),
                )
                if deadline is not None and deadline <= end
            ]
            if not deadlines:
                self.now = end
                return
            self.now = max(self.now, min(deadlines))
            for to, data in self.wire.wake(self.now):
                self._arrive(to, data)
            self._caller_does(self.caller.wake(self.now))
            self._called_does(self.called.wake(self.now))
            self._repeat()
        raise AssertionError("It never ends")

    def _repeat(self) -> None:
        for name, (due, key, ok) in tuple(self.repeated.items()):
            if due <= self.now:
                self.repeated[name] = (self.now + 1.0, key, ok)
                said = self.called.respond(key, ok, self.now)
                self._called_does(said)
                if not said:
                    del self.repeated[name]

    def _flow(self, remote: Address) -> Flow:
        return Flow("udp", CALLER if remote == CALLED else CALLED, remote)

    def _arrive(self, to: Address, data: bytes) -> None:
        message = parse(data)
        match message:
            case Response():
                flow = self._flow(CALLED)
                self._caller_does(self.caller.receive_response(message, flow, self.now))
            case Request():
                flow = self._flow(CALLER)
                self._called_does(self.called.receive_request(message, flow, self.now))
            case _:
                raise AssertionError(message)

    def _caller_does(self, said: list[Said]) -> None:
        for output in said:
            match output:
                case Transmit(data, flow):
                    self.wire.carry((flow.remote, data), self.now)
                case GotResponse(user, key, response):
                    self._caller_hears(user, key.method, response)
                case TransactionTimedOut(user, key):
                    self.finals[user, key.method] += 1
                case StrayResponse() | TransactionEnded():
                    pass
                case _:
                    raise AssertionError(output)

    def _caller_hears(self, user: str, method: str, response: Response) -> None:
        if response.status < 200:
            return
        if method == "INVITE" and response.status == 200:
            ack = request("ACK", branch=f"z9hG4bKack{next(self._branches)}", call_id=user)
            self.wire.carry((CALLED, serialize(ack)), self.now)
            if self.finals[user, method]:
                return
            bye = request(
                "BYE", branch=f"z9hG4bKbye{user}", call_id=user, to_tag="bob", cseq="2 BYE"
            )
            _, said = self.caller.send_request(bye, self._flow(CALLED), self.now, user)
            self._caller_does(said)
        self.finals[user, method] += 1

    def _called_does(self, said: list[Said]) -> None:
        for output in said:
            match output:
                case Transmit(data, flow):
                    self.wire.carry((flow.remote, data), self.now)
                case NewRequest(key=key, request=new, merged=merged):
                    assert not merged
                    self.arrived[new.call_id, new.method] += 1
                    self._called_hears(key, new)
                case Cancelled(invite=invite, key=key, request=cancel):
                    self.arrived[cancel.call_id, "CANCEL"] += 1
                    self._respond(key, cancel, 200)
                    self._respond(invite, self.invites[invite], 487)
                case StrayAck(request=ack):
                    self.repeated.pop(ack.call_id, None)
                case AckMissed() | TransactionEnded():
                    pass
                case (
                    Dropped()
                    | GotResponse()
                    | ResponseFailed()
                    | StrayResponse()
                    | TransactionTimedOut()
                    | TransportFailed()
                ):
                    raise AssertionError(output)

    def _called_hears(self, key: ServerKey, new: Request) -> None:
        if new.method != "INVITE":
            self._respond(key, new, 481 if new.method == "CANCEL" else 200)
            return
        self.invites[key] = new
        self._respond(key, new, 180)
        match int(new.call_id) % 4:
            case 0:
                self._respond(key, new, 200)
            case 1:
                self._respond(key, new, 486)
            case _:
                pass

    def _respond(self, key: ServerKey, to: Request, status: int) -> None:
        if status >= 200 and key in self.answered:
            return
        if status >= 200:
            self.answered.add(key)
        response = response_to(to, status, to_tag="bob")
        if status == 200 and to.method == "INVITE":
            self.repeated[to.call_id] = (self.now + 1.0, key, response)
        self._called_does(self.called.respond(key, response, self.now))


# A copy that is more than T1 late may outlive timer J, and look new by the RFC's own terms.
BAD = Faults(loss=0.2, doubling=0.2, delay=(0.01, 0.3))
DREADFUL = Faults(loss=0.6, doubling=0.3, delay=(0.01, 0.5))


@pytest.mark.parametrize("seed", range(15))
@pytest.mark.parametrize("faults", [BAD, DREADFUL], ids=["bad", "dreadful"])
def test_every_request_ends_once_and_nothing_is_left(seed: int, faults: Faults) -> None:
    scene = Scene(seed, faults)
    for number in range(CALLS):
        scene.call(str(number), cancelled=number % 4 >= 2)
    scene.run(60.0)
    scene.give_up()
    scene.run(1000.0)
    for number in range(CALLS):
        assert scene.finals[str(number), "INVITE"] == 1
    assert set(scene.finals.values()) == {1}
    assert set(scene.arrived.values()) <= {1}
    # What was never answered stays in Proceeding: it is the user's to end.
    assert len(scene.called) == len(scene.invites.keys() - scene.answered)
    assert len(scene.caller) == 0


def test_on_a_perfect_wire_no_message_is_sent_twice() -> None:
    scene = Scene(0, Faults())
    scene.call("0", cancelled=False)
    scene.call("1", cancelled=False)
    scene.call("2", cancelled=True)
    scene.run(1000.0)
    # INVITE 180 200 ACK BYE 200; INVITE 180 486 ACK; INVITE 180 CANCEL 200 487 ACK
    assert scene.wire.carried == 6 + 4 + 6
