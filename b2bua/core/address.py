"""Where a peer is, as every layer says it."""

from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final, TypeAlias

Address: TypeAlias = tuple[str, int]
"""Host literal (IPv4, or IPv6 without brackets) and port."""

_KEPT: Final = 1024


@lru_cache(maxsize=_KEPT)
def ip_literal(text: str) -> IPv4Address | IPv6Address:
    """Read an IP address; the last thousand are kept, as peers come again.

    Raises ValueError, which is not kept, if it is none.
    """
    return ip_address(text)
