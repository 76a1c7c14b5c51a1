"""Answers to INVITEs whose session is gone: acknowledge, and release at once.

A session that broke down leaves its INVITE behind, and so does a process that died. What a
2xx says of itself is enough to end what it began (RFC 3261 §13.2.2.4).
"""

from itertools import count

from msgspec.structs import replace

from b2bua.core.tokens import Tokens
from b2bua.sip.dialog.dialog import Dialog, contact_of
from b2bua.sip.dialog.events import Cause
from b2bua.sip.dialog.outputs import Answer, SendAck, SendRequest
from b2bua.sip.dialog.reasons import reason_headers
from b2bua.sip.endpoint.dress import dress_response
from b2bua.sip.endpoint.outputs import Transmit
from b2bua.sip.endpoint.registry import Entry
from b2bua.sip.endpoint.settings import Listener
from b2bua.sip.message.build import response_to
from b2bua.sip.message.headers import Headers
from b2bua.sip.message.message import Request, Response
from b2bua.sip.message.serializer import serialize
from b2bua.sip.transport.response_path import response_flow


def release(response: Response, tokens: Tokens) -> tuple[SendAck, SendRequest] | None:
    """ACK and BYE for a 2xx to an INVITE; None if it does not say where they should go."""
    if response.cseq.method != "INVITE" or not 200 <= response.status < 300:
        return None
    target = contact_of(response)
    if not target:
        return None
    dialog = Dialog(
        call_id=response.call_id,
        local_tag=response.from_.tag,
        remote_tag=response.to.tag,
        local_uri=response.from_.uri,
        remote_uri=response.to.uri,
        remote_target=target,
        route_set=tuple(route.uri for route in reversed(response.record_route)),
        local_cseq=response.cseq.number,
        remote_cseq=None,
    )
    ack = SendAck(
        request=dialog.request("ACK", cseq=response.cseq.number),
        next_hop=dialog.next_hop,
        branch=tokens.branch(),
    )
    bye = SendRequest(purpose=0, request=dialog.request("BYE"), next_hop=dialog.next_hop)
    return ack, bye


def acknowledgement(response: Response) -> Request | None:
    """The ACK of a failure whose INVITE a process sent that is gone; None for others.

    Departs from §17.1.1.3: its Request-URI is that of To, as the INVITE's own is not known;
    the branch is what it is matched by (§17.2.3).
    """
    if response.cseq.method != "INVITE" or response.status < 300:
        return None
    via = replace(response.via, received=None, rport=None)
    return Request(
        "ACK",
        response.to.uri,
        Headers.of_canonical(
            [
                ("Via", str(via)),
                ("Max-Forwards", "70"),
                ("From", response.required("From")),
                ("To", response.required("To")),
                ("Call-ID", response.call_id),
                ("CSeq", f"{response.cseq.number} ACK"),
            ]
        ),
    )


def last_words(entry: Entry, status: int) -> list[Answer | SendRequest]:
    """What ends a session whose machine broke down, from the values it has left.

    ``status`` is what the INVITE that made it was answered with so far: before a final
    response it gets 500, and a BYE after a 2xx. An INVITE of ours is cancelled beside.
    """
    if entry.invite is not None and status < 200:
        key, request = entry.invite
        return [Answer(key, response_to(request, 500, to_tag=entry.session.session))]
    if status >= 300:
        return []
    purposes = count(-1, -1)
    return [
        SendRequest(
            purpose=next(purposes),
            request=conversation.dialog.request("BYE"),
            next_hop=conversation.dialog.next_hop,
        )
        for conversation in entry.session.conversations
        if not conversation.ended
        and (entry.invite is not None or conversation.modification.established)
    ]


def farewell(entry: Entry, listener: Listener, user_agent: str) -> Transmit | None:
    """The final response that an INVITE is owed if our process dies before it answers.

    Over UDP alone: a stream dies with its process, and its caller sees that.
    """
    if entry.invite is None or entry.flow is None or entry.flow.reliable:
        return None
    request = entry.invite[1]
    session = entry.session.session
    causes = reason_headers((Cause("Q.850", 41),))
    response = response_to(request, 480, to_tag=session, extra=causes)
    data = serialize(dress_response(response, listener, user_agent))
    return Transmit(data, response_flow(entry.flow, request.via), session)
