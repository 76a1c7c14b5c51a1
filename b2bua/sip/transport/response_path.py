"""Where a response goes: RFC 3261 §18.2, RFC 3581.

A response always goes to the host that its request came from. Departs from §18.2.2: maddr
is not obeyed, because it would let a request aim our responses at a third party.
"""

from dataclasses import replace

from msgspec import structs

from b2bua.core.address import Address
from b2bua.sip.message.via import Via
from b2bua.sip.transport.flow import Flow


def stamp(via: Via, source: Address) -> Via:
    """Note in the top Via of a request where it came from (§18.2.1, RFC 3581 §4).

    The same value when there is nothing to note. Whatever the request itself said in
    ``received`` is replaced.
    """
    host, port = source
    if via.rport is not None:
        return structs.replace(via, received=host, rport=port)
    if via.host != host:
        return structs.replace(via, received=host)
    return structs.replace(via, received=None) if via.received is not None else via


def response_flow(flow: Flow, via: Via) -> Flow:
    """The flow for responses to a request that came by ``flow`` with ``via`` on top.

    A stream is used both ways. Over UDP the response goes to the source port if rport
    was asked for, otherwise to the port of sent-by (§18.2.2).
    """
    if flow.reliable or via.rport is not None:
        return flow
    port = 5060 if via.port is None else via.port
    return flow if port == flow.remote[1] else replace(flow, remote=(flow.remote[0], port))


def reopened_flow(flow: Flow, via: Via) -> Flow | None:
    """The flow for responses once the connection is gone: a new one to sent-by (§18.2.2).

    None over UDP, which has no connection, and for a WebSocket, which its client opens.
    """
    if flow.transport not in {"tcp", "tls"}:
        return None
    port = via.port or (5061 if flow.transport == "tls" else 5060)
    return replace(flow, remote=(flow.remote[0], port), connection=0)
