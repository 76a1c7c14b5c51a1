"""What one port sends, expects, hears and forwards: a flat, finished value.

The engine, compiled or reference, is given nothing else. A plan replaces the one before
it whole, between two packets; what must survive the change (sequence numbers, the latch,
statistics) is the engine's, not the plan's. Ports are named by the small integers that
the engine handed out.
"""

import enum
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

Address: TypeAlias = tuple[str, int]

FRAME_MS = 20
"""Every packet we make carries so much audio."""
SAMPLE_RATE = 8000
FRAME_SAMPLES = 160


class Codec(enum.IntEnum):
    """The two companding laws of G.711, by their static payload types (RFC 3551)."""

    PCMU = 0
    PCMA = 8


class Sending(enum.IntEnum):
    """Where the audio that a port sends comes from."""

    NOTHING = 0
    """No packets."""
    SILENCE = 1
    """Packets of silence every 20 ms."""
    PROMPTS = 2
    """The prompts of the plan, one after the other, and then silence."""
    PEER = 3
    """Whatever arrives at the peer port, transcoded when the laws differ.

    Telephone-events go on as such, or as tones to a far end without them.
    """


class Suite(enum.IntEnum):
    """What SRTP packets are sealed by (RFC 4568 §6.2, RFC 6188)."""

    AES_CM_128_HMAC_SHA1_80 = 1
    AES_CM_128_HMAC_SHA1_32 = 2
    AES_256_CM_HMAC_SHA1_80 = 3
    AES_256_CM_HMAC_SHA1_32 = 4

    @property
    def key_size(self) -> int:
        """Bytes of a key and its salt."""
        return 30 if self < Suite.AES_256_CM_HMAC_SHA1_80 else 46


@dataclass(frozen=True, slots=True)
class Secret:
    """The master key of one direction."""

    suite: Suite
    key: bytes = field(repr=False)
    """With its salt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PortPlan:
    """One port's orders. The defaults send nothing and drop all that comes."""

    remote: Address | None = None
    """Where RTP goes and from where it is expected; None before the far end is known.

    Until then prompts and keys wait, and all that arrives is dropped.
    """
    remote_rtcp: Address | None = None
    """Where RTCP goes; equal to ``remote`` for RFC 5761, None to send none."""
    latch_epoch: int = 0
    """A higher number than before unlocks the latch and expects ``remote`` anew."""
    trusted: tuple[str, ...] = ()
    """Networks (CIDR) besides the host of ``remote`` that a candidate may come from."""
    codec: Codec = Codec.PCMA
    """The law that is sent."""
    payload_type: int = 8
    """The payload type that ``codec`` is sent under."""
    accepts: tuple[tuple[int, Codec], ...] = ()
    """Payload types of audio that may arrive."""
    events_payload_type: int | None = None
    """telephone-event in both directions; None: digits are heard and sent as tones."""
    sending: Sending = Sending.NOTHING
    prompts: tuple[int, ...] = ()
    """Numbers that :meth:`Engine.load` gave."""
    repeat: bool = False
    play_epoch: int = 0
    """A change begins the prompts from their start; it comes back in :class:`Played`."""
    peer: int | None = None
    """The port whose arrivals are sent when ``sending`` is PEER."""
    hears_digits: bool = True
    receives: bool = True
    """False: audio that arrives is counted and dropped (the far end is on hold)."""
    silence_after_ms: int = 0
    """Say :class:`FellSilent` after so long without a packet; 0: never."""
    seals: Secret | None = None
    """What is sent is SRTP under this key. As long as it stays, its counters go on."""
    opens: Secret | None = None
    """What arrives must be SRTP under this key; all else is dropped, no sign of life."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PortStatistics:
    """Counters since the port was opened."""

    packets_received: int = 0
    packets_sent: int = 0
    packets_lost: int = 0
    packets_dropped: int = 0
    packets_foreign: int = 0
    """Of those dropped: came from a source that was not the far end."""
    packets_unauthentic: int = 0
    """Of those dropped: not sealed with the key that was agreed, or here before."""
    octets_received: int = 0
    octets_sent: int = 0
    jitter: float = 0.0
    """Interarrival jitter in timestamp units (RFC 3550 appendix A.8)."""
    remote_lost: int = 0
    remote_jitter: float = 0.0
    round_trip_ms: float | None = None


@dataclass(frozen=True, slots=True)
class Heard:
    """The first packet of audio was accepted since the latch was last unlocked."""

    port: int


@dataclass(frozen=True, slots=True)
class Pressed:
    """A key was pressed at the far end."""

    port: int
    digit: str
    duration_ms: int


@dataclass(frozen=True, slots=True)
class Played:
    """The prompts of ``play_epoch`` came to their end (never said while they repeat)."""

    port: int
    play_epoch: int


@dataclass(frozen=True, slots=True)
class FellSilent:
    """Nothing acceptable arrived for the plan's ``silence_after_ms``."""

    port: int


@dataclass(frozen=True, slots=True)
class Unreachable:
    """The far end's host answered ICMP port unreachable."""

    port: int


Event: TypeAlias = Heard | Pressed | Played | FellSilent | Unreachable


class Engine(Protocol):
    """What the compiled engine offers; the reference has the same meaning, on virtual time.

    All methods are quick and may be called from one thread only; packets are handled on
    the engine's own threads. An unknown port is a :class:`LookupError`, a call after
    :meth:`stop` a :class:`RuntimeError`.
    """

    def open(
        self, rtp_fd: int, rtcp_fd: int, ssrc: int, sequence: int, timestamp: int, /
    ) -> int:
        """Take over two bound, non-blocking UDP sockets; returns the port's number."""

    def arrange(self, port: int, plan: PortPlan, /) -> None:
        """Replace the plan of ``port``.

        Raises:
            LookupError: it names a peer or a prompt that there is not.
            ValueError: it makes no sense, and the plan before it stays.

        """

    def send_digits(self, port: int, digits: str, /) -> None:
        """Queue keys (``0-9*#A-D``; ``w`` waits a second); audio pauses meanwhile."""

    def record(self, port: int, fd: int, both: bool, /) -> None:
        """Write a WAV file to ``fd`` (a regular file, owned by the engine from now on).

        Raises:
            OSError: the file cannot be written.
            ValueError: it is no regular file, or the port is being recorded. In either
                case ``fd`` stays with the caller.

        """

    @property
    def recordings_failed(self) -> int:
        """Recordings cut short since the start, because the disk did not take them."""

    @property
    def events_lost(self) -> int:
        """Events that nobody fetched in time, since the start."""

    def stop_recording(self, port: int, /) -> tuple[int, int]:
        """Finish the file and close it.

        Returns the length in ms of what is kept, and why that is not all: an ``errno``,
        else 0. A disk that stalls is waited for 100 ms; the rest is then done behind.
        """

    def load(self, samples: bytes, /) -> int:
        """Take a prompt, A-law at 8 kHz, and return its number."""

    def unload(self, prompt: int, /) -> None:
        """Forget a prompt; ports that still play it finish it."""

    def statistics(self, port: int, /) -> PortStatistics:
        """Count what went through."""

    def close(self, port: int, /) -> PortStatistics:
        """Close the sockets and any recording; the number may be used again."""

    def fileno(self) -> int:
        """A descriptor that is readable while :meth:`events` has something to give.

        It is also readable, with nothing to give, when a recording has failed.
        """

    def events(self) -> list[Event]:
        """Take all events since the last call, in order for each port."""

    def stop(self) -> None:
        """End the threads and close all ports."""
