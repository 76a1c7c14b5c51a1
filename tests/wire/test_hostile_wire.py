"""What the wire brings besides calls: strangers' audio, garbage, the same thing twice."""

import json
import socket
import time
from collections.abc import Iterator

import pytest

from b2bua.service.record import Outcome
from tests.support.node import Node, until
from tests.support.phone import Audio, Phone
from tests.support.tones import seconds_of_tone
from tests.wire.numbers import HOST, Line

pytestmark = pytest.mark.wire

CALLER_TONE, CALLED_TONE, STRANGE_TONE = 500.0, 700.0, 1000.0


@pytest.fixture
def caller(line: Line) -> Iterator[Phone]:
    with Phone(line.address, HOST, CALLER_TONE) as phone:
        yield phone


@pytest.fixture
def called(line: Line) -> Iterator[Phone]:
    with Phone(line.first, HOST, CALLED_TONE) as phone:
        yield phone


def connect(caller: Phone, called: Phone, line: Line) -> tuple[int, int]:
    """A call that both speak in; the node's ports towards caller and called."""
    caller.send(caller.invitation(line.direct, line.caller))
    invite = called.take()
    answer = caller.answered()
    until(lambda: caller.audio.heard and called.audio.heard, why="speech both ways")
    return answer.audio[1], invite.audio[1]


def hears(audio: Audio, begin: float, end: float, hertz: float) -> float:
    """Seconds of a tone that came in a span."""
    return seconds_of_tone(audio.sound(begin, end), hertz)


def test_a_third_party_is_neither_heard_nor_given_anything(
    node: Node, caller: Phone, called: Phone, line: Line
) -> None:
    ports = connect(caller, called, line)
    intruders = [Audio(f"127.40.9.{10 + index}", STRANGE_TONE) for index in range(2)]
    begin = time.monotonic()
    for intruder, port in zip(intruders, ports, strict=True):
        intruder.speak((HOST, port), source=666)
    try:
        until(lambda: time.monotonic() - begin > 1.6, why="time to intrude")
        end = time.monotonic()
    finally:
        for intruder in intruders:
            intruder.stop()
    for phone, right in ((caller, CALLED_TONE), (called, CALLER_TONE)):
        assert hears(phone.audio, begin, end, right) > 0.9
        assert hears(phone.audio, begin, end, STRANGE_TONE) == 0.0
        assert all(one.source != 666 for one in phone.audio.heard)
    assert [intruder.heard for intruder in intruders] == [[], []]
    caller.hang_up()
    called.hear_the_end()
    record = node.record(line.direct)
    assert record.outcome is Outcome.ANSWERED
    dropped = {one.leg: one.packets_dropped for one in record.quality}
    assert all(dropped[leg] > 50 for leg in ("caller", "first")), dropped
    node.quiet()


GARBAGE = (
    b"",
    b"\r\n\r\n",
    b"\0" * 40,
    b"\xff" * 1400,
    b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    b"INVITE",
    b"SIP/2.0 200 OK\r\n\r\n",
    b"INVITE sip:x SIP/2.0\r\n" + b"X: y\r\n" * 3000 + b"\r\n",
)


def test_garbage_is_survived(node: Node, caller: Phone, called: Phone, line: Line) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.bind(("127.40.9.2", 0))
        for data in GARBAGE:
            stranger.sendto(data, (HOST, 5060))
            caller.send(data)
    connect(caller, called, line)
    called.hang_up()
    caller.hear_the_end()
    record = node.record(line.direct)
    assert (record.outcome, record.end_reason) == (
        Outcome.ANSWERED,
        "destination hung up",
    )
    node.quiet()


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        (b"CSeq: 1 INVITE", b"CSeq: one INVITE"),
        (b"CSeq: 1 INVITE", b"CSeq: 1 BYE"),
        (b"CSeq: 1 INVITE", b"CSeq: " + b"9" * 5000 + b" INVITE"),
        (b"Max-Forwards: 70", b"Max-Forwards: many"),
        (b">;tag=hand", b";tag=hand"),
        (b"Contact: <sip:hand@", b"X-Contact: <sip:hand@"),
        (b"m=audio 40000", b"m=audio forty"),
        (b"s=-", b"s"),
    ],
)
def test_a_malformed_invite_gets_400(
    node: Node, caller: Phone, line: Line, right: bytes, wrong: bytes
) -> None:
    invite = caller.invitation(line.direct, line.caller)
    assert right in invite
    caller.send(_measured(invite.replace(right, wrong)))
    caller.expect("SIP/2.0 400")
    assert node.records(line.direct) == []
    node.quiet()


def test_an_invite_that_comes_three_times_is_one_call(
    node: Node, caller: Phone, called: Phone, line: Line
) -> None:
    invite = caller.invitation(line.direct, line.caller)
    for _ in range(3):
        caller.send(invite)
    called.take()
    caller.send(invite)
    caller.answered()
    caller.hang_up()
    called.hear_the_end()
    assert node.record(line.direct).outcome is Outcome.ANSWERED
    assert called.waiting("INVITE") == 0
    node.quiet()


def test_an_invite_by_another_way_is_482(
    node: Node, caller: Phone, called: Phone, line: Line
) -> None:
    """The same call by a second path has another branch (RFC 3261 §8.2.2.2)."""
    invite = caller.invitation(line.direct, line.caller)
    caller.send(invite)
    caller.send(invite.replace(b"branch=z9hG4bK", b"branch=z9hG4bKother"))
    caller.expect("SIP/2.0 482")
    called.take()
    caller.answered()
    caller.hang_up()
    called.hear_the_end()
    assert node.record(line.direct).outcome is Outcome.ANSWERED
    node.quiet()


def _measured(data: bytes) -> bytes:
    """The same with the right Content-Length."""
    head, _, body = data.partition(b"\r\n\r\n")
    head = head.rpartition(b"Content-Length:")[0]
    return head + f"Content-Length: {len(body)}\r\n\r\n".encode() + body


def test_a_scanner_is_banned_and_heard_again_once_it_is_pardoned(node: Node) -> None:
    scanner = "127.40.9.50"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.bind((scanner, 5060))
        stranger.settimeout(0.3)

        def scan(number: int) -> None:
            stranger.sendto(
                f"OPTIONS sip:{number}@{HOST} SIP/2.0\r\n"
                f"Via: SIP/2.0/UDP {scanner}:5060;branch=z9hG4bKscan{number}\r\n"
                f"From: <sip:s@{scanner}>;tag=s\r\nTo: <sip:{number}@{HOST}>\r\n"
                f"Call-ID: scan{number}\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\n"
                f"Contact: <sip:s@{scanner}:5060>\r\nAccept: application/sdp\r\n"
                f"User-Agent: friendly\r\nContent-Length: 0\r\n\r\n".encode(),
                (HOST, 5060),
            )

        for number in range(100):
            scan(number)
        refusals = _answers(stranger)
        assert 0 < len(refusals) <= 20 + 5
        assert all(answer.startswith(b"SIP/2.0 403") for answer in refusals)
        assert node.metric("b2bua_banned") == 1
        (ban,) = node.run("bans", "--json").stdout.splitlines()
        assert json.loads(ban)["source"] == scanner
        scan(100)
        assert _answers(stranger) == []
        assert node.run("bans", "--lift", scanner).returncode == 0
        until(lambda: node.metric("b2bua_banned") == 0, why="the ban is lifted")
        scan(101)
        assert len(_answers(stranger)) == 1


def _answers(stranger: socket.socket) -> list[bytes]:
    """All that comes until it is quiet."""
    found = []
    try:
        while True:
            found.append(stranger.recv(65_535))
    except TimeoutError:
        return found
