"""What call control and a media process say to each other, as frozen values.

A *session* is one call's media and is named by the call; a *port* is one pair of UDP
ports (RTP and RTCP) facing one leg, and is named by the leg. Orders are imperative and
answered only by the facts that follow from them; facts are past tense. Orders about one
session are carried out in the order in which they were given. An order that names an
unknown session or port is answered by :class:`Refused`, never by silence.

Every session has an owner (the connection that opened or adopted it) and a lifetime from
birth: without :class:`Extend` it is closed and :class:`Expired` is said. A session outlives
the connection of its owner, so that a restarted control process can adopt it: by the name
that both have given themselves, as several may share a process.
"""

from typing import Annotated, TypeAlias

from msgspec import Meta, Struct

Name: TypeAlias = Annotated[str, Meta(max_length=255)]
"""Anything short: names of sessions, ports and prompts, tokens, addresses."""

Path: TypeAlias = Annotated[str, Meta(max_length=4096)]
"""Of a file, as the media process sees it."""


class Wire(Struct, frozen=True, tag=True, omit_defaults=True):
    """What crosses the socket: msgpack maps tagged with the name of their class."""


class Secret(Wire, frozen=True):
    """The master key of SRTP in one direction (RFC 4568)."""

    suite: Name
    """``AES_CM_128_HMAC_SHA1_80`` and the like."""
    key: Annotated[bytes, Meta(max_length=64)]
    """With its salt."""

    def __repr__(self) -> str:
        return f"Secret({self.suite!r}, …)"


class Remote(Wire, frozen=True, kw_only=True):
    """The far end of a port, as the session descriptions agreed it."""

    address: Name
    """Where RTP goes: an IPv4 or IPv6 literal."""
    rtp_port: int
    rtcp_port: int
    """Equal to ``rtp_port`` when RTP and RTCP share a port (RFC 5761)."""
    codec: Name
    """``PCMA`` or ``PCMU``: what is sent to the far end."""
    payload_type: int
    """The payload type under which ``codec`` is sent."""
    accepts: dict[int, Name]
    """Payload types that may arrive, each with its codec."""
    events_payload_type: int | None = None
    """Payload type of telephone-event in both directions, or None if not negotiated."""
    sending: bool = True
    """Whether the far end wants to hear us (it said sendrecv or recvonly)."""
    receiving: bool = True
    """Whether the far end speaks to us (it said sendrecv or sendonly)."""
    trusted: tuple[Name, ...] = ()
    """Networks (CIDR) besides ``address`` from which RTP may come and be latched on to."""
    seals: Secret | None = None
    """What is sent is SRTP under this key."""
    opens: Secret | None = None
    """What arrives must be SRTP under this key."""


class FromPort(Wire, frozen=True):
    """Hear what arrives at another port of the same session."""

    port: Name


class FromPrompts(Wire, frozen=True, kw_only=True):
    """Hear prompts, one after the other."""

    prompts: tuple[Name, ...]
    """Names under the prompt directories, without ``.wav``: ``zh/busy``."""
    token: Name
    """Comes back in :class:`Played`."""
    repeat: bool = False
    """Begin again after the last, until fed otherwise."""


class FromSilence(Wire, frozen=True):
    """Hear silence, as packets."""


class FromNothing(Wire, frozen=True):
    """Be sent no packets at all."""


Source: TypeAlias = FromPort | FromPrompts | FromSilence | FromNothing


class Open(Wire, frozen=True, kw_only=True):
    """Lend a pair of ports; answered by :class:`Opened` or :class:`OpenFailed`."""

    session: Name
    port: Name
    lifetime: float
    """Seconds the session may live from now unless extended."""
    family: int = 0
    """IP version of the far end, 4 or 6; 0: whichever the process has first. A process
    that has no address of it lends what it has: :attr:`Opened.address` tells."""


class Connect(Wire, frozen=True, kw_only=True):
    """Say who is at the far end; again after each re-INVITE. Unlocks the latch."""

    session: Name
    port: Name
    remote: Remote


class Feed(Wire, frozen=True, kw_only=True):
    """Choose what the far end of ``port`` hears from now on."""

    session: Name
    port: Name
    source: Source


class SendDigits(Wire, frozen=True, kw_only=True):
    """Press keys towards the far end, as telephone-events, else as tones."""

    session: Name
    port: Name
    digits: Name
    """``0-9 * # A-D``; ``w`` waits one second."""


class Record(Wire, frozen=True, kw_only=True):
    """Write a WAV file at 8 kHz until the port is closed or :class:`StopRecording`."""

    session: Name
    port: Name
    path: Path
    both: bool = False
    """Two channels, heard left and said right; else one, what arrives at ``port``."""


class StopRecording(Wire, frozen=True, kw_only=True):
    """Finish the file; answered by :class:`Recorded`."""

    session: Name
    port: Name


class Close(Wire, frozen=True, kw_only=True):
    """Give one pair of ports back; answered by :class:`Closed`."""

    session: Name
    port: Name


class CloseSession(Wire, frozen=True, kw_only=True):
    """Give all ports of a session back; each is answered by :class:`Closed`."""

    session: Name


class Extend(Wire, frozen=True, kw_only=True):
    """Let a session live ``lifetime`` seconds from now."""

    session: Name
    lifetime: float


class Adopt(Wire, frozen=True):
    """Become the owner of these sessions, and close what else an owner of our name left.

    Answered by :class:`Adopted`. The first word of a control process on each connection,
    after it has read its journal. What others have left waits for them; what belongs to
    another who is connected is not given away.
    """

    sessions: tuple[Name, ...]
    owner: Name = ""
    """Who asks: a name that outlives the process, and no other control has."""


Order: TypeAlias = (
    Open
    | Connect
    | Feed
    | SendDigits
    | Record
    | StopRecording
    | Close
    | CloseSession
    | Extend
    | Adopt
)


class Statistics(Wire, frozen=True, kw_only=True):
    """What one port carried, for the record (RFC 3550 §6.4, G.107)."""

    packets_received: int = 0
    packets_sent: int = 0
    packets_lost: int = 0
    """Expected but never received, from sequence numbers."""
    packets_dropped: int = 0
    """Arrived and thrown away: wrong source, malformed, unknown payload type."""
    jitter_ms: float = 0.0
    """Interarrival jitter of what we received."""
    remote_lost: int = 0
    """Lost on the way to the far end, as its receiver reports say."""
    remote_jitter_ms: float = 0.0
    round_trip_ms: float | None = None
    mos: float | None = None
    """Estimated mean opinion score of what we received; None when nothing was."""


class Opened(Wire, frozen=True, kw_only=True):
    """A pair of ports is lent; RTP is taken from now on (and dropped until connected)."""

    session: Name
    port: Name
    address: Name
    rtp_port: int
    rtcp_port: int


class OpenFailed(Wire, frozen=True, kw_only=True):
    """No pair of ports could be had."""

    session: Name
    port: Name
    reason: str


class Heard(Wire, frozen=True, kw_only=True):
    """The first audio since the last :class:`Connect` was accepted from the far end."""

    session: Name
    port: Name


class Pressed(Wire, frozen=True, kw_only=True):
    """A key was pressed at the far end; said once a key, at its end."""

    session: Name
    port: Name
    digit: Name
    duration_ms: int
    """How long it was held; 0 when the means does not tell."""


class Played(Wire, frozen=True, kw_only=True):
    """Prompts came to their end, or were replaced before it."""

    session: Name
    port: Name
    token: Name
    completed: bool
    reason: str = ""
    """Why they could not be played at all: a prompt that is missing."""


class FellSilent(Wire, frozen=True, kw_only=True):
    """Nothing was received for ``seconds``; said once until RTP comes again."""

    session: Name
    port: Name
    seconds: float


class Recorded(Wire, frozen=True, kw_only=True):
    """A recording is complete on disk."""

    session: Name
    port: Name
    path: Path
    milliseconds: int
    """Of what is kept."""
    fault: str = ""
    """Why that is not all; empty if it is."""


class Closed(Wire, frozen=True, kw_only=True):
    """A pair of ports is given back."""

    session: Name
    port: Name
    statistics: Statistics


class Expired(Wire, frozen=True, kw_only=True):
    """A session outlived its lifetime and was closed."""

    session: Name


class Counted(Wire, frozen=True, kw_only=True):
    """What went wrong in the process since it began.

    Said to every client when it grows, and to each that connects if there is any.
    """

    recordings_failed: int = 0
    """Cut short by the disk."""
    events_lost: int = 0
    """Facts that were never told, as there were more than could be kept."""


class Adopted(Wire, frozen=True, kw_only=True):
    """Of the sessions asked for, these are alive and the asker's."""

    sessions: dict[Name, tuple[Name, ...]]
    """Each with the names of its open ports."""


class Refused(Wire, frozen=True, kw_only=True):
    """An order could not be carried out."""

    session: Name
    port: Name
    reason: str


Fact: TypeAlias = (
    Opened
    | OpenFailed
    | Heard
    | Pressed
    | Played
    | FellSilent
    | Recorded
    | Closed
    | Expired
    | Adopted
    | Counted
    | Refused
)
