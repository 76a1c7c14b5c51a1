"""Voice navigation: a menu tree and the machine that walks it; the password question.

A menu's keys may have several digits (企业总机): a key is taken as soon as no longer key
begins with it, else after ``#`` or :data:`BETWEEN_DIGITS` of silence. Keys interrupt the
prompt. Silence or a wrong key repeats the prompt as often as the menu says; then the call
goes where the menu says otherwise. A key may ask the menu again, or go back to the one
before. Neither machine knows how prompts are played: it asks
for them, and is told when they have ended.

Password digits are compared in constant time and are in no output and no ``repr``.
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from b2bua.core.clock import Instant
from b2bua.service.plan import Back, Menu, Repeat, Target, ToMenu
from b2bua.service.record import Step

BETWEEN_DIGITS: Final = 3.0
"""Seconds between the digits of one key, or of a password, before it counts as complete."""
FIRST_DIGIT: Final = 8.0
"""Seconds after the question until the first digit of a password."""
LONGEST_PROMPT: Final = 180.0
"""Seconds after which a prompt counts as ended even if nobody said so."""
MOST_QUESTIONS: Final = 40
"""Prompts in one walk: a caller who goes round in menus for ever ends there."""
TRIES: Final = 3
"""Passwords that may be keyed."""
LONGEST_PASSWORD: Final = 8

KEYS: Final = frozenset("0123456789*#ABCD")


@dataclass(frozen=True, slots=True)
class Ask:
    """Play these prompts from the start, and tell when they ended."""

    prompts: tuple[str, ...]
    token: str


@dataclass(frozen=True, slots=True)
class Hush:
    """Stop what is played: the caller is keying."""


@dataclass(frozen=True, slots=True)
class Chose:
    """The caller chose; ``keys`` are all keys of the walk that counted, comma-separated."""

    target: Target
    keys: str


@dataclass(frozen=True, slots=True)
class GaveUp:
    """The retries are used up: the menu's default, or None where it has none."""

    target: Target | None
    keys: str


@dataclass(frozen=True, slots=True)
class Accepted:
    """The password was right."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """The last try was wrong."""


MenuOutput: TypeAlias = Ask | Hush | Step | Chose | GaveUp
"""A step tells what a key or silence led to."""
PasswordOutput: TypeAlias = Ask | Hush | Accepted | Rejected


class MenuWalk:
    """One caller in one menu tree. It has ended after :class:`Chose` or :class:`GaveUp`."""

    def __init__(self, menus: Mapping[str, Menu], first: str) -> None:
        self._menus = menus
        self._menu = menus[first]
        self._before: list[Menu] = []
        """The menus on the way here, for going back."""
        self._keyed = ""
        self._chosen: list[str] = []
        self._repeats = 0
        self._questions = 0
        self._token = ""
        self._ended = False
        self._deadline: Instant | None = None

    @property
    def deadline(self) -> Instant | None:
        """When :meth:`wake` must next be called, or None to wait for input alone."""
        return self._deadline

    @property
    def menu(self) -> str:
        """Name of the menu the caller is in."""
        return self._menu.name

    @property
    def keying(self) -> bool:
        """Whether digits were keyed that may go on."""
        return bool(self._keyed)

    @property
    def keys(self) -> str:
        """The keys that counted so far."""
        return ",".join(self._chosen)

    def start(self, now: Instant) -> list[MenuOutput]:
        """Ask the first question."""
        return [self._step(True, "asks the caller"), *self._ask((), now)]

    def press(self, key: str, now: Instant) -> list[MenuOutput]:
        """Take one key; what is no key, or comes after the end, is ignored."""
        if self._ended or key not in KEYS:
            return []
        was_silent = not self._keyed
        self._keyed += key
        keys = self._menu.keys
        longer = any(k != self._keyed and k.startswith(self._keyed) for k in keys)
        if self._keyed in keys and not longer:
            return self._choose(now)
        if key == "#" and not longer:
            self._keyed = self._keyed[:-1]
            return self._choose(now) if self._keyed in keys else self._wrong(now)
        if len(self._keyed) < max(map(len, keys), default=1):
            # Even of a wrong key all digits are awaited, or each would cost a retry.
            self._deadline = now + BETWEEN_DIGITS
            return [Hush()] if was_silent else []
        return self._wrong(now)

    def prompt_ended(self, token: str, now: Instant) -> list[MenuOutput]:
        """Hear that the prompts of :class:`Ask` came to their end."""
        if not self._ended and token == self._token and not self._keyed:
            self._token = ""
            self._deadline = now + self._menu.timeout
        return []

    def wake(self, now: Instant) -> list[MenuOutput]:
        """Fire what is due."""
        outputs: list[MenuOutput] = []
        while self._deadline is not None and self._deadline <= now:
            due, self._deadline = self._deadline, None
            if self._keyed in self._menu.keys:
                outputs += self._choose(due)
            elif self._token and not self._keyed:
                self._token = ""
                self._deadline = due + self._menu.timeout
            else:
                outputs += (
                    self._wrong(due)
                    if self._keyed
                    else self._again("no-key", "no key came", due)
                )
        return outputs

    def _choose(self, now: Instant) -> list[MenuOutput]:
        key, target = self._keyed, self._menu.keys[self._keyed]
        self._chosen.append(key)
        match target:
            case ToMenu(name):
                step = self._step(True, f"key {key}: to {target}")
                self._before.append(self._menu)
                return [step, *self._show(self._menus[name], now)]
            case Repeat() | Back():
                back = isinstance(target, Back) and self._before
                menu = self._before.pop() if back else self._menu
                step = self._step(True, f"key {key}: to menu {menu.name}")
                return [step, *self._show(menu, now)]
            case _:
                step = self._step(True, f"key {key}: to {target}")
                return [step, self._end(Chose(target, self.keys))]

    def _wrong(self, now: Instant) -> list[MenuOutput]:
        return self._again("invalid-key", f"{self._keyed} is no key", now)

    def _again(self, complaint: str, why: str, now: Instant) -> list[MenuOutput]:
        self._repeats += 1
        if self._repeats <= self._menu.retries:
            return [self._step(False, why), *self._ask((complaint,), now)]
        target = self._menu.otherwise
        to = "refused" if target is None else f"to {target}"
        step = self._step(False, f"{why}, no try left: {to}")
        if isinstance(target, ToMenu):
            self._before.append(self._menu)
            return [step, *self._show(self._menus[target.name], now)]
        return [step, self._end(GaveUp(target, self.keys))]

    def _step(self, passed: bool, why: str) -> Step:
        return Step(f"menu {self._menu.name}", passed, why)

    def _show(self, menu: Menu, now: Instant) -> list[MenuOutput]:
        self._menu = menu
        self._repeats = 0
        return self._ask((), now)

    def _ask(self, before: tuple[str, ...], now: Instant) -> list[MenuOutput]:
        if self._questions == MOST_QUESTIONS:
            otherwise = self._menu.otherwise
            return [
                self._end(
                    GaveUp(None if isinstance(otherwise, ToMenu) else otherwise, self.keys)
                )
            ]
        self._questions += 1
        self._keyed = ""
        self._token = f"menu:{self._menu.name}:{self._questions}"
        self._deadline = now + LONGEST_PROMPT
        return [Ask((*before, self._menu.prompt), self._token)]

    def _end(self, output: MenuOutput) -> MenuOutput:
        self._ended = True
        self._keyed = ""
        self._deadline = None
        return output


class PasswordCheck:
    """One caller before a password. It has ended after Accepted or Rejected."""

    def __init__(self, password: str) -> None:
        self._password = password.encode()
        self._keyed = ""
        self._tries = 0
        self._token = ""
        self._ended = False
        self._deadline: Instant | None = None

    def __repr__(self) -> str:
        return f"PasswordCheck(tries={self._tries}, ended={self._ended})"

    @property
    def deadline(self) -> Instant | None:
        """When :meth:`wake` must next be called, or None to wait for input alone."""
        return self._deadline

    def start(self, now: Instant) -> list[PasswordOutput]:
        """Ask for the password."""
        return self._ask("password", now)

    def press(self, key: str, now: Instant) -> list[PasswordOutput]:
        """Take one key: a digit, ``*`` to begin anew, ``#`` to end."""
        if self._ended or key not in KEYS:
            return []
        if key == "#":
            return self._compare(now) if self._keyed else []
        if not key.isdecimal():
            self._keyed = ""
            self._deadline = now + FIRST_DIGIT
            return []
        was_silent = not self._keyed
        if len(self._keyed) <= LONGEST_PASSWORD:
            # One digit too many is kept: it makes the password wrong.
            self._keyed += key
        self._deadline = now + BETWEEN_DIGITS
        return [Hush()] if was_silent else []

    def prompt_ended(self, token: str, now: Instant) -> list[PasswordOutput]:
        """Hear that the prompts of :class:`Ask` came to their end."""
        if not self._ended and token == self._token and not self._keyed:
            self._token = ""
            self._deadline = now + FIRST_DIGIT
        return []

    def wake(self, now: Instant) -> list[PasswordOutput]:
        """Fire what is due."""
        outputs: list[PasswordOutput] = []
        while self._deadline is not None and self._deadline <= now:
            due, self._deadline = self._deadline, None
            if self._token and not self._keyed:
                self._token = ""
                self._deadline = due + FIRST_DIGIT
            else:
                outputs += self._compare(due)
        return outputs

    def _compare(self, now: Instant) -> list[PasswordOutput]:
        right = hmac.compare_digest(self._keyed.encode(), self._password)
        self._keyed = ""
        self._tries += 1
        if right or self._tries == TRIES:
            self._ended = True
            self._deadline = None
            return [Accepted() if right else Rejected()]
        return self._ask("password-wrong", now)

    def _ask(self, prompt: str, now: Instant) -> list[PasswordOutput]:
        self._token = f"password:{self._tries}"
        self._deadline = now + LONGEST_PROMPT
        return [Ask((prompt,), self._token)]
