"""A message that the caller leaves (留言): prompt, tone, message, thanks.

=========  =================================  ===================================
stage      the caller hears                   ends with
=========  =================================  ===================================
asking     the plan's prompt, then a tone     the end of both
speaking   silence                            ``#``, or the plan's longest message
thanking   thanks                             their end
=========  =================================  ===================================

Each stage has a limit of its own. Who hangs up while speaking has left a message.
"""

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from b2bua.call.caller import CallerLeg
from b2bua.call.leg import LegOutput
from b2bua.call.media import HearPrompts, HearSilence
from b2bua.core.clock import Instant
from b2bua.service.flow import hearing
from b2bua.service.flow.phase import ANNOUNCEMENT_LIMIT
from b2bua.service.flow.tape import Tape
from b2bua.service.plan import Plan

BEEP: Final = "tones/beep"
PROMPT_LIMIT: Final = 60.0
"""Seconds after which a prompt is taken to have ended."""
END_KEY: Final = "#"


class Stage(enum.Enum):
    """How far the caller has come."""

    ASKING = "message-asking"
    SPEAKING = "message-speaking"
    THANKING = "message-thanking"


@dataclass(frozen=True, slots=True)
class Left:
    """The message is complete."""


Heard: TypeAlias = LegOutput | Left


class Message:
    """One message."""

    def __init__(self, caller: CallerLeg, tape: Tape, plan: Plan) -> None:
        self.deadline: Instant | None = None
        """When :meth:`wake` must next be called."""
        self._caller = caller
        self._tape = tape
        self._plan = plan
        self._stage = Stage.ASKING

    @property
    def spoken(self) -> bool:
        """Whether the tone was heard, so that there is a message."""
        return self._stage is not Stage.ASKING

    def begin(self, now: Instant) -> Sequence[Heard]:
        """Ask for the message."""
        self.deadline = now + PROMPT_LIMIT
        prompt = hearing.media_name(self._plan.voicemail.prompt, self._plan)
        return self._caller.hear(
            HearPrompts(prompts=(prompt, BEEP), token=self._stage.value)
        )

    def press(self, digit: str, now: Instant) -> Sequence[Heard]:
        """Take a key."""
        done = self._stage is Stage.SPEAKING and digit == END_KEY
        return self._thank(now) if done else []

    def prompts_ended(self, token: str, now: Instant) -> Sequence[Heard]:
        """Hear that what was played came to its end."""
        return self._next(now) if token == self._stage.value else []

    def unheard(self, now: Instant) -> Sequence[Heard]:
        """Hear that the prompts could not be played: nobody waits for their end."""
        return [] if self._stage is Stage.SPEAKING else self._next(now)

    def wake(self, now: Instant) -> Sequence[Heard]:
        """Fire what is due."""
        if self.deadline is None or now < self.deadline:
            return []
        return self._next(now)

    def _next(self, now: Instant) -> Sequence[Heard]:
        match self._stage:
            case Stage.ASKING:
                self._stage = Stage.SPEAKING
                self.deadline = now + self._plan.voicemail.seconds
                return [*self._caller.hear(HearSilence()), *self._tape.message()]
            case Stage.SPEAKING:
                return self._thank(now)
            case Stage.THANKING:
                self.deadline = None
                return [Left()]

    def _thank(self, now: Instant) -> Sequence[Heard]:
        self._stage = Stage.THANKING
        self.deadline = now + ANNOUNCEMENT_LIMIT
        thanks = (hearing.media_name("thanks", self._plan),)
        said = self._caller.hear(HearPrompts(prompts=thanks, token=self._stage.value))
        return [*self._tape.stop(), *said]
