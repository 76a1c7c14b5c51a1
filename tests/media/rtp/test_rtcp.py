"""RFC 3550 §6.4 and appendix A.2."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.rtp.rtcp import (
    ReceiverReport,
    Report,
    ReportBlock,
    SenderReport,
    build_description,
    build_goodbye,
    build_report,
    goodbyes,
    parse_compound,
)

words = st.integers(0, 0xFFFFFFFF)
blocks = st.lists(
    st.builds(
        ReportBlock,
        ssrc=words,
        fraction_lost=st.integers(0, 255),
        cumulative_lost=st.integers(-0x800000, 0x7FFFFF),
        extended_highest=words,
        jitter=words,
        last_report=words,
        delay=words,
    ),
    max_size=31,
).map(tuple)
reports = st.one_of(
    st.builds(
        SenderReport,
        ssrc=words,
        ntp=st.integers(0, 2**64 - 1),
        timestamp=words,
        packets=words,
        octets=words,
        blocks=blocks,
    ),
    st.builds(ReceiverReport, words, blocks),
)


@given(st.lists(reports, min_size=1, max_size=3), st.binary(max_size=40))
def test_what_is_built_is_parsed(given_reports: list[Report], cname: bytes) -> None:
    data = b"".join(map(build_report, given_reports)) + build_description(1, cname)
    assert len(data) % 4 == 0
    assert parse_compound(data) == tuple(given_reports)


def test_a_receiver_report_by_hand() -> None:
    data = bytes.fromhex(
        "81 c9 0007 00000001 00000002 40fffffe 00010005 00000020 12345678 00008000"
    )
    block = ReportBlock(
        ssrc=2,
        fraction_lost=0x40,
        cumulative_lost=-2,
        extended_highest=0x10005,
        jitter=32,
        last_report=0x12345678,
        delay=0x8000,
    )
    assert parse_compound(data) == (ReceiverReport(1, (block,)),)


def test_a_goodbye_by_hand() -> None:
    assert build_goodbye(7) == bytes.fromhex("81cb0001 00000007")
    report = build_report(ReceiverReport(7))
    assert goodbyes(report + build_goodbye(7)) == (7,)
    assert goodbyes(report) == ()


@given(reports, st.binary(max_size=40))
def test_who_leaves_is_read_whatever_else_there_is(report: Report, tail: bytes) -> None:
    goodbyes(build_report(report) + tail)


def test_a_description_ends_with_a_zero() -> None:
    """§6.5: the list of items is ended by one or more nulls."""
    assert build_description(1, b"ab") == bytes.fromhex(
        "81ca0003 00000001 01026162 00000000"
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "80c90001",
        "81c90001 00000001 0000",
        "40c90001 00000001",
        "a0c90001 00000001",
        "80ca0001 00000001",
        "80c90002 00000001",
        "80c90001 00000001 80ca00ff",
    ],
)
def test_what_is_no_compound_packet_is_refused(text: str) -> None:
    assert parse_compound(bytes.fromhex(text)) is None


def test_a_report_shorter_than_its_blocks_says_nothing() -> None:
    assert parse_compound(bytes.fromhex("9fc90001 00000001")) == ()


@given(st.binary(max_size=120).map(lambda tail: b"\x81\xc8" + tail))
def test_parsing_is_total(data: bytes) -> None:
    parse_compound(data)
