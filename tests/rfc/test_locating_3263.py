"""Where a request goes, and where next: RFC 3263, RFC 2782, RFC 3581, RFC 5626 §4.4.1."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from b2bua.sip.dialog.events import HangUp, Refused, SessionId
from b2bua.sip.endpoint.endpoint import SipEndpoint
from b2bua.sip.endpoint.settings import EndpointSettings, Listener
from b2bua.sip.endpoint.trunks import Trunk
from b2bua.sip.endpoint.way import Care
from b2bua.sip.message.message import Request
from b2bua.sip.transport.target import Answer, Question, Share, Target, arranged
from tests.call.builders import tokens
from tests.sip.party import CALLED, CALLER, endpoint, invite
from tests.sip.peer import Peer

NAME = "sip:carrier.example"
ONE, TWO, THREE = (Target("udp", (f"127.0.1.{n}", 5060)) for n in (1, 2, 3))


def calling(
    targets: tuple[Target, ...], shares: tuple[Share, ...] = (), session: str = "s0"
) -> Peer:
    """A call by a name that has these addresses."""
    peer = Peer(endpoint(CALLED, CALLER, 9, trunk={"next_hops": (NAME,)}))
    dial(peer, session)
    (asked,) = peer.questions
    answer = Answer(question=asked.question, targets=targets, shares=shares, ttl=3600)
    peer.take(peer.endpoint.resolved(answer, peer.now))
    return peer


def dial(peer: Peer, session: str) -> None:
    peer.order(invite(session))


def tried(peer: Peer, session: str) -> list[str]:
    """The hosts that the INVITEs of a session went to, each once."""
    sent = zip(peer.heard, peer.targets, strict=True)
    hosts = [
        target[0]
        for message, target in sent
        if isinstance(message, Request) and message.method == "INVITE"
        if message.from_.tag == session
    ]
    return list(dict.fromkeys(hosts))


def refuse_all(peer: Peer, session: str, status: int) -> None:
    """Every address answers what it is asked with a refusal."""
    for _ in range(4):
        for message, target in list(zip(peer.heard, peer.targets, strict=True)):
            if isinstance(message, Request) and message.from_.tag == session:
                peer.source = target
                peer.answer(message, status)


def test_weights_are_heeded_call_by_call_while_an_answer_holds() -> None:
    """RFC 2782: 3 to 1, although the name was asked for once in an hour."""
    peer = calling((ONE, TWO), (Share(1, 75, 0), Share(1, 25, 1)))
    for number in range(1, 400):
        dial(peer, f"s{number}")
    assert len(peer.questions) == 1
    firsts = Counter(tried(peer, f"s{number}")[0] for number in range(400))
    assert 260 <= firsts["127.0.1.1"] <= 340
    assert firsts["127.0.1.1"] + firsts["127.0.1.2"] == 400


@pytest.mark.parametrize("number", range(8))
def test_the_order_of_one_call_is_kept_and_nobody_is_asked_twice(number: int) -> None:
    """RFC 3263 §4.3: every address once, in an order that is the call's own."""
    shares = (Share(1, 50, 0), Share(1, 50, 1), Share(1, 50, 2))
    session = f"s{number}"
    peer = calling((ONE, TWO, THREE), shares, session)
    refuse_all(peer, session, 503)
    assert sorted(tried(peer, session)) == ["127.0.1.1", "127.0.1.2", "127.0.1.3"]
    assert [one.status for one in peer.events if isinstance(one, Refused)] == [503]


def test_a_lower_priority_is_for_when_the_higher_one_fails() -> None:
    """RFC 2782: weight never outranks priority."""
    peer = calling((ONE, TWO), (Share(2, 65535, 0), Share(1, 0, 1)))
    assert tried(peer, "s0") == ["127.0.1.2"]
    refuse_all(peer, "s0", 503)
    assert tried(peer, "s0") == ["127.0.1.2", "127.0.1.1"]


@pytest.mark.parametrize("status", [486, 404, 480, 500, 600])
def test_only_503_asks_for_the_next_address(status: int) -> None:
    """RFC 3263 §4.3: other refusals are the callee's word."""
    peer = calling((ONE, TWO))
    peer.answer(peer.requests("INVITE")[0], status)
    assert tried(peer, "s0") == ["127.0.1.1"]
    assert [one.status for one in peer.events if isinstance(one, Refused)] == [status]


def test_an_address_of_the_other_ip_version_is_none() -> None:
    """A node that listens on IPv4 alone calls a name whose IPv6 address comes first."""
    peer = calling((Target("udp", ("2001:db8::1", 5060)), ONE, TWO))
    assert tried(peer, "s0") == ["127.0.1.1"]
    refuse_all(peer, "s0", 503)
    assert tried(peer, "s0") == ["127.0.1.1", "127.0.1.2"]


def test_an_address_that_is_none_is_not_probed_in_the_place_of_another() -> None:
    """A probe that went nowhere would take the address down that works."""
    trunk = {"next_hops": (NAME,), "care": Care(probe=30.0, losses=1)}
    peer = Peer(endpoint(CALLED, CALLER, 9, trunk=trunk))
    peer.take(peer.endpoint.start(peer.now))
    dial(peer, "s0")
    targets = (Target("udp", ("2001:db8::1", 5060)), ONE)
    question = peer.questions[0].question
    answer = Answer(question=question, targets=targets, ttl=3600)
    peer.take(peer.endpoint.resolved(answer, peer.now))
    assert tried(peer, "s0") == ["127.0.1.1"]
    for _ in range(3):
        peer.wait(30)
        for probe in peer.requests("OPTIONS"):
            peer.answer(probe, 200)
    assert peer.requests("OPTIONS")
    (view,) = peer.endpoint.ways
    assert view.address == "udp:127.0.1.1:5060"
    assert view.health.value == "up"


def test_a_transport_that_we_have_not_is_not_asked_for() -> None:
    """§4.1: services that the client does not support are discarded."""
    listeners = tuple(
        Listener(transport=transport, local=CALLED, advertised=CALLED)
        for transport in ("tcp", "tls", "ws")
    )
    trunk = Trunk(name="peer", networks=("127.0.1.1",), next_hops=(NAME,))
    node = SipEndpoint(EndpointSettings(listeners=listeners, trunks=(trunk,)), tokens())
    peer = Peer(node)
    dial(peer, "s0")
    (asked,) = peer.questions
    assert asked.question == Question(host="carrier.example", able=("tcp", "tls", "ws"))


def test_the_cancel_goes_where_its_invite_went() -> None:
    """RFC 3261 §9.1: whatever is drawn for the next request."""
    peer = calling((ONE, TWO, THREE), tuple(Share(1, 10, n) for n in range(3)))
    where = peer.targets[-1]
    peer.source = where
    peer.answer(peer.requests("INVITE")[0], 180)
    peer.order(HangUp(session=SessionId("s0")))
    assert peer.requests("CANCEL")
    assert peer.targets[-1] == where


@settings(max_examples=50)
@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=6),
    st.lists(st.floats(0, 0.999), min_size=6, max_size=6),
)
def test_no_target_is_lost_nor_doubled(
    records: list[tuple[int, int]], fractions: list[float]
) -> None:
    """Any weights, zeros among them, and several addresses to a record."""
    targets = tuple(
        Target("udp", (f"127.0.{record}.{host}", 5060))
        for record in range(len(records))
        for host in (1, 2)
    )
    shares = tuple(
        Share(priority, weight, record)
        for record, (priority, weight) in enumerate(records)
        for _ in (1, 2)
    )
    drawn = iter(fractions)
    order = arranged(targets, shares, lambda: next(drawn))
    assert sorted(order, key=str) == sorted(targets, key=str)
    priorities = [shares[targets.index(one)].priority for one in order]
    assert priorities == sorted(priorities)
    for place in range(0, len(order), 2):
        assert order[place].address[0].endswith(".1")
        assert order[place + 1].address[0] == order[place].address[0][:-1] + "2"
