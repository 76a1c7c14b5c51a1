"""What the caller thought of the talk (满意度评价), asked after the destination hung up.

The caller hears the ``survey`` prompt and presses 1 to 5, while it plays or within ten
seconds of its end, then hears thanks. Other keys mean nothing. Who hangs up has said
nothing, and the talk counts all the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from b2bua.call.caller import CallerLeg
from b2bua.call.leg import LegOutput
from b2bua.call.media import HearPrompts
from b2bua.core.clock import Instant
from b2bua.service.flow import hearing
from b2bua.service.flow.dossier import Conclusion, Dossier
from b2bua.service.flow.phase import ANNOUNCEMENT_LIMIT
from b2bua.service.plan import Plan

KEYS: Final = frozenset("12345")
KEY_SECONDS: Final = 10.0
"""Seconds after the prompt in which a key may come."""
PROMPT_LIMIT: Final = 30.0
ASKED: Final = "survey"
THANKED: Final = "survey-thanks"


@dataclass(frozen=True, slots=True)
class Said:
    """The caller has been heard, or has said nothing in time."""


SurveyOutput: TypeAlias = LegOutput | Said


class Survey:
    """One caller's opinion."""

    def __init__(
        self, caller: CallerLeg, dossier: Dossier, plan: Plan, talk: Conclusion
    ) -> None:
        self.talk: Final = talk
        """How the talk ended, and so the call, whatever is said."""
        self.deadline: Instant | None = None
        """When :meth:`wake` must next be called."""
        self._caller = caller
        self._dossier = dossier
        self._plan = plan
        self._thanking = False

    def begin(self, now: Instant) -> Sequence[SurveyOutput]:
        """Ask."""
        self.deadline = now + PROMPT_LIMIT + KEY_SECONDS
        return self._play("survey", ASKED)

    def press(self, digit: str, now: Instant) -> Sequence[SurveyOutput]:
        """Take a key."""
        if self._thanking or digit not in KEYS:
            return []
        self._dossier.survey = digit
        self._thanking, self.deadline = True, now + ANNOUNCEMENT_LIMIT
        return self._play("thanks", THANKED)

    def prompts_ended(self, token: str, now: Instant) -> Sequence[SurveyOutput]:
        """Hear that what was played came to its end."""
        wanted = THANKED if self._thanking else ASKED
        return self.unheard(now) if token == wanted else []

    def unheard(self, now: Instant) -> Sequence[SurveyOutput]:
        """Hear that a prompt could not be played: the caller may key all the same."""
        if self._thanking:
            return self._done()
        self.deadline = now + KEY_SECONDS
        return []

    def wake(self, now: Instant) -> Sequence[SurveyOutput]:
        """Fire what is due."""
        if self.deadline is None or now < self.deadline:
            return []
        return self._done()

    def _done(self) -> Sequence[SurveyOutput]:
        self.deadline = None
        return [Said()]

    def _play(self, prompt: str, token: str) -> Sequence[SurveyOutput]:
        names = (hearing.media_name(prompt, self._plan),)
        return self._caller.hear(HearPrompts(prompts=names, token=token))
