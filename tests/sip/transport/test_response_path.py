"""RFC 3261 §18.2 and RFC 3581: responses go back where the request came from."""

import pytest

from b2bua.sip.message.via import parse_via
from b2bua.sip.transport.flow import Flow, TransportName
from b2bua.sip.transport.response_path import reopened_flow, response_flow, stamp

LOCAL = ("127.0.0.1", 5060)
SOURCE = ("127.0.0.2", 41000)
UDP = Flow("udp", LOCAL, SOURCE)
TCP = Flow("tcp", LOCAL, SOURCE, connection=3)


@pytest.mark.parametrize(
    ("came", "stamped"),
    [
        ("127.0.0.2:5070;branch=b", "127.0.0.2:5070;branch=b"),
        ("phone.lan;branch=b", "phone.lan;branch=b;received=127.0.0.2"),
        ("10.0.0.1:5070;branch=b", "10.0.0.1:5070;branch=b;received=127.0.0.2"),
        ("127.0.0.2;rport;branch=b", "127.0.0.2;branch=b;received=127.0.0.2;rport=41000"),
        ("10.0.0.1;rport=9;branch=b", "10.0.0.1;branch=b;received=127.0.0.2;rport=41000"),
        ("127.0.0.2;branch=b;received=6.6.6.6", "127.0.0.2;branch=b"),
        ("h;branch=b;received=6.6.6.6", "h;branch=b;received=127.0.0.2"),
    ],
)
def test_the_source_is_noted(came: str, stamped: str) -> None:
    assert str(stamp(parse_via(f"SIP/2.0/UDP {came}"), SOURCE)) == f"SIP/2.0/UDP {stamped}"


@pytest.mark.parametrize(
    ("via", "port"),
    [
        ("10.0.0.1:5070;rport", 41000),
        ("10.0.0.1:5070", 5070),
        ("10.0.0.1", 5060),
        ("10.0.0.1;maddr=6.6.6.6", 5060),
        ("127.0.0.2:41000", 41000),
    ],
)
def test_over_udp_the_host_is_the_source_and_the_port_as_asked(via: str, port: int) -> None:
    flow = response_flow(UDP, stamp(parse_via(f"SIP/2.0/UDP {via};branch=b"), SOURCE))
    assert flow == Flow("udp", LOCAL, ("127.0.0.2", port))


def test_a_stream_is_used_both_ways_whatever_the_via_says() -> None:
    via = stamp(parse_via("SIP/2.0/TCP 10.0.0.1:5070;branch=b"), SOURCE)
    assert response_flow(TCP, via) == TCP


@pytest.mark.parametrize(
    ("transport", "via", "port"),
    [("tcp", "h:5070", 5070), ("tcp", "h", 5060), ("tls", "h", 5061)],
)
def test_a_lost_connection_is_made_again_to_sent_by(
    transport: TransportName, via: str, port: int
) -> None:
    flow = Flow(transport, LOCAL, SOURCE, connection=3)
    again = reopened_flow(flow, parse_via(f"SIP/2.0/TCP {via};branch=b"))
    assert again == Flow(transport, LOCAL, ("127.0.0.2", port))


@pytest.mark.parametrize("transport", ["udp", "ws", "wss"])
def test_what_is_no_connection_of_ours_is_not_made_again(transport: TransportName) -> None:
    via = parse_via("SIP/2.0/TCP h:5070;branch=b")
    assert reopened_flow(Flow(transport, LOCAL, SOURCE), via) is None
