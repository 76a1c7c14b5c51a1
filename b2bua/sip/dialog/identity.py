"""The first INVITE of a session that we call: who calls, who is called, what we can do.

RFC 3261 §8.1.1 and §13.2.1, RFC 3323 and RFC 3325 (identity and privacy), RFC 5806 and
RFC 7044 (diversion). Everything is built from the order; nothing crosses from another leg.
"""

from b2bua.core.errors import InvalidState
from b2bua.sip.dialog.early import SUPPORTED
from b2bua.sip.dialog.events import Invite
from b2bua.sip.dialog.terms import Terms
from b2bua.sip.message.address import NameAddress
from b2bua.sip.message.headers import Headers
from b2bua.sip.message.message import Request
from b2bua.sip.message.uri import SipUri, parse_uri
from b2bua.sip.sdp.serializer import serialize_description

ANONYMOUS = NameAddress(display="Anonymous", uri="sip:anonymous@anonymous.invalid")
"""From of a caller who wants privacy (RFC 3323 §4.1.1.3)."""


def first_invite(  # noqa: PLR0913 (each is one header of it)
    order: Invite,
    terms: Terms,
    *,
    next_hop: str,
    call_id: str,
    cseq: int,
    interval: int | None,
    least: int,
) -> Request:
    """Build it for one next hop; Session-Expires and Min-SE are seconds."""
    target = _called(order.user, next_hop)
    body = serialize_description(order.offer)
    headers = Headers.of_canonical(
        [
            ("Max-Forwards", str(order.max_forwards)),
            ("From", f"{_caller(order, terms)};tag={order.session}"),
            ("To", f"<{SipUri(user=order.user, host=target.host, port=target.port)}>"),
            ("Call-ID", call_id),
            ("CSeq", f"{cseq} INVITE"),
            ("Allow", ", ".join(terms.methods)),
            *_abilities(terms, interval, least),
            *([SUPPORTED] if terms.trusted else []),
            *_identities(order, terms),
            *_history(order, terms, target),
            ("Content-Type", "application/sdp"),
        ]
    )
    return Request("INVITE", str(target), headers, body)


def _called(user: str, next_hop: str) -> SipUri:
    hop = parse_uri(next_hop)
    if not isinstance(hop, SipUri):
        raise InvalidState(f"{next_hop} is no next hop")
    if hop.user:
        return hop
    kept = {
        name: value
        for name, value in hop.parameters.items()
        if name in ("transport", "user")
    }
    return SipUri(
        scheme=hop.scheme, user=user, host=hop.host, port=hop.port, parameters=kept
    )


def _caller(order: Invite, terms: Terms) -> NameAddress:
    if order.private or not order.from_user:
        return ANONYMOUS
    uri = SipUri(user=order.from_user, host=terms.domain)
    return NameAddress(display=order.from_display, uri=str(uri))


def _abilities(terms: Terms, interval: int | None, least: int) -> list[tuple[str, str]]:
    supported = ["100rel"] if terms.offer_reliable else []
    if interval is None:
        return [("Supported", ", ".join(supported))] if supported else []
    return [
        ("Supported", ", ".join([*supported, "timer"])),
        ("Session-Expires", str(interval)),
        ("Min-SE", str(least)),
    ]


def _identities(order: Invite, terms: Terms) -> list[tuple[str, str]]:
    """P-Asserted-Identity to trusted trunks alone (RFC 3325 §5), and Privacy."""
    headers = []
    if order.asserted and terms.trusted:
        uri = SipUri(user=order.asserted, host=terms.domain)
        headers.append(("P-Asserted-Identity", f"<{uri}>"))
    if order.private:
        headers.append(("Privacy", "id"))
    return headers


def _history(order: Invite, terms: Terms, target: SipUri) -> list[tuple[str, str]]:
    """Whom the call was first for (RFC 5806 §6.1, RFC 7044 §5; 302: RFC 4458)."""
    if not order.diverted_from:
        return []
    diverted = SipUri(user=order.diverted_from, host=terms.domain)
    reached = SipUri(
        user=target.user, host=target.host, port=target.port, parameters={"cause": "302"}
    )
    headers = [
        ("Diversion", f"<{diverted}>;reason=unconditional;counter={order.diversions}"),
        ("History-Info", f"<{diverted}>;index=1"),
        ("History-Info", f"<{reached}>;index=1.1;mp=1"),
    ]
    return [header for header in headers if header[0] in terms.diversion]
