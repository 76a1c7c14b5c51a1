"""What sessions must know of the process they run in."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What a process decides for all its sessions."""

    silence_after: float = 30.0
    """Seconds without RTP from a far end that should speak until it is said; 0: never."""
    ports_per_session: int = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Lent:
    """A pair that was bound and given to the engine."""

    number: int
    address: str
    """For session descriptions; of the family that the sockets are bound to."""
    rtp_port: int
    rtcp_port: int
