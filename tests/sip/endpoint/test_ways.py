"""Several addresses of one trunk: order, weights, who is left out, who is asked."""

from collections import Counter

import pytest
from msgspec.structs import replace

from b2bua.core.address import Address
from b2bua.sip.dialog.events import HangUp, Refused, SessionId
from b2bua.sip.endpoint.trunks import Trunk
from b2bua.sip.endpoint.way import Care
from b2bua.sip.message.message import Request
from b2bua.sip.message.uri import SipUri, parse_uri
from b2bua.sip.transport.flow import Flow
from b2bua.sip.transport.target import Answer, Target, question_of
from tests.sip.party import CALLED, CALLER, endpoint, invite, settings
from tests.sip.peer import Peer

FIRST, SECOND = ("127.0.1.1", 5060), ("127.0.1.2", 5060)
HOPS = ("sip:127.0.1.1", "sip:127.0.1.2")


def started(care: Care = Care(), **trunk: object) -> Peer:
    fields = {"next_hops": HOPS, "care": care, **trunk}
    peer = Peer(endpoint(CALLED, CALLER, 4, trunk=fields))
    peer.take(peer.endpoint.start(peer.now))
    return peer


def dial(peer: Peer, name: str) -> None:
    peer.order(invite(name))


def invites(peer: Peer, session: str) -> list[Request]:
    found = [one for one in peer.requests("INVITE") if one.from_.tag == session]
    return list({one.via.branch: one for one in found}.values())


def reply(peer: Peer, request: Request, status: int) -> None:
    """Let whom the request went to answer it."""
    uri = parse_uri(request.uri)
    assert isinstance(uri, SipUri)
    peer.source = (uri.host if uri.host[0] == "1" else FIRST[0], 5060)
    peer.answer(request, status)


def way(peer: Peer, address: str) -> str:
    return {view.address: view.health.value for view in peer.endpoint.ways}[address]


def went(peer: Peer) -> Address:
    return peer.targets[-1]


@pytest.mark.parametrize("status", [None, 503])
def test_the_next_address_is_tried_within_one_attempt(status: int | None) -> None:
    peer = started()
    dial(peer, "one")
    assert went(peer) == FIRST
    if status is None:
        peer.wait(5.1)
    else:
        reply(peer, invites(peer, "one")[0], status)
    assert invites(peer, "one")[-1].uri.endswith("@127.0.1.2")
    assert peer.events == []
    reply(peer, invites(peer, "one")[-1], 486)
    assert [event.status for event in peer.events if isinstance(event, Refused)] == [486]


def test_an_address_that_fails_again_and_again_is_left_out_until_probed() -> None:
    peer = started(Care(failures=3, pause=20.0))
    for index in range(3):
        dial(peer, f"call{index}")
        reply(peer, invites(peer, f"call{index}")[0], 503)
        reply(peer, invites(peer, f"call{index}")[1], 486)
    assert way(peer, "udp:127.0.1.1:5060") == "down"
    assert way(peer, "udp:127.0.1.2:5060") == "up"
    assert [(one.address, one.state) for one in peer.changes] == [
        ("udp:127.0.1.2:5060", "up"),
        ("udp:127.0.1.1:5060", "down"),
    ]
    dial(peer, "after")
    assert went(peer) == SECOND
    assert peer.requests("OPTIONS") == []
    peer.wait(20.1)
    (probe,) = peer.requests("OPTIONS")
    assert probe.uri == "sip:127.0.1.1"
    reply(peer, probe, 200)
    assert way(peer, "udp:127.0.1.1:5060") == "up"
    dial(peer, "again")
    assert went(peer) == FIRST


def test_busy_and_no_answer_open_nothing() -> None:
    peer = started(Care(failures=1))
    for index, status in enumerate((486, 480, 408, 404, 500, 600)):
        dial(peer, f"call{index}")
        if status == 408:
            reply(peer, invites(peer, f"call{index}")[0], 180)
        reply(peer, invites(peer, f"call{index}")[0], status)
    assert way(peer, "udp:127.0.1.1:5060") == "up"


def test_when_nobody_is_there_the_call_fails_at_once() -> None:
    peer = started(Care(failures=1))
    dial(peer, "one")
    reply(peer, invites(peer, "one")[0], 503)
    reply(peer, invites(peer, "one")[1], 503)
    before = len(peer.heard)
    dial(peer, "two")
    assert len(peer.heard) == before
    refused = peer.events[-1]
    assert isinstance(refused, Refused)
    assert (refused.session, refused.status, refused.local) == ("two", 503, True)


def test_a_call_that_was_given_up_soon_says_nothing_of_the_address() -> None:
    peer = started(Care(failures=1))
    dial(peer, "hasty")
    peer.wait(1.0)
    peer.order(HangUp(session=SessionId("hasty")))
    assert way(peer, "udp:127.0.1.1:5060") == "unknown"
    peer.wait(60.0)
    assert way(peer, "udp:127.0.1.1:5060") == "unknown"
    dial(peer, "lasting")
    peer.wait(5.1)
    assert way(peer, "udp:127.0.1.1:5060") == "down"
    peer.wait(300.0)
    assert peer.endpoint.sessions == 0


def test_weights_are_kept_to_the_call() -> None:
    peer = started(weights=(70, 30))
    counted: Counter[Address] = Counter()
    for index in range(100):
        dial(peer, f"call{index}")
        counted[went(peer)] += 1
        reply(peer, invites(peer, f"call{index}")[0], 486)
    assert counted == {FIRST: 70, SECOND: 30}


def test_what_is_down_gives_its_weight_to_the_others() -> None:
    peer = started(Care(failures=1), weights=(70, 30))
    dial(peer, "one")
    reply(peer, invites(peer, "one")[0], 503)
    for index in range(10):
        dial(peer, f"call{index}")
        assert went(peer) == SECOND
        reply(peer, invites(peer, f"call{index}")[0], 486)


def test_each_address_is_probed_all_the_time_where_that_is_wanted() -> None:
    peer = started(Care(probe=30.0, losses=2, gains=1))
    peer.wait(0.0)
    asked = peer.requests("OPTIONS")
    assert {one.uri for one in asked} == set(HOPS)
    reply(peer, asked[0], 200)
    peer.wait(60.0)
    assert way(peer, "udp:127.0.1.1:5060") == "up"
    assert way(peer, "udp:127.0.1.2:5060") == "down"
    dial(peer, "one")
    assert went(peer) == FIRST


def test_a_name_has_as_many_ways_as_it_has_addresses() -> None:
    peer = started(Care(failures=1), next_hops=("sip:carrier.example",))
    assert way(peer, "sip:carrier.example") == "unknown"
    targets = (Target("udp", FIRST), Target("udp", SECOND))
    question = replace(question_of(SipUri(host="carrier.example")), able=("udp",))
    dial(peer, "one")
    answer = Answer(question=question, targets=targets)
    peer.take(peer.endpoint.resolved(answer, peer.now))
    reply(peer, invites(peer, "one")[0], 503)
    assert went(peer) == SECOND
    assert way(peer, "udp:127.0.1.1:5060") == "down"
    dial(peer, "two")
    assert went(peer) == SECOND
    swapped = Answer(question=question, targets=targets[::-1])
    peer.take(peer.endpoint.resolved(swapped, peer.now))
    dial(peer, "three")
    assert went(peer) == SECOND
    assert way(peer, "udp:127.0.1.1:5060") == "down"


def test_a_name_that_cannot_be_resolved_is_down_once_probed() -> None:
    care = Care(probe=30.0, losses=1, gains=1)
    peer = started(care, next_hops=("sip:carrier.example",))
    peer.wait(3.0)
    assert way(peer, "sip:carrier.example") == "down"
    question = replace(question_of(SipUri(host="carrier.example")), able=("udp",))
    answer = Answer(question=question, targets=(Target("udp", FIRST),))
    peer.take(peer.endpoint.resolved(answer, peer.now))
    peer.wait(15.1)
    reply(peer, peer.requests("OPTIONS")[0], 200)
    assert way(peer, "udp:127.0.1.1:5060") == "up"


def test_a_transport_failure_counts_at_once() -> None:
    peer = started(Care(failures=1))
    dial(peer, "one")
    peer.take(peer.endpoint.flow_failed(Flow("udp", CALLED, FIRST), peer.now))
    assert went(peer) == SECOND
    assert way(peer, "udp:127.0.1.1:5060") == "down"


def test_other_trunks_keep_what_is_known_of_hops_that_stay() -> None:
    peer = started(Care(failures=1))
    dial(peer, "one")
    reply(peer, invites(peer, "one")[0], 503)
    reply(peer, invites(peer, "one")[1], 486)
    (trunk,) = settings(
        CALLED, CALLER, trunk={"next_hops": HOPS[:1], "care": Care(failures=1)}
    ).trunks
    peer.endpoint.set_trunks([trunk, Trunk(name="other", next_hops=("sip:127.0.1.7",))])
    peer.take(peer.endpoint.start(peer.now))
    assert [
        (view.trunk, view.address, view.health.value) for view in peer.endpoint.ways
    ] == [
        ("peer", "udp:127.0.1.1:5060", "down"),
        ("other", "udp:127.0.1.7:5060", "unknown"),
    ]


@pytest.mark.parametrize(
    ("hops", "version"),
    [
        (HOPS, 4),
        (("sip:carrier.example",), 0),
        # Nobody here listens on IPv6: calls go by the next address.
        (("sip:[::1]", *HOPS), 4),
    ],
)
def test_the_ip_version_of_a_trunk(hops: tuple[str, ...], version: int) -> None:
    endpoint_ = started(next_hops=hops).endpoint
    (name,) = {view.trunk for view in endpoint_.ways}
    assert endpoint_.family_towards(name, "1000") == version
    assert endpoint_.family_towards("nobody", "1000") == 0
