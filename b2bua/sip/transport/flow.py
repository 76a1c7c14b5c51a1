"""Where bytes came from and can go back to.

A flow is the association of RFC 5626 §3: a transport, our address and the peer's. For UDP
it is also all that a reply needs. For a stream ``connection`` names the connection; a flow
whose connection is 0, or is gone, is reached by opening a new one to ``remote``.
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from b2bua.core.address import Address

TransportName: TypeAlias = Literal["udp", "tcp", "tls", "ws", "wss"]


@dataclass(frozen=True, slots=True)
class Flow:
    """One way to one peer."""

    transport: TransportName
    local: Address
    """The listening address; what Via and Contact say is the endpoint's setting."""
    remote: Address
    connection: int = 0

    @property
    def reliable(self) -> bool:
        """Whether the transport retransmits by itself (RFC 3261 §17)."""
        return self.transport != "udp"
