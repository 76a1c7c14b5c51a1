"""Pairs are even and odd, rest after use, and never taken from others."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from media.worker.ports import NoPairLeft, Pair, PortPairs

ADDRESS = "127.0.0.3"


def close(pair: Pair) -> int:
    port = pair.port
    pair.rtp.close()
    pair.rtcp.close()
    return port


@contextmanager
def used(port: int) -> Iterator[None]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind((ADDRESS, port))
        yield


def test_a_pair_is_an_even_port_and_the_next() -> None:
    pairs = PortPairs(ADDRESS, range(23301, 23306))
    lent = [pairs.lend(0.0) for _ in range(2)]
    assert {pair.port for pair in lent} == {23302, 23304}
    for pair in lent:
        assert pair.rtcp.getsockname() == (ADDRESS, pair.port + 1)
        assert not pair.rtp.getblocking()
        close(pair)


def test_what_is_lent_is_not_lent_again_and_rests_afterwards() -> None:
    pairs = PortPairs(ADDRESS, range(23310, 23312), quarantine=5.0)
    pairs.take_back(close(pairs.lend(0.0)), 1.0)
    with pytest.raises(NoPairLeft):
        pairs.lend(5.9)
    close(pairs.lend(6.0))


@pytest.mark.parametrize("busy", [23320, 23321])
def test_a_pair_of_which_another_has_one_is_passed_over_for_a_while(busy: int) -> None:
    pairs = PortPairs(ADDRESS, range(23320, 23324), quarantine=5.0)
    with used(busy):
        first = pairs.lend(0.0)
        assert first.port == 23322
        with pytest.raises(NoPairLeft):
            pairs.lend(0.0)
    assert close(pairs.lend(5.0)) == 23320
    close(first)


def test_an_address_that_is_not_ours_is_told() -> None:
    pairs = PortPairs("192.0.2.1", range(23330, 23340))
    with pytest.raises(OSError, match="assign requested address"):
        pairs.lend(0.0)


def test_the_order_cannot_be_foretold() -> None:
    def order() -> list[int]:
        pairs = PortPairs(ADDRESS, range(23340, 23440))
        lent = [pairs.lend(0.0) for _ in range(50)]
        return [close(pair) for pair in lent]

    first = order()
    assert first != sorted(first)
    assert first != order()


@pytest.mark.parametrize(
    ("address", "level", "option"),
    [
        (ADDRESS, socket.IPPROTO_IP, socket.IP_TOS),
        ("::1", socket.IPPROTO_IPV6, socket.IPV6_TCLASS),
    ],
)
@pytest.mark.parametrize(("marked", "octet"), [({}, 0xB8), ({"dscp": 34}, 0x88)])
def test_audio_and_reports_are_marked(
    address: str, level: int, option: int, marked: dict[str, int], octet: int
) -> None:
    pair = PortPairs(address, range(23460, 23462), **marked).lend(0.0)
    assert pair.rtp.getsockopt(level, option) == octet
    assert pair.rtcp.getsockopt(level, option) == octet
    close(pair)


def test_ipv6() -> None:
    pair = PortPairs("::1", range(23450, 23452)).lend(0.0)
    assert pair.rtp.getsockname()[:2] == ("::1", 23450)
    close(pair)
