"""Answers the questions of ``sip.transport.target`` from DNS and the system's resolver.

Addresses come from ``getaddrinfo``, which heeds /etc/hosts, on threads of our own, so that
a dead name server blocks neither the loop nor anybody else's threads. SRV and NAPTR (RFC
3263 §4) are asked over UDP from the name servers of /etc/resolv.conf. Every answer comes
within two seconds. The last good ones are kept by the machine that asks; nothing is here.
"""

import asyncio
import random
import re
import secrets
import socket
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, cast

from b2bua.core.address import Address
from b2bua.net.dns import (
    NAPTR,
    SRV,
    MalformedReply,
    Pointer,
    Record,
    Service,
    build_query,
    order_services,
    parse_reply,
)
from b2bua.sip.transport.flow import TransportName
from b2bua.sip.transport.target import (
    Answer,
    Question,
    Share,
    Target,
    default_port,
    default_transport,
    literal_target,
)

PATIENCE: Final = 2.0
"""Seconds for one question."""
SERVICE_PATIENCE: Final = 1.0
"""Seconds of them for SRV and NAPTR."""
ADDRESS_TTL: Final = 60.0
"""``getaddrinfo`` does not tell how long its answer holds."""

_PREFIXES: Final[dict[TransportName, str]] = {
    "udp": "_sip._udp.",
    "tcp": "_sip._tcp.",
    "tls": "_sips._tcp.",
}
_POINTED: Final[dict[str, TransportName]] = {
    "SIP+D2U": "udp",
    "SIP+D2T": "tcp",
    "SIPS+D2T": "tls",
}


def _system_addresses(host: str, port: int, datagrams: bool) -> list[Address]:
    kind = socket.SOCK_DGRAM if datagrams else socket.SOCK_STREAM
    found = socket.getaddrinfo(host, port, type=kind)
    return [cast(Address, address[:2]) for *_, address in found]


class Resolver:
    """Answers questions; close it when the loop ends."""

    def __init__(
        self,
        servers: Sequence[Address] | None = None,
        fraction: Callable[[], float] = random.random,
        addresses: Callable[[str, int, bool], list[Address]] = _system_addresses,
    ) -> None:
        """``servers``: name servers for SRV and NAPTR, None for the system's.

        ``addresses`` is called on a thread, as it may block: host, port, and whether for
        datagrams; it raises OSError.
        """
        self._servers = tuple(_system_servers() if servers is None else servers)
        self._fraction = fraction
        self._addresses = addresses
        self._threads = ThreadPoolExecutor(8, thread_name_prefix="resolver")

    def close(self) -> None:
        """Let go of the threads; what is under way is not waited for."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def resolve(self, question: Question) -> Answer:
        """Answer within two seconds; no targets if there is no answer."""
        literal = literal_target(question)
        if literal is not None:
            return Answer(question=question, targets=(literal,))
        try:
            async with asyncio.timeout(PATIENCE):
                return await self._resolve(question)
        except (OSError, UnicodeError):
            return Answer(question=question, targets=())

    async def _resolve(self, question: Question) -> Answer:
        transport = default_transport(question)
        port = question.port or default_port(transport)
        if question.port is not None or "." not in question.host:
            return Answer(
                question=question,
                targets=await self._targets(transport, question.host, port),
            )
        services = await self._services(question)
        if not services:
            targets = await self._targets(transport, question.host, port)
            return Answer(question=question, targets=targets)
        found = await asyncio.gather(
            *(self._targets(via, one.host, one.port) for via, one in services),
            return_exceptions=True,
        )
        shares: dict[Target, Share] = {}
        for record, ((_, one), reached) in enumerate(zip(services, found, strict=True)):
            for target in reached if isinstance(reached, tuple) else ():
                shares.setdefault(target, Share(one.priority, one.weight, record))
        ttl = float(min(max(min(one.ttl for _, one in services), 5), 3600))
        return Answer(
            question=question,
            targets=tuple(shares),
            shares=tuple(shares.values()),
            ttl=ttl,
        )

    async def _targets(
        self, transport: TransportName, host: str, port: int
    ) -> tuple[Target, ...]:
        """The addresses of a host, in the system's order (RFC 6724)."""
        found = await asyncio.get_running_loop().run_in_executor(
            self._threads, self._addresses, host, port, transport == "udp"
        )
        return tuple(Target(transport, one) for one in dict.fromkeys(found))

    async def _services(self, question: Question) -> list[tuple[TransportName, Service]]:
        """What NAPTR and SRV say (§4.1, §4.2), in the order to be tried; else nothing."""
        try:
            async with asyncio.timeout(SERVICE_PATIENCE):
                names = await self._service_names(question)
                for transport, name in names:
                    records = await self._ask(name, SRV)
                    services = [one for one in records if isinstance(one, Service)]
                    if services and services[0].host:
                        ordered = order_services(services, self._fraction)
                        return [(transport, service) for service in ordered]
        except TimeoutError:
            return []
        return []

    async def _service_names(self, question: Question) -> list[tuple[TransportName, str]]:
        if question.transport is not None:
            prefix = _PREFIXES.get(question.transport)
            return [] if prefix is None else [(question.transport, prefix + question.host)]
        records = await self._ask(question.host, NAPTR)
        allowed: tuple[TransportName, ...] = tuple(
            one
            for one in (("tls",) if question.secure else _PREFIXES)
            if one in question.able
        )
        pointed = list(_pointed(records, allowed))
        return pointed or [
            (transport, _PREFIXES[transport] + question.host) for transport in allowed
        ]

    async def _ask(self, name: str, kind: int) -> tuple[Record, ...]:
        """Ask one name server after the other; nothing if none answers."""
        for server in self._servers:
            try:
                async with asyncio.timeout(SERVICE_PATIENCE / (len(self._servers) + 1)):
                    return await _exchange(server, name, kind)
            except (OSError, ValueError, MalformedReply):
                continue
        return ()


def _pointed(
    records: Iterable[Record], allowed: Sequence[TransportName]
) -> Iterable[tuple[TransportName, str]]:
    pointers = [record for record in records if isinstance(record, Pointer)]
    for pointer in sorted(pointers, key=lambda one: (one.order, one.preference)):
        transport = _POINTED.get(pointer.service)
        if pointer.flags == "s" and transport is not None and transport in allowed:
            yield transport, pointer.replacement


class _Exchange(asyncio.DatagramProtocol):
    """One query and its reply, on a socket of its own: port and identifier are random."""

    def __init__(self, identifier: int) -> None:
        self.reply: asyncio.Future[tuple[Record, ...]] = (
            asyncio.get_running_loop().create_future()
        )
        self._identifier = identifier

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        try:
            reply = parse_reply(data)
        except MalformedReply:
            return
        if reply.identifier == self._identifier and not self.reply.done():
            self.reply.set_result(reply.records)

    def error_received(self, exc: Exception) -> None:
        if not self.reply.done():
            self.reply.set_exception(exc)


async def _exchange(server: Address, name: str, kind: int) -> tuple[Record, ...]:
    identifier = secrets.randbelow(2**16)
    query = build_query(identifier, name, kind)
    transport, exchange = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: _Exchange(identifier), remote_addr=server
    )
    try:
        transport.sendto(query)
        return await exchange.reply
    finally:
        transport.close()


def _system_servers(path: Path = Path("/etc/resolv.conf")) -> Iterable[Address]:
    """The name servers that the system uses, at most three."""
    try:
        text = path.read_text(encoding="ascii", errors="replace")
    except OSError:
        return []
    found = re.findall(r"^nameserver[ \t]+([0-9A-Fa-f.:]+)", text, re.MULTILINE)
    return [(host, 53) for host in found[:3]]
