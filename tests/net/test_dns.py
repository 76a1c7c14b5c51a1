"""Queries as RFC 1035 writes them, replies whatever they hold."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from b2bua.net.dns import (
    NAPTR,
    SRV,
    MalformedReply,
    Pointer,
    Record,
    Reply,
    Service,
    build_query,
    order_services,
    parse_reply,
)

TTL = 300


def name(text: str) -> bytes:
    """A name without compression."""
    labels = [label.encode() for label in text.split(".") if label]
    return b"".join(bytes((len(label),)) + label for label in labels) + b"\0"


def string(text: str) -> bytes:
    return bytes((len(text),)) + text.encode()


def reply(query: bytes, records: list[tuple[int, bytes]]) -> bytes:
    """The answer of a name server; its names point at that of the question."""
    identifier = query[:2]
    answers = b"".join(
        b"\xc0\x0c" + struct.pack("!HHIH", kind, 1, TTL, len(data)) + data
        for kind, data in records
    )
    counts = struct.pack("!HHHHH", 0x8180, 1, len(records), 0, 0)
    return identifier + counts + query[12:] + answers


def srv(priority: int, weight: int, port: int, host: str) -> tuple[int, bytes]:
    return SRV, struct.pack("!HHH", priority, weight, port) + name(host)


def naptr(order: int, flags: str, service: str, host: str) -> tuple[int, bytes]:
    fixed = struct.pack("!HH", order, 50)
    return NAPTR, fixed + string(flags) + string(service) + string("") + name(host)


def service(priority: int, weight: int, port: int, host: str = "a.example") -> Service:
    return Service(priority=priority, weight=weight, port=port, host=host, ttl=TTL)


def test_a_query_is_what_rfc_1035_says() -> None:
    assert build_query(0x1234, "_sip._udp.a.example", SRV) == (
        bytes.fromhex("1234 0100 0001 0000 0000 0000")
        + b"\x04_sip\x04_udp\x01a\x07example\x00"
        + bytes.fromhex("0021 0001")
    )


@pytest.mark.parametrize("bad", ["", "a..b", "x" * 64, ".".join(["abcdefg"] * 40)])
def test_a_name_that_cannot_be_asked_for_is_refused(bad: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        build_query(1, bad, SRV)


def test_services_and_pointers_are_read_and_others_passed_over() -> None:
    query = build_query(7, "trunk.example", NAPTR)
    cname = (5, b"\x05other\xc0\x0c")
    data = reply(
        query, [cname, srv(1, 2, 5062, "a.example"), naptr(3, "S", "sip+d2u", "x")]
    )
    expected: tuple[Record, ...] = (
        service(1, 2, 5062),
        Pointer(
            order=3,
            preference=50,
            flags="s",
            service="SIP+D2U",
            replacement="x",
            ttl=TTL,
        ),
    )
    assert parse_reply(data) == Reply(7, expected)


def test_a_compressed_name_is_followed() -> None:
    query = build_query(7, "trunk.example", SRV)
    data = reply(query, [(SRV, struct.pack("!HHH", 0, 0, 5060) + b"\x02gw\xc0\x0c")])
    [record] = parse_reply(data).records
    assert isinstance(record, Service)
    assert record.host == "gw.trunk.example"


@pytest.mark.parametrize("offset", [0xC01E, 0xC0FF, 0xFFFF])
def test_a_pointer_that_does_not_go_back_is_refused(offset: int) -> None:
    query = build_query(7, "a.example", SRV)
    data = reply(query, [(SRV, struct.pack("!HHHH", 0, 0, 5060, offset))])
    with pytest.raises(MalformedReply):
        parse_reply(data)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_reply_or_an_error(data: bytes) -> None:
    try:
        parse_reply(data)
    except MalformedReply:
        return


@given(st.integers(0, 200), st.integers(0, 255))
def test_a_damaged_reply_is_a_reply_or_an_error(place: int, value: int) -> None:
    query = build_query(7, "trunk.example", SRV)
    data = bytearray(reply(query, [srv(1, 2, 5062, "a.example"), naptr(3, "s", "S", "x")]))
    data[place % len(data)] = value
    try:
        parse_reply(bytes(data))
    except MalformedReply:
        return


def test_priority_goes_first_and_weight_is_chance() -> None:
    """RFC 2782."""
    light, heavy, backup = service(1, 10, 1), service(1, 90, 2), service(2, 0, 3)
    services = [backup, heavy, light]
    assert order_services(services, lambda: 0.05) == [light, heavy, backup]
    assert order_services(services, lambda: 0.5) == [heavy, light, backup]
    assert order_services([service(0, 0, 1)] * 2, lambda: 0.9) == [service(0, 0, 1)] * 2


@given(
    st.lists(st.builds(service, st.integers(0, 3), st.integers(0, 5), st.integers(1, 99))),
    st.floats(0, 1, exclude_max=True),
)
def test_no_service_is_lost(services: list[Service], fraction: float) -> None:
    ordered = order_services(services, lambda: fraction)
    assert sorted(map(repr, ordered)) == sorted(map(repr, services))
    assert [s.priority for s in ordered] == sorted(s.priority for s in services)
