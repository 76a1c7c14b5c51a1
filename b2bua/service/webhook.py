"""Webhooks: which addresses of an enterprise are told of its calls, and where they may lie.

An address is judged three times: when a plan is read, by what is written; when a name is
resolved; and when a connection is made, by the address that is connected to. The last one
decides, because a name may mean something else a moment later.
"""

import enum
from dataclasses import dataclass, field
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import Final, TypeAlias
from urllib.parse import urlsplit

Network: TypeAlias = IPv4Network | IPv6Network

LOOPBACK: Final[tuple[Network, ...]] = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
UNICAST: Final = ip_network("2000::/3")
"""RFC 4291 §2.4: what is given out of the global unicast addresses."""
LONGEST_URL: Final = 1024
NAT64: Final = ip_network("64:ff9b::/96")
"""RFC 6052: an IPv4 address in its last 32 bits."""


class WebhookEvent(enum.Enum):
    """What an enterprise may be told of."""

    ANSWERED = "answered"
    """A destination has answered; told while they talk."""
    ENDED = "ended"
    """The call is over, whatever became of it."""
    MISSED = "missed"
    """The call is over and reached nobody, though no rule refused it (漏话提醒)."""
    VOICEMAIL = "voicemail"
    """The caller left a message."""
    CAP = "cap"
    """A cap of the plan is used to a part that is worth a warning, or whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """One address that is told of events."""

    url: str
    events: frozenset[WebhookEvent] = frozenset(WebhookEvent)
    secret: str = field(repr=False)
    """Key of the signature (HMAC-SHA256) on every message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """Where webhooks may go: by TLS to the public Internet, and what the operator adds."""

    networks: tuple[Network, ...] = LOOPBACK
    """Besides the public Internet, and without TLS too."""
    plain_http: bool = False
    """Without TLS to the public Internet too."""

    def bar(self, address: str, *, tls: bool) -> str:
        """Why a connection to a literal address is refused; empty if it is not."""
        meant = _meant(address)
        if meant is None:
            return f"{address} is no address"
        if any(meant in network for network in self.networks):
            return ""
        if not meant.is_global or meant.is_multicast or _odd(meant):
            return f"{address} is not on the public Internet"
        return "" if tls or self.plain_http else "only https is allowed"


def url_fault(url: str, reach: Reach | None) -> str:
    """What is wrong with the address of a webhook; empty if nothing.

    Without ``reach`` only its form is looked at: where it leads was judged before.
    """
    if len(url) > LONGEST_URL or not url.isascii() or not url.isprintable() or " " in url:
        return f"must be printable ASCII without spaces, {LONGEST_URL} characters at most"
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return "is no URL such as https://example.com/calls"
    if parts.scheme not in ("https", "http") or not host or "\\" in url:
        return "must be a URL such as https://example.com/calls"
    if parts.username is not None or parts.password is not None:
        return "must hold no user and password: the signature says who sends it"
    if parts.fragment or port == 0:
        return "must hold no fragment (#), and no port 0"
    return "" if reach is None else _written_fault(host, parts.scheme == "https", reach)


def shown(url: str) -> str:
    """A URL for lists and logs: what follows its path may be a key of somebody's."""
    path, mark, _ = url.partition("?")
    return path + ("?…" if mark else "")


def origin(url: str) -> str:
    """Who receives: scheme, host and port."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.lower()}"


def _written_fault(host: str, tls: bool, reach: Reach) -> str:
    literal = "127.0.0.1" if host == "localhost" else host
    if _meant(literal) is not None:
        why = reach.bar(literal, tls=tls)
    else:
        why = "" if tls or reach.plain_http else "only https is allowed"
    return f"{why}; other addresses must be allowed by the operator" if why else ""


def _odd(meant: IPv4Address | IPv6Address) -> bool:
    """Whether it is of a kind that no host of the Internet has."""
    return meant.is_reserved or (isinstance(meant, IPv6Address) and meant not in UNICAST)


def _meant(address: str) -> IPv4Address | IPv6Address | None:
    """The address that packets go to in the end, whatever it is wrapped in."""
    try:
        literal = ip_address(address)
    except ValueError:
        return None
    if isinstance(literal, IPv4Address):
        return literal
    if literal in NAT64:
        return IPv4Address(int(literal) & 0xFFFF_FFFF)
    return literal.ipv4_mapped or literal.sixtofour or literal
