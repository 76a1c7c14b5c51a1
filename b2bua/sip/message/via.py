"""Via values: branch, received, rport (RFC 3261 §20.42, RFC 3581)."""

from collections.abc import Mapping
from functools import lru_cache

import msgspec

from b2bua.core.tokens import MAGIC_COOKIE
from b2bua.sip.message.errors import MalformedMessage
from b2bua.sip.message.grammar import VIA_PROTOCOL
from b2bua.sip.message.recall import recalled
from b2bua.sip.message.scanner import (
    format_host_port,
    format_parameters,
    parse_host_port,
    parse_number,
    parse_parameters,
)

_FAST_TRANSPORTS = {f"SIP/2.0/{name}": name for name in ("UDP", "TCP", "TLS", "WS", "WSS")}


class Via(msgspec.Struct, frozen=True, kw_only=True):
    """One hop of the way a request came."""

    transport: str
    """Upper case: ``UDP``, ``TCP``, ``TLS``, ``WS``, ``WSS`` or what it says."""
    host: str
    """Of sent-by: lower case, IPv6 without brackets."""
    port: int | None = None
    branch: str = ""
    """Empty: an element of RFC 2543."""
    received: str | None = None
    rport: int | None = None
    """0: asked for and not yet filled in (RFC 3581 §3); None: not asked for."""
    parameters: Mapping[str, str] = msgspec.field(default_factory=dict)
    """All the others: maddr, ttl, alias, keep …"""

    @property
    def has_cookie(self) -> bool:
        """Whether the branch is unique by itself (§8.1.1.7); the cookie alone is not."""
        return self.branch.startswith(MAGIC_COOKIE) and self.branch != MAGIC_COOKIE

    def __str__(self) -> str:
        text = f"SIP/2.0/{self.transport} {format_host_port(self.host, self.port)}"
        if self.branch:
            text += f";branch={self.branch}"
        if self.received is not None:
            text += f";received={self.received}"
        if self.rport is not None:
            text += f";rport={self.rport}" if self.rport else ";rport"
        return text + format_parameters(self.parameters) if self.parameters else text


@recalled
def parse_via(text: str) -> Via:
    """Read one Via value."""
    head, semicolon, rest = text.partition(";")
    transport, host, port = _parse_hop(head)
    parameters = parse_parameters(semicolon + rest)
    rport = parameters.pop("rport", None)
    return Via(
        transport=transport,
        host=host,
        port=port,
        branch=parameters.pop("branch", ""),
        received=parameters.pop("received", None),
        rport=None if rport is None else parse_number(rport, 65535) if rport else 0,
        parameters=parameters,
    )


@lru_cache(maxsize=1024)
def _parse_hop(head: str) -> tuple[str, str, int | None]:
    """Transport, host and port: the few peers write the same in every message."""
    match = VIA_PROTOCOL.match(head)
    if match is None:
        raise MalformedMessage("Bad Via")
    return match[1].upper(), *parse_host_port(head[match.end() :].strip(" \t"))
