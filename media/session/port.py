"""One port of a session: what was ordered of it, and the plan that follows from that."""

from dataclasses import dataclass, field

from media.control.messages import (
    FromNothing,
    FromPort,
    FromPrompts,
    FromSilence,
    Source,
)
from media.engine.plan import PortPlan, Sending
from media.session.remote import FarEnd


@dataclass(slots=True, kw_only=True)
class Port:
    """The orders so far. ``number`` is None while the process binds the sockets."""

    number: int | None = None
    version: int | None = None
    """Of the IP addresses that its sockets can send to; None as long as ``number``."""
    far_end: FarEnd | None = None
    source: Source = field(default_factory=FromNothing)
    latch_epoch: int = 0
    play_epoch: int = 0
    token: str | None = None
    """Of the prompts whose end somebody waits for."""
    prompts: tuple[int, ...] = ()
    """The engine's numbers of the prompts; empty until they are fetched."""
    recording: str | None = None
    """The path of the file being written."""
    arranged: PortPlan = field(default_factory=PortPlan)
    """What the engine was last told."""

    def plan(self, *, peer: int | None, silence_after_ms: int) -> PortPlan:
        """The finished plan; ``peer`` is the number of the port that is heard, if lent."""
        far = self.far_end
        if far is None:
            return PortPlan()
        return PortPlan(
            remote=far.rtp,
            remote_rtcp=far.rtcp,
            latch_epoch=self.latch_epoch,
            trusted=far.trusted,
            codec=far.codec,
            payload_type=far.payload_type,
            accepts=far.accepts,
            events_payload_type=far.events_payload_type,
            sending=self._sending(peer) if far.sending else Sending.NOTHING,
            prompts=self.prompts,
            repeat=isinstance(self.source, FromPrompts) and self.source.repeat,
            play_epoch=self.play_epoch,
            peer=peer,
            receives=far.receiving,
            silence_after_ms=silence_after_ms if far.receiving and far.rtp else 0,
            seals=far.seals,
            opens=far.opens,
        )

    def _sending(self, peer: int | None) -> Sending:
        match self.source:
            case FromNothing():
                return Sending.NOTHING
            case FromSilence():
                return Sending.SILENCE
            case FromPort():
                return Sending.SILENCE if peer is None else Sending.PEER
            case FromPrompts():
                return Sending.PROMPTS if self.prompts else Sending.SILENCE
