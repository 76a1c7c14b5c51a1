"""Sessions whose far end came by a connection."""

from random import Random

import pytest

from b2bua.core.tokens import Tokens
from b2bua.sip.dialog.events import Accept, HangUp, Invited, SessionId
from b2bua.sip.endpoint.endpoint import SipEndpoint
from b2bua.sip.endpoint.outputs import Output, Transmit
from b2bua.sip.endpoint.settings import EndpointSettings, Listener
from b2bua.sip.endpoint.trunks import Trunk
from b2bua.sip.message.message import Request, Response
from b2bua.sip.message.parser import parse
from b2bua.sip.message.serializer import serialize
from b2bua.sip.transport.flow import Flow, TransportName
from tests.sip.endpoint.test_called import ANSWER, OFFER
from tests.sip.party import CALLED, invite
from tests.sip.peer import Peer

REMOTE = ("127.0.1.1", 40000)
NAMES: tuple[TransportName, ...] = ("udp", "tcp", "tls", "ws", "wss")


def endpoint() -> SipEndpoint:
    settings = EndpointSettings(
        listeners=tuple(
            Listener(transport=name, local=CALLED, advertised=CALLED) for name in NAMES
        ),
        trunks=(Trunk(name="peer", networks=("127.0.1.0/24",)),),
    )
    return SipEndpoint(settings, Tokens(Random(1).randbytes))


def transmitted(outputs: list[Output]) -> list[Transmit]:
    return [output for output in outputs if isinstance(output, Transmit)]


def answered(one: SipEndpoint, flow: Flow, contact: str) -> tuple[SessionId, Response]:
    peer = Peer()
    invite = peer.invite(("Contact", contact), offer=OFFER)
    invite.headers.set(
        "Via", f"SIP/2.0/{flow.transport.upper()} 127.0.1.1:5060;branch=z9hG4bKs"
    )
    outputs = one.receive(serialize(invite), flow, 0.0)
    (event,) = [output for output in outputs if isinstance(output, Invited)]
    accept = Accept(session=event.session, description=ANSWER)
    (sent,) = transmitted(one.order(accept, 0.0))
    assert sent.flow == flow
    ok = parse(sent.data)
    assert isinstance(ok, Response)
    one.receive(serialize(peer.ack_of(ok)), flow, 0.0)
    return event.session, ok


@pytest.mark.parametrize("transport", ["tcp", "tls"])
def test_the_connection_is_used_while_it_lasts(transport: TransportName) -> None:
    flow = Flow(transport, CALLED, REMOTE, 7)
    contact = f"<sip:far@127.0.1.1:5077;transport={transport}>"
    for alive in (True, False):
        one = endpoint()
        session, ok = answered(one, flow, contact)
        assert ok.contacts[0].uri.endswith(f";transport={transport}")
        if not alive:
            one.flow_failed(flow, 1.0)
        (bye,) = transmitted(one.order(HangUp(session=session), 2.0))
        fresh = Flow(transport, CALLED, ("127.0.1.1", 5077), 0)
        assert bye.flow == (flow if alive else fresh)


@pytest.mark.parametrize(
    ("transport", "contact", "own"),
    [
        ("tls", "<sips:far@127.0.1.1:5077>", "sips:127.0.2.1:5060"),
        ("tls", "<sip:far@127.0.1.1;transport=tls>", "sip:127.0.2.1:5060;transport=tls"),
        ("wss", "<sips:x@df7.invalid;transport=ws>", "sips:127.0.2.1:5060;transport=ws"),
        ("tcp", "<sips:far@127.0.1.1:5077>", "sip:127.0.2.1:5060;transport=tcp"),
    ],
)
def test_who_is_reached_by_tls_on_every_hop_is_promised_it(
    transport: TransportName, contact: str, own: str
) -> None:
    one = endpoint()
    _, ok = answered(one, Flow(transport, CALLED, REMOTE, 7), contact)
    assert ok.contacts[0].uri == own


@pytest.mark.parametrize(
    ("hop", "own"),
    [
        ("sips:127.0.1.1:5077", "sips:127.0.2.1:5060"),
        ("sip:127.0.1.1:5077;transport=tls", "sip:127.0.2.1:5060;transport=tls"),
    ],
)
def test_what_is_called_by_tls_on_every_hop_is_promised_it(hop: str, own: str) -> None:
    one = endpoint()
    one.set_trunks((Trunk(name="peer", next_hops=(hop,)),))
    (sent,) = transmitted(one.order(invite(), 0.0))
    asked = parse(sent.data)
    assert isinstance(asked, Request)
    assert asked.contacts[0].uri == own
    assert sent.flow.transport == "tls"


@pytest.mark.parametrize("transport", ["ws", "wss"])
def test_a_browser_is_reached_by_its_websocket_alone(transport: TransportName) -> None:
    flow = Flow(transport, CALLED, REMOTE, 9)
    one = endpoint()
    session, ok = answered(one, flow, "<sip:x@df7jal23ls0d.invalid;transport=ws>")
    assert ok.contacts[0].uri.endswith(";transport=ws")
    (bye,) = transmitted(one.order(HangUp(session=session), 1.0))
    assert bye.flow == flow


def test_a_2xx_is_repeated_over_a_stream_too() -> None:
    flow = Flow("tcp", CALLED, REMOTE, 7)
    one = endpoint()
    peer = Peer()
    outputs = one.receive(serialize(peer.invite(offer=OFFER)), flow, 0.0)
    (event,) = [output for output in outputs if isinstance(output, Invited)]
    one.order(Accept(session=event.session, description=ANSWER), 0.0)
    assert len(transmitted(one.wake(0.5))) == 1
