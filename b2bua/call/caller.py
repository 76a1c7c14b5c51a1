"""The caller's leg: an invitation that we ring, answer, refuse, and hang up.

Early media is described once: 183 with a description, and every later response says the
same (RFC 3261 §13.2.1: no second answer to one offer). Greeting alone never answers.
"""

import enum
from collections.abc import Sequence
from typing import Final

from b2bua.call.audio import AudioImage, LegAudio
from b2bua.call.events import (
    Ended,
    FellSilent,
    Measured,
    NoAudio,
    PromptsEnded,
    Ready,
    Recorded,
    Spoke,
    Stale,
    Unheard,
)
from b2bua.call.leg import RELEASES, KeyEar, LegOutput, take_answer, take_offer
from b2bua.call.media import (
    AudioBegan,
    AudioStopped,
    CallId,
    Hearing,
    KeyPressed,
    LegId,
    MediaFact,
    MediaLost,
    PortClosed,
    PortFailed,
    PortOpened,
)
from b2bua.call.media import PromptsEnded as MediaPromptsEnded
from b2bua.call.media import Recorded as MediaRecorded
from b2bua.core.clock import Instant
from b2bua.core.tokens import Tokens
from b2bua.sip.dialog import events as sip
from b2bua.sip.dialog.events import Cause, SessionId
from b2bua.sip.sdp.crypto import Secrecy, Srtp
from b2bua.sip.sdp.description import SessionDescription
from b2bua.sip.sdp.negotiation import family

NO_CODEC: Final = "no codec in common with the caller"


class State(enum.Enum):
    """How far the caller has come."""

    CALLING = "calling"
    EARLY = "early"
    """Hears early media (183 with a description was sent)."""
    ANSWERED = "answered"
    OVER = "over"


def secrecy_of(invitation: sip.Invitation, tokens: Tokens) -> Secrecy:
    """How an inbound leg is kept secret; what needs no keys draws none."""
    if invitation.srtp is Srtp.NEVER:
        return Secrecy()
    return Secrecy(invitation.srtp, tokens.master())


class CallerLeg:
    """The inbound leg of one call."""

    def __init__(  # noqa: PLR0913  # told apart by their names
        self,
        call: CallId,
        session: SessionId,
        *,
        offer: SessionDescription | None,
        reliable: bool,
        session_id: int,
        secrecy: Secrecy = Secrecy(),
    ) -> None:
        self.leg = LegId(session)
        self.state = State.CALLING
        self.audio = LegAudio(call, self.leg, session_id=session_id, secrecy=secrecy)
        self._session = session
        self._offer = offer
        self._early_possible = offer is not None or reliable
        self._ear = KeyEar(self.leg)
        self._rang = False

    @classmethod
    def restored(cls, call: CallId, session: SessionId, image: AudioImage) -> "CallerLeg":
        """Take an answered leg from the journal."""
        leg = cls(
            call, session, offer=image.remote, reliable=False, session_id=image.session_id
        )
        leg.audio = LegAudio.restored(call, leg.leg, image)
        leg.state = State.ANSWERED
        return leg

    @property
    def over(self) -> bool:
        """Whether nothing more can be asked of the caller."""
        return self.state is State.OVER

    @property
    def hears(self) -> bool:
        """Whether what the caller is made to hear can reach the caller."""
        return self.state in (State.EARLY, State.ANSWERED)

    def open(self, lifetime: float) -> Sequence[LegOutput]:
        """Ask for a port; :class:`Ready` or :class:`NoAudio` follows."""
        return self.audio.open(lifetime, 0 if self._offer is None else family(self._offer))

    def ring(self) -> Sequence[LegOutput]:
        """Let the caller's own phone make the ringing tone: 180, once."""
        if self._rang or self.state is not State.CALLING:
            return []
        self._rang = True
        return [sip.Ring(session=self._session, status=180)]

    def progress(self) -> Sequence[LegOutput]:
        """Open early media: 183 with our description, once.

        A caller who made no offer and knows no reliable responses can hear nothing yet
        (RFC 3262 §5): such a caller is rung instead.
        """
        if self.state is not State.CALLING:
            return []
        if not self._early_possible:
            return self.ring()
        self.state = State.EARLY
        ring = sip.Ring(session=self._session, status=183, description=self.audio.ours)
        return [ring, *self.audio.connect()]

    def answer(self) -> Sequence[LegOutput]:
        """Answer with 200, unless that was done."""
        if self.state not in (State.CALLING, State.EARLY):
            return []
        self.state = State.ANSWERED
        accept = sip.Accept(session=self._session, description=self.audio.ours)
        return [accept, *self.audio.connect()]

    def end(
        self, status: int, causes: tuple[Cause, ...], retry_after: int | None = None
    ) -> Sequence[LegOutput]:
        """Let go of the caller: a final refusal before the answer, BYE after it."""
        if self.state is State.OVER:
            return []
        answered, self.state = self.state is State.ANSWERED, State.OVER
        if answered:
            return [sip.HangUp(session=self._session, causes=causes)]
        return [
            sip.Refuse(
                session=self._session, status=status, causes=causes, retry_after=retry_after
            )
        ]

    def hear(self, hearing: Hearing) -> Sequence[LegOutput]:
        """Choose what the caller hears."""
        return [] if self.state is State.OVER else self.audio.hear(hearing)

    def receive(self, event: sip.Event, now: Instant) -> Sequence[LegOutput]:
        """Take what the session says."""
        match event:
            case sip.Offered():
                return [*take_offer(self.audio, event), Stale(self.leg)]
            case sip.Described(_, description):
                return self._described(description)
            case sip.Pressed(digit=digit):
                return self._ear.press(digit, in_audio=False, now=now)
            case sip.Ended():
                return self._ended(event)
            case sip.DialogChanged():
                return [Stale(self.leg)]
            case sip.Invited() | sip.Progressed() | sip.Accepted() | sip.Confirmed():
                return []
            case sip.OfferFailed():
                self.audio.offer_failed()
                return []
            case sip.Refused():
                return []

    def hear_of(self, fact: MediaFact, now: Instant) -> Sequence[LegOutput]:
        """Take what the media plane says of our port."""
        match fact:
            case PortOpened():
                return self._opened(fact)
            case PortFailed(reason=reason):
                if self.audio.ready:
                    return [Unheard(self.leg, reason)]
                return [NoAudio(self.leg, 503, reason)]
            case AudioBegan():
                return [Spoke(self.leg)]
            case KeyPressed(digit=digit):
                return self._ear.press(digit, in_audio=True, now=now)
            case MediaPromptsEnded(token=token, completed=completed):
                return [PromptsEnded(self.leg, token)] if completed else []
            case AudioStopped():
                return [] if self.audio.on_hold else [FellSilent(self.leg)]
            case MediaRecorded(path=path, milliseconds=milliseconds, fault=fault):
                return [Recorded(self.leg, path, milliseconds, fault)]
            case PortClosed(quality=quality):
                return [Measured(self.leg, quality)]
            case MediaLost():
                return []

    def _opened(self, fact: PortOpened) -> Sequence[LegOutput]:
        self.audio.opened(fact)
        if self._offer is None:
            self.audio.offer()
        elif self.audio.answer(self._offer) is None:
            return [NoAudio(self.leg, 488, self.audio.obstacle(self._offer))]
        return [Ready(self.leg)]

    def _described(self, description: SessionDescription) -> Sequence[LegOutput]:
        outputs = take_answer(self.audio, description)
        if outputs is None:
            return [NoAudio(self.leg, 488, NO_CODEC)]
        return outputs

    def _ended(self, event: sip.Ended) -> Sequence[LegOutput]:
        if self.state is State.OVER:
            return []
        self.state = State.OVER
        release = RELEASES[event.reason]
        return [Ended(leg=self.leg, release=release, causes=event.causes)]
