"""The header fields known only where a message leaves: Via, Contact, who we are."""

from functools import lru_cache
from typing import Final, Literal

from b2bua.core.tokens import MAGIC_COOKIE
from b2bua.sip.dialog.terms import EXTENSIONS, METHODS
from b2bua.sip.endpoint.settings import Listener
from b2bua.sip.message.headers import Headers
from b2bua.sip.message.message import Request, Response
from b2bua.sip.message.uri import SipUri
from b2bua.sip.message.via import Via

SECURE: Final = ("tls", "wss")
_SUPPORTED = ", ".join(EXTENSIONS)
_ALLOW = ", ".join(METHODS)


@lru_cache(maxsize=64)
def contact(listener: Listener, *, sips: bool = False) -> str:
    """Our Contact towards whoever is reached by ``listener`` (§8.1.1.8).

    Over TLS it is a sip: URI with a transport, as sips: promises TLS on every hop;
    ``sips``: that was asked for, and must be said (§12.1.1, RFC 5630 §4).
    """
    host, port = listener.advertised
    transport = "ws" if listener.transport == "wss" else listener.transport
    sips = sips and listener.transport in SECURE
    plain = transport == "udp" or (sips and transport == "tls")
    parameters = {} if plain else {"transport": transport}
    scheme: Literal["sip", "sips"] = "sips" if sips else "sip"
    return f"<{SipUri(scheme=scheme, host=host, port=port, parameters=parameters)}>"


def wants_sips(request: Request) -> bool:
    """Whether what is asked for, or who asks, is to be reached by TLS on every hop."""
    recorded = request.headers.values("Record-Route") or request.headers.values("Contact")
    named = (request.uri, recorded[0].lstrip("< ") if recorded else "")
    return any(uri.lower().startswith("sips:") for uri in named)


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
        routes = headers.values("Route")
        first = routes[0].lstrip("< ") if routes else request.uri
        sips = any(one.lower().startswith("sips:") for one in (request.uri, first))
        items.append(("Contact", contact(listener, sips=sips)))
        if "Allow" not in headers:
            items.append(("Allow", _ALLOW))
    if request.method != "ACK":
        items.append(("User-Agent", user_agent))
    dressed = Headers.of_canonical(items)
    return Request(request.method, request.uri, dressed, request.body)


def dress_response(
    response: Response, listener: Listener, user_agent: str, *, sips: bool = False
) -> Response:
    """Add Contact, Allow and Supported where §12.1.1, §13.3.1 and RFC 3311 want them."""
    method = response.cseq.method
    headers = response.headers.copy()
    if 100 < response.status < 300 and method in ("INVITE", "UPDATE"):
        headers.add("Contact", contact(listener, sips=sips))
        if "Allow" not in headers:
            headers.add("Allow", _ALLOW)
        if "Supported" not in headers:
            headers.add("Supported", _SUPPORTED)
    if response.status > 100:
        headers.add("Server", user_agent)
    return Response(response.status, response.reason, headers, response.body)
