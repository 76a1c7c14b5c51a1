"""Requests too large for a datagram go by TCP, and by UDP where nobody takes TCP."""

from random import Random

import pytest

from b2bua.core.tokens import Tokens
from b2bua.sip.dialog.events import Invite, Progressed, Refused, SessionId
from b2bua.sip.endpoint.endpoint import SipEndpoint
from b2bua.sip.endpoint.outputs import Output, Transmit
from b2bua.sip.endpoint.oversize import LARGEST
from b2bua.sip.endpoint.settings import EndpointSettings, Listener
from b2bua.sip.endpoint.trunks import Trunk
from b2bua.sip.message.build import response_to
from b2bua.sip.message.message import Request
from b2bua.sip.message.parser import parse
from b2bua.sip.message.serializer import serialize
from b2bua.sip.transport.flow import Flow, TransportName
from tests.sip.party import CALLED, invite

HOP = ("127.0.1.1", 5060)
SESSION = SessionId("one")
CONTACT = ("Contact", "<sip:far@127.0.1.1>")


def endpoint(*transports: TransportName) -> SipEndpoint:
    settings = EndpointSettings(
        listeners=tuple(
            Listener(transport=name, local=CALLED, advertised=CALLED) for name in transports
        ),
        trunks=(Trunk(name=invite(SESSION).trunk, next_hops=("sip:127.0.1.1",)),),
    )
    return SipEndpoint(settings, Tokens(Random(1).randbytes))


def order(session: str = SESSION, *, large: bool) -> Invite:
    return invite(SessionId(session), from_display="x" * (LARGEST if large else 1))


def sent(outputs: list[Output]) -> list[tuple[str, Request]]:
    """What left, each with its transport."""
    found: list[tuple[str, Request]] = []
    for output in outputs:
        if isinstance(output, Transmit):
            message = parse(output.data)
            assert isinstance(message, Request)
            found.append((output.flow.transport, message))
    return found


@pytest.mark.parametrize(
    ("transports", "large", "transport"),
    [
        (("udp", "tcp"), False, "udp"),
        (("udp", "tcp"), True, "tcp"),
        (("udp",), True, "udp"),
    ],
)
def test_the_size_decides(
    transports: tuple[TransportName, ...], large: bool, transport: str
) -> None:
    ((via, request),) = sent(endpoint(*transports).order(order(large=large), 0.0))
    assert via == transport
    assert request.via.transport == transport.upper()
    assert ("transport=tcp" in str(request.headers.first("Contact"))) == (via == "tcp")


def test_who_refuses_tcp_gets_it_by_udp_and_is_not_asked_again() -> None:
    one = endpoint("udp", "tcp")
    one.order(order(large=True), 0.0)
    outputs = one.flow_failed(Flow("tcp", CALLED, HOP), 1.0)
    ((via, request),) = sent(outputs)
    assert (via, request.via.transport, request.method) == ("udp", "UDP", "INVITE")
    assert not any(isinstance(output, Refused) for output in outputs)
    ((via, _),) = sent(one.order(order("two", large=True), 2.0))
    assert via == "udp"
    ringing = serialize(response_to(request, 180, to_tag="t", extra=[CONTACT]))
    heard = one.receive(ringing, Flow("udp", CALLED, HOP), 2.1)
    assert any(isinstance(output, Progressed) for output in heard), heard


def test_a_connection_lost_after_an_answer_repeats_nothing() -> None:
    one = endpoint("udp", "tcp")
    ((_, request),) = sent(one.order(order(large=True), 0.0))
    flow = Flow("tcp", CALLED, HOP, 3)
    one.receive(serialize(response_to(request, 180, to_tag="t")), flow, 0.5)
    assert sent(one.flow_failed(flow, 1.0)) == []
