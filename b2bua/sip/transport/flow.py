"""The way a message came, and the way an answer goes.

A flow is where a message came from: transport, our listening address, the far end's
address, and for connections a number that this process never uses again. ``connection`` 0
is a flow that may be reached by opening a new one to ``remote``.
"""

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from b2bua.core.address import Address
from b2bua.sip.transport.identity import Certificate

TransportName: TypeAlias = Literal["udp", "tcp", "tls", "ws", "wss"]


@dataclass(frozen=True, slots=True)
class Flow:
    """One way to one peer."""

    transport: TransportName
    local: Address
    """The listening address; what Via and Contact say is the endpoint's setting."""
    remote: Address
    connection: int = 0
    expects: tuple[str, ...] = field(default=(), compare=False)
    """Over TLS: one of these must be proved by whom we connect to; empty: the address."""
    certificate: Certificate | None = field(default=None, compare=False)
    """Over TLS: what the far end has proved."""

    @property
    def reliable(self) -> bool:
        """Whether the transport retransmits by itself (RFC 3261 §17)."""
        return self.transport != "udp"

    @property
    def family(self) -> int:
        """The IP version, 4 or 6."""
        return 6 if ":" in self.remote[0] else 4

    @property
    def secure(self) -> bool:
        """Whether nobody on the way can read along."""
        return self.transport in ("tls", "wss")
