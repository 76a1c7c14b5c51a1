"""RFC 3263 against a name server of our own on 127.0.0.0/8."""

import asyncio
import threading
from typing import cast

from b2bua.core.address import Address
from b2bua.net.dns import NAPTR, SRV
from b2bua.net.resolver import PATIENCE, Resolver
from b2bua.sip.transport.target import Answer, Question, Target
from tests.net.machines import on_both_loops
from tests.net.test_dns import naptr, reply, srv
from tests.net.test_udp import closed_port

Zone = dict[tuple[bytes, int], list[tuple[int, bytes]]]


class NameServer(asyncio.DatagramProtocol):
    """Answers from a zone, or is silent."""

    def __init__(self, zone: Zone | None) -> None:
        self.asked: list[bytes] = []
        self._zone = zone

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: Address) -> None:
        question = data[12:-4]
        self.asked.append(question)
        if self._zone is None:
            return
        kind = int.from_bytes(data[-4:-2], "big")
        # A reply with another identifier comes first: it must not be believed.
        forged = bytes((data[0] ^ 0xFF, data[1])) + data[2:]
        self._transport.sendto(reply(forged, [srv(0, 0, 666, "127.0.0.66")]), addr)
        self._transport.sendto(reply(data, self._zone.get((question, kind), [])), addr)


def encoded(name: str) -> bytes:
    labels = name.encode().split(b".")
    return b"".join(bytes((len(label),)) + label for label in labels) + b"\0"


async def ask(zone: Zone | None, question: Question) -> tuple[Answer, NameServer]:
    loop = asyncio.get_running_loop()
    transport, server = await loop.create_datagram_endpoint(
        lambda: NameServer(zone), local_addr=("127.0.4.1", 0)
    )
    resolver = Resolver([transport.get_extra_info("sockname")], fraction=lambda: 0.0)
    try:
        return await asyncio.wait_for(resolver.resolve(question), PATIENCE + 5), server
    finally:
        resolver.close()
        transport.close()


def check(
    zone: Zone | None, question: Question, *targets: Target, asked: int | None = None
) -> None:
    async def main() -> None:
        answer, server = await ask(zone, question)
        assert answer.question == question
        assert answer.targets == targets
        if asked is not None:
            assert len(server.asked) == asked

    on_both_loops(main)


def test_an_address_is_its_own_answer() -> None:
    question = Question(host="127.0.0.5", transport="tcp")
    check({}, question, Target("tcp", ("127.0.0.5", 5060)), asked=0)


def test_a_port_in_the_uri_means_no_srv() -> None:
    """§4.2."""
    question = Question(host="localhost", port=5070)
    check({}, question, Target("udp", ("127.0.0.1", 5070)), asked=0)


def test_srv_says_host_and_port() -> None:
    zone = {
        (encoded("_sip._tcp.trunk.example"), SRV): [
            srv(2, 0, 5064, "127.0.0.4"),
            srv(1, 0, 5063, "127.0.0.3"),
        ]
    }
    check(
        zone,
        Question(host="trunk.example", transport="tcp"),
        Target("tcp", ("127.0.0.3", 5063)),
        Target("tcp", ("127.0.0.4", 5064)),
    )


def test_what_srv_says_of_shares_goes_along() -> None:
    """RFC 2782: priority and weight of each target, for who calls while they hold."""
    records = [srv(1, 30, 5063, "127.0.0.3"), srv(1, 10, 5064, "127.0.0.4")]
    zone = {(encoded("_sip._udp.trunk.example"), SRV): records}

    async def main() -> None:
        question = Question(host="trunk.example", transport="udp")
        answer, _ = await ask(zone, question)
        weights = {
            target.address[1]: (share.priority, share.weight)
            for target, share in zip(answer.targets, answer.shares, strict=True)
        }
        assert weights == {5063: (1, 30), 5064: (1, 10)}

    on_both_loops(main)


def test_naptr_chooses_among_what_we_can_send_by() -> None:
    """§4.1: who has no TLS is not sent to it, however it is preferred."""
    zone = {
        (encoded("trunk.example"), NAPTR): [
            naptr(10, "s", "SIPS+D2T", "tls.trunk.example"),
            naptr(20, "s", "SIP+D2U", "udp.trunk.example"),
        ],
        (encoded("tls.trunk.example"), SRV): [srv(1, 0, 5061, "127.0.0.3")],
        (encoded("udp.trunk.example"), SRV): [srv(1, 0, 5060, "127.0.0.4")],
    }
    question = Question(host="trunk.example", able=("udp", "tcp"))
    check(zone, question, Target("udp", ("127.0.0.4", 5060)), asked=2)


def test_without_a_transport_naptr_chooses() -> None:
    """§4.1."""
    zone = {
        (encoded("trunk.example"), NAPTR): [
            naptr(20, "s", "SIP+D2U", "udp.trunk.example"),
            naptr(10, "s", "SIP+D2T", "tcp.trunk.example"),
            naptr(5, "u", "E2U+sip", "ignored.example"),
        ],
        (encoded("tcp.trunk.example"), SRV): [srv(1, 0, 5063, "127.0.0.3")],
    }
    question = Question(host="trunk.example")
    check(zone, question, Target("tcp", ("127.0.0.3", 5063)), asked=2)


def test_without_naptr_each_transport_is_tried() -> None:
    """§4.1: UDP, then TCP."""
    zone = {(encoded("_sip._tcp.trunk.example"), SRV): [srv(1, 0, 5063, "127.0.0.3")]}
    question = Question(host="trunk.example")
    check(zone, question, Target("tcp", ("127.0.0.3", 5063)), asked=3)


def test_a_secure_uri_is_answered_with_tls_alone() -> None:
    zone = {
        (encoded("_sip._udp.trunk.example"), SRV): [srv(1, 0, 5063, "127.0.0.3")],
        (encoded("_sips._tcp.trunk.example"), SRV): [srv(1, 0, 5065, "127.0.0.5")],
    }
    question = Question(host="trunk.example", secure=True)
    check(zone, question, Target("tls", ("127.0.0.5", 5065)))


def test_a_name_without_srv_has_its_addresses_at_the_default_port() -> None:
    question = Question(host="localhost")
    check({}, question, Target("udp", ("127.0.0.1", 5060)))


def test_a_host_that_cannot_be_found_has_no_targets() -> None:
    check({}, Question(host="no-such-host.invalid", port=5060))
    check({}, Question(host="x" * 70, port=5060))


def test_a_silent_name_server_costs_less_than_the_patience() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        begun = loop.time()
        await ask(None, Question(host="no-such-host.invalid", transport="udp"))
        assert loop.time() - begun < PATIENCE + 1.0

    asyncio.run(main())


def test_a_dead_name_server_is_passed_over() -> None:
    async def main() -> Answer:
        zone = {(encoded("_sip._udp.a.example"), SRV): [srv(1, 0, 5063, "127.0.0.3")]}
        transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: NameServer(zone), local_addr=("127.0.4.2", 0)
        )
        alive = transport.get_extra_info("sockname")
        resolver = Resolver([closed_port("127.0.4.3"), alive])
        try:
            return await resolver.resolve(Question(host="a.example", transport="udp"))
        finally:
            resolver.close()
            transport.close()

    assert asyncio.run(main()).targets == (Target("udp", ("127.0.0.3", 5063)),)


def test_a_slow_name_holds_up_neither_the_loop_nor_the_call() -> None:
    """The thread hangs until the loop, which goes on, lets it go."""

    async def main() -> None:
        release = threading.Event()

        def hang(host: str, port: int, datagrams: bool) -> list[Address]:
            assert release.wait(PATIENCE + 5)
            return [("127.0.0.5", port)]

        resolver = Resolver([], addresses=hang)
        question = Question(host="localhost", port=5060)
        begun = asyncio.get_running_loop().time()
        answer = await resolver.resolve(question)
        assert answer == Answer(question=question, targets=())
        assert asyncio.get_running_loop().time() - begun < PATIENCE + 2
        release.set()
        assert (await resolver.resolve(question)).targets == (
            Target("udp", ("127.0.0.5", 5060)),
        )
        resolver.close()

    asyncio.run(main())
