"""The latch: from whom packets are taken, and to whom they are sent.

The address of the session description is believed at once. Another is a candidate only
while nothing has come from there, must be on the same host or in a trusted network, and
must show five packets in a row of one SSRC. Once locked, nothing else is taken until
signalling unlocks; silence does not. If a candidate won wrongly, the first packet from the
described address takes the lock back. Nothing is sent to an address that is neither
described nor locked.
"""

import enum
from ipaddress import ip_address, ip_network
from typing import Final

from media.engine.plan import Address, PortPlan

PACKETS: Final = 5


class _State(enum.Enum):
    UNLOCKED = enum.auto()
    REMOTE = enum.auto()
    CANDIDATE = enum.auto()


class Latch:
    """What one port has learnt of its far end since signalling last spoke."""

    def __init__(self) -> None:
        self._state = _State.UNLOCKED
        self._candidate: tuple[Address, int] | None = None
        self._in_a_row = 0

    def considers(self, plan: PortPlan, source: Address) -> bool:
        """Whether anything from there may ever be taken as things are."""
        if plan.remote is None:
            return False
        if source == plan.remote:
            return True
        if self._state is _State.CANDIDATE:
            return self._candidate is not None and source == self._candidate[0]
        return self._state is not _State.REMOTE and _may_try(plan, plan.remote, source)

    def accepts(self, plan: PortPlan, source: Address, ssrc: int) -> bool:
        """Take the source of a well-formed packet; False: drop it."""
        if not self.considers(plan, source):
            return False
        if source == plan.remote:
            self._state = _State.REMOTE
            return True
        if self._state is _State.CANDIDATE:
            return True
        if self._candidate == (source, ssrc):
            self._in_a_row += 1
        else:
            self._candidate, self._in_a_row = (source, ssrc), 1
        if self._in_a_row < PACKETS:
            return False
        self._state = _State.CANDIDATE
        return True

    def destination(self, plan: PortPlan) -> Address | None:
        """Where RTP goes now."""
        if plan.remote is None:
            return None
        if self._state is _State.CANDIDATE and self._candidate is not None:
            return self._candidate[0]
        return plan.remote


def _may_try(plan: PortPlan, remote: Address, source: Address) -> bool:
    host = ip_address(source[0])
    return host == ip_address(remote[0]) or any(
        host in ip_network(network, strict=False) for network in plan.trusted
    )
