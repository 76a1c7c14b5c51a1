"""Requests in a dialog that come from somebody else than its far end."""

from typing import Final

import pytest

from b2bua.core.address import Address
from b2bua.sip.dialog.events import Accept, Ended, HangUp, Invited
from b2bua.sip.endpoint.endpoint import SipEndpoint
from b2bua.sip.endpoint.registrar import PHONES
from b2bua.sip.message.message import Request
from tests.sip.endpoint.test_registrar import CONTACT, PHONE, register, started
from tests.sip.party import CALLED, answer_to, endpoint, invite, offer
from tests.sip.peer import Peer

FAR: Final[Address] = ("127.0.1.1", 5060)
SPY: Final[Address] = ("198.51.100.66", 5060)
BESIDE: Final[Address] = ("127.0.1.77", 5060)


def talking(contact: str = "sip:far@127.0.1.1:5060", **trunk: object) -> Peer:
    """A call that came in and was answered."""
    changes = {"networks": ("127.0.1.1",), **trunk}
    peer = Peer(endpoint(CALLED, FAR, 1, trunk=changes))
    assert isinstance(peer.endpoint, SipEndpoint)
    peer.send(peer.invite(("Contact", f"<{contact}>"), offer=offer()))
    (invited,) = (one for one in peer.events if isinstance(one, Invited))
    peer.order(Accept(session=invited.session, description=answer_to(offer())))
    peer.send(peer.ack_of(peer.responses("INVITE")[-1]))
    return peer


def bye(peer: Peer, source: Address) -> int:
    """Say BYE from somewhere; how it was answered."""
    tag = peer.responses("INVITE")[-1].to.tag
    number = 2 + len(peer.responses("BYE"))
    peer.send(peer.request("BYE", to_tag=tag, cseq=number), source)
    return peer.statuses("BYE")[-1]


def ended(peer: Peer) -> bool:
    return any(isinstance(one, Ended) for one in peer.events)


def test_who_knows_the_tags_ends_no_call_of_others() -> None:
    peer = talking()
    assert bye(peer, SPY) == 481
    assert not ended(peer)
    assert bye(peer, FAR) == 200
    assert ended(peer)


def test_nor_has_its_audio_sent_elsewhere() -> None:
    peer = talking()
    before = len(peer.events)
    tag = peer.responses("INVITE")[-1].to.tag
    turned = peer.invite(offer=offer("198.51.100.66"), to_tag=tag, cseq=2)
    peer.send(turned, SPY)
    assert peer.statuses("INVITE")[-1] == 481
    assert len(peer.events) == before


def test_nor_acknowledges_for_them() -> None:
    peer = Peer(endpoint(CALLED, FAR, 1, trunk={"networks": ("127.0.1.1",)}))
    peer.send(peer.invite(offer=offer()))
    (invited,) = (one for one in peer.events if isinstance(one, Invited))
    peer.order(Accept(session=invited.session, description=answer_to(offer())))
    peer.send(peer.ack_of(peer.responses("INVITE")[-1]), SPY)
    before = len(peer.responses("INVITE"))
    peer.wait(1.0)
    assert len(peer.responses("INVITE")) > before


@pytest.mark.parametrize(
    ("trunk", "contact"),
    [
        ({"networks": ("127.0.1.0/24",)}, "sip:far@127.0.1.1"),
        ({"next_hops": ("sip:127.0.1.77",)}, "sip:far@127.0.1.1"),
        ({}, "sip:far@127.0.1.77:5070"),
        ({}, "sip:far@sbc.example.com"),
    ],
    ids=["network", "next hop", "contact", "contact by name"],
)
def test_a_far_end_may_move_where_its_trunk_and_its_dialog_say(
    trunk: dict[str, object], contact: str
) -> None:
    peer = talking(contact, **trunk)
    assert bye(peer, BESIDE) == 200
    assert ended(peer)


def test_a_phone_speaks_from_where_it_is_registered() -> None:
    peer = started()
    register(peer)
    peer.order(invite("call", trunk=PHONES, user="801"))
    asked = peer.requests("INVITE")[-1]
    described = answer_to(offer())
    peer.answer(asked, 200, ("Contact", f"<{CONTACT}>"), description=described)

    def says_bye(number: int, source: Address) -> int:
        request = peer.request("BYE", cseq=number, call_id=asked.call_id)
        request.headers.set("From", asked.headers.all("To")[0] + ";tag=far")
        request.headers.set("To", asked.headers.all("From")[0])
        peer.send(Request("BYE", request.uri, request.headers), source)
        return peer.statuses("BYE")[-1]

    assert says_bye(1, ("192.168.1.5", 5062)) == 481
    assert says_bye(2, PHONE) == 200
    peer.order(HangUp(session=asked.from_.tag))  # type: ignore[arg-type]
    assert peer.requests("BYE") == []
