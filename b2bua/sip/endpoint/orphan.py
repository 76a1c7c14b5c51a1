"""Answers to INVITEs whose session is gone: acknowledge, and release at once.

A session that broke down leaves its INVITE behind. What a 2xx says of itself is enough to
end what it began (RFC 3261 §13.2.2.4).
"""

from itertools import count

from b2bua.core.tokens import Tokens
from b2bua.sip.dialog.dialog import Dialog, contact_of
from b2bua.sip.dialog.outputs import Answer, SendAck, SendRequest
from b2bua.sip.endpoint.registry import Entry
from b2bua.sip.message.build import response_to
from b2bua.sip.message.message import Response


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
