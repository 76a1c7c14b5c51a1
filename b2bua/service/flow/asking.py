"""What a caller is asked before anybody is called: a password, then menus.

The machines of :mod:`b2bua.service.ivr` ask and hear; here they are given a voice and an
ear, and what they conclude is said in the flow's words.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from b2bua.call.caller import CallerLeg
from b2bua.call.leg import LegOutput
from b2bua.call.media import HearPrompts, HearSilence
from b2bua.core.clock import Instant
from b2bua.service import ivr
from b2bua.service.flow import hearing
from b2bua.service.flow.dossier import Dossier
from b2bua.service.plan import Plan, Target
from b2bua.service.record import Step


@dataclass(frozen=True, slots=True)
class Granted:
    """The password was right."""


@dataclass(frozen=True, slots=True)
class Denied:
    """The password was wrong for the last time."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """The menus are done with; None: the caller chose nothing."""

    target: Target | None


Said: TypeAlias = LegOutput | Granted | Denied | Chosen

_Walk: TypeAlias = ivr.MenuWalk | ivr.PasswordCheck


class Asking:
    """The questions of one call."""

    def __init__(self, caller: CallerLeg, dossier: Dossier) -> None:
        self._caller = caller
        self._dossier = dossier
        self._plan: Plan | None = None
        self._walk: _Walk | None = None
        self._token = ""
        """Of what is played now."""
        self._greeting: str | None = None
        """What comes before the first question of a menu, until it was played."""

    @property
    def deadline(self) -> Instant | None:
        """When :meth:`wake` must next be called."""
        return None if self._walk is None else self._walk.deadline

    def password(self, plan: Plan, now: Instant) -> list[Said]:
        """Ask for the plan's password."""
        self._plan, self._walk = plan, ivr.PasswordCheck(plan.password)
        return self._pass(self._walk.start(now))

    def menu(self, plan: Plan, name: str, greeting: str | None, now: Instant) -> list[Said]:
        """Walk the plan's menus from this one; the greeting comes before the first."""
        self._plan, self._walk = plan, ivr.MenuWalk(plan.menus, name)
        self._greeting = greeting
        return self._pass(self._walk.start(now))

    def stop(self) -> None:
        """Ask nothing more."""
        self._walk = None

    def press(self, digit: str, now: Instant) -> list[Said]:
        """Take a key; nobody asks: nothing follows."""
        return [] if self._walk is None else self._pass(self._walk.press(digit, now))

    def prompts_ended(self, token: str, now: Instant) -> list[Said]:
        """Hear that what was played came to its end."""
        if self._walk is None:
            return []
        return self._pass(self._walk.prompt_ended(token, now))

    def unheard(self, now: Instant) -> list[Said]:
        """Hear that the prompts could not be played: the caller may key all the same."""
        return self.prompts_ended(self._token, now)

    def wake(self, now: Instant) -> list[Said]:
        """Fire what is due."""
        return [] if self._walk is None else self._pass(self._walk.wake(now))

    def _pass(self, outputs: Sequence[ivr.MenuOutput | ivr.PasswordOutput]) -> list[Said]:
        said: list[Said] = []
        for output in outputs:
            match output:
                case ivr.Ask(prompts, token):
                    said += self._play(prompts, token)
                case ivr.Hush():
                    said += self._caller.hear(HearSilence())
                case Step():
                    self._dossier.trace.append(output)
                case ivr.Chose(target, keys) | ivr.GaveUp(target, keys):
                    self._walk = None
                    self._dossier.keys = keys
                    said.append(Chosen(target))
                case ivr.Accepted():
                    self._walk = None
                    said.append(Granted())
                case ivr.Rejected():
                    self._walk = None
                    failed = Step("password", False, "wrong three times")
                    self._dossier.trace.append(failed)
                    said.append(Denied())
        return said

    def _play(self, prompts: Sequence[str], token: str) -> Sequence[LegOutput]:
        plan, self._token = self._plan, token
        names = [hearing.media_name(name, plan) for name in prompts]
        if self._greeting is not None and plan is not None:
            names.insert(0, hearing.media_name(self._greeting, plan))
            self._greeting = None
        return self._caller.hear(HearPrompts(prompts=tuple(names), token=token))
