"""What the endpoint says to requests that begin nothing, or should not."""

import pytest

from b2bua.core.address import Address
from b2bua.sip.dialog.events import Invited
from b2bua.sip.dialog.terms import METHODS
from b2bua.sip.endpoint.trunks import Trunk, TrunkTable
from b2bua.sip.message.message import Request, Response
from b2bua.sip.message.serializer import serialize
from b2bua.sip.transport.admission import AdmissionSettings, Rate
from b2bua.sip.transport.flow import Flow
from tests.sip.party import CALLED, CALLER, endpoint, offer
from tests.sip.peer import SDP, Peer

STRANGER = ("127.0.9.9", 5060)


def refusal(peer: Peer, request: Request) -> Response:
    peer.send(request)
    assert peer.events == []
    response = peer.heard[-1]
    assert isinstance(response, Response)
    assert response.to.tag
    return response


@pytest.mark.parametrize(
    ("extra", "status", "header"),
    [
        (("Require", "100rel, path"), 420, ("Unsupported", "path")),
        (("Max-Forwards", "0"), 483, None),
        (("Max-Forwards", "lots"), 400, None),
        (("Session-Expires", "30"), None, None),
        (("Contact", "<tel:123>"), 400, None),
        (("Record-Route", "<sip:[::1>"), 400, None),
        (("Content-Type", "application/isup"), 415, ("Accept", None)),
        (("Content-Encoding", "gzip"), 415, ("Accept-Encoding", "identity")),
    ],
)
def test_invites_that_are_refused(
    extra: tuple[str, str], status: int | None, header: tuple[str, str | None] | None
) -> None:
    peer = Peer()
    invite = peer.invite(offer=offer())
    invite.headers.set(*extra)
    if status is None:
        peer.send(invite)
        assert isinstance(peer.events[0], Invited)
        return
    response = refusal(peer, invite)
    assert response.status == status
    if header is not None:
        name, value = header
        assert response.headers.first(name)
        assert value is None or response.headers.first(name) == value
    peer.wait(100)
    assert peer.endpoint.remembered == 0


def test_an_interval_that_is_too_small() -> None:
    peer = Peer()
    extra = (("Session-Expires", "60"), ("Supported", "timer"))
    response = refusal(peer, peer.invite(*extra, offer=offer()))
    assert response.status == 422
    assert response.headers.first("Min-SE") == "90"


@pytest.mark.parametrize("body", [b"v=0\r\nnonsense\r\n", b"\x00\xff", b"v=0"])
def test_a_description_that_cannot_be_read(body: bytes) -> None:
    peer = Peer()
    response = refusal(peer, peer.request("INVITE", SDP, body=body))
    assert response.status in (400, 488)
    assert response.headers.first("Warning")


@pytest.mark.parametrize(
    ("method", "status"),
    [
        ("REGISTER", 405),
        ("REFER", 405),
        ("MESSAGE", 405),
        ("SUBSCRIBE", 405),
        ("FROBNICATE", 501),
        ("BYE", 481),
        ("UPDATE", 481),
        ("CANCEL", 481),
    ],
)
def test_methods_outside_a_dialog(method: str, status: int) -> None:
    peer = Peer()
    response = refusal(peer, peer.request(method))
    assert response.status == status
    if status in (405, 501):
        assert response.allow == METHODS


def test_a_trunk_may_be_allowed_less() -> None:
    methods = ("INVITE", "ACK", "CANCEL", "BYE")
    peer = Peer(endpoint(CALLED, CALLER, 1, trunk={"methods": methods}))
    response = refusal(peer, peer.request("OPTIONS"))
    assert (response.status, response.allow) == (405, methods)


def test_an_unknown_event_package() -> None:
    peer = Peer(endpoint(CALLED, CALLER, 1, trunk={"methods": (*METHODS, "SUBSCRIBE")}))
    assert refusal(peer, peer.request("SUBSCRIBE", ("Event", "x"))).status == 489


def test_options_say_what_we_can_do() -> None:
    peer = Peer()
    response = refusal(peer, peer.request("OPTIONS"))
    assert response.status == 200
    assert response.allow == METHODS
    assert response.supported == ("100rel", "timer")
    assert "application/sdp" in response.accept


@pytest.mark.parametrize("method", ["BYE", "INVITE", "INFO", "OPTIONS", "PRACK"])
def test_an_unknown_dialog(method: str) -> None:
    peer = Peer()
    assert refusal(peer, peer.request(method, to_tag="nobody")).status == 481


def test_another_scheme_and_another_version() -> None:
    peer = Peer()
    assert refusal(peer, peer.invite(offer=offer(), uri="http://x")).status == 416
    data = serialize(peer.request("OPTIONS")).replace(b"SIP/2.0\r\n", b"SIP/7.0\r\n", 1)
    peer.send(data)
    assert isinstance(peer.heard[-1], Response)
    assert peer.heard[-1].status == 505


def test_bytes_that_are_no_message_are_answered_when_they_can_be() -> None:
    peer = Peer()
    data = serialize(peer.request("INVITE"))
    peer.send(data.replace(b"Content-Length: 0", b"Content-Length: 99"))
    assert peer.statuses("INVITE") == [400]
    peer.send(b"\x80\x08garbage")
    peer.send(b"\r\n\r\n")
    assert len(peer.heard) == 1
    assert len(peer.dropped) == 2
    assert peer.endpoint.remembered == 0


def test_the_same_call_by_another_path_is_merged() -> None:
    peer = Peer()
    peer.send(peer.invite(offer=offer(), branch="z9hG4bKone"))
    peer.send(peer.invite(offer=offer(), branch="z9hG4bKtwo"))
    assert peer.statuses("INVITE") == [100, 482]
    assert len(peer.events) == 1


def test_a_retransmission_is_absorbed() -> None:
    peer = Peer()
    for _ in range(3):
        peer.send(peer.invite(offer=offer(), branch="z9hG4bKsame"))
    assert peer.statuses("INVITE") == [100, 100, 100]
    assert len(peer.events) == 1


def test_strangers_are_refused_and_then_ignored() -> None:
    refusals = AdmissionSettings(refusals=Rate(1.0, 3))
    peer = Peer(endpoint(CALLED, CALLER, 1, admission=refusals))
    for number in range(10):
        peer.send(peer.invite(offer=offer(), call_id=f"call-{number}"), STRANGER)
    assert peer.statuses("INVITE") == [403, 403, 403]
    assert len(peer.dropped) == 7
    assert peer.events == []
    assert peer.endpoint.remembered == 0
    peer.wait(1.0)
    peer.send(peer.invite(offer=offer(), call_id="call-x"), STRANGER)
    assert peer.statuses("INVITE") == [403, 403, 403, 403]


def test_what_strangers_send_is_not_even_read_when_it_is_too_much() -> None:
    few = AdmissionSettings(messages=Rate(1.0, 2))
    peer = Peer(endpoint(CALLED, CALLER, 1, admission=few))
    for _ in range(5):
        peer.send(b"x", STRANGER)
        peer.send(b"x")
    assert peer.dropped.count("too many messages from a stranger") == 3


def test_draining_and_the_cap_refuse_new_calls_statelessly() -> None:
    peer = Peer(endpoint(CALLED, CALLER, 1, most_sessions=1))
    peer.send(peer.invite(offer=offer(), call_id="one"))
    before = peer.endpoint.remembered
    peer.send(peer.invite(offer=offer(), call_id="two"))
    response = peer.responses("INVITE")[-1]
    assert (response.status, response.retry_after) == (503, 10)
    assert peer.endpoint.remembered == before
    assert len(peer.events) == 1
    drained = Peer()
    drained.endpoint.draining = True
    drained.send(drained.invite(offer=offer()))
    assert drained.statuses("INVITE") == [503]
    assert drained.endpoint.remembered == 0
    drained.send(drained.request("OPTIONS"))
    assert drained.statuses("OPTIONS") == [200]


def test_too_many_calls_of_one_source() -> None:
    admission = AdmissionSettings(source_calls=Rate(1.0, 2), refusals=Rate(1.0, 3))
    peer = Peer(endpoint(CALLED, CALLER, 1, admission=admission))
    for number in range(7):
        peer.send(peer.invite(offer=offer(), call_id=f"call-{number}"))
    assert sorted(peer.statuses("INVITE")) == [100, 100, 503, 503, 503]
    assert len(peer.dropped) == 2
    assert len(peer.events) == 2


def test_responses_go_back_where_the_request_came_from() -> None:
    peer = Peer()
    request = peer.request("OPTIONS")
    via = "SIP/2.0/UDP 10.9.9.9:5099;branch=z9hG4bKnat"
    request.headers.set("Via", via + ";rport")
    peer.send(request, ("127.0.1.1", 40000))
    assert peer.targets == [("127.0.1.1", 40000)]
    response = peer.responses("OPTIONS")[0]
    assert (response.via.received, response.via.rport) == ("127.0.1.1", 40000)
    other = peer.request("OPTIONS")
    other.headers.set("Via", via + "2")
    peer.send(other, ("127.0.1.1", 40000))
    assert peer.targets[-1] == ("127.0.1.1", 5099)


def source(host: str, local: Address = CALLED) -> Flow:
    return Flow("udp", local, (host, 5060))


def test_a_trunk_is_known_by_the_longest_network_and_its_listener() -> None:
    wide = Trunk(name="wide", networks=("10.0.0.0/8",))
    narrow = Trunk(name="narrow", networks=("10.1.2.3", "2001:db8::/32"))
    other: Address = ("127.0.2.2", 5060)
    bound = Trunk(name="bound", networks=("10.1.0.0/16",), listeners=(other,))
    table = TrunkTable((wide, narrow, bound))
    assert table.of(source("10.1.2.3")) is narrow
    assert table.of(source("10.1.2.4")) is wide
    assert table.of(source("10.1.2.4", other)) is bound
    assert table.of(source("2001:db8::1")) is narrow
    assert table.of(source("192.0.2.1")) is None


def test_a_trunk_may_be_allowed_less_inside_a_dialog_too() -> None:
    methods = tuple(method for method in METHODS if method != "INFO")
    peer = Peer(endpoint(CALLED, CALLER, 1, trunk={"methods": methods}))
    peer.send(peer.invite(offer=offer()))
    (invited,) = peer.events
    info = ("Content-Type", "application/dtmf-relay")
    peer.send(peer.request("INFO", info, to_tag=invited.session, cseq=2, body=b"Signal=1"))
    assert peer.statuses("INFO") == [405]
    assert len(peer.events) == 1


def test_a_route_is_not_followed() -> None:
    """We are no proxy: whatever Route says, the request is for us or for nobody."""
    peer = Peer()
    elsewhere = ("Route", "<sip:203.0.113.9;lr>, <sip:+85290000000@203.0.113.9;lr>")
    peer.send(peer.invite(elsewhere, offer=offer()))
    peer.send(peer.request("OPTIONS", elsewhere, call_id="other"), STRANGER)
    assert set(peer.targets) == {CALLER, STRANGER}
    assert all(isinstance(message, Response) for message in peer.heard)
    (invited,) = peer.events
    assert isinstance(invited, Invited)
    assert invited.invitation.request_user == "4006001234"
