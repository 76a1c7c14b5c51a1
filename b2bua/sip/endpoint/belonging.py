"""Whether a request in a dialog comes from where its far end may be.

Who has overheard the tags of a call could end it, or have its audio sent elsewhere, from
anywhere (RFC 3261 §26.1.2 and §26.1.4: RFC 3261 itself protects a dialog by nothing but its
tags). Departs from §12.2.2: what comes from elsewhere is of no dialog, 481. The far end may
move within its trunk, and to what the dialog itself names.
"""

from ipaddress import ip_address

from b2bua.sip.endpoint.registry import Entry
from b2bua.sip.endpoint.trunks import Trunk, TrunkTable
from b2bua.sip.message.errors import MalformedMessage
from b2bua.sip.message.uri import SipUri, parse_uri
from b2bua.sip.transport.flow import Flow


def belongs(entry: Entry, flow: Flow, trunks: TrunkTable, trunk: Trunk | None) -> bool:
    """Whether ``flow``, of ``trunk`` or of a stranger, may speak for the far end."""
    known, host = entry.flow, flow.remote[0]
    if known is None or known.remote[0] == host:
        return True
    if trunk is not None and trunk.name == entry.trunk:
        return True
    if entry.by_flow:
        return False
    hops = trunks.named(entry.trunk).next_hops if entry.trunk in trunks else ()
    dialogs = (one.dialog for one in entry.session.conversations)
    named = (uri for one in dialogs for uri in (one.remote_target, *one.route_set))
    return any(_may_be(uri, host, default=True) for uri in named) or any(
        _may_be(uri, host, default=False) for uri in hops
    )


def _may_be(uri: str, host: str, *, default: bool) -> bool:
    """Whether a URI leads to ``host``; ``default`` if its host is a name."""
    try:
        parsed = parse_uri(uri)
    except MalformedMessage:
        return False
    if not isinstance(parsed, SipUri):
        return False
    try:
        return ip_address(parsed.host.strip("[]")) == ip_address(host)
    except ValueError:
        return default
