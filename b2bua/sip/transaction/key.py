"""What makes two messages one transaction: RFC 3261 §§17.1.3 and 17.2.3.

Client and server keys are different types, because both sides of one transaction meet in
one process when a call loops through it, with the same branch.
"""

from typing import NamedTuple, TypeAlias

from b2bua.sip.message.message import Request, Response
from b2bua.sip.message.via import Via


class ClientKey(NamedTuple):
    """A transaction in which we sent the request."""

    branch: str
    method: str


class ServerKey(NamedTuple):
    """A transaction in which we received the request."""

    branch: str
    """For a peer that speaks RFC 2543: what identified a transaction there, joined."""
    sent_by: str
    method: str
    """INVITE for an ACK."""


TransactionKey: TypeAlias = ClientKey | ServerKey


class MergeKey(NamedTuple):
    """What is the same in all copies of an initial request that was forked (§8.2.2.2)."""

    call_id: str
    from_tag: str
    cseq: int
    method: str


def sent_by(via: Via) -> str:
    """Host and port of a Via, comparable; a port left out stays left out."""
    return via.host if via.port is None else f"{via.host}:{via.port}"


def key_of_response(response: Response) -> ClientKey:
    """Name the client transaction that a response belongs to (§17.1.3)."""
    return ClientKey(response.via.branch, response.cseq.method)


def key_of_request(request: Request) -> ServerKey:
    """Name the server transaction that a request belongs to or begins (§17.2.3)."""
    via = request.via
    method = "INVITE" if request.method == "ACK" else request.method
    if via.has_cookie:
        return ServerKey(via.branch, sent_by(via), method)
    return ServerKey(_legacy_identity(request), sent_by(via), method)


def cancelled_by(request: Request) -> ServerKey:
    """Name the INVITE transaction that a CANCEL is meant for (§9.2)."""
    return key_of_request(request)._replace(method="INVITE")


def merge_key_of(request: Request) -> MergeKey | None:
    """Name the copies of a request by which a fork is known, None inside a dialog."""
    if request.to.tag or request.method in {"ACK", "CANCEL"}:
        return None
    return MergeKey(request.call_id, request.from_.tag, request.cseq.number, request.method)


def _legacy_identity(request: Request) -> str:
    """Join what RFC 2543 matched by.

    The To tag is left out: an ACK has the one of our response, the INVITE none, and what
    remains tells two transactions apart already.
    """
    return "\n".join(
        (
            request.uri,
            request.from_.tag,
            request.call_id,
            str(request.cseq.number),
            request.required("Via"),
        )
    )
