"""The audio half of a leg: its port, both session descriptions, and what they agree.

RFC 3264 for one audio stream. The description keeps its session id and adds one to its
version whenever it changes (§8). An offer of ours counts when it is answered, and leaves
no trace when it is refused. Media itself is elsewhere: this only says to whom the port is
connected.

Who holds whom is read from one bit, whether the far end listens. A far end that listens
but does not speak is silent because it was put on hold, or because it pleases; one that
does not listen holds us (§8.4).
"""

from dataclasses import dataclass, field, replace

from b2bua.call.media import (
    CallId,
    ClosePort,
    ConnectPort,
    FarEnd,
    Hearing,
    LegId,
    LetHear,
    MediaOrder,
    OpenPort,
    PortOpened,
)
from b2bua.core.address import ip_literal
from b2bua.sip.sdp.crypto import Secrecy, Srtp
from b2bua.sip.sdp.description import Direction, SessionDescription
from b2bua.sip.sdp.negotiation import LocalAudio, agree, make_answer, make_offer, obstacle

CODECS = ("PCMA", "PCMU")
"""What we speak, the carriers' law first."""

EVENTS_PAYLOAD_TYPE = 101
"""The payload type under which we offer telephone-event (RFC 4733)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioImage:
    """The audio of an established leg as a value."""

    address: str
    rtp_port: int
    rtcp_port: int
    session_id: int
    version: int
    local: SessionDescription
    remote: SessionDescription
    srtp: Srtp = Srtp.NEVER
    master: bytes = field(default=b"", repr=False)
    """What our keys are derived from, so that the next process goes on with them."""


class LegAudio:
    """One leg's port and descriptions."""

    def __init__(
        self,
        call: CallId,
        leg: LegId,
        *,
        session_id: int,
        codecs: tuple[str, ...] = CODECS,
        secrecy: Secrecy = Secrecy(),
    ) -> None:
        self.call = call
        self.leg = leg
        self.ready = False
        self.local: SessionDescription | None = None
        self.remote: SessionDescription | None = None
        self.far_end: FarEnd | None = None
        self.held = Direction.SENDRECV
        """How the far end holds us: SENDONLY or INACTIVE; SENDRECV when it does not."""
        self.turning: Direction | None = None
        """What an offer to turn the established stream says, until it is answered."""
        self._kept = Direction.SENDRECV
        """What we want of the stream, as far as it was agreed to."""
        self._offered: SessionDescription | None = None
        """An offer of ours that has no final answer yet."""
        self._here = LocalAudio(
            address="",
            rtp_port=0,
            rtcp_port=0,
            session_id=session_id,
            version=0,
            codecs=codecs,
            events_payload_type=EVENTS_PAYLOAD_TYPE,
            secrecy=secrecy,
        )

    @classmethod
    def restored(cls, call: CallId, leg: LegId, image: AudioImage) -> "LegAudio":
        """Take the audio of an established leg from the journal; its port lives on."""
        secrecy = Secrecy(image.srtp, image.master)
        audio = cls(call, leg, session_id=image.session_id, secrecy=secrecy)
        audio._here = replace(
            audio._here,
            address=image.address,
            rtp_port=image.rtp_port,
            rtcp_port=image.rtcp_port,
            version=image.version,
        )
        audio.ready = True
        audio.local, audio.remote = image.local, image.remote
        audio._heed(image.remote)
        audio._settle()
        return audio

    @property
    def image(self) -> AudioImage | None:
        """The audio as a value, None until both sides have described theirs."""
        if self.local is None or self.remote is None:
            return None
        here = self._here
        return AudioImage(
            address=here.address,
            rtp_port=here.rtp_port,
            rtcp_port=here.rtcp_port,
            session_id=here.session_id,
            version=here.version,
            local=self.local,
            remote=self.remote,
            srtp=here.secrecy.srtp,
            master=here.secrecy.master,
        )

    @property
    def ours(self) -> SessionDescription | None:
        """What we last said of ourselves, agreed or not."""
        return self._offered or self.local

    @property
    def codec(self) -> str | None:
        """What both descriptions agree on, connected or not."""
        if self.local is None or self.remote is None:
            return None
        agreed = agree(self.local, self.remote)
        return None if agreed is None else agreed.codec

    @property
    def on_hold(self) -> bool:
        """Whether silence is natural: the far end does not speak, or does not listen.

        Who holds may send music, and mostly sends nothing.
        """
        far_end = self.far_end
        return far_end is not None and not (far_end.sending and far_end.receiving)

    def open(self, lifetime: float, family: int = 0) -> list[MediaOrder]:
        """Ask for a port, of the IP version ``family`` if that is known."""
        return [OpenPort(call=self.call, leg=self.leg, lifetime=lifetime, family=family)]

    def opened(self, fact: PortOpened) -> None:
        """Take the port."""
        self._here = replace(
            self._here,
            address=fact.address,
            rtp_port=fact.rtp_port,
            rtcp_port=fact.rtcp_port,
        )
        self.ready = True

    def offer(self, direction: Direction | None = None) -> SessionDescription:
        """Describe ourselves, for the other side to answer; the direction as it was."""
        direction = direction or self._here.direction
        self._here = replace(
            self._here, direction=direction, version=self._here.version + 1
        )
        self._offered = make_offer(self._here, self.local)
        return self._offered

    def turn(self, direction: Direction) -> SessionDescription:
        """Offer another direction for the established stream."""
        self.turning = direction
        return self.offer(direction)

    def keep(self, direction: Direction) -> None:
        """Know what was wanted of the stream by the process before."""
        self._kept = direction
        self._here = replace(self._here, direction=direction)

    def offer_failed(self) -> None:
        """Forget an offer that was refused: things stay as they were."""
        self._offered = self.turning = None
        self._here = replace(self._here, direction=self._kept)

    def take_offer(self, offer: SessionDescription) -> SessionDescription | None:
        """Answer a new offer; None when it cannot be met, and all stays as it was."""
        answer = self.answer(offer, self._here.direction)
        if answer is not None:
            self._heed(offer)
        return answer

    def obstacle(self, offer: SessionDescription) -> str:
        """Why an offer cannot be answered."""
        return obstacle(offer, self._here)

    def answer(
        self, offer: SessionDescription, direction: Direction = Direction.SENDRECV
    ) -> SessionDescription | None:
        """Answer the other side's description.

        None when it has no stream with a codec of ours at an address of our family (488).
        """
        here = replace(self._here, direction=direction, version=self._here.version + 1)
        description = make_answer(offer, here)
        if description is None:
            return None
        self._here, self.local, self.remote = here, description, offer
        self._kept = direction
        return description

    def take_answer(self, answer: SessionDescription, *, early: bool = False) -> bool:
        """Take the other side's answer to our offer; False when it leaves no audio.

        ``early``: it is of an early dialog, and another may answer the same offer yet.
        """
        ours = self.ours
        if not early:
            self._offered = self.turning = None
        if ours is None or agree(ours, answer) is None:
            return False
        self.local, self.remote = ours, answer
        self._kept = self._here.direction
        if _direction_of(ours).sends:
            # To what does not speak, nobody can say that he would listen.
            self._heed(answer)
        return True

    def connect(self) -> list[MediaOrder]:
        """Connect the port as both descriptions agree, if that is new."""
        before = self.far_end
        self._settle()
        if self.far_end is None or self.far_end == before:
            return []
        return [ConnectPort(call=self.call, leg=self.leg, far_end=self.far_end)]

    def hear(self, hearing: Hearing) -> list[MediaOrder]:
        """Choose what the far end hears."""
        return [LetHear(call=self.call, leg=self.leg, hearing=hearing)]

    def close(self) -> list[MediaOrder]:
        """Give the port back."""
        return [ClosePort(call=self.call, leg=self.leg)]

    def _heed(self, description: SessionDescription) -> None:
        direction = _direction_of(description)
        self.held = Direction.SENDRECV if direction.receives else direction

    def _settle(self) -> None:
        if self.local is None or self.remote is None:
            return
        agreed = agree(self.local, self.remote)
        if agreed is None:
            return
        self.far_end = FarEnd(
            address=agreed.address,
            rtp_port=agreed.rtp_port,
            rtcp_port=agreed.rtcp_port,
            codec=agreed.codec,
            payload_type=agreed.payload_type,
            accepts=agreed.accepts,
            events_payload_type=agreed.events_payload_type,
            sending=agreed.sending,
            receiving=agreed.receiving,
            seals=agreed.seals,
            opens=agreed.opens,
        )


def _direction_of(description: SessionDescription) -> Direction:
    """Who speaks on the audio stream, from the view of who wrote the description.

    The address 0.0.0.0 is how older phones say that they do not listen (§8.4).
    """
    for media in description.media:
        if media.kind == "audio" and media.port:
            if not ip_literal(media.address).is_unspecified:
                return media.direction
            return Direction.SENDONLY if media.direction.sends else Direction.INACTIVE
    return Direction.INACTIVE
