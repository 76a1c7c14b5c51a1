"""Session descriptions as values: RFC 8866, as much as one audio stream needs.

Attributes that we do not understand are dropped; every stream keeps its formats, so that
one we refuse can be answered in kind (RFC 3264 §6).

Structs and not dataclasses: a call makes forty of these values and keeps eight in its
image in the journal, where what is at its default is left out.
"""

import enum

import msgspec

from b2bua.sip.sdp.crypto import Crypto


class Direction(enum.Enum):
    """Who speaks, from the view of the one who wrote the description (RFC 8866 §6.7)."""

    SENDRECV = "sendrecv"
    SENDONLY = "sendonly"
    RECVONLY = "recvonly"
    INACTIVE = "inactive"

    __hash__ = object.__hash__  # Enum hashes the name, in Python.

    @property
    def sends(self) -> bool:
        """Whether the writer speaks."""
        return self in (Direction.SENDRECV, Direction.SENDONLY)

    @property
    def receives(self) -> bool:
        """Whether the writer listens."""
        return self in (Direction.SENDRECV, Direction.RECVONLY)

    @property
    def reversed(self) -> "Direction":
        """The same, from the view of the other side (RFC 3264 §6.1)."""
        return _REVERSED[self]


_REVERSED = {
    Direction.SENDRECV: Direction.SENDRECV,
    Direction.SENDONLY: Direction.RECVONLY,
    Direction.RECVONLY: Direction.SENDONLY,
    Direction.INACTIVE: Direction.INACTIVE,
}


class Format(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One payload type of a stream, with what rtpmap and fmtp say of it."""

    payload_type: int
    encoding: str
    """As registered (``PCMA``, ``telephone-event``), from rtpmap or the static table; empty
    if unknown."""
    clock_rate: int = 8000
    channels: int = 1
    parameters: str = ""
    """The value of fmtp after the payload type."""


class MediaDescription(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One m= section."""

    kind: str
    """``audio``, ``video`` …"""
    port: int
    """0: refused or inactive."""
    protocol: str = "RTP/AVP"
    formats: tuple[Format, ...] = ()
    raw_formats: tuple[str, ...] = ()
    """The formats as they stood, for streams that are not RTP/AVP."""
    address: str = ""
    """Its own c= address, or the session's; an IP literal or a host name."""
    direction: Direction = Direction.SENDRECV
    rtcp_port: int | None = None
    """From a=rtcp (RFC 3605); None: the port after ``port``."""
    rtcp_mux: bool = False
    """RTP and RTCP share ``port`` (RFC 5761)."""
    rtcp_off: bool = False
    """b=RS:0 and b=RR:0: neither side sends RTCP (RFC 3556 §2)."""
    packet_ms: int | None = None
    """a=ptime."""
    crypto: tuple[Crypto, ...] = ()
    """The lines of a=crypto that can be used (RFC 4568)."""


class SessionDescription(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One session description."""

    session_id: int
    version: int
    """Of o=: greater by one with each change (RFC 3264 §8)."""
    username: str = "-"
    origin_address: str = "127.0.0.1"
    address: str = ""
    """The session's c= address; empty when every stream has its own."""
    media: tuple[MediaDescription, ...] = ()
