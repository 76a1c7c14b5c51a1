"""The header fields known only where a message leaves: Via, Contact, who we are."""

from functools import lru_cache

from b2bua.core.tokens import MAGIC_COOKIE
from b2bua.sip.dialog.terms import EXTENSIONS, METHODS
from b2bua.sip.endpoint.settings import Listener
from b2bua.sip.message.headers import Headers
from b2bua.sip.message.message import Request, Response
from b2bua.sip.message.uri import SipUri
from b2bua.sip.message.via import Via

_SUPPORTED = ", ".join(EXTENSIONS)
_ALLOW = ", ".join(METHODS)


@lru_cache(maxsize=64)
def contact(listener: Listener) -> str:
    """Our Contact towards whoever is reached by ``listener`` (§8.1.1.8).

    Over TLS it stays a sip: URI with a transport, as sips: would promise TLS on every hop.
    """
    host, port = listener.advertised
    transport = "ws" if listener.transport == "wss" else listener.transport
    parameters = {} if transport == "udp" else {"transport": transport}
    return f"<{SipUri(host=host, port=port, parameters=parameters)}>"


def dress_request(
    request: Request, listener: Listener, branch: str, user_agent: str
) -> Request:
    """Put Via on top, and Contact where the target may be refreshed by it."""
    host, port = listener.advertised
    via = Via(
        transport=listener.transport.upper(),
        host=host,
        port=port,
        branch=branch if branch.startswith(MAGIC_COOKIE) else MAGIC_COOKIE + branch,
        rport=0,
    )
    headers = request.headers
    items = [("Via", str(via)), *headers]
    if request.method in ("INVITE", "UPDATE", "REGISTER"):
        items.append(("Contact", contact(listener)))
        if "Allow" not in headers:
            items.append(("Allow", _ALLOW))
    if request.method != "ACK":
        items.append(("User-Agent", user_agent))
    dressed = Headers.of_canonical(items)
    return Request(request.method, request.uri, dressed, request.body)


def dress_response(response: Response, listener: Listener, user_agent: str) -> Response:
    """Add Contact, Allow and Supported where §12.1.1, §13.3.1 and RFC 3311 want them."""
    method = response.cseq.method
    headers = response.headers.copy()
    if 100 < response.status < 300 and method in ("INVITE", "UPDATE"):
        headers.add("Contact", contact(listener))
        if "Allow" not in headers:
            headers.add("Allow", _ALLOW)
        if "Supported" not in headers:
            headers.add("Supported", _SUPPORTED)
    if response.status > 100:
        headers.add("Server", user_agent)
    return Response(response.status, response.reason, headers, response.body)
