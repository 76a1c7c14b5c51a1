"""RTP, RTCP and telephone-events: readers are total, and what they read can be written."""

import sys
from collections.abc import Hashable
from typing import Final

from media.dtmf.events import EventReceiver, TelephoneEvent, build_event, parse_event
from media.rtp.packet import Packet, build_packet, is_rtcp, parse_packet
from media.rtp.rtcp import (
    ReceiverReport,
    ReportBlock,
    SenderReport,
    build_description,
    build_report,
    parse_compound,
)
from media.rtp.sequence import Reception
from tests.fuzz.fuzzing import Target, main

BLOCK: Final = ReportBlock(
    ssrc=2,
    fraction_lost=1,
    cumulative_lost=-5,
    extended_highest=70_000,
    jitter=9,
    last_report=1,
    delay=2,
)
SEEDS: Final = (
    build_packet(
        Packet(
            payload_type=8,
            marker=True,
            sequence=9,
            timestamp=160,
            ssrc=1,
            payload=b"x" * 160,
        )
    ),
    build_packet(
        Packet(
            payload_type=101,
            marker=False,
            sequence=65_535,
            timestamp=2**32 - 1,
            ssrc=2**32 - 1,
            payload=build_event(TelephoneEvent(event=5, end=True, volume=10, duration=800)),
        )
    ),
    b"\xbf" + bytes(75) + b"\xbe\xde\x00\x01\x10\xff\x00\x00" + bytes(20) + b"\x04",
    build_report(ReceiverReport(ssrc=1, blocks=(BLOCK,))) + build_description(1, b"ours"),
    build_report(
        SenderReport(
            ssrc=1, ntp=2**63, timestamp=160, packets=7, octets=9, blocks=(BLOCK,) * 31
        )
    ),
)


def feed(data: bytes) -> Hashable:
    """Read it as everything that comes to a port."""
    rtcp = is_rtcp(data)
    reports = parse_compound(data)
    packet = parse_packet(data)
    reception, receiver = Reception(), EventReceiver()
    pressed = 0
    if packet is not None:
        assert len(packet.payload) <= len(data)
        assert parse_packet(build_packet(packet)) == packet
        for step in range(3):
            reception.count(packet.ssrc, packet.sequence ^ (step << 14))
            reception.time(packet.timestamp, step)
        assert 0 <= reception.fraction_lost() <= 255
        event = parse_event(packet.payload)
        if event is not None:
            pressed = len(receiver.receive(packet.ssrc, packet.timestamp, event, 1.0))
    kinds = tuple(type(report).__name__ for report in reports or ())[:4]
    return rtcp, reports is None, kinds, packet is None, pressed, len(data) < 12


TARGET: Final = Target(name="rtp", feed=feed, seeds=SEEDS)

if __name__ == "__main__":
    sys.exit(main(TARGET))
