"""Of which IP version the port of a leg has to be: that by which its far end is reached.

A caller's own offer says it. A destination is offered the version of the address that the
INVITE goes to first; what is still to be resolved gets what the media process prefers.
"""

from dataclasses import replace

from b2bua.call.media import OpenPort
from b2bua.exchange.calls import Calls
from b2bua.sip.dialog.events import SessionId
from b2bua.sip.endpoint.endpoint import SipEndpoint


def in_family(order: OpenPort, calls: Calls, endpoint: SipEndpoint) -> OpenPort:
    """The same order, with the family if it has none and one is known."""
    if order.family:
        return order
    flow = calls.named(order.call)
    leg = None if flow is None else flow.call.hunt.legs.get(order.leg)
    if leg is None:
        family = endpoint.family_of(SessionId(order.leg))
    else:
        family = endpoint.family_towards(leg.target.trunk, leg.target.user)
    return replace(order, family=family) if family else order
