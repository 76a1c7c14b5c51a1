"""What is asked of a request before anybody works on it: RFC 3261 §8.2.

Header fields are read when asked; here everything is asked at once, so that whoever
comes later never meets one that cannot be read.
"""

from b2bua.sip.dialog.body import Unsuitable, description_of
from b2bua.sip.dialog.dialog import contact_of
from b2bua.sip.dialog.events import Invitation
from b2bua.sip.dialog.modify import unsuitable_response
from b2bua.sip.dialog.refresh import too_brief
from b2bua.sip.dialog.terms import EXTENSIONS, Terms
from b2bua.sip.endpoint.trunks import Trunk
from b2bua.sip.message.build import response_to
from b2bua.sip.message.errors import MalformedMessage
from b2bua.sip.message.message import Message, Request, Response
from b2bua.sip.message.method import METHODS
from b2bua.sip.message.uri import SipUri, TelUri, parse_uri
from b2bua.sip.transport.flow import Flow


def read_through(message: Message) -> None:
    """Read every field that a session looks at. Raises :class:`MalformedMessage`."""
    for route in message.record_route:
        parse_uri(route.uri)
    for contact in message.contacts:
        if contact.uri.lower().startswith(("sip:", "sips:")):
            parse_uri(contact.uri)
    _ = (message.require, message.supported, message.allow, message.reasons)
    _ = (message.session_expires, message.min_se, message.content_type)
    _ = (message.rseq, message.rack)
    if isinstance(message, Request):
        _ = (message.max_forwards, message.asserted_identity, message.called_party)
        _ = (message.privacy, message.diversions)


def refusal_of(request: Request, methods: tuple[str, ...], tag: str) -> Response | None:
    """Why nobody may work on a request, whatever it is for; None if somebody may.

    In the order of §8.2: method, header fields, extensions.
    """
    if request.method not in methods:
        status = 405 if request.method in METHODS else 501
        allow = ("Allow", ", ".join(methods))
        return response_to(request, status, to_tag=tag, extra=[allow])
    try:
        read_through(request)
        if not request.to.tag:
            parse_uri(request.uri)
    except MalformedMessage as error:
        return response_to(request, error.status, reason=error.reason, to_tag=tag)
    if request.max_forwards == 0 and request.method != "OPTIONS":
        return response_to(request, 483, to_tag=tag)
    unknown = [option for option in request.require if option not in EXTENSIONS]
    if unknown and request.method != "CANCEL":
        header = ("Unsupported", ", ".join(unknown))
        return response_to(request, 420, to_tag=tag, extra=[header])
    return None


def invitation_of(
    request: Request, trunk: Trunk, terms: Terms, flow: Flow, tag: str
) -> Invitation | Response:
    """What an INVITE says, or its refusal."""
    if not contact_of(request):
        return response_to(request, 400, to_tag=tag, reason="Missing Contact")
    if too_brief(request, terms.min_session_interval):
        least = ("Min-SE", str(terms.min_session_interval))
        return response_to(request, 422, to_tag=tag, extra=[least])
    try:
        offer = description_of(request)
    except Unsuitable as error:
        return unsuitable_response(request, error, tag)
    called = request.called_party
    forwards = request.max_forwards
    history = len(request.headers.values("History-Info"))
    return Invitation(
        trunk=trunk.name,
        source=flow.remote,
        call_id=request.call_id,
        request_user=user_of(request.uri),
        to_user=user_of(request.to.uri),
        called_party=user_of(called.uri) if called else "",
        from_user=user_of(request.from_.uri),
        from_display=request.from_.display,
        asserted=request.asserted_identity,
        privacy=request.privacy,
        diversions=len(request.diversions) + history,
        max_forwards=70 if forwards is None else forwards,
        offer=offer,
        supports_reliable="100rel" in (*request.supported, *request.require),
    )


def user_of(uri: str) -> str:
    """User part of a URI, or the number of a tel URI; empty if it has none."""
    try:
        parsed = parse_uri(uri)
    except MalformedMessage:
        return ""
    match parsed:
        case SipUri(user=user):
            return user
        case TelUri(number=number):
            return number
