"""Where a peer is, as every layer says it."""

from typing import TypeAlias

Address: TypeAlias = tuple[str, int]
"""Host literal (IPv4, or IPv6 without brackets) and port."""
