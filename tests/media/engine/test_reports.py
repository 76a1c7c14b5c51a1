"""RTCP out and in, on both engines."""

import itertools
from dataclasses import replace

import pytest

from media.engine.plan import Codec, PortPlan, Sending
from media.rtp.rtcp import (
    ReceiverReport,
    Report,
    ReportBlock,
    SenderReport,
    build_report,
    goodbyes,
)
from media.rtp.rtcp import parse_compound as parse
from tests.media.engine.rigs import SSRC, Far, LoopbackRig, Rig, VirtualRig, audio


def plan(far: Far, **changes: object) -> PortPlan:
    made = PortPlan(remote=far.address, remote_rtcp=far.address, accepts=((8, Codec.PCMA),))
    return replace(made, **changes)  # type: ignore[arg-type]


def test_a_sender_reports_and_learns_of_loss_and_round_trip(rig: Rig) -> None:
    """RFC 3550 §6.4.1: the far end's block gives the report back with its delay."""
    port, far = rig.open(), rig.far()
    rig.arrange(port, plan(far, sending=Sending.SILENCE))
    for number in (0, 1, 3):
        rig.send(far, port, audio(number))
    rig.until(lambda: len(far.reports) == 1)
    data = far.reports[0]
    reports = parse(data)
    assert reports is not None
    report = reports[0]
    assert isinstance(report, SenderReport)
    assert far.from_rtcp == [False]
    assert (report.ssrc, report.packets) == (SSRC, rig.statistics(port).packets_sent)
    assert report.octets == 160 * report.packets
    assert [(b.ssrc, b.cumulative_lost, b.extended_highest) for b in report.blocks] == [
        (7, 1, 3)
    ]
    assert report.blocks[0].fraction_lost == 64
    description = data[4 * (1 + int.from_bytes(data[2:4])) :]
    assert description[:2] == b"\x81\xca"
    assert (description[8], len(data) % 4, description[-1]) == (1, 0, 0)
    block = ReportBlock(
        ssrc=SSRC,
        cumulative_lost=5,
        jitter=12,
        last_report=report.ntp >> 16 & 0xFFFFFFFF,
        delay=0,
    )
    rig.send(far, port, build_report(ReceiverReport(9, (block,))))
    rig.until(lambda: rig.statistics(port).remote_lost == 5)
    counted = rig.statistics(port)
    assert counted.remote_jitter == 12
    assert counted.round_trip_ms == pytest.approx(0, abs=100)


def test_one_who_sends_nothing_reports_what_it_hears_to_the_other_port(rig: Rig) -> None:
    port, far, reports = rig.open(), rig.far(), rig.far()
    rig.arrange(port, plan(far, remote_rtcp=reports.address))
    sent = SenderReport(ssrc=7, ntp=0x1234_5678_9ABC_DEF0, timestamp=0, packets=1, octets=1)
    rig.send(far, port, audio(0))
    rig.send(reports, port, build_report(sent), rtcp=True)
    rig.until(lambda: len(reports.reports) == 1)
    told = parse(reports.reports[0])
    assert told is not None
    (report,) = told
    assert isinstance(report, ReceiverReport)
    (block,) = report.blocks
    assert block.last_report == 0x5678_9ABC
    assert 1 * 0x10000 < block.delay < 4 * 0x10000
    assert (far.reports, reports.from_rtcp) == ([], [True])


def test_no_reports_without_an_address(rig: Rig) -> None:
    port, far = rig.open(), rig.far()
    rig.arrange(port, plan(far, remote_rtcp=None, sending=Sending.SILENCE))
    rig.run(2.7)
    assert far.reports == []


def said(data: bytes) -> tuple[list[int], Report]:
    """The kinds of packet in a compound one, and the report at its head."""
    reports = parse(data)
    assert reports is not None
    kinds, rest = [], data
    while rest:
        kinds.append(rest[1])
        rest = rest[4 * (1 + int.from_bytes(rest[2:4])) :]
    return kinds, reports[0]


def test_who_leaves_says_goodbye_at_the_end_of_a_compound_packet(rig: Rig) -> None:
    """RFC 3550 §6.1 and §6.6: report, description, BYE."""
    port, far = rig.open(), rig.far()
    rig.arrange(port, plan(far, sending=Sending.SILENCE))
    rig.send(far, port, audio(0))
    rig.until(lambda: len(far.packets) > 2 and rig.statistics(port).packets_received == 1)
    counted = rig.close(port)
    rig.until(lambda: len(far.reports) == 1, 0.0)
    kinds, report = said(far.reports[0])
    assert kinds == [200, 202, 203]
    assert isinstance(report, SenderReport)
    assert (report.packets, len(report.blocks)) == (counted.packets_sent, 1)
    assert goodbyes(far.reports[0]) == (SSRC,)


def test_who_never_said_a_word_does_not_take_leave(rig: Rig) -> None:
    """RFC 3550 §6.3.7."""
    port, far = rig.open(), rig.far()
    rig.arrange(port, plan(far, sending=Sending.NOTHING))
    rig.send(far, port, audio(0))
    rig.until(lambda: rig.statistics(port).packets_received == 1)
    rig.close(port)
    rig.run(0.05)
    assert far.reports == []


def test_who_sends_no_more_and_hears_no_more_says_so(rig: Rig) -> None:
    """RFC 3550 §6.4: a receiver report with no block, once nothing new is to be told."""
    port, far = rig.open(), rig.far()
    rig.arrange(port, plan(far, sending=Sending.NOTHING))
    rig.send(far, port, audio(0))
    rig.until(lambda: len(far.reports) == 1)
    rig.close(port)
    rig.until(lambda: len(far.reports) == 2, 0.0)
    (first_kinds, first), (kinds, last) = map(said, far.reports)
    assert (first_kinds, kinds) == ([201, 202], [201, 202, 203])
    assert (len(first.blocks), last.blocks) == (1, ())


def test_loss_is_told_of_the_source_that_was_heard_alone(rig: Rig) -> None:
    """A sender report of some other source is not given back in the block of this one."""
    port, far = rig.open(), rig.far()
    rig.arrange(port, plan(far, sending=Sending.SILENCE))
    other = SenderReport(ssrc=9, ntp=1 << 40, timestamp=0, packets=1, octets=1)
    rig.send(far, port, build_report(other))
    rig.send(far, port, audio(0))
    rig.until(lambda: rig.statistics(port).packets_received == 1 and bool(far.packets))
    rig.close(port)
    rig.until(lambda: len(far.reports) == 1, 0.0)
    (block,) = said(far.reports[0])[1].blocks
    assert (block.ssrc, block.last_report, block.delay) == (7, 0, 0)


@pytest.mark.parametrize("by", ["audio", "report"])
def test_who_meets_its_own_ssrc_takes_another_once(rig: Rig, by: str) -> None:
    """RFC 3550 §8.2; a mirror cannot make us run, and is heard."""
    port, far = rig.open(), rig.far()
    rig.arrange(port, plan(far, sending=Sending.SILENCE))
    rig.until(lambda: bool(far.packets))
    if by == "audio":
        rig.send(far, port, audio(0, ssrc=SSRC))
    else:
        rig.send(far, port, build_report(ReceiverReport(SSRC)))
    rig.until(lambda: far.packets[-1].ssrc != SSRC)
    other = far.packets[-1].ssrc
    assert goodbyes(far.reports[0]) == (SSRC,)
    rig.send(far, port, audio(1, ssrc=other))
    rig.until(lambda: rig.statistics(port).packets_received == 1 + (by == "audio"))
    after = len(far.packets)
    rig.until(lambda: len(far.packets) > after + 2)
    assert {packet.ssrc for packet in far.packets} == {SSRC, other}
    numbers = [packet.sequence for packet in far.packets]
    assert all((b - a) & 0xFFFF == 1 for a, b in itertools.pairwise(numbers))
    under_other = sum(packet.ssrc == other for packet in far.packets)
    rig.close(port)
    rig.until(lambda: len(far.reports) == 2, 0.0)
    report = said(far.reports[1])[1]
    assert isinstance(report, SenderReport)
    assert (report.ssrc, goodbyes(far.reports[1])) == (other, (other,))
    assert under_other <= report.packets <= under_other + 2


def test_intervals_are_drawn_around_five_seconds() -> None:
    """RFC 3550 §6.2 and §6.3.1: the first is half as long, and no two are the same."""
    rig = VirtualRig()
    port, far = rig.open(), rig.far()
    rig.arrange(port, plan(far, sending=Sending.SILENCE))
    begun, times = rig.now, []
    for count in range(1, 40):
        rig.until(lambda count=count: len(far.reports) == count, 7.0)  # type: ignore[misc]
        times.append(rig.now - begun)
    waits = [after - before for before, after in itertools.pairwise(times)]
    assert 2.5 / 2 / 1.22 < times[0] < 2.5 * 1.5 / 1.21 + 0.02
    assert 5 / 2 / 1.22 < min(waits) < 2.6
    assert 5.6 < max(waits) < 5 * 1.5 / 1.21 + 0.02


def test_what_is_seen_of_one_call_tells_of_no_other() -> None:
    """RFC 7022 §4.2: each port has a CNAME of its own."""
    rig = LoopbackRig()
    names = set()
    try:
        for _ in range(2):
            port, far = rig.open(), rig.far()
            rig.arrange(port, plan(far, sending=Sending.SILENCE))
            rig.until(lambda far=far: bool(far.packets))  # type: ignore[misc]
            rig.close(port)
            rig.until(lambda far=far: bool(far.reports))  # type: ignore[misc]
            data = far.reports[0]
            names.add(data[data.index(bytes((1, 24))) :][2:26])
    finally:
        rig.stop()
    assert len(names) == 2


NONSENSE = ["80c9", "81c9000100000001", "80c800ff00000001", "c0c90001"]


@pytest.mark.parametrize("data", NONSENSE)
def test_nonsense_harms_nothing(rig: Rig, data: str) -> None:
    port, far = rig.open(), rig.far()
    rig.arrange(port, plan(far))
    rig.send(far, port, bytes.fromhex(data))
    rig.send(far, port, audio(0))
    rig.until(lambda: rig.statistics(port).packets_received == 1)
    assert rig.statistics(port).remote_lost == 0
