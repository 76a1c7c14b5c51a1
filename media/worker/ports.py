"""Pairs of UDP ports, RTP even and RTCP the odd one above it, lent and taken back.

Which pair comes next cannot be foretold, and one that was given back rests for a while:
a far end that has not noticed the end of its call must not be heard by the next.
"""

import errno
import socket
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from ipaddress import ip_address
from random import SystemRandom
from typing import Final

QUARANTINE: Final = 5.0
"""Seconds that a pair rests."""
EXPEDITED: Final = 46
"""The code point of RFC 3246, which audio is marked with unless it is set otherwise."""


class NoPairLeft(OSError):
    """All pairs are lent, resting or used by others."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two bound, non-blocking sockets."""

    rtp: socket.socket
    rtcp: socket.socket

    @property
    def port(self) -> int:
        """Of RTP."""
        number: int = self.rtp.getsockname()[1]
        return number


class PortPairs:
    """The pairs of one range of one address."""

    def __init__(
        self,
        address: str,
        ports: range,
        *,
        quarantine: float = QUARANTINE,
        dscp: int = EXPEDITED,
    ) -> None:
        self._address = address
        self._family = (
            socket.AF_INET6 if ip_address(address).version == 6 else socket.AF_INET
        )
        self._quarantine = quarantine
        self._service = dscp << 2
        """The octet of the type of service, or traffic class (RFC 2474 §3)."""
        first = ports.start + ports.start % 2
        pairs = list(range(first, ports.stop - 1, 2))
        SystemRandom().shuffle(pairs)
        self._free = deque(pairs)
        self._resting: deque[tuple[float, int]] = deque()

    def lend(self, now: float) -> Pair:
        """Bind a pair. Raises :class:`NoPairLeft`, or OSError if sockets cannot be had."""
        self._rested(now)
        for port in self._candidates():
            try:
                return self._bind(port)
            except OSError as fault:
                self._resting.append((now + self._quarantine, port))
                if fault.errno != errno.EADDRINUSE:
                    raise
        raise NoPairLeft(errno.EADDRNOTAVAIL, "no pair of ports is free")

    def take_back(self, port: int, now: float) -> None:
        """Let the pair rest; its sockets are closed."""
        self._resting.append((now + self._quarantine, port))

    def _rested(self, now: float) -> None:
        while self._resting and self._resting[0][0] <= now:
            self._free.append(self._resting.popleft()[1])

    def _candidates(self) -> Iterator[int]:
        while self._free:
            yield self._free.popleft()

    def _bind(self, port: int) -> Pair:
        with ExitStack() as opened:
            rtp = opened.enter_context(self._socket(port))
            rtcp = opened.enter_context(self._socket(port + 1))
            opened.pop_all()
            return Pair(rtp, rtcp)

    def _socket(self, port: int) -> socket.socket:
        bound = socket.socket(self._family, socket.SOCK_DGRAM)
        try:
            if self._family == socket.AF_INET6:
                bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_TCLASS, self._service)
            else:
                bound.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, self._service)
            bound.setblocking(False)
            bound.bind((self._address, port))
        except OSError:
            bound.close()
            raise
        return bound
