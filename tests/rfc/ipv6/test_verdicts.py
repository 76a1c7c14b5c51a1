"""RFC 5118: its ten cases of IPv6 in messages of our own, and what the endpoint answers.

A file is named as the RFC names its message; two of the cases are pairs.
"""

from typing import Final

import pytest

from b2bua.sip.message.message import Request
from b2bua.sip.message.parser import parse
from b2bua.sip.message.uri import SipUri, parse_uri
from b2bua.sip.sdp.parser import parse_description
from tests.rfc.verdicts import CALL, FOLDER, verdict

VERDICTS: Final = {
    "ipv6-good": "200",  # §4.1
    "ipv6-bad": "400",  # §4.2
    "port-ambiguous": "200",  # §4.3
    "port-unambiguous": "200",  # §4.4
    "via-received-param-with-delim": "200",  # §4.5
    "via-received-param-no-delim": "200",
    "ipv6-in-sdp": CALL,  # §4.6
    "mult-ip-in-header": "200",  # §4.7
    "mult-ip-in-sdp": CALL,  # §4.8
    "ipv4-mapped-ipv6": CALL,  # §4.9
    "ipv6-bug-abnf-3-colons": "200",  # §4.10
    "ipv6-correct-abnf-2-colons": "200",
}


def request(name: str) -> Request:
    message = parse((FOLDER / "ipv6" / f"{name}.sip").read_bytes())
    assert isinstance(message, Request)
    return message


def target(name: str) -> SipUri:
    uri = parse_uri(request(name).uri)
    assert isinstance(uri, SipUri)
    return uri


def test_every_message_has_a_verdict() -> None:
    assert {path.stem for path in (FOLDER / "ipv6").glob("*.sip")} == set(VERDICTS)


@pytest.mark.parametrize("name", VERDICTS)
def test_verdict(name: str) -> None:
    assert verdict("ipv6", name) == VERDICTS[name]


def test_brackets_tell_the_port_from_the_address() -> None:
    ambiguous, unambiguous = target("port-ambiguous"), target("port-unambiguous")
    assert (ambiguous.host, ambiguous.port) == ("2001:db8::10:5070", None)
    assert (unambiguous.host, unambiguous.port) == ("2001:db8::10", 5070)


def test_one_colon_too_many_is_the_same_address() -> None:
    hosts = {
        target(f"ipv6-{name}-colons").host for name in ("bug-abnf-3", "correct-abnf-2")
    }
    assert hosts == {"2001:db8::192.0.2.1"}


def test_hops_of_both_families_stay_apart() -> None:
    vias = request("mult-ip-in-header").vias
    assert [via.host for via in vias] == ["2001:db8::9:1", "192.0.2.1", "2001:db8::9:1"]


@pytest.mark.parametrize(
    ("name", "address"),
    [("ipv6-in-sdp", "2001:db8::20"), ("ipv4-mapped-ipv6", "::ffff:192.0.2.2")],
)
def test_descriptions_name_addresses_of_ipv6(name: str, address: str) -> None:
    assert parse_description(request(name).body).address == address
