"""RTCP of one port of the reference: reports out every five seconds, the far end's in."""

from typing import Final

from media.engine.outgoing import Outgoing, samples_between
from media.rtp.rtcp import (
    ReceiverReport,
    ReportBlock,
    SenderReport,
    build_description,
    build_report,
    parse_compound,
)
from media.rtp.sequence import Reception, ahead32

INTERVAL: Final = 5.0
LONGEST_TRIP: Final = 60 * 0x10000
ROUNDING: Final = 66
"""Clocks round: a millisecond below zero, in 65536ths, is zero."""
CNAME: Final = b"reference"


class Reports:
    """What is reported, and what the last reports of the far end said."""

    def __init__(self, out: Outgoing, reception: Reception, now: float) -> None:
        self.remote_lost = 0
        self.remote_jitter = 0.0
        self.round_trip_ms: float | None = None
        self._out = out
        self._reception = reception
        self._due = now + INTERVAL / 2
        self._last: tuple[int, float] | None = None

    def take(self, data: bytes, now: float) -> bool:
        """Take a datagram; False if it is no RTCP."""
        reports = parse_compound(data)
        if reports is None:
            return False
        for report in reports:
            if isinstance(report, SenderReport):
                self._last = _middle(report.ntp), now
            for block in report.blocks:
                if block.ssrc == self._out.ssrc:
                    self._note(block, now)
        return True

    def wake(self, sent: tuple[int, int], now: float) -> bytes | None:
        """Give the report that is due, if any; ``sent`` counts packets and octets."""
        if now < self._due - 1e-6:
            return None
        self._due = now + INTERVAL
        blocks = (self._block(now),) if self._reception.ssrc is not None else ()
        ssrc = self._out.ssrc
        report: SenderReport | ReceiverReport = ReceiverReport(ssrc, blocks)
        if sent[0]:
            since = samples_between(self._out.last_at, now)
            report = SenderReport(
                ssrc=ssrc,
                ntp=_ntp(now),
                timestamp=(self._out.last_timestamp + since) & 0xFFFFFFFF,
                packets=sent[0] & 0xFFFFFFFF,
                octets=sent[1] & 0xFFFFFFFF,
                blocks=blocks,
            )
        return build_report(report) + build_description(ssrc, CNAME)

    def _block(self, now: float) -> ReportBlock:
        reception = self._reception
        last, at = self._last or (0, now)
        return ReportBlock(
            ssrc=reception.ssrc or 0,
            fraction_lost=reception.fraction_lost(),
            cumulative_lost=reception.cumulative_lost,
            extended_highest=reception.extended_highest,
            jitter=int(reception.jitter),
            last_report=last,
            delay=int((now - at) * 0x10000),
        )

    def _note(self, block: ReportBlock, now: float) -> None:
        self.remote_lost = max(0, block.cumulative_lost)
        self.remote_jitter = float(block.jitter)
        if not block.last_report:
            return
        trip = ahead32(_middle(_ntp(now)), block.last_report + block.delay)
        if -ROUNDING < trip < LONGEST_TRIP:
            self.round_trip_ms = max(0, trip) * 1000 / 0x10000


def _ntp(now: float) -> int:
    return int(now * 0x100000000)


def _middle(ntp: int) -> int:
    return ntp >> 16 & 0xFFFFFFFF
