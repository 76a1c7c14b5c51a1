"""What a far end must be like before a port is connected to it.

Control has parsed the descriptions already; this is the last look before the numbers
reach compiled code, and it keeps a port from being pointed at a multicast group.
"""

from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Final

from media.control import messages
from media.control.messages import Remote
from media.engine.plan import Address, Codec, Secret, Suite

TRUSTED_CAP: Final = 16
CODECS: Final = {codec.name: codec for codec in Codec}
SUITES: Final = {suite.name: suite for suite in Suite}


@dataclass(frozen=True, slots=True, kw_only=True)
class FarEnd:
    """A remote that was looked at: what a plan needs of it."""

    rtp: Address | None
    """None: it named no place to send to (the old way to hold, RFC 2543)."""
    rtcp: Address | None
    codec: Codec
    payload_type: int
    accepts: tuple[tuple[int, Codec], ...]
    events_payload_type: int | None
    sending: bool
    receiving: bool
    trusted: tuple[str, ...]
    seals: Secret | None = None
    opens: Secret | None = None


class UnfitRemote(ValueError):
    """No port can be connected to this."""


def far_end(remote: Remote, version: int | None) -> FarEnd:
    """Check ``remote`` for sockets of IP ``version``; raises :class:`UnfitRemote`.

    ``version`` None: that is not known yet.
    """
    host = _host(remote.address, version)
    absent = host is None or remote.rtp_port == 0
    if len(remote.trusted) > TRUSTED_CAP:
        raise UnfitRemote(f"{len(remote.trusted)} trusted networks")
    types = [remote.payload_type, *remote.accepts]
    if remote.events_payload_type is not None:
        types.append(remote.events_payload_type)
    for payload_type in types:
        if not 0 <= payload_type <= 127:
            raise UnfitRemote(f"payload type {payload_type}")
    for port in (remote.rtp_port, remote.rtcp_port):
        if not 0 <= port <= 65535:
            raise UnfitRemote(f"port {port}")
    rtcp = None if host is None or remote.rtcp_port == 0 else (host, remote.rtcp_port)
    return FarEnd(
        rtp=None if absent or host is None else (host, remote.rtp_port),
        rtcp=None if absent else rtcp,
        codec=_codec(remote.codec),
        payload_type=remote.payload_type,
        accepts=tuple((number, _codec(name)) for number, name in remote.accepts.items()),
        events_payload_type=remote.events_payload_type,
        sending=remote.sending,
        receiving=remote.receiving,
        trusted=tuple(str(_network(text)) for text in remote.trusted),
        seals=_secret(remote.seals),
        opens=_secret(remote.opens),
    )


def _host(text: str, version: int | None) -> str | None:
    try:
        address = ip_address(text)
    except ValueError as fault:
        raise UnfitRemote(f"address {text!r} is no IP literal") from fault
    if address.is_unspecified:
        return None  # names nobody, in whichever family
    if version not in (None, address.version):
        raise UnfitRemote(f"address {text} is not of IPv{version}")
    if address.is_multicast or text == "255.255.255.255":
        raise UnfitRemote(f"address {text} is not one host's")
    return str(address)


def _codec(name: str) -> Codec:
    try:
        return CODECS[name]
    except KeyError as fault:
        raise UnfitRemote(f"codec {name!r}") from fault


def _secret(given: messages.Secret | None) -> Secret | None:
    if given is None:
        return None
    suite = SUITES.get(given.suite)
    if suite is None or len(given.key) != suite.key_size:
        raise UnfitRemote(f"a key of {len(given.key)} bytes for {given.suite!r}")
    return Secret(suite, given.key)


def _network(text: str) -> IPv4Network | IPv6Network:
    try:
        return ip_network(text, strict=False)
    except ValueError as fault:
        raise UnfitRemote(f"trusted network {text!r}") from fault
