"""Dialogs: RFC 3261 §12.

Route set, remote target and sequence numbers of one dialog, as either side sees them. The
identifier is Call-ID and the two tags; our own tag names the session, so a dialog is found
by it alone and then checked (:meth:`Dialog.matches`).
"""

from dataclasses import dataclass

from b2bua.sip.message.errors import MalformedMessage
from b2bua.sip.message.headers import Headers
from b2bua.sip.message.message import Request, Response
from b2bua.sip.message.uri import SipUri, parse_uri


@dataclass(slots=True, kw_only=True)
class Dialog:
    """One dialog. Changed in place: every request moves its sequence number."""

    call_id: str
    local_tag: str
    remote_tag: str
    local_uri: str
    remote_uri: str
    remote_target: str
    route_set: tuple[str, ...]
    """URIs, nearest first."""
    local_cseq: int
    remote_cseq: int | None

    @property
    def next_hop(self) -> str:
        """The URI that the next request is sent to (§12.2.1.1, §8.1.2)."""
        return self.route_set[0] if self.route_set else self.remote_target

    def matches(self, message: Request | Response) -> bool:
        """Whether a message from the far end belongs to this dialog (§12.2.2)."""
        near, far = (
            (message.to, message.from_)
            if isinstance(message, Request)
            else (message.from_, message.to)
        )
        return (
            message.call_id == self.call_id
            and (near.tag or "") == self.local_tag
            and (far.tag or "") == self.remote_tag
        )

    def request(
        self,
        method: str,
        *extra: tuple[str, str],
        body: bytes = b"",
        cseq: int | None = None,
    ) -> Request:
        """Build a request within the dialog (§12.2.1.1).

        ``cseq`` is given for ACK alone, which repeats the number of its INVITE.
        """
        if cseq is None:
            self.local_cseq += 1
            cseq = self.local_cseq
        uri, routes = self._path()
        headers = Headers.of_canonical(
            [
                ("Max-Forwards", "70"),
                *(("Route", f"<{route}>") for route in routes),
                ("From", _party(self.local_uri, self.local_tag)),
                ("To", _party(self.remote_uri, self.remote_tag)),
                ("Call-ID", self.call_id),
                ("CSeq", f"{cseq} {method}"),
                *extra,
            ]
        )
        return Request(method, uri, headers, body)

    def _path(self) -> tuple[str, tuple[str, ...]]:
        """Request-URI and Route, behind a loose or a strict router."""
        if not self.route_set:
            return self.remote_target, ()
        first = self.route_set[0]
        if is_loose(first):
            return self.remote_target, self.route_set
        return first, (*self.route_set[1:], self.remote_target)

    def in_order(self, request: Request) -> bool:
        """Take a request's sequence number, or say that it comes too late (§12.2.2)."""
        number = request.cseq.number
        if self.remote_cseq is not None and number < self.remote_cseq:
            return False
        self.remote_cseq = number
        return True

    def retarget(self, message: Request | Response) -> bool:
        """Take the Contact of a target refresh; whether it was another (§12.2.1.2)."""
        target = contact_of(message)
        if not target or target == self.remote_target:
            return False
        self.remote_target = target
        return True


def is_loose(uri: str) -> bool:
    """Whether a route is a loose router's (§19.1.1, parameter ``lr``)."""
    try:
        parsed = parse_uri(uri)
    except MalformedMessage:
        return False
    return isinstance(parsed, SipUri) and "lr" in parsed.parameters


def contact_of(message: Request | Response) -> str:
    """The URI of the first Contact that can be sent to, or empty.

    Without its header fields, which no Request-URI may have (§19.1.1).
    """
    for contact in message.contacts:
        if contact.uri.lower().startswith(("sip:", "sips:")):
            return contact.uri.partition("?")[0]
    return ""


def called_dialog(invite: Request, local_tag: str) -> Dialog:
    """The dialog that our response to an INVITE creates (§12.1.1)."""
    return Dialog(
        call_id=invite.call_id,
        local_tag=local_tag,
        remote_tag=invite.from_.tag or "",
        local_uri=invite.to.uri,
        remote_uri=invite.from_.uri,
        remote_target=contact_of(invite),
        route_set=tuple(route.uri for route in invite.record_route),
        local_cseq=0,
        remote_cseq=invite.cseq.number,
    )


def calling_dialog(invite: Request, response: Response) -> Dialog:
    """The dialog that a response with a tag creates (§12.1.2).

    A response without a Contact we can use leaves the Request-URI as the target.
    """
    return Dialog(
        call_id=response.call_id,
        local_tag=invite.from_.tag or "",
        remote_tag=response.to.tag or "",
        local_uri=invite.from_.uri,
        remote_uri=invite.to.uri,
        remote_target=contact_of(response) or invite.uri,
        route_set=tuple(route.uri for route in reversed(response.record_route)),
        local_cseq=invite.cseq.number,
        remote_cseq=None,
    )


def _party(uri: str, tag: str) -> str:
    address = f"<{uri}>"
    return f"{address};tag={tag}" if tag else address
