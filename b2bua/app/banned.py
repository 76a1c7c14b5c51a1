"""The bans of a node, as an operator sees them."""

import msgspec

from b2bua.core.clock import Instant
from b2bua.sip.transport.admission import Bans


def banned_page(bans: Bans, now: Instant) -> bytes:
    """One JSON object a line, the oldest ban first."""
    return b"".join(msgspec.json.encode(ban) + b"\n" for ban in bans.listed(now))
