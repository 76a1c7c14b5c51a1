"""A plan from plain values: what ``planfile`` reads from YAML and from the store alike.

Every mistake is a complaint with its path. The rest of the document is read on, so that
one report names all of them.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from b2bua.service.form import Form, given, one_of
from b2bua.service.number import CallerKind, normalise_caller, service_number
from b2bua.service.plan import (
    Announcements,
    Destination,
    Forwarding,
    Group,
    Menu,
    Mode,
    Plan,
    Queue,
    Route,
    Target,
    ToDestination,
    ToGroup,
    ToMenu,
    ToVoicemail,
    Voicemail,
    When,
)
from b2bua.service.planfeatures import read_recording
from b2bua.service.planlimits import read_caps, read_screening
from b2bua.service.plantext import Path
from b2bua.service.planwebhooks import read_webhooks
from b2bua.service.planwhen import Times
from b2bua.service.webhook import Reach

MOST_FORWARDING: Final = 10
"""Destinations in each forwarding list."""

PLAN_KEYS: Final = frozenset(
    (
        *("number", "name", "active", "timezone", "calendar", "language", "tariff"),
        *("greeting", "destinations", "screening", "password", "announcements", "limits"),
        *("forwarding", "menus", "routes", "groups", "webhooks", "recording", "voicemail"),
        "survey",
    )
)
MODES: Final = frozenset(mode.value for mode in Mode)
CONDITIONS: Final = frozenset(("days", "hours", "workday", "areas", "callers", "dates"))
_NAME = re.compile(r"[^\W_][^:/\x00-\x1f]{0,63}")
_PASSWORD = re.compile(r"(?:[0-9]{4,8})?")
_KEY = re.compile(r"[0-9]{1,8}|[*#]")


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
    webhooks: Reach | None = None


class PlanReader:
    """Reads one plan; use it only if :attr:`form` has no complaints afterwards."""

    def __init__(self, value: object, known: Known) -> None:
        self.form = Form()
        self._known = known
        self._top = self.form.mapping(value, (), PLAN_KEYS)
        self._times = Times(self.form)
        self._groups: dict[str, Group] = {}
        self._names = {
            kind: frozenset(Form().mapping(self._top.get(kind), (kind,)))
            for kind in ("destinations", "groups", "menus")
        }
        self._prompts: dict[str, str] = {}

    def read(self) -> Plan:
        """The plan."""
        top, form = self._top, self.form
        closed, opened = self._calendar()
        destinations = self._destinations()
        for name, body in form.mapping(top.get("groups"), ("groups",)).items():
            self._groups[name] = self._group(name, body, ("groups", name))
        menus = {
            name: self._menu(name, body)
            for name, body in form.mapping(top.get("menus"), ("menus",)).items()
        }
        announcements = top.get("announcements", Announcements.ALL.value)
        return Plan(
            number=self._number(),
            name=form.text(top.get("name", ""), ("name",)),
            active=form.flag(top.get("active", True), ("active",)),
            timezone=self._timezone(),
            closed_days=closed,
            open_days=opened,
            language=self._one_of("language", "zh", ("zh", "en")),
            tariff=self._one_of("tariff", "standard", self._known.tariffs),
            greeting=self._prompt(top["greeting"], ("greeting",))
            if given(top, "greeting")
            else None,
            destinations=destinations,
            screening=read_screening(form, top.get("screening")),
            password=self._password(),
            announcements=form.choice(announcements, ("announcements",), Announcements),
            caps=read_caps(form, top.get("limits")),
            forwarding=self._forwarding(),
            menus=menus,
            routes=self._routes(),
            groups=self._groups,
            recording=read_recording(form, top.get("recording")),
            voicemail=self._voicemail(),
            survey=form.flag(top.get("survey", False), ("survey",)),
            webhooks=read_webhooks(form, top.get("webhooks"), self._known.webhooks),
            prompts=self._prompts,
        )

    def _number(self) -> str:
        number = self._top.get("number")
        found = service_number(number) if isinstance(number, str) else None
        if found is None:
            self.form.complain(("number",), "must be a 400 number: 400 and seven digits")
        return found or ""

    def _timezone(self) -> str:
        name = self.form.text(self._top.get("timezone", "Asia/Shanghai"), ("timezone",))
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            self.form.complain(("timezone",), f"{name!r} is no time zone (Asia/Shanghai)")
        return name

    def _one_of(self, key: str, default: str, allowed: Collection[str] | None) -> str:
        text = self.form.text(self._top.get(key, default), (key,))
        if text and allowed is not None and text not in allowed:
            self.form.complain((key,), f"no {key} {text!r}; {one_of(text, allowed)}")
        return text

    def _password(self) -> str:
        value = self._top.get("password")
        if value is None:
            return ""
        if not isinstance(value, str) or not _PASSWORD.fullmatch(value):
            self.form.complain(("password",), "must be 4 to 8 digits in quotes, or empty")
            return ""
        return value

    def _prompt(self, value: object, path: Path) -> str:
        name = self.form.text(value, path)
        if name in self._known.own_prompts:
            self._prompts[name] = self._known.own_prompts[name]
        elif name and self._known.prompts is not None and name not in self._known.prompts:
            self.form.complain(
                path,
                f"no prompt {name!r}: put an audio file of that name beside the plan, or "
                "name one of the catalogue",
            )
        return name

    def _calendar(self) -> tuple[frozenset[date], frozenset[date]]:
        path: Path = ("calendar",)
        body = self.form.mapping(self._top.get("calendar"), path, ("closed", "open"))
        closed, opened = (
            frozenset(
                self.form.day(item, at)
                for item, at in self.form.items(body.get(key), (*path, key))
            )
            for key in ("closed", "open")
        )
        for day in sorted(closed & opened):
            self.form.complain(path, f"{day} is both closed and open; choose one")
        return closed, opened

    def _destinations(self) -> dict[str, Destination]:
        read: dict[str, Destination] = {}
        keys = (*("number", "trunk", "ring", "concurrent", "when"), "whisper", "accept")
        destinations = self.form.mapping(self._top.get("destinations"), ("destinations",))
        if not destinations:
            self.form.complain(("destinations",), "name at least one destination")
        for name, value in destinations.items():
            path = ("destinations", name)
            self._named(name, path)
            if name in self._names["groups"]:
                self.form.complain(path, "a group has the same name; rename one")
            body = self.form.mapping(value, path, keys)
            limit = body.get("concurrent")
            read[name] = Destination(
                name=name,
                number=self._answering_number(body.get("number"), (*path, "number")),
                trunk=self._trunk(body.get("trunk"), (*path, "trunk")),
                ring=self.form.whole(body.get("ring", 15), (*path, "ring"), 10, 60),
                concurrent=None
                if limit is None
                else self.form.whole(limit, (*path, "concurrent"), 1, 100_000),
                whisper=self._prompt(body["whisper"], (*path, "whisper"))
                if given(body, "whisper")
                else "",
                accept=self.form.flag(body.get("accept", False), (*path, "accept")),
                when=self._duty(body["when"], (*path, "when"))
                if given(body, "when")
                else None,
            )
        return read

    def _named(self, name: str, path: Path) -> None:
        if not _NAME.fullmatch(name):
            self.form.complain(
                path,
                "a name begins with a letter or digit, has neither : nor /, and is short",
            )

    def _answering_number(self, value: object, path: Path) -> str:
        text = self.form.text(value, path)
        if not text:
            if value == "":
                self.form.complain(path, "is empty: name the number that answers")
            return ""
        normal = normalise_caller(text)
        if any(normal.number.startswith(p) for p in self._known.allowed_destinations):
            return normal.number
        if normal.number == self._top.get("number"):
            self.form.complain(path, "is this 400 number itself: the call would go round")
        reachable = normal.kind is CallerKind.MOBILE or bool(normal.area)
        if reachable or re.fullmatch(r"[48]00[0-9]{7}", normal.number):
            return normal.number
        self.form.complain(
            path,
            f"{text!r} is no mobile and no landline with its area code; other destinations "
            "must be allowed by the operator",
        )
        return ""

    def _trunk(self, value: object, path: Path) -> str:
        trunk = self.form.text(value, path)
        known = self._known.trunks
        if trunk and known is not None and trunk not in known:
            self.form.complain(path, f"no trunk {trunk!r}; {one_of(trunk, known)}")
        return trunk

    def _duty(self, value: object, path: Path) -> When:
        times = frozenset(("days", "hours", "workday", "dates"))
        return self._when(self.form.mapping(value, path, times), path)

    def _when(self, body: Mapping[str, object], path: Path) -> When:
        form, times = self.form, self._times
        return When(
            days=times.days(body["days"], (*path, "days"))
            if given(body, "days")
            else frozenset(range(7)),
            hours=times.hours(body.get("hours"), (*path, "hours")),
            workday=form.flag(body["workday"], (*path, "workday"))
            if given(body, "workday")
            else None,
            areas=tuple(
                form.place(item, at)
                for item, at in form.items(body.get("areas"), (*path, "areas"))
            ),
            callers=tuple(
                form.pattern(item, at)
                for item, at in form.items(body.get("callers"), (*path, "callers"))
            ),
            dates=times.dates(body.get("dates"), (*path, "dates")),
        )

    def _forwarding(self) -> Forwarding:
        path = ("forwarding",)
        keys = ("busy", "no_answer", "max_forwards", "full", "voicemail")
        body = self.form.mapping(self._top.get("forwarding"), path, keys)
        full = body.get("full", "refuse")
        if full not in ("refuse", "busy"):
            self.form.complain((*path, "full"), one_of(full, ("refuse", "busy")))
        most = (*path, "max_forwards")
        return Forwarding(
            busy=self._forwarding_list(body, "busy"),
            no_answer=self._forwarding_list(body, "no_answer"),
            max_forwards=self.form.whole(body.get("max_forwards", 2), most, 1, 9),
            full_is_busy=full == "busy",
            voicemail=self.form.flag(body.get("voicemail", False), (*path, "voicemail")),
        )

    def _forwarding_list(self, body: Mapping[str, object], key: str) -> tuple[str, ...]:
        path = ("forwarding", key)
        items = list(self.form.items(body.get(key), path))
        if len(items) > MOST_FORWARDING:
            self.form.complain(path, f"at most {MOST_FORWARDING} destinations")
        return tuple(self._destination_name(item, at) for item, at in items)

    def _destination_name(self, value: object, path: Path) -> str:
        name = self.form.text(value, path)
        known = self._names["destinations"]
        if name and name not in known:
            self.form.complain(path, f"no destination {name!r}; {one_of(name, known)}")
        return name

    def _group(self, name: str, value: object, path: Path) -> Group:
        body = self.form.mapping(value, path, MODES | {"queue"})
        queue = (
            self._queue(body.pop("queue"), (*path, "queue")) if "queue" in body else None
        )
        if len(body) != 1:
            self.form.complain(path, "give one mode: " + ", ".join(sorted(MODES)))
            return Group(name=name, mode=Mode.ORDER, members=())
        ((word, listed),) = body.items()
        mode, path = Mode(word), (*path, word)
        members: list[tuple[str, int]] = []
        if mode is Mode.PERCENT:
            for member, share in self.form.mapping(listed, path).items():
                at = (*path, member)
                weight = self.form.whole(share, at, 0, 100)
                members.append((self._destination_name(member, at), weight))
            total = sum(weight for _, weight in members)
            if total != 100:
                self.form.complain(path, f"the shares sum to {total}, make them sum to 100")
        else:
            items = self.form.items(listed, path)
            members = [(self._destination_name(item, at), 0) for item, at in items]
        if not members:
            self.form.complain(path, "name at least one destination")
        if len({member for member, _ in members}) < len(members):
            self.form.complain(path, "a destination is named twice")
        return Group(name=name, mode=mode, members=tuple(members), queue=queue)

    def _queue(self, value: object, path: Path) -> Queue:
        body = self.form.mapping(value, path, ("music", "max_wait", "announce"))
        own, whole = Queue(), self.form.whole
        wait, announce = (*path, "max_wait"), (*path, "announce")
        return Queue(
            music=self._prompt(body["music"], (*path, "music"))
            if given(body, "music")
            else own.music,
            max_wait=whole(body.get("max_wait", own.max_wait), wait, 5, 600),
            announce=whole(body.get("announce", own.announce), announce, 10, 600),
        )

    def _menu(self, name: str, value: object) -> Menu:
        path = ("menus", name)
        self._named(name, path)
        keys = ("prompt", "timeout", "retries", "keys", "otherwise")
        body = self.form.mapping(value, path, keys)
        targets: dict[str, Target] = {}
        for key, to in self.form.mapping(body.get("keys"), (*path, "keys")).items():
            if not _KEY.fullmatch(key):
                self.form.complain((*path, "keys", key), "a key is digits, or * or #")
            place = f"menu:{name}:{key}"
            targets[key] = self._target(to, (*path, "keys", key), place)
        if not targets:
            self.form.complain((*path, "keys"), 'name at least one key: {"1": sales}')
        return Menu(
            name=name,
            prompt=self._prompt(body.get("prompt"), (*path, "prompt")),
            timeout=self.form.whole(body.get("timeout", 5), (*path, "timeout"), 1, 60),
            retries=self.form.whole(body.get("retries", 2), (*path, "retries"), 0, 9),
            keys=targets,
            otherwise=self._target(
                body["otherwise"], (*path, "otherwise"), f"menu:{name}:otherwise"
            )
            if given(body, "otherwise")
            else None,
        )

    def _target(self, value: object, path: Path, place: str) -> Target:
        """A target; a group written here is named after ``place``."""
        if isinstance(value, dict):
            return self._spelt_target(value, path, place)
        name = self.form.text(value, path)
        if name in self._names["groups"]:
            return ToGroup(name)
        known = self._names["destinations"]
        if name in self._names["menus"] and name not in known:
            self.form.complain(path, f"{name!r} is a menu; write {{menu: {name}}}")
        elif name not in known:
            hint = one_of(name, known | self._names["groups"])
            self.form.complain(path, f"no destination or group {name!r}; {hint}")
        return ToDestination(name)

    def _spelt_target(self, value: object, path: Path, place: str) -> Target:
        body = self.form.mapping(value, path, MODES | {"menu", "voicemail", "queue"})
        if len(body.keys() - {"queue"}) != 1 or (len(body) > 1 and not body.keys() & MODES):
            modes = ", ".join(sorted(MODES))
            self.form.complain(path, f"give one of: menu, voicemail, {modes}")
        if "voicemail" in body:
            if body["voicemail"] is not True:
                self.form.complain((*path, "voicemail"), "write {voicemail: true}")
            return ToVoicemail()
        if "menu" not in body:
            self._groups[place] = self._group(place, body, path)
            return ToGroup(place)
        name = self.form.text(body["menu"], (*path, "menu"))
        menus = self._names["menus"]
        if name not in menus:
            self.form.complain((*path, "menu"), f"no menu {name!r}; {one_of(name, menus)}")
        return ToMenu(name)

    def _voicemail(self) -> Voicemail:
        path = ("voicemail",)
        body = self.form.mapping(self._top.get("voicemail"), path, ("prompt", "seconds"))
        own = Voicemail()
        return Voicemail(
            prompt=self._prompt(body["prompt"], (*path, "prompt"))
            if given(body, "prompt")
            else own.prompt,
            seconds=self.form.whole(
                body.get("seconds", own.seconds), (*path, "seconds"), 5, 600
            ),
        )

    def _routes(self) -> tuple[Route, ...]:
        routes: list[Route] = []
        for value, path in self.form.items(self._top.get("routes"), ("routes",)):
            body = self.form.mapping(value, path, ("name", "when", "to"))
            name = self.form.text(body.get("name"), (*path, "name"))
            if any(route.name == name for route in routes):
                self.form.complain((*path, "name"), f"{name!r} is there already")
            when_path = (*path, "when")
            when = self.form.mapping(body.get("when"), when_path, CONDITIONS)
            to = self._target(body.get("to"), (*path, "to"), f"route:{name}")
            routes.append(Route(name=name, when=self._when(when, when_path), to=to))
        if not routes:
            self.form.complain(("routes",), "give at least one: {name: all, to: …}")
        elif routes[-1].when != When():
            last = ("routes", len(routes) - 1, "when")
            self.form.complain(
                last, "the last route must have no conditions, or calls would fit no route"
            )
        return tuple(routes)
