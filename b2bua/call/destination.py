"""A destination's leg: one attempt to reach one number, and the talk if it succeeds.

An attempt has its own session, its own Call-ID and its own port. It rings no longer than
its ring time. Once given up it says nothing more: a 200 that crosses our CANCEL is
acknowledged and released by the session itself.
"""

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from b2bua.call.audio import AudioImage, LegAudio
from b2bua.call.events import (
    Answered,
    Ended,
    Failed,
    FellSilent,
    Measured,
    PickedUp,
    Pressed,
    PromptsEnded,
    Rang,
    Recorded,
    Spoke,
    Stale,
    Verdict,
)
from b2bua.call.leg import RELEASES, KeyEar, LegOutput, take_answer, take_offer
from b2bua.call.media import (
    AudioBegan,
    AudioStopped,
    CallId,
    Hearing,
    HearPrompts,
    HearSilence,
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
from b2bua.call.verdict import q850_of, verdict_of
from b2bua.core.clock import Instant
from b2bua.sip.dialog import events as sip
from b2bua.sip.dialog.events import Cause, SessionId
from b2bua.sip.sdp.crypto import Secrecy, Srtp
from b2bua.sip.sdp.description import SessionDescription

ACCEPT_KEY: Final = "1"
ACCEPT_SECONDS: Final = 10.0
"""Seconds after the prompts in which a call must be accepted."""
TOLD_LIMIT: Final = 30.0
"""Seconds that the prompts themselves may take."""
TOLD: Final = "told"
NO_ROOM: Final = (408, 486)
"""Our own conclusions: nobody at any address of the trunk, or no room on the trunk."""


class State(enum.Enum):
    """How far the attempt has come."""

    OPENING = "opening"
    """Waits for a port."""
    DIALLING = "dialling"
    RINGING = "ringing"
    ASKED = "asked"
    """Somebody picked up, and hears what comes before the caller."""
    ANSWERED = "answered"
    OVER = "over"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Whom to call, and as whom."""

    name: str
    """What the plan calls the destination."""
    user: str
    trunk: str
    ring: float
    """Seconds it may ring."""
    from_user: str
    from_display: str = ""
    asserted: str = ""
    private: bool = False
    diverted_from: str = ""
    diversions: int = 1
    """How often the call has been sent on, this time included."""
    max_forwards: int = 70
    told: tuple[str, ...] = ()
    """Prompts that whoever picks up hears before the caller."""
    accept: bool = False
    """Whoever picks up must press :data:`ACCEPT_KEY`."""
    early: str = "audible"
    """What the caller may hear before the answer: ``audible``, ``passed`` or ``own``."""
    srtp: Srtp = Srtp.NEVER
    overflow: str = ""
    """The trunk to try when no address of this one takes the call."""


class DestinationLeg:
    """The outbound leg of one attempt."""

    def __init__(  # noqa: PLR0913  # told apart by their names
        self,
        call: CallId,
        session: SessionId,
        target: Target,
        *,
        session_id: int,
        codecs: tuple[str, ...],
        master: bytes = b"",
    ) -> None:
        self.leg = LegId(session)
        self.target = target
        self.state = State.OPENING
        self.audio = LegAudio(
            call,
            self.leg,
            session_id=session_id,
            codecs=codecs,
            secrecy=Secrecy(target.srtp, master),
        )
        self.deadline: Instant | None = None
        """When it has rung for long enough."""
        self.invited = False
        """Whether a session exists, and will say that it ended."""
        self._session = session
        self._ear = KeyEar(self.leg)
        self._forks: dict[str, SessionDescription] = {}
        """What each early dialog described: the one that answers may say no more."""

    @classmethod
    def restored(
        cls, call: CallId, session: SessionId, target: Target, image: AudioImage
    ) -> "DestinationLeg":
        """Take an answered leg from the journal."""
        leg = cls(call, session, target, session_id=image.session_id, codecs=())
        leg.audio = LegAudio.restored(call, leg.leg, image)
        leg.state, leg.invited = State.ANSWERED, True
        return leg

    @property
    def over(self) -> bool:
        """Whether nothing more can be asked of the destination."""
        return self.state is State.OVER

    def dial(self, now: Instant, lifetime: float) -> Sequence[LegOutput]:
        """Begin: ask for a port, then invite."""
        self.deadline = now + self.target.ring
        return self.audio.open(lifetime)

    def give_up(
        self, causes: tuple[Cause, ...] = (), verdict: Verdict = Verdict.CANCELLED
    ) -> Sequence[LegOutput]:
        """Stop trying: the caller left, another was quicker, or time is up."""
        return self._stop(verdict, causes)

    def hang_up(self, causes: tuple[Cause, ...] = ()) -> Sequence[LegOutput]:
        """Release the destination after the talk."""
        if self.state is State.OVER:
            return []
        self.state = State.OVER
        return [sip.HangUp(session=self._session, causes=causes)]

    def hear(self, hearing: Hearing) -> Sequence[LegOutput]:
        """Choose what the destination hears."""
        return [] if self.state is State.OVER else self.audio.hear(hearing)

    def wake(self, now: Instant) -> Sequence[LegOutput]:
        """Give up when it has rung for long enough: no answer."""
        if self.deadline is None or now < self.deadline:
            return []
        return self._stop(Verdict.NO_ANSWER, ())

    def receive(self, event: sip.Event, now: Instant) -> Sequence[LegOutput]:
        """Take what the session says."""
        if self.state is State.OVER:
            return []
        match event:
            case sip.Progressed():
                return self._progressed(event)
            case sip.Accepted(description=description, fork=fork):
                return self._accepted(description or self._forks.get(fork), now)
            case sip.Refused():
                return self._refused(event)
            case sip.Offered():
                self._forks.clear()
                return [*take_offer(self.audio, event), Stale(self.leg)]
            case sip.Described(_, description):
                return take_answer(self.audio, description) or []
            case sip.Pressed(digit=digit):
                return self._heed(self._ear.press(digit, in_audio=False, now=now))
            case sip.Ended():
                return self._ended(event)
            case sip.DialogChanged():
                return [Stale(self.leg)] if self.state is State.ANSWERED else []
            case sip.OfferFailed():
                self.audio.offer_failed()
                return []
            case sip.Invited() | sip.Confirmed():
                return []

    def hear_of(self, fact: MediaFact, now: Instant) -> Sequence[LegOutput]:
        """Take what the media plane says of our port."""
        match fact:
            case MediaRecorded(path=path, milliseconds=milliseconds, fault=fault):
                return [Recorded(self.leg, path, milliseconds, fault)]
            case PortClosed(quality=quality):
                return [Measured(self.leg, quality)]
            case _ if self.state is State.OVER:
                return []
            case PortOpened():
                self.audio.opened(fact)
                self.state, self.invited = State.DIALLING, True
                return [self._invitation()]
            case PortFailed() if self.state is State.OPENING:
                return self._fail(Verdict.UNREACHABLE, status=503, q850=34)
            case AudioBegan() if self.state is State.ASKED:
                return []
            case AudioBegan():
                return [Spoke(self.leg)]
            case KeyPressed(digit=digit):
                return self._heed(self._ear.press(digit, in_audio=True, now=now))
            case MediaPromptsEnded(token=token) if token == TOLD:
                return self._was_told(now)
            case PortFailed() if self.state is State.ASKED:
                return self._was_told(now)
            case MediaPromptsEnded(token=token, completed=completed):
                return [PromptsEnded(self.leg, token)] if completed else []
            case AudioStopped():
                return [] if self.audio.on_hold else [FellSilent(self.leg)]
            case PortFailed() | MediaLost():
                return []

    def _invitation(self) -> sip.Invite:
        target = self.target
        return sip.Invite(
            session=self._session,
            trunk=target.trunk,
            user=target.user,
            from_user=target.from_user,
            from_display=target.from_display,
            asserted=target.asserted,
            private=target.private,
            diverted_from=target.diverted_from,
            diversions=target.diversions,
            max_forwards=target.max_forwards,
            offer=self.audio.offer(),
        )

    def _progressed(self, event: sip.Progressed) -> Sequence[LegOutput]:
        if self.state is State.DIALLING:
            self.state = State.RINGING
        said, described = event.authorized, event.description
        if described is None or not self.audio.take_answer(described, early=True):
            return [Rang(self.leg, self.audio.far_end is not None, said)]
        self._forks[event.fork] = described
        return [*self.audio.connect(), Rang(self.leg, audio=True, authorized=said)]

    def _accepted(
        self, description: SessionDescription | None, now: Instant
    ) -> Sequence[LegOutput]:
        self._forks.clear()
        if description is None:
            audible = self.audio.far_end is not None
        else:
            audible = self.audio.take_answer(description)
        if not audible:
            return [
                sip.HangUp(session=self._session, causes=(Cause("Q.850", 88),)),
                *self._fail(Verdict.UNREACHABLE, status=488, q850=88),
            ]
        if not self.target.told:
            return [*self.audio.connect(), *self._join()]
        self.state = State.ASKED
        self.deadline = now + TOLD_LIMIT + ACCEPT_SECONDS
        told = self.audio.hear(HearPrompts(prompts=self.target.told, token=TOLD))
        return [*self.audio.connect(), PickedUp(self.leg), *told]

    def _join(self) -> Sequence[LegOutput]:
        self.state, self.deadline = State.ANSWERED, None
        return [Answered(self.leg)]

    def _was_told(self, now: Instant) -> Sequence[LegOutput]:
        """The prompts have ended, or cannot be played."""
        if self.state is not State.ASKED:
            return []
        if not self.target.accept:
            return self._join()
        self.deadline = now + ACCEPT_SECONDS
        return self.audio.hear(HearSilence())

    def _heed(self, pressed: Sequence[LegOutput]) -> Sequence[LegOutput]:
        """Take a key: while it is asked, one accepts and others mean nothing."""
        if self.state is not State.ASKED:
            return pressed
        keys = [one.digit for one in pressed if isinstance(one, Pressed)]
        accepted = self.target.accept and ACCEPT_KEY in keys
        return self._join() if accepted else []

    def _refused(self, event: sip.Refused) -> Sequence[LegOutput]:
        q850 = q850_of(event.causes)
        spent = event.status == 503 or (event.local and event.status in NO_ROOM)
        # Only a far end can say that nobody answers; we found that nobody is there.
        there = not event.local or event.status == 486
        verdict = verdict_of(event.status, q850) if there else Verdict.UNREACHABLE
        return self._fail(verdict, status=event.status, q850=q850, spent=spent)

    def _ended(self, event: sip.Ended) -> Sequence[LegOutput]:
        if self.state is State.ASKED:
            return self._fail(Verdict.NO_ANSWER, status=0, q850=q850_of(event.causes))
        if self.state is not State.ANSWERED:
            return self._fail(Verdict.UNREACHABLE, status=500, q850=q850_of(event.causes))
        self.state = State.OVER
        release = RELEASES[event.reason]
        return [Ended(leg=self.leg, release=release, causes=event.causes)]

    def _stop(self, verdict: Verdict, causes: tuple[Cause, ...]) -> Sequence[LegOutput]:
        if self.state in (State.OVER, State.ANSWERED):
            return []
        hang_up = [sip.HangUp(session=self._session, causes=causes)]
        return [*(hang_up if self.invited else []), *self._fail(verdict, status=0, q850=0)]

    def _fail(
        self, verdict: Verdict, *, status: int, q850: int, spent: bool = False
    ) -> Sequence[LegOutput]:
        self.state, self.deadline = State.OVER, None
        return [
            Failed(leg=self.leg, verdict=verdict, status=status, q850=q850, spent=spent)
        ]
