"""Numbers rewritten both ways, as a telephone person would write the rules."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from b2bua.sip.dialog.events import Invited
from b2bua.sip.endpoint.rewriting import Rewriting, Rule, rewritten
from tests.sip.party import CALLED, CALLER, endpoint, invite, offer
from tests.sip.peer import Peer

DOMESTIC = (
    Rule(match="00*"),
    Rule(match="0*", strip=1, prepend="+86"),
    Rule(match="1??????????", prepend="+86"),
    Rule(match="400???????", prepend="+86"),
)
NATIONAL = (Rule(match="+86400*", strip=3), Rule(match="+86*", strip=3, prepend="0"))


@pytest.mark.parametrize(
    ("number", "becomes"),
    [
        ("02088886001", "+862088886001"),
        ("13800138000", "+8613800138000"),
        ("138001380001", "138001380001"),
        ("0085223456789", "0085223456789"),
        ("4006001234", "+864006001234"),
        ("anonymous", "anonymous"),
        ("", ""),
        ("+", "+"),
        ("0" * 41, "0" * 41),
    ],
)
def test_the_first_rule_that_fits_is_applied(number: str, becomes: str) -> None:
    assert rewritten(number, DOMESTIC) == becomes


@given(st.text("0123456789+?*", max_size=12), st.text("0123456789+", max_size=12))
def test_a_rule_fits_what_its_pattern_says(body: str, number: str) -> None:
    import re  # noqa: PLC0415

    body = body.replace("*", "")
    for match in (body, f"{body}*"):
        meant = re.escape(body).replace(r"\?", ".") + (".*" if match != body else "")
        assert Rule(match=match).fits(number) == bool(re.fullmatch(meant, number))


def test_what_a_trunk_says_is_made_ours() -> None:
    rewriting = Rewriting(called_in=NATIONAL, caller_in=NATIONAL)
    peer = Peer(endpoint(CALLED, CALLER, 4, trunk={"rewriting": rewriting}))
    request = peer.invite(
        ("From", "<sip:+862088886001@127.0.1.1>;tag=far"),
        ("P-Asserted-Identity", "<tel:+862088886002>"),
        ("To", "<sip:+864006001234@127.0.2.1>"),
        offer=offer(),
        uri="sip:+864006001234@127.0.2.1",
    )
    peer.send(request)
    (invited,) = peer.events
    assert isinstance(invited, Invited)
    said = invited.invitation
    assert (said.request_user, said.to_user) == ("4006001234", "4006001234")
    assert (said.from_user, said.asserted) == ("02088886001", ("02088886002",))


def test_what_we_ask_of_a_trunk_is_made_its_own() -> None:
    rewriting = Rewriting(called_out=DOMESTIC, caller_out=DOMESTIC)
    peer = Peer(endpoint(CALLED, CALLER, 4, trunk={"rewriting": rewriting}))
    peer.order(invite(asserted="13800138000", diverted_from="4006001234"))
    (request,) = peer.requests("INVITE")
    assert request.uri == "sip:+862088886001@127.0.1.1:5060"
    assert request.to.uri == request.uri
    assert request.from_.uri.startswith("sip:+8613800138000@")
    assert request.asserted_identity[0].startswith("sip:+8613800138000@")
    assert request.headers.first("Diversion") == (
        "<sip:+864006001234@127.0.2.1>;reason=unconditional;counter=1"
    )
