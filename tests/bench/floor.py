"""The floor: as little Python as can carry a SIP call from one side to the other.

    python -m tests.bench.floor 127.0.0.1:5060 127.0.0.1:5080

It parses only what it rewrites, keeps a transaction's last response for retransmissions,
repeats requests until they are answered, and knows no errors, no media and no rules. What
b2bua costs above it is what its correctness, its service and its record cost.
"""

import asyncio
import itertools
import sys
from dataclasses import dataclass, field
from typing import cast

import uvloop

T1 = 0.5
LIFETIME = 32.0
TICK = 0.05

Address = tuple[str, int]


@dataclass(slots=True)
class Message:
    """Lines of a message, split once."""

    start: bytes
    via: list[bytes] = field(default_factory=list)
    fields: dict[bytes, bytes] = field(default_factory=dict)
    body: bytes = b""


SHORT = {b"v": b"via", b"f": b"from", b"t": b"to", b"i": b"call-id", b"m": b"contact"}


def read(data: bytes) -> Message:
    """Split a message into what the floor needs."""
    head, _, body = data.partition(b"\r\n\r\n")
    start, *lines = head.split(b"\r\n")
    message = Message(start, body=body)
    for line in lines:
        name, _, value = line.partition(b":")
        name = name.strip().lower()
        name = SHORT.get(name, name)
        if name == b"via":
            message.via.append(value.strip())
        else:
            message.fields[name] = value.strip()
    return message


def tag_of(value: bytes) -> bytes:
    """The tag of a From or To."""
    return value.partition(b";tag=")[2].partition(b";")[0]


def uri_of(value: bytes) -> bytes:
    """The URI between angle brackets."""
    return value.partition(b"<")[2].partition(b">")[0]


@dataclass(slots=True)
class Side:
    """One leg: what its messages are written with."""

    address: Address
    call_id: bytes
    ours: bytes
    theirs: bytes
    target: bytes
    sequence: int = 1


@dataclass(slots=True)
class Call:
    """Two legs and the INVITE that is being answered."""

    invite: Message
    sides: tuple[Side, Side]
    accepted: bytes = b""
    """The 200 for the caller, repeated until its ACK."""


@dataclass(slots=True)
class Pending:
    """A request of ours that has no final response."""

    call: Call
    data: bytes
    address: Address
    due: float
    interval: float = T1
    answered: bool = False


class Floor(asyncio.DatagramProtocol):
    """Every call of the floor."""

    def __init__(self, local: Address, onward: Address) -> None:
        self._onward = onward
        self._host = b"%s:%d" % (local[0].encode(), local[1])
        self._served: dict[bytes, tuple[bytes, Address]] = {}
        self._pending: dict[bytes, Pending] = {}
        self._dialogs: dict[bytes, tuple[Call, int]] = {}
        self._forget: list[tuple[float, dict[bytes, object], bytes]] = []
        self._numbers = itertools.count(1)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: Address) -> None:
        message = read(data)
        if message.start.startswith(b"SIP/2.0"):
            self._respond_onward(message)
        else:
            self._request(message, addr)

    def tick(self, now: float) -> None:
        """Repeat what is unanswered, and forget what is old."""
        for key, pending in list(self._pending.items()):
            if not pending.answered and pending.due <= now:
                pending.interval *= 2
                pending.due = now + pending.interval
                self._transport.sendto(pending.data, pending.address)
            if pending.due > now + LIFETIME:
                del self._pending[key]
        while self._forget and self._forget[0][0] <= now:
            _, table, key = self._forget.pop(0)
            table.pop(key, None)

    def _request(self, message: Message, source: Address) -> None:
        method, uri, _ = message.start.split(b" ", 2)
        branch = message.via[0].partition(b"branch=")[2].partition(b";")[0]
        key = branch + method
        if (served := self._served.get(key)) is not None and method != b"ACK":
            self._transport.sendto(*served)
        elif method == b"INVITE":
            self._invite(message, uri, key, source)
        elif (known := self._dialogs.get(tag_of(message.fields[b"to"]))) is not None:
            self._in_dialog(method, message, key, known)

    def _invite(self, message: Message, uri: bytes, key: bytes, source: Address) -> None:
        number = b"%x" % next(self._numbers)
        fields = message.fields
        inbound = Side(
            source,
            fields[b"call-id"],
            fields[b"to"] + b";tag=a" + number,
            fields[b"from"],
            uri_of(fields[b"contact"]),
        )
        user = uri.partition(b":")[2].partition(b"@")[0]
        host = b"%s:%d" % (self._onward[0].encode(), self._onward[1])
        target = b"sip:%s@%s" % (user, host)
        ours = b"<%s>;tag=b%s" % (uri_of(fields[b"from"]), number)
        outbound = Side(self._onward, b"c" + number, ours, b"<%s>" % target, target)
        call = Call(message, (inbound, outbound))
        self._dialogs[b"a" + number] = call, 0
        self._dialogs[b"b" + number] = call, 1
        self._answer(inbound, message, key, b"100 Trying")
        self._send(call, outbound, b"INVITE", message.body)

    def _in_dialog(
        self, method: bytes, message: Message, key: bytes, known: tuple[Call, int]
    ) -> None:
        call, index = known
        other = call.sides[1 - index]
        if method == b"ACK":
            call.accepted = b""
            self._transport.sendto(self._write(other, b"ACK", b"ack", b""), other.address)
            return
        self._answer(call.sides[index], message, key, b"200 OK")
        other.sequence += 1
        self._send(call, other, method, b"")
        for side in call.sides:
            self._dialogs.pop(tag_of(side.ours), None)

    def _respond_onward(self, message: Message) -> None:
        branch = message.via[0].partition(b"branch=")[2].partition(b";")[0]
        pending = self._pending.get(branch)
        if pending is None:
            return
        pending.answered = True
        status = message.start[8:]
        call, outbound = pending.call, pending.call.sides[1]
        if b"INVITE" not in message.fields[b"cseq"] or status.startswith(b"100"):
            return
        outbound.theirs = message.fields[b"to"]
        if b"contact" in message.fields:
            outbound.target = uri_of(message.fields[b"contact"])
        invite = call.invite.via[0].partition(b"branch=")[2].partition(b";")[0]
        self._answer(call.sides[0], call.invite, invite + b"INVITE", status, message.body)

    def _send(self, call: Call, side: Side, method: bytes, body: bytes) -> None:
        branch = b"z9hG4bK%x" % next(self._numbers)
        data = self._write(side, method, branch, body)
        due = asyncio.get_running_loop().time() + T1
        self._pending[branch] = Pending(call, data, side.address, due)
        self._later(cast("dict[bytes, object]", self._pending), branch)
        self._transport.sendto(data, side.address)

    def _write(self, side: Side, method: bytes, branch: bytes, body: bytes) -> bytes:
        return (
            b"%s %s SIP/2.0\r\nVia: SIP/2.0/UDP %s;branch=%s\r\nFrom: %s\r\nTo: %s\r\n"
            b"Call-ID: %s\r\nCSeq: %d %s\r\nContact: <sip:%s>\r\nMax-Forwards: 69\r\n"
            b"Content-Type: application/sdp\r\nContent-Length: %d\r\n\r\n%s"
        ) % (
            method,
            side.target,
            self._host,
            branch,
            side.ours,
            side.theirs,
            side.call_id,
            side.sequence,
            method,
            self._host,
            len(body),
            body,
        )

    def _answer(
        self,
        side: Side,
        request: Message,
        key: bytes,
        status: bytes,
        body: bytes = b"",
    ) -> None:
        via = b"".join(b"Via: %s\r\n" % one for one in request.via)
        data = (
            b"SIP/2.0 %s\r\n%sFrom: %s\r\nTo: %s\r\nCall-ID: %s\r\nCSeq: %s\r\n"
            b"Contact: <sip:%s>\r\nContent-Type: application/sdp\r\n"
            b"Content-Length: %d\r\n\r\n%s"
        ) % (
            status,
            via,
            side.theirs,
            side.ours,
            side.call_id,
            request.fields[b"cseq"],
            self._host,
            len(body),
            body,
        )
        self._served[key] = data, side.address
        self._later(cast("dict[bytes, object]", self._served), key)
        self._transport.sendto(data, side.address)

    def _later(self, table: dict[bytes, object], key: bytes) -> None:
        self._forget.append((asyncio.get_running_loop().time() + LIFETIME, table, key))


async def main(local: Address, onward: Address) -> None:
    """Carry calls until killed."""
    loop = asyncio.get_running_loop()
    floor = Floor(local, onward)
    await loop.create_datagram_endpoint(lambda: floor, local_addr=local)
    while True:
        await asyncio.sleep(TICK)
        floor.tick(loop.time())


def address(text: str) -> Address:
    """Read ``HOST:PORT``."""
    host, _, port = text.rpartition(":")
    return host, int(port)


if __name__ == "__main__":
    uvloop.run(main(address(sys.argv[1]), address(sys.argv[2])))
