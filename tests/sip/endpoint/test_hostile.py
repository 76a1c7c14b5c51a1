"""Messages bent at random, at every stage of a session: nothing raises, nothing stays."""

from collections.abc import Callable
from random import Random

import pytest

from b2bua.sip.dialog.events import Accept, HangUp, Invited, Offer, Ring
from b2bua.sip.message.build import response_to
from b2bua.sip.message.message import Message, Request
from b2bua.sip.message.serializer import serialize
from b2bua.sip.sdp.serializer import serialize_description
from tests.sip.endpoint.test_called import ANSWER, OFFER, forget, invited
from tests.sip.party import invite, offer
from tests.sip.peer import CONTACT, SDP, Peer

WORDS = (
    b"",
    b"0",
    b"-1",
    b"4294967296",
    b"99999999999999999999",
    b"\xff\xfe",
    b";tag=",
    b"<sip:>",
    b"<tel:1>",
    b"sip:%00@x",
    b"100rel",
    b"timer",
    b"application/sdp",
    b"application/dtmf-relay",
    b"multipart/mixed;boundary=x",
    b"INVITE",
    b"1 2 3",
    b'"',
    b"\t",
    b"<sip:[::1]:99999;lr>",
)
HEADERS = (
    b"Require",
    b"Supported",
    b"Session-Expires",
    b"Min-SE",
    b"RAck",
    b"RSeq",
    b"Contact",
    b"Record-Route",
    b"Reason",
    b"Allow",
    b"Content-Type",
    b"P-Asserted-Identity",
    b"P-Called-Party-ID",
    b"Diversion",
    b"Privacy",
    b"Max-Forwards",
    b"Proxy-Authenticate",
    b"Info-Package",
    b"Via",
    b"CSeq",
    b"To",
    b"From",
)


def bent(message: Message, random: Random) -> bytes:
    """The message with something wrong in it."""
    data = serialize(message)
    head, _, body = data.partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    for _ in range(random.randrange(1, 4)):
        index = random.randrange(len(lines))
        name, _, value = lines[index].partition(b":")
        match random.randrange(6):
            case 0 if len(lines) > 2:
                del lines[index]
            case 1:
                lines[index] = name + b": " + random.choice(WORDS)
            case 2:
                lines.append(random.choice(HEADERS) + b": " + random.choice(WORDS))
            case 3:
                cut = random.randrange(len(value) + 1)
                lines[index] = name + b":" + value[:cut] + random.randbytes(1) + value[cut:]
            case 4:
                lines.append(lines[index])
            case _:
                body = body[: random.randrange(len(body) + 1)] + random.choice(WORDS)
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def requests(peer: Peer, tag: str) -> list[Request]:
    description = serialize_description(offer(version=2))
    relay = ("Content-Type", "application/dtmf-relay")
    return [
        peer.invite(offer=OFFER),
        peer.invite(offer=OFFER, to_tag=tag, cseq=2),
        peer.request("UPDATE", SDP, cseq=3, body=description, to_tag=tag),
        peer.request("PRACK", ("RAck", "1 1 INVITE"), cseq=4, to_tag=tag),
        peer.request("INFO", relay, cseq=5, body=b"Signal=1\r\n", to_tag=tag),
        peer.request("OPTIONS", cseq=6, to_tag=tag),
        peer.request("ACK", cseq=1, to_tag=tag),
        peer.request("CANCEL", branch="z9hG4bKinvite"),
        peer.request("BYE", cseq=7, to_tag=tag),
        peer.request("REFER", cseq=8, to_tag=tag),
    ]


@pytest.mark.parametrize("seed", range(60))
def test_bent_requests(seed: int) -> None:
    random = Random(seed)
    peer = Peer()
    session = invited(peer, ("Supported", "100rel"))
    stages: list[Callable[[], None]] = [
        lambda: peer.order(Ring(session=session, status=183, description=ANSWER)),
        lambda: peer.order(Accept(session=session, description=ANSWER)),
        lambda: peer.send(peer.ack_of(peer.responses("INVITE")[-1])),
        lambda: peer.order(Offer(session, offer("127.0.2.1", version=3))),
        lambda: peer.order(HangUp(session=session)),
    ]
    for stage in stages:
        for request in requests(peer, session):
            for _ in range(3):
                peer.send(bent(request, random))
        peer.wait(random.random())
        if any(isinstance(message, Request) for message in peer.heard[-3:]):
            forget(peer)
        stage() if peer.responses("INVITE") else None
    for event in peer.events:
        if isinstance(event, Invited):
            peer.order(HangUp(session=event.session))
    peer.wait(2500)
    assert peer.endpoint.remembered == 0


@pytest.mark.parametrize("seed", range(60))
def test_bent_responses(seed: int) -> None:
    random = Random(seed)
    peer = Peer()
    peer.order(invite())
    required = (("Require", "100rel"), ("RSeq", "1"), CONTACT)
    for _ in range(6):
        for request in peer.requests("INVITE")[-1:] + peer.requests("PRACK")[-1:]:
            for status in (100, 180, 183, 200, 401, 407, 422, 486, 491, 503):
                if status >= 300 and random.random() < 0.8:
                    continue
                body = serialize_description(ANSWER) if status in (183, 200) else b""
                extra = [*required, SDP] if body else [CONTACT]
                response = response_to(
                    request, status, to_tag=random.choice("abc"), extra=extra, body=body
                )
                peer.send(bent(response, random))
        peer.wait(random.random())
    peer.order(HangUp(session=invite().session))
    peer.wait(2500)
    assert peer.endpoint.remembered == 0
