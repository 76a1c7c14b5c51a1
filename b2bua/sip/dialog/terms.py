"""On what terms sessions with one trunk are kept: values that the endpoint sets."""

import enum
from dataclasses import dataclass, field
from typing import Final

from b2bua.sip.sdp.crypto import Srtp
from b2bua.sip.transaction.timers import TimerValues

METHODS: Final = (
    "INVITE",
    "ACK",
    "CANCEL",
    "BYE",
    "OPTIONS",
    "INFO",
    "PRACK",
    "UPDATE",
)
"""What we take part in at all; a trunk's own list can only be shorter."""

EXTENSIONS: Final = ("100rel", "timer")
"""The option tags we understand (RFC 3262, RFC 4028)."""

ACCEPTED_BODIES: Final = "application/sdp, application/dtmf-relay, application/dtmf"
"""The value of our Accept header fields."""


class Reliability(enum.Enum):
    """Which provisional responses are sent reliably (RFC 3262 §3)."""

    REQUIRED = "required"
    """Only when the INVITE requires 100rel."""
    DESCRIBED = "described"
    """Also when it supports 100rel and the response carries a description."""
    SUPPORTED = "supported"
    """Always when the INVITE supports 100rel."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What answers a digest challenge of one trunk, and of no other."""

    username: str
    password: str = field(repr=False)
    realm: str = ""
    """The only realm that is answered; empty: any that the trunk's own hops name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What the sessions of one trunk share."""

    trunk: str
    domain: str
    """Host that our identities (From, P-Asserted-Identity) are said to live at."""
    timers: TimerValues = TimerValues()
    session_interval: int | None = 1800
    """Session-Expires that we ask for, seconds; None: no session timer of our own."""
    min_session_interval: int = 90
    reliability: Reliability = Reliability.REQUIRED
    offer_reliable: bool = True
    """List 100rel in the Supported of our INVITEs."""
    credentials: Credentials | None = None
    trusted: bool = False
    """Identity may be asserted to it (RFC 3325)."""
    diversion: tuple[str, ...] = ("Diversion", "History-Info")
    """Which header fields tell whom a call was first for."""
    srtp: Srtp = Srtp.NEVER
    next_hops: tuple[str, ...] = ()
    ranks: tuple[int, ...] = ()
    """Of each hop, ascending: those of one rank are invited at once, those of the next when
    all of them have refused (RFC 3261 §16.6). Empty: one hop after the other, and only who
    is not there is passed over."""
    methods: tuple[str, ...] = METHODS
    longest_ringing: float = 300.0
    """Seconds from our INVITE after which it is given up whatever rings."""
    longest_early: float = 600.0
    """Seconds in which an INVITE to us must have its final response."""
