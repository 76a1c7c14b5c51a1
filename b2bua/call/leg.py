"""What both kinds of leg share: outputs, the far end's new offers, and keys heard twice.

The two legs of a call share nothing but facts (RFC 7092 calls this a back-to-back user
agent with media relay). Each translates its own session and port into them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from b2bua.call.audio import LegAudio
from b2bua.call.events import LegFact, Pressed, Release, Stale, Turned
from b2bua.call.media import LegId, MediaOrder
from b2bua.core.clock import Instant
from b2bua.sip.dialog.events import (
    AnswerOffer,
    EndReason,
    Offer,
    Offered,
    RefuseOffer,
    SessionId,
)
from b2bua.sip.dialog.events import Order as SessionOrder
from b2bua.sip.sdp.description import Direction, SessionDescription

LegOutput: TypeAlias = SessionOrder | MediaOrder | LegFact
"""Orders to be carried out, and facts for the call, in the order in which they arose."""

SAME_KEY: Final = 0.1
"""Seconds within which one digit that came by two ways is one digit."""

RELEASES: Final[Mapping[EndReason, Release]] = {
    EndReason.HUNG_UP: Release.HUNG_UP,
    EndReason.CANCELLED: Release.GAVE_UP,
    EndReason.RELEASED: Release.RELEASED,
    EndReason.NO_ACK: Release.UNACKNOWLEDGED,
    EndReason.EXPIRED: Release.EXPIRED,
    EndReason.LOST: Release.LOST,
    EndReason.FAILED: Release.LOST,
}
"""What the end of a session means to a leg."""


def take_offer(audio: LegAudio, offered: Offered) -> list[LegOutput]:
    """Answer a new offer of the far end at once, as the port stays where it is.

    Only who listens crosses the bridge: codecs and addresses end at our port. An offer of
    our own that has not left yet (glare) is made anew, as its version is behind now.
    """
    session = offered.session
    if offered.description is None:
        return [AnswerOffer(session, audio.offer())]
    before = audio.held
    answer = audio.take_offer(offered.description)
    if answer is None:
        return [RefuseOffer(session=session)]
    outputs: list[LegOutput] = [AnswerOffer(session, answer), *audio.connect()]
    if audio.turning is not None:
        outputs += turn(audio, audio.turning)
    return [*outputs, *_turned(audio, before)]


def take_answer(audio: LegAudio, description: SessionDescription) -> list[LegOutput] | None:
    """Take the far end's answer to a new offer; None when it leaves no audio."""
    before = audio.held
    if not audio.take_answer(description):
        return None
    return [*audio.connect(), *_turned(audio, before), Stale(audio.leg)]


def turn(audio: LegAudio, direction: Direction) -> list[LegOutput]:
    """Offer the far end a new direction: the other leg went on hold, or came back."""
    return [Offer(SessionId(audio.leg), audio.turn(direction))]


def _turned(audio: LegAudio, before: Direction) -> list[LegOutput]:
    return [] if audio.held is before else [Turned(audio.leg, audio.held)]


@dataclass(frozen=True, slots=True)
class _Key:
    digit: str
    in_audio: bool
    at: Instant


class KeyEar:
    """Hears each key once, though it may come as RFC 4733, as INFO, or as both."""

    def __init__(self, leg: LegId) -> None:
        self._leg = leg
        self._last: _Key | None = None

    def press(self, digit: str, *, in_audio: bool, now: Instant) -> list[LegOutput]:
        """Take a key; the same one by the other way just before is it again."""
        last, self._last = self._last, _Key(digit, in_audio, now)
        if (
            last is not None
            and last.digit == digit
            and last.in_audio != in_audio
            and now - last.at <= SAME_KEY
        ):
            # The pair is complete: what follows is a key of its own.
            self._last = None
            return []
        return [Pressed(self._leg, digit, in_audio)]
