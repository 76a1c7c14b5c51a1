"""RTCP out and in, on both engines."""

from dataclasses import replace

import pytest

from media.engine.plan import Codec, PortPlan, Sending
from media.rtp.rtcp import ReceiverReport, ReportBlock, SenderReport, build_report
from media.rtp.rtcp import parse_compound as parse
from tests.media.engine.rigs import SSRC, Far, Rig, audio


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
    assert 2 * 0x10000 < block.delay < 4 * 0x10000
    assert (far.reports, reports.from_rtcp) == ([], [True])


def test_no_reports_without_an_address(rig: Rig) -> None:
    port, far = rig.open(), rig.far()
    rig.arrange(port, plan(far, remote_rtcp=None, sending=Sending.SILENCE))
    rig.run(2.7)
    assert far.reports == []


NONSENSE = ["80c9", "81c9000100000001", "80c800ff00000001", "c0c90001"]


@pytest.mark.parametrize("data", NONSENSE)
def test_nonsense_harms_nothing(rig: Rig, data: str) -> None:
    port, far = rig.open(), rig.far()
    rig.arrange(port, plan(far))
    rig.send(far, port, bytes.fromhex(data))
    rig.send(far, port, audio(0))
    rig.until(lambda: rig.statistics(port).packets_received == 1)
    assert rig.statistics(port).remote_lost == 0
