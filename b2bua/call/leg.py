"""What both kinds of leg share: outputs, the far end's new offers, and keys heard twice.

The two legs of a call share nothing but facts (RFC 7092 calls this a back-to-back user
agent with media relay). Each translates its own session and port into them.
"""

from dataclasses import dataclass
from typing import Final, TypeAlias

from b2bua.call.audio import LegAudio
from b2bua.call.events import LegFact, Pressed, Turned
from b2bua.call.media import LegId, MediaOrder
from b2bua.core.clock import Instant
from b2bua.sip.dialog.events import AnswerOffer, Offer, Offered, RefuseOffer, SessionId
from b2bua.sip.dialog.events import Order as SessionOrder
from b2bua.sip.sdp.description import Direction, SessionDescription

LegOutput: TypeAlias = SessionOrder | MediaOrder | LegFact
"""Orders to be carried out, and facts for the call, in the order in which they arose."""

SAME_KEY: Final = 0.1
"""Seconds within which one digit that came by two ways is one digit."""


def direction_of(description: SessionDescription | None) -> Direction:
    """Who speaks on the audio stream, from the view of who wrote the description."""
    if description is None:
        return Direction.SENDRECV
    for media in description.media:
        if media.kind == "audio" and media.port:
            return media.direction
    return Direction.INACTIVE


def take_offer(audio: LegAudio, offered: Offered) -> list[LegOutput]:
    """Answer a new offer of the far end at once, as the port stays where it is.

    Only who speaks crosses the bridge: codecs and addresses end at our port.
    """
    session = offered.session
    if offered.description is None:
        ours = direction_of(audio.local)
        return [AnswerOffer(session, audio.offer(ours))]
    before = direction_of(audio.remote)
    answer = audio.answer(offered.description)
    if answer is None:
        return [RefuseOffer(session=session)]
    outputs: list[LegOutput] = [AnswerOffer(session, answer), *audio.connect()]
    if (after := direction_of(offered.description)) != before:
        outputs.append(Turned(audio.leg, after))
    return outputs


def turn(audio: LegAudio, direction: Direction) -> list[LegOutput]:
    """Offer the far end a new direction: the other leg went on hold, or came back."""
    return [Offer(SessionId(audio.leg), audio.offer(direction))]


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
            return []
        return [Pressed(self._leg, digit, in_audio)]
