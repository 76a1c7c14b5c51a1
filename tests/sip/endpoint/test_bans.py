"""Scanners, floods and garbage: first answered a little, then not heard."""

from collections.abc import Callable

import pytest

from b2bua.sip.endpoint.outputs import Transmit
from b2bua.sip.message.message import Request
from b2bua.sip.message.serializer import serialize
from b2bua.sip.transport.admission import AdmissionSettings, Rate
from b2bua.sip.transport.flow import Flow
from tests.sip.party import CALLED, CALLER, endpoint, offer
from tests.sip.peer import Peer

STRANGER = ("203.0.113.9", 5060)
STRICT = AdmissionSettings(offences=Rate(0.1, 5), refusals=Rate(1.0, 3), ban_seconds=60.0)
BANNED = "source banned"
SILENCE = "from a banned source"


def strict() -> Peer:
    return Peer(endpoint(CALLED, CALLER, 1, admission=STRICT))


def scan(peer: Peer, number: int) -> Request:
    """What a scanner sends, another each time."""
    return peer.request(
        ("OPTIONS", "REGISTER", "INVITE")[number % 3],
        uri=f"sip:{100 + number}@127.0.2.1",
        call_id=f"scan-{number}",
    )


OFFENCES: dict[str, Callable[[Peer, int], Request | bytes]] = {
    "scans": scan,
    "garbage": lambda peer, number: b"\x80garbage %d" % number,
    "halves of requests": lambda peer, number: serialize(scan(peer, number))[:-30],
    "dialogs that are none": lambda peer, number: peer.request(
        "BYE", to_tag=f"x{number}", call_id=f"none-{number}"
    ),
    "answers to nothing": lambda peer, number: (
        b"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 127.0.2.1:5060;branch=z9hG4bK%d\r\n"
        b"From: <sip:a@b>;tag=1\r\nTo: <sip:c@d>;tag=2\r\nCall-ID: x\r\n"
        b"CSeq: 1 INVITE\r\nContact: <sip:c@d>\r\n\r\n" % number
    ),
}


@pytest.mark.parametrize("offence", OFFENCES.values(), ids=OFFENCES.keys())
def test_whoever_goes_on_gets_silence(
    offence: Callable[[Peer, int], Request | bytes],
) -> None:
    peer = strict()
    for number in range(50):
        peer.send(offence(peer, number), STRANGER)
    assert len(peer.targets) <= 3
    assert peer.dropped.count(BANNED) == 1
    assert peer.dropped.count(SILENCE) == 50 - 6
    assert peer.endpoint.remembered == 0
    peer.wait(60)
    before = len(peer.targets)
    peer.send(scan(peer, 99), STRANGER)
    assert peer.dropped.count(SILENCE) == 50 - 6
    assert len(peer.targets) == before + 1


def test_a_flood_is_an_offence_before_anything_is_read() -> None:
    few = AdmissionSettings(messages=Rate(1.0, 2), offences=Rate(0.1, 5))
    peer = Peer(endpoint(CALLED, CALLER, 1, admission=few))
    for _ in range(20):
        peer.send(b"x", STRANGER)
    assert peer.dropped.count("too many messages from a stranger") == 3
    assert peer.dropped.count(SILENCE) == 20 - 6


def test_a_trunk_is_never_banned_whatever_it_sends() -> None:
    peer = strict()
    for number in range(50):
        for offence in OFFENCES.values():
            peer.send(offence(peer, number))
    assert not {BANNED, SILENCE} & set(peer.dropped)
    peer.send(peer.invite(offer=offer(), call_id="call-x"))
    assert peer.statuses("INVITE")[-1] == 100


def test_where_we_call_is_not_banned_though_it_may_not_call_us() -> None:
    trunk = {"next_hops": (f"sip:{STRANGER[0]}:5060",)}
    peer = Peer(endpoint(CALLED, CALLER, 1, admission=STRICT, trunk=trunk))
    for number in range(50):
        peer.send(scan(peer, number), STRANGER)
    assert not {BANNED, SILENCE} & set(peer.dropped)


def test_neighbours_of_a_scanner_are_heard() -> None:
    peer = strict()
    for number in range(20):
        peer.send(scan(peer, number), STRANGER)
    peer.send(scan(peer, 99), ("203.0.113.10", 5060))
    assert peer.targets[-1] == ("203.0.113.10", 5060)


def test_a_ban_is_seen_and_lifted() -> None:
    peer = strict()
    for number in range(20):
        peer.send(scan(peer, number), STRANGER)
    (ban,) = peer.endpoint.bans.listed(peer.now)
    assert (ban.source, ban.seconds) == (STRANGER[0], 60.0)
    assert peer.endpoint.bans.lift(STRANGER[0])
    peer.wait(5)
    peer.send(scan(peer, 99), STRANGER)
    assert peer.targets[-1] == STRANGER


@pytest.mark.parametrize("offence", OFFENCES.values(), ids=OFFENCES.keys())
def test_nothing_is_amplified(offence: Callable[[Peer, int], Request | bytes]) -> None:
    """A forged source gets at most one datagram for one, hardly larger, and soon none."""
    peer = Peer(endpoint(CALLED, CALLER, 1))
    into = out = 0
    for number in range(200):
        message = offence(peer, number)
        data = message if isinstance(message, bytes) else serialize(message)
        sent = [
            output
            for output in peer.endpoint.receive(
                data, Flow("udp", CALLED, STRANGER), peer.now + number / 100
            )
            if isinstance(output, Transmit)
        ]
        assert len(sent) <= 1
        assert all(one.flow.remote[0] == STRANGER[0] for one in sent)
        assert sum(len(one.data) for one in sent) < 1.5 * len(data)
        into, out = into + len(data), out + sum(len(one.data) for one in sent)
    assert out < into / 4
    assert peer.endpoint.remembered == 0
    assert peer.endpoint.deadline is None


def test_what_is_smaller_than_its_answer_gets_none() -> None:
    peer = Peer(endpoint(CALLED, CALLER, 1))
    least = (
        b"A a:b SIP/2.0\r\nv:SIP/2.0/UDP h\r\nf:<a:b>\r\nt:<a:b>\r\ni:1\r\nCSeq:1 A\r\n\r\n"
    )
    usual = serialize(peer.request("OPTIONS", ("User-Agent", "a probe of some carrier")))
    for data, answers in ((least, 0), (usual, 1), (least[:-20], 0)):
        outputs = peer.endpoint.receive(data, Flow("udp", CALLED, STRANGER), peer.now)
        sent = [one for one in outputs if isinstance(one, Transmit)]
        assert len(sent) == answers
        assert sum(len(one.data) for one in sent) <= len(data)
