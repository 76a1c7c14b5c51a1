"""Route set, target and sequence numbers of one dialog."""

import pytest

from b2bua.sip.dialog.dialog import Dialog, called_dialog, calling_dialog, is_loose
from b2bua.sip.message.build import response_to
from b2bua.sip.message.headers import Headers
from b2bua.sip.message.message import Request


def request(method: str, *extra: tuple[str, str], cseq: int = 1) -> Request:
    headers = Headers(
        [
            ("Via", "SIP/2.0/UDP 127.0.1.1;branch=z9hG4bKx"),
            ("From", '"Far" <sip:far@127.0.1.1>;tag=far'),
            ("To", "<sip:near@127.0.2.1>;tag=near"),
            ("Call-ID", "call"),
            ("CSeq", f"{cseq} {method}"),
            *extra,
        ]
    )
    return Request(method, "sip:near@127.0.2.1", headers)


def dialog(*route_set: str) -> Dialog:
    return Dialog(
        call_id="call",
        local_tag="near",
        remote_tag="far",
        local_uri="sip:near@127.0.2.1",
        remote_uri="sip:far@127.0.1.1",
        remote_target="sip:far@127.0.1.1:5099",
        route_set=route_set,
        local_cseq=0,
        remote_cseq=None,
    )


@pytest.mark.parametrize(
    ("routes", "uri", "written", "next_hop"),
    [
        ((), "sip:far@127.0.1.1:5099", [], "sip:far@127.0.1.1:5099"),
        (
            ("sip:a;lr", "sip:b"),
            "sip:far@127.0.1.1:5099",
            ["<sip:a;lr>", "<sip:b>"],
            "sip:a;lr",
        ),
        (
            ("sip:b", "sip:a;lr"),
            "sip:b",
            ["<sip:a;lr>", "<sip:far@127.0.1.1:5099>"],
            "sip:b",
        ),
    ],
)
def test_loose_and_strict_routing(
    routes: tuple[str, ...], uri: str, written: list[str], next_hop: str
) -> None:
    one = dialog(*routes)
    built = one.request("BYE")
    assert (built.uri, built.headers.values("Route")) == (uri, written)
    assert one.next_hop == next_hop
    assert str(built.cseq) == "1 BYE"
    assert (built.from_.tag, built.to.tag) == ("near", "far")


def test_every_request_has_a_greater_number_but_an_ack_repeats_one() -> None:
    one = dialog()
    numbers = [one.request(method).cseq.number for method in ("INFO", "BYE")]
    assert numbers == [1, 2]
    assert one.request("ACK", cseq=1).cseq.number == 1
    assert one.request("BYE").cseq.number == 3


def test_requests_that_come_too_late() -> None:
    one = dialog()
    assert one.in_order(request("INFO", cseq=5))
    assert not one.in_order(request("INFO", cseq=4))
    assert one.in_order(request("INFO", cseq=7))
    assert one.remote_cseq == 7


def test_only_the_own_call_and_tags_match() -> None:
    one = dialog()
    assert one.matches(request("BYE"))
    for name, value in (
        ("Call-ID", "other"),
        ("From", "<sip:far@127.0.1.1>;tag=other"),
        ("To", "<sip:near@127.0.2.1>;tag=other"),
        ("To", "<sip:near@127.0.2.1>"),
    ):
        stranger = request("BYE")
        stranger.headers.set(name, value)
        assert not one.matches(stranger), name


def test_a_target_refresh_takes_a_sip_contact_and_nothing_else() -> None:
    one = dialog()
    assert not one.retarget(request("UPDATE"))
    assert not one.retarget(request("UPDATE", ("Contact", "<tel:123>")))
    assert one.retarget(request("UPDATE", ("Contact", "<sip:new@127.0.1.5>")))
    assert one.remote_target == "sip:new@127.0.1.5"


def test_both_sides_see_one_route_set_in_opposite_orders() -> None:
    routes = ("Record-Route", "<sip:p2;lr>, <sip:p1;lr>")
    invite = request("INVITE", routes, ("Contact", "<sip:far@127.0.1.1>"))
    called = called_dialog(invite, "near")
    assert called.route_set == ("sip:p2;lr", "sip:p1;lr")
    assert called.remote_cseq == 1
    contact = ("Contact", "<sip:near@127.0.2.1>")
    calling = calling_dialog(invite, response_to(invite, 200, extra=[routes, contact]))
    assert calling.route_set == ("sip:p1;lr", "sip:p2;lr")
    assert (calling.remote_target, calling.local_cseq) == ("sip:near@127.0.2.1", 1)


def test_a_response_without_contact_leaves_the_request_uri() -> None:
    invite = request("INVITE")
    assert calling_dialog(invite, response_to(invite, 200)).remote_target == invite.uri


@pytest.mark.parametrize(
    ("uri", "loose"),
    [("sip:a;lr", True), ("sip:a;lr=on", True), ("sip:a", False), ("mailto:x", False)],
)
def test_what_a_loose_router_is(uri: str, loose: bool) -> None:
    assert is_loose(uri) is loose
