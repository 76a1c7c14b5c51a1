"""Messages to throw at the layer."""

from b2bua.sip.message.build import response_to
from b2bua.sip.message.message import Request, Response
from b2bua.sip.message.parser import parse
from b2bua.sip.transport.flow import Flow

FLOW = Flow("udp", ("127.0.0.1", 5060), ("127.0.0.2", 5070))


def request(
    method: str = "INVITE",
    *,
    branch: str = "z9hG4bKone",
    call_id: str = "call",
    to_tag: str = "",
    cseq: str | None = None,
    sent_by: str = "127.0.0.2:5070",
) -> Request:
    """A request as it would come from the wire."""
    via = f"SIP/2.0/UDP {sent_by}" + (f";branch={branch}" if branch else "")
    lines = [
        f"{method} sip:4006000001@127.0.0.1 SIP/2.0",
        f"Via: {via}",
        "Max-Forwards: 70",
        "From: <sip:alice@127.0.0.2>;tag=alice",
        "To: <sip:4006000001@127.0.0.1>" + (f";tag={to_tag}" if to_tag else ""),
        f"Call-ID: {call_id}",
        f"CSeq: {cseq or f'1 {method}'}",
        "Route: <sip:edge.example;lr>",
        "Contact: <sip:alice@127.0.0.2:5070>",
        "Content-Length: 0",
    ]
    parsed = parse(("\r\n".join(lines) + "\r\n\r\n").encode())
    assert isinstance(parsed, Request), parsed
    return parsed


def response(to: Request, status: int, *, to_tag: str = "bob") -> Response:
    """A response as it would come from the wire."""
    return response_to(to, status, to_tag=to_tag)


def ack_of_failure(invite: Request) -> Request:
    """What a client sends for 300 to 699."""
    via = invite.via
    port = "" if via.port is None else f":{via.port}"
    return request(
        "ACK",
        branch=via.branch,
        call_id=invite.call_id,
        to_tag="bob",
        sent_by=via.host + port,
    )
