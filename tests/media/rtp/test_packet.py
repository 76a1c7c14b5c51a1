"""RFC 3550 §5.1, and what hostile datagrams try."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.rtp.packet import Packet, build_packet, is_rtcp, parse_packet

PLAIN = bytes.fromhex("80 88 1234 00000064 deadbeef") + b"audio"

packets = st.builds(
    Packet,
    payload_type=st.integers(0, 127),
    sequence=st.integers(0, 0xFFFF),
    timestamp=st.integers(0, 0xFFFFFFFF),
    ssrc=st.integers(0, 0xFFFFFFFF),
    payload=st.binary(max_size=320),
    marker=st.booleans(),
)


def test_the_fields_are_where_the_figure_has_them() -> None:
    assert parse_packet(PLAIN) == Packet(
        payload_type=8,
        sequence=0x1234,
        timestamp=100,
        ssrc=0xDEADBEEF,
        payload=b"audio",
        marker=True,
    )


@given(packets)
def test_what_is_built_is_parsed(packet: Packet) -> None:
    assert parse_packet(build_packet(packet)) == packet


def test_sources_extension_and_padding_are_skipped() -> None:
    data = (
        bytes.fromhex("b2 00 0001 00000000 00000001")
        + bytes(8)
        + bytes.fromhex("bede 0001 aaaaaaaa")
        + b"audio"
        + b"\0\0\3"
    )
    parsed = parse_packet(data)
    assert parsed is not None
    assert parsed.payload == b"audio"


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(PLAIN[:11], id="short"),
        pytest.param(b"\x40" + PLAIN[1:], id="version 1"),
        pytest.param(b"\x8f" + PLAIN[1:], id="15 sources in 5 bytes"),
        pytest.param(b"\x90" + PLAIN[1:12] + b"\0\0", id="half an extension header"),
        pytest.param(b"\x90" + PLAIN[1:12] + b"\0\0\xff\xff", id="endless extension"),
        pytest.param(b"\xa0" + PLAIN[1:12] + b"\0", id="no padding where it is said"),
        pytest.param(b"\xa0" + PLAIN[1:12] + b"\x02", id="more padding than payload"),
    ],
)
def test_nonsense_is_no_packet(data: bytes) -> None:
    assert parse_packet(data) is None


@given(st.binary(max_size=80))
def test_parsing_is_total(data: bytes) -> None:
    packet = parse_packet(data)
    assert packet is None or len(packet.payload) <= len(data) - 12


def test_rtcp_is_told_by_its_second_byte() -> None:
    """RFC 5761 §4: payload types 64 to 95 are not used with the marker's bit."""
    assert [is_rtcp(bytes((0x80, second))) for second in (8, 0x88, 191, 192, 223, 224)] == [
        False,
        False,
        False,
        True,
        True,
        False,
    ]
    assert not is_rtcp(b"\x80")
