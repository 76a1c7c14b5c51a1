"""RTP packets to and from bytes: RFC 3550 §5.1.

Parsing is total: a packet, or None for what is none. Contributing sources, header
extensions and padding are skipped, never kept.
"""

import struct
from dataclasses import dataclass
from typing import Final

HEADER: Final = struct.Struct("!BBHII")
_VERSION: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Packet:
    """One RTP packet, of what we need."""

    payload_type: int
    sequence: int
    timestamp: int
    ssrc: int
    payload: bytes
    marker: bool = False


def is_rtcp(data: bytes) -> bool:
    """Tell RTCP from RTP where they share a port (RFC 5761 §4)."""
    return len(data) >= 2 and 192 <= data[1] <= 223


def parse_packet(data: bytes) -> Packet | None:
    """Read a datagram; every length is checked before the field behind it is read."""
    if len(data) < HEADER.size:
        return None
    first, second, sequence, timestamp, ssrc = HEADER.unpack_from(data)
    start, end = HEADER.size + 4 * (first & 0x0F), len(data)
    if first >> 6 != _VERSION or start > end:
        return None
    if first & 0x10:
        if end - start < 4:
            return None
        start += 4 + 4 * int.from_bytes(data[start + 2 : start + 4])
        if start > end:
            return None
    if first & 0x20:
        padding = data[-1]
        if not 0 < padding <= end - start:
            return None
        end -= padding
    return Packet(
        payload_type=second & 0x7F,
        sequence=sequence,
        timestamp=timestamp,
        ssrc=ssrc,
        payload=data[start:end],
        marker=bool(second & 0x80),
    )


def build_packet(packet: Packet) -> bytes:
    """Write a packet without extension or padding, the reverse of :func:`parse_packet`."""
    second = packet.marker << 7 | packet.payload_type
    header = HEADER.pack(
        _VERSION << 6, second, packet.sequence, packet.timestamp, packet.ssrc
    )
    return header + packet.payload
