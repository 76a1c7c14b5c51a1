"""RTCP of one port of the reference: what it reports, how it leaves, the far end's reports.

RFC 3550 §6 for a session of two: the interval is the least there is (§6.2), and who leaves
need not wait for the others (§6.3.7).
"""

from typing import Final

from media.engine.outgoing import Outgoing, samples_between
from media.rtp.rtcp import (
    ReceiverReport,
    ReportBlock,
    SenderReport,
    build_description,
    build_goodbye,
    build_report,
    parse_compound,
)
from media.rtp.sequence import Reception, ahead32

INTERVAL_NS: Final = 5_000_000_000
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
        self._chance = out.ssrc
        self._due = now + self._draw(INTERVAL_NS // 2)
        self._last: tuple[int, int, float] | None = None
        """Who sent the last sender report, its time, and when it came."""
        self._any = False
        self._sent = self._sent_before = self._received = 0
        """Packets, at the last report; and sent, at the one before."""
        self._under_other = (0, 0)
        """Packets and octets sent under an SSRC that was given up."""

    def take(self, data: bytes, now: float) -> tuple[int, ...] | None:
        """Take a datagram; who reported, or None if it is no RTCP."""
        reports = parse_compound(data)
        if reports is None:
            return None
        for report in reports:
            if isinstance(report, SenderReport):
                self._last = report.ssrc, _middle(report.ntp), now
            for block in report.blocks:
                if block.ssrc == self._out.ssrc:
                    self._note(block, now)
        return tuple(report.ssrc for report in reports)

    def wake(self, counts: dict[str, int], now: float) -> bytes | None:
        """Give the report that is due, if any."""
        if now < self._due - 1e-6:
            return None
        self._due = now + self._draw(INTERVAL_NS)
        return self._compound(counts, now)

    def leave(self, counts: dict[str, int], now: float) -> bytes | None:
        """Take leave, unless nothing was ever said (§6.3.7)."""
        if counts["packets_sent"] == self._under_other[0] and not self._any:
            return None
        return self._compound(counts, now) + build_goodbye(self._out.ssrc)

    def collide(self, counts: dict[str, int]) -> None:
        """Go on under another SSRC (§8.2), of which nothing was said yet."""
        self._out.ssrc = _next(self._out.ssrc)
        self._under_other = counts["packets_sent"], counts["octets_sent"]
        self._sent = self._sent_before = counts["packets_sent"]
        self._any = False

    def _compound(self, counts: dict[str, int], now: float) -> bytes:
        """A report and a description (§6.1)."""
        sent, received = counts["packets_sent"], counts["packets_received"]
        heard = self._reception.ssrc is not None and received != self._received
        blocks = (self._block(now),) if heard else ()
        ssrc = self._out.ssrc
        report: SenderReport | ReceiverReport = ReceiverReport(ssrc, blocks)
        if sent != self._sent_before:
            since = samples_between(self._out.last_at, now)
            report = SenderReport(
                ssrc=ssrc,
                ntp=_ntp(now),
                timestamp=(self._out.last_timestamp + since) & 0xFFFFFFFF,
                packets=(sent - self._under_other[0]) & 0xFFFFFFFF,
                octets=(counts["octets_sent"] - self._under_other[1]) & 0xFFFFFFFF,
                blocks=blocks,
            )
        self._sent_before, self._sent, self._received = self._sent, sent, received
        self._any = True
        return build_report(report) + build_description(ssrc, CNAME)

    def _draw(self, about: int) -> float:
        """Half to one and a half of so long, corrected as §6.3.1 has it; seconds."""
        self._chance = _next(self._chance)
        interval = about * ((1 << 23) + (self._chance >> 8)) // (1 << 24)
        return interval // 121828 * 100000 / 1e9

    def _block(self, now: float) -> ReportBlock:
        reception = self._reception
        reporter, last, at = self._last or (0, 0, now)
        if reporter != reception.ssrc:
            last, at = 0, now
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


def _next(chance: int) -> int:
    """The next of a row of numbers that only looks like chance."""
    return (chance * 1664525 + 1013904223) & 0xFFFFFFFF


def _ntp(now: float) -> int:
    return int(now * 0x100000000)


def _middle(ntp: int) -> int:
    return ntp >> 16 & 0xFFFFFFFF
