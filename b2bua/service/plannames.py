"""What a plan names, and may name: destinations, groups, menus, trunks, prompts."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from b2bua.service.form import Form, given, one_of
from b2bua.service.plantext import Path
from b2bua.service.planwhen import Times
from b2bua.service.webhook import Reach

_NAME = re.compile(r"[^\W_][^:/\x00-\x1f]{0,63}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What a plan may name. None: do not check, what is stored was checked before."""

    trunks: Collection[str] | None = None
    tariffs: Collection[str] | None = None
    prompts: Collection[str] | None = None
    """Names of the catalogue."""
    own_prompts: Mapping[str, str] = field(default_factory=dict)
    """Names of files beside the plan, each with its name in the media processes."""
    allowed_destinations: Collection[str] = ()
    """Prefixes the operator allows besides landlines, mobiles and 400/800 numbers."""
    phones: Mapping[str, str] | None = None
    """Extensions that may be named, and whose they are: a 400 number's, or, empty, the
    house's. A phone of another number is no more known than one that does not exist."""
    webhooks: Reach | None = None


class Names:
    """The names of one plan, each looked up with a complaint if it is not there."""

    def __init__(self, form: Form, top: Mapping[str, object], known: Known) -> None:
        self.form = form
        self.known = known
        self.times = Times(form)
        self.destinations, self.groups, self.menus = (
            frozenset(Form().mapping(top.get(kind), (kind,)))
            for kind in ("destinations", "groups", "menus")
        )
        self.prompts: dict[str, str] = {}
        """Prompts that are files beside the plan, with their names in the media
        processes: what was named so far."""

    def new(self, name: str, path: Path) -> None:
        """A name that the plan gives."""
        if not _NAME.fullmatch(name):
            self.form.complain(
                path,
                "a name begins with a letter or digit, has neither : nor /, and is short",
            )

    def destination(self, value: object, path: Path) -> str:
        """The name of a destination."""
        name = self.form.text(value, path)
        known = self.destinations
        if name and name not in known:
            self.form.complain(path, f"no destination {name!r}; {one_of(name, known)}")
        return name

    def menu(self, value: object, path: Path) -> str:
        """The name of a menu."""
        name = self.form.text(value, path)
        if name not in self.menus:
            self.form.complain(path, f"no menu {name!r}; {one_of(name, self.menus)}")
        return name

    def trunk(self, value: object, path: Path) -> str:
        """The name of a trunk."""
        trunk = self.form.text(value, path)
        known = self.known.trunks
        if trunk and known is not None and trunk not in known:
            self.form.complain(path, f"no trunk {trunk!r}; {one_of(trunk, known)}")
        return trunk

    def prompt(self, value: object, path: Path) -> str:
        """The name of a prompt: a file beside the plan, or one of the catalogue."""
        name = self.form.text(value, path)
        if name in self.known.own_prompts:
            self.prompts[name] = self.known.own_prompts[name]
        elif name and self.known.prompts is not None and name not in self.known.prompts:
            self.form.complain(
                path,
                f"no prompt {name!r}: put an audio file of that name beside the plan, or "
                "name one of the catalogue",
            )
        return name

    def optional_prompt(
        self, body: Mapping[str, object], key: str, path: Path, default: str = ""
    ) -> str:
        """The prompt that ``body`` names under ``key``, if it does."""
        return self.prompt(body[key], (*path, key)) if given(body, key) else default
