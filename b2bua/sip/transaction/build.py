"""The two requests that a transaction makes out of its INVITE: ACK and CANCEL."""

from collections.abc import Iterable

from b2bua.sip.message.headers import Headers
from b2bua.sip.message.message import Request, Response


def ack_of(invite: Request, refusal: Response) -> Request:
    """Acknowledge a final response other than 2xx (RFC 3261 §17.1.1.3)."""
    return _hop_request("ACK", invite, to=refusal.required("To"))


def cancel_of(invite: Request, extra: Iterable[tuple[str, str]] = ()) -> Request:
    """Cancel an INVITE (§9.1); ``extra`` is for Reason."""
    return _hop_request("CANCEL", invite, to=invite.required("To"), extra=extra)


def _hop_request(
    method: str, invite: Request, *, to: str, extra: Iterable[tuple[str, str]] = ()
) -> Request:
    """Build a request that follows its INVITE to the next hop and belongs to it."""
    return Request(
        method,
        invite.uri,
        Headers(
            [
                ("Via", invite.required("Via")),
                ("Max-Forwards", "70"),
                ("From", invite.required("From")),
                ("To", to),
                ("Call-ID", invite.call_id),
                ("CSeq", f"{invite.cseq.number} {method}"),
                *(("Route", route) for route in invite.headers.all("Route")),
                *extra,
            ]
        ),
    )
