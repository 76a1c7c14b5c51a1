"""What call control asks of the media plane, and hears from it.

Orders and facts are values: the machines below the I/O ring return the former and are
given the latter. A call's media is a session named by the call; each leg has one port in
it, named by the leg. Nothing here says how audio is carried, nor in which process.
"""

from dataclasses import dataclass
from typing import NewType, TypeAlias

from b2bua.sip.sdp.crypto import Crypto

CallId = NewType("CallId", str)
"""Names one call for ever: its record, its media session, its line in the journal."""

LegId = NewType("LegId", str)
"""Names one leg: the local tag of its dialog, and its port in the media session."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FarEnd:
    """Where a leg's audio comes from and goes to, as offer and answer agreed it."""

    address: str
    """An IPv4 or IPv6 literal."""
    rtp_port: int
    rtcp_port: int
    codec: str
    """``PCMA`` or ``PCMU``."""
    payload_type: int
    accepts: tuple[tuple[int, str], ...]
    """Payload types that may arrive, each with its codec."""
    events_payload_type: int | None
    """Payload type of telephone-event, None if not negotiated."""
    sending: bool = True
    """The far end wants to hear us."""
    receiving: bool = True
    """The far end speaks to us."""
    trusted: tuple[str, ...] = ()
    """Networks (CIDR) besides ``address`` that its audio may come from."""
    seals: Crypto | None = None
    """What it hears is SRTP under this key."""
    opens: Crypto | None = None
    """What it says is SRTP under this key."""


@dataclass(frozen=True, slots=True)
class HearLeg:
    """Hear what another leg says."""

    leg: LegId


@dataclass(frozen=True, slots=True, kw_only=True)
class HearPrompts:
    """Hear prompts, one after the other."""

    prompts: tuple[str, ...]
    token: str = ""
    """Comes back in :class:`PromptsEnded`; empty when nobody waits for the end."""
    repeat: bool = False


@dataclass(frozen=True, slots=True)
class HearSilence:
    """Hear silence, as packets."""


Hearing: TypeAlias = HearLeg | HearPrompts | HearSilence


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenPort:
    """Lend the leg a pair of ports; answered by PortOpened or PortFailed."""

    call: CallId
    leg: LegId
    lifetime: float
    """Seconds the call's media may live from now unless extended."""
    family: int = 0
    """IP version of the far end, 4 or 6, as far as is known; 0: whatever we have first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectPort:
    """Say who is at the far end; again after each change of session description."""

    call: CallId
    leg: LegId
    far_end: FarEnd


@dataclass(frozen=True, slots=True, kw_only=True)
class LetHear:
    """Choose what the far end of the leg hears from now on."""

    call: CallId
    leg: LegId
    hearing: Hearing


@dataclass(frozen=True, slots=True, kw_only=True)
class PressKeys:
    """Press keys towards the far end."""

    call: CallId
    leg: LegId
    digits: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordLeg:
    """Record what the leg says, or both directions, into a file of the media process."""

    call: CallId
    leg: LegId
    path: str
    both: bool = False
    """Two channels: what the leg says left, what it hears right."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StopRecording:
    """Finish the file before the port is closed; answered by Recorded."""

    call: CallId
    leg: LegId


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosePort:
    """Give the leg's ports back; answered by PortClosed."""

    call: CallId
    leg: LegId


@dataclass(frozen=True, slots=True)
class CloseMedia:
    """Give all ports of the call back; each is answered by PortClosed."""

    call: CallId


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtendMedia:
    """Let the call's media live ``lifetime`` seconds from now."""

    call: CallId
    lifetime: float


MediaOrder: TypeAlias = (
    OpenPort
    | ConnectPort
    | LetHear
    | PressKeys
    | RecordLeg
    | StopRecording
    | ClosePort
    | CloseMedia
    | ExtendMedia
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PortOpened:
    """The leg has a pair of ports."""

    call: CallId
    leg: LegId
    address: str
    rtp_port: int
    rtcp_port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PortFailed:
    """No port could be had, or an order about it could not be carried out."""

    call: CallId
    leg: LegId
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioBegan:
    """Real audio arrived from the far end for the first time since it was connected."""

    call: CallId
    leg: LegId


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyPressed:
    """A key was pressed at the far end, in the audio stream."""

    call: CallId
    leg: LegId
    digit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptsEnded:
    """Prompts came to their end, or were replaced before it."""

    call: CallId
    leg: LegId
    token: str
    completed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioStopped:
    """Nothing arrived from the far end for so many seconds."""

    call: CallId
    leg: LegId
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """What one leg's audio was like."""

    packets_received: int = 0
    packets_sent: int = 0
    packets_lost: int = 0
    packets_dropped: int = 0
    jitter_ms: float = 0.0
    remote_lost: int = 0
    remote_jitter_ms: float = 0.0
    round_trip_ms: float | None = None
    mos: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """A recording is complete on disk."""

    call: CallId
    leg: LegId
    path: str
    milliseconds: int
    fault: str = ""
    """Why there is not more of it; empty if that is all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PortClosed:
    """The leg's ports are given back."""

    call: CallId
    leg: LegId
    quality: Quality


@dataclass(frozen=True, slots=True)
class MediaLost:
    """The media process died, or closed the session: the call has no audio any more."""

    call: CallId


MediaFact: TypeAlias = (
    PortOpened
    | PortFailed
    | AudioBegan
    | KeyPressed
    | PromptsEnded
    | AudioStopped
    | Recorded
    | PortClosed
    | MediaLost
)
