"""Peers we know: who may call us, and where we call.

A trunk is known by where its messages come from: the longest network that holds the
source wins, and a trunk that names listeners takes only what came by them. A trunk that
names certificates is known by one of them alone, from its networks if it has any.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Final, TypeAlias

from b2bua.core.address import Address
from b2bua.core.errors import InvalidState
from b2bua.sip.dialog.terms import METHODS, Credentials, Reliability
from b2bua.sip.endpoint.authentication import Account
from b2bua.sip.endpoint.manners import USUAL, Manners
from b2bua.sip.endpoint.quota import UNBOUNDED, Quota
from b2bua.sip.endpoint.rewriting import AS_WRITTEN, Rewriting
from b2bua.sip.endpoint.way import Care
from b2bua.sip.message.uri import SipUri, parse_uri
from b2bua.sip.sdp.crypto import Srtp
from b2bua.sip.transport.flow import Flow
from b2bua.sip.transport.identity import Certificate

Network: TypeAlias = IPv4Network | IPv6Network

ANYWHERE: Final = ("0.0.0.0/0", "::/0")
REMEMBERED: Final = 4096
"""Sources whose trunk is kept at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trunk:
    """One peer: a carrier, a call centre, a browser gateway."""

    name: str
    networks: tuple[str, ...] = ()
    """CIDR, or single addresses; nobody else may call us in its name."""
    certificates: tuple[str, ...] = ()
    """Domains, addresses or fingerprints, one of which it must prove over TLS."""
    listeners: tuple[Address, ...] = ()
    """Only what came by these local addresses; empty: by any."""
    next_hops: tuple[str, ...] = ()
    """SIP URIs, in the order in which they are tried."""
    weights: tuple[int, ...] = ()
    """How often each next hop comes first; empty: always in order."""
    care: Care = Care()
    accounts: Mapping[str, Account] = field(default_factory=dict)
    """Who must prove to be one of these to call us; empty: its address is enough."""
    quota: Quota = UNBOUNDED
    rewriting: Rewriting = AS_WRITTEN
    manners: Manners = USUAL
    domain: str = ""
    """Host of the identities we show it; empty: what the endpoint advertises."""
    srtp: Srtp = Srtp.NEVER
    """Of calls that come from it over TLS; over anything else keys would be no secret."""
    credentials: Credentials | None = None
    trusted: bool = False
    """Believe its P-Asserted-Identity, and assert ours to it."""
    methods: tuple[str, ...] = METHODS
    reliability: Reliability = Reliability.REQUIRED
    offer_reliable: bool = True
    register: bool = False
    """Register at its first next hop that accepts us."""


class TrunkTable:
    """Every trunk, by name and by source."""

    def __init__(self, trunks: Iterable[Trunk]) -> None:
        self._named = {trunk.name: trunk for trunk in trunks}
        self._networks: list[tuple[Network, Trunk]] = sorted(
            (
                (ip_network(network, strict=False), trunk)
                for trunk in self._named.values()
                for network in trunk.networks or ANYWHERE[: 2 * bool(trunk.certificates)]
            ),
            key=lambda pair: (not pair[1].certificates, -pair[0].prefixlen),
        )
        self._found: dict[tuple[str, Address, Certificate | None], Trunk | None] = {}

    def named(self, name: str) -> Trunk:
        """The trunk of that name. Raises :class:`InvalidState` if there is none."""
        trunk = self._named.get(name)
        if trunk is None:
            raise InvalidState(f"There is no trunk {name!r}")
        return trunk

    @cached_property
    def hops(self) -> frozenset[str]:
        """Hosts that trunks are called at, as their settings name them."""
        uris = (parse_uri(hop) for trunk in self for hop in trunk.next_hops)
        return frozenset(uri.host for uri in uris if isinstance(uri, SipUri))

    @cached_property
    def proofs(self) -> dict[str, tuple[str, ...]]:
        """By name and by next hop, what a trunk must prove where we call it over TLS."""
        found: dict[str, tuple[str, ...]] = {}
        for trunk in self:
            uris = (parse_uri(hop) for hop in trunk.next_hops)
            hosts = (uri.host for uri in uris if isinstance(uri, SipUri))
            proof = trunk.certificates or tuple(dict.fromkeys(hosts))
            found |= dict.fromkeys((trunk.name, *trunk.next_hops), proof)
        return found

    def __iter__(self) -> Iterator[Trunk]:
        return iter(self._named.values())

    def __contains__(self, name: str) -> bool:
        return name in self._named

    def of(self, flow: Flow) -> Trunk | None:
        """The trunk that a flow comes from, None for a stranger."""
        source = flow.remote[0], flow.local, flow.certificate
        if source not in self._found:
            if len(self._found) >= REMEMBERED:
                self._found.clear()
            self._found[source] = self._search(flow)
        return self._found[source]

    def _search(self, flow: Flow) -> Trunk | None:
        address = ip_address(flow.remote[0])
        for network, trunk in self._networks:
            if (
                address in network
                and (not trunk.listeners or flow.local in trunk.listeners)
                and (not trunk.certificates or _proves(flow, trunk))
            ):
                return trunk
        return None


def _proves(flow: Flow, trunk: Trunk) -> bool:
    shown = flow.certificate
    return shown is not None and any(map(shown.speaks_for, trunk.certificates))
