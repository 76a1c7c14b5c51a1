"""Which class of service our packets ask of the network (RFC 2474, RFC 4594).

Signalling is CS3, as most carriers' routers expect it, unless it is set otherwise (RFC 4594
§4.2 would have CS5). Audio is marked by the media process. 0 asks for nothing.
"""

import socket
from typing import Final

CS3: Final = 24
"""What signalling asks for unless it is set otherwise."""


def mark(bound: socket.socket, dscp: int) -> None:
    """Mark what the socket sends from now on; the bits for congestion stay the kernel's."""
    if bound.family == socket.AF_INET6:
        bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_TCLASS, dscp << 2)
    else:
        bound.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, dscp << 2)
