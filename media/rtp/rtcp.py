"""RTCP reports to and from bytes: RFC 3550 §6.

A compound packet begins with a sender or receiver report and its lengths add up
(appendix A.2); anything else is refused whole. Of what it holds, reports are read and the
rest is skipped.
"""

import struct
from dataclasses import dataclass
from typing import Final, TypeAlias

SENDER_REPORT: Final = 200
RECEIVER_REPORT: Final = 201
SOURCE_DESCRIPTION: Final = 202
GOODBYE: Final = 203
_CNAME: Final = 1
_BLOCK: Final = struct.Struct("!IIIIII")
_SENDER: Final = struct.Struct("!QIII")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportBlock:
    """How one source is received (§6.4.1)."""

    ssrc: int
    fraction_lost: int = 0
    """In 256ths."""
    cumulative_lost: int = 0
    extended_highest: int = 0
    jitter: int = 0
    """In timestamp units."""
    last_report: int = 0
    """Middle 32 bits of the NTP time of the last sender report; 0: none came."""
    delay: int = 0
    """Since that report came, in 65536ths of a second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SenderReport:
    """What a sender has sent and how it receives (§6.4.1)."""

    ssrc: int
    ntp: int
    """Seconds since 1900 in 32.32 fixed point."""
    timestamp: int
    packets: int
    octets: int
    blocks: tuple[ReportBlock, ...] = ()


@dataclass(frozen=True, slots=True)
class ReceiverReport:
    """How one who sends nothing receives (§6.4.2)."""

    ssrc: int
    blocks: tuple[ReportBlock, ...] = ()


Report: TypeAlias = SenderReport | ReceiverReport


def parse_compound(data: bytes) -> tuple[Report, ...] | None:
    """Read the reports of a compound packet, or None for what is none."""
    if len(data) < 8 or len(data) % 4 or data[0] & 0x20:
        return None
    if data[1] not in (SENDER_REPORT, RECEIVER_REPORT):
        return None
    reports: list[Report] = []
    at = 0
    while at < len(data):
        length = 4 * (int.from_bytes(data[at + 2 : at + 4]) + 1)
        if data[at] >> 6 != 2 or length > len(data) - at:
            return None
        report = _parse_report(data[at : at + length])
        if report is not None:
            reports.append(report)
        at += length
    return tuple(reports)


def _parse_report(data: bytes) -> Report | None:
    count = data[0] & 0x1F
    if len(data) < 8 or data[1] not in (SENDER_REPORT, RECEIVER_REPORT):
        return None
    start = 28 if data[1] == SENDER_REPORT else 8
    if len(data) < start + _BLOCK.size * count:
        return None
    ssrc = int.from_bytes(data[4:8])
    blocks = tuple(_parse_block(data, start + _BLOCK.size * i) for i in range(count))
    if data[1] == RECEIVER_REPORT:
        return ReceiverReport(ssrc, blocks)
    ntp, timestamp, packets, octets = _SENDER.unpack_from(data, 8)
    return SenderReport(
        ssrc=ssrc,
        ntp=ntp,
        timestamp=timestamp,
        packets=packets,
        octets=octets,
        blocks=blocks,
    )


def _parse_block(data: bytes, at: int) -> ReportBlock:
    ssrc, loss, highest, jitter, last_report, delay = _BLOCK.unpack_from(data, at)
    lost = loss & 0xFFFFFF
    return ReportBlock(
        ssrc=ssrc,
        fraction_lost=loss >> 24,
        cumulative_lost=lost - 0x1000000 if lost & 0x800000 else lost,
        extended_highest=highest,
        jitter=jitter,
        last_report=last_report,
        delay=delay,
    )


def build_report(report: Report) -> bytes:
    """Write one report, the reverse of what :func:`parse_compound` reads."""
    blocks = b"".join(_build_block(block) for block in report.blocks)
    count, ssrc = len(report.blocks), report.ssrc
    match report:
        case SenderReport(ntp=ntp, timestamp=timestamp, packets=packets, octets=octets):
            sent = _SENDER.pack(ntp, timestamp, packets, octets)
            return _build(SENDER_REPORT, count, ssrc, sent + blocks)
        case ReceiverReport():
            return _build(RECEIVER_REPORT, count, ssrc, blocks)


def build_description(ssrc: int, cname: bytes) -> bytes:
    """Write the source description that each compound packet carries (§6.5)."""
    item = bytes((_CNAME, len(cname))) + cname
    return _build(SOURCE_DESCRIPTION, 1, ssrc, item + bytes(4 - len(item) % 4))


def build_goodbye(ssrc: int) -> bytes:
    """Write what one who leaves says at the end of a compound packet (§6.6)."""
    return _build(GOODBYE, 1, ssrc, b"")


def goodbyes(data: bytes) -> tuple[int, ...]:
    """The sources that a compound packet takes leave of; it was parsed before."""
    left: list[int] = []
    while len(data) >= 4:
        length = 4 * (int.from_bytes(data[2:4]) + 1)
        if data[1] == GOODBYE:
            sources = data[4 : min(length, 4 + 4 * (data[0] & 0x1F))]
            left += (
                int.from_bytes(sources[at : at + 4]) for at in range(0, len(sources), 4)
            )
        data = data[length:]
    return tuple(left)


def _build_block(block: ReportBlock) -> bytes:
    return _BLOCK.pack(
        block.ssrc,
        block.fraction_lost << 24 | block.cumulative_lost & 0xFFFFFF,
        block.extended_highest & 0xFFFFFFFF,
        block.jitter,
        block.last_report,
        block.delay & 0xFFFFFFFF,
    )


def _build(kind: int, count: int, ssrc: int, body: bytes) -> bytes:
    words = 1 + len(body) // 4
    return struct.pack("!BBHI", 0x80 | count, kind, words, ssrc) + body
