"""Where calls go, as plans write it: targets and menus.

A target is the name of a destination or a group, or spelt: ``{menu: main}``,
``{voicemail: true}``, ``{percent: {a: 70, b: 30}}`` and the other modes of groups. A key
of a menu may also say ``repeat`` or ``back``, unless a destination or group is called so.
``operator: TARGET`` in a menu is key 0 and ``otherwise`` in one word.
"""

import re
from typing import Final

from b2bua.service.form import given, one_of
from b2bua.service.plan import (
    Back,
    Group,
    KeyTarget,
    Menu,
    Repeat,
    Target,
    ToDestination,
    ToGroup,
    ToMenu,
    ToVoicemail,
)
from b2bua.service.plangroups import EXTRAS, MODES, read_group
from b2bua.service.plannames import Names
from b2bua.service.plantext import Path

OPERATOR_KEY: Final = "0"
_MENU_KEYS: Final = ("prompt", "timeout", "retries", "keys", "otherwise", "operator")
_KEY = re.compile(r"[0-9]{1,8}|[*#]")


class Targets:
    """Reads the targets of one plan; groups written inside one are kept."""

    def __init__(self, names: Names, groups: dict[str, Group]) -> None:
        """``groups`` takes the groups that are found inside targets."""
        self._names = names
        self._form = names.form
        self._groups = groups

    def target(self, value: object, path: Path, place: str) -> Target:
        """A target; a group written here is named after ``place``."""
        if isinstance(value, dict):
            return self._spelt(value, path, place)
        names = self._names
        name = self._form.text(value, path)
        if name in names.groups:
            return ToGroup(name)
        known = names.destinations
        if name in names.menus and name not in known:
            self._form.complain(path, f"{name!r} is a menu; write {{menu: {name}}}")
        elif name not in known:
            hint = one_of(name, known | names.groups)
            self._form.complain(path, f"no destination or group {name!r}; {hint}")
        return ToDestination(name)

    def menu(self, name: str, value: object) -> Menu:
        """One menu."""
        form, path = self._form, ("menus", name)
        self._names.new(name, path)
        body = form.mapping(value, path, _MENU_KEYS)
        keys: dict[str, KeyTarget] = {}
        for key, to in form.mapping(body.get("keys"), (*path, "keys")).items():
            if not _KEY.fullmatch(key):
                form.complain((*path, "keys", key), "a key is digits, or * or #")
            place = f"menu:{name}:{key}"
            keys[key] = self._key_target(to, (*path, "keys", key), place)
        otherwise = (
            self.target(body["otherwise"], (*path, "otherwise"), f"menu:{name}:otherwise")
            if given(body, "otherwise")
            else None
        )
        if given(body, "operator"):
            place = f"menu:{name}:operator"
            operator = self.target(body["operator"], (*path, "operator"), place)
            keys.setdefault(OPERATOR_KEY, operator)
            otherwise = otherwise or operator
        if not keys:
            form.complain((*path, "keys"), 'name at least one key: {"1": sales}')
        return Menu(
            name=name,
            prompt=self._names.prompt(body.get("prompt"), (*path, "prompt")),
            timeout=form.whole(body.get("timeout", 5), (*path, "timeout"), 1, 60),
            retries=form.whole(body.get("retries", 2), (*path, "retries"), 0, 9),
            keys=keys,
            otherwise=otherwise,
        )

    def _key_target(self, value: object, path: Path, place: str) -> KeyTarget:
        taken = self._names.destinations | self._names.groups
        if isinstance(value, str) and value not in taken:
            if value == Repeat.name:
                return Repeat()
            if value == Back.name:
                return Back()
        return self.target(value, path, place)

    def _spelt(self, value: object, path: Path, place: str) -> Target:
        form = self._form
        body = form.mapping(value, path, MODES | EXTRAS | {"menu", "voicemail"})
        words = body.keys() - EXTRAS
        if len(words) != 1 or (body.keys() & EXTRAS and not words & MODES):
            modes = ", ".join(sorted(MODES))
            form.complain(path, f"give one of: menu, voicemail, {modes}")
        if "voicemail" in body:
            if body["voicemail"] is not True:
                form.complain((*path, "voicemail"), "write {voicemail: true}")
            return ToVoicemail()
        if "menu" not in body:
            self._groups[place] = read_group(self._names, place, body, path)
            return ToGroup(place)
        return ToMenu(self._names.menu(body["menu"], (*path, "menu")))
