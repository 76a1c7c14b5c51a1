"""A plan from plain values: what ``planfile`` reads from YAML and from the store alike.

Every mistake is a complaint with its path. The rest of the document is read on, so that
one report names all of them.
"""

import re
from collections.abc import Collection
from datetime import date
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from b2bua.service.form import Form, one_of
from b2bua.service.number import service_number
from b2bua.service.plan import Announcements, Group, Plan, Route, When
from b2bua.service.plandestinations import read_destinations, read_forwarding
from b2bua.service.planfeatures import (
    read_greetings,
    read_override,
    read_recording,
    read_voicemail,
)
from b2bua.service.plangroups import read_group
from b2bua.service.planlimits import read_caps, read_screening
from b2bua.service.plannames import Known, Names
from b2bua.service.plantargets import Targets
from b2bua.service.plantext import Path
from b2bua.service.planwebhooks import read_webhooks

__all__ = ["Known", "PlanReader"]

PLAN_KEYS: Final = frozenset(
    (
        *("number", "name", "active", "timezone", "calendar", "language", "tariff"),
        *("greeting", "greetings", "destinations", "screening", "password"),
        *("announcements", "limits", "forwarding", "menus", "override", "routes"),
        *("groups", "webhooks", "recording", "voicemail", "survey"),
    )
)
DEFAULT_ZONE: Final = "Asia/Shanghai"
_PASSWORD = re.compile(r"(?:[0-9]{4,8})?")


class PlanReader:
    """Reads one plan; use it only if :attr:`form` has no complaints afterwards."""

    def __init__(self, value: object, known: Known) -> None:
        self.form = Form()
        self._known = known
        self._top = self.form.mapping(value, (), PLAN_KEYS)
        self._names = Names(self.form, self._top, known)
        self._groups: dict[str, Group] = {}
        self._targets = Targets(self._names, self._groups)

    def read(self) -> Plan:
        """The plan."""
        top, form, names = self._top, self.form, self._names
        closed, opened = self._calendar()
        destinations = read_destinations(names, top)
        for name, body in form.mapping(top.get("groups"), ("groups",)).items():
            self._groups[name] = read_group(names, name, body, ("groups", name))
        menus = {
            name: self._targets.menu(name, body)
            for name, body in form.mapping(top.get("menus"), ("menus",)).items()
        }
        announcements = top.get("announcements", Announcements.ALL.value)
        zone = self._timezone()
        return Plan(
            number=self._number(),
            name=form.text(top.get("name", ""), ("name",)),
            active=form.flag(top.get("active", True), ("active",)),
            timezone=zone,
            closed_days=closed,
            open_days=opened,
            language=self._one_of("language", "zh", ("zh", "en")),
            tariff=self._one_of("tariff", "standard", self._known.tariffs),
            greeting=names.optional_prompt(top, "greeting", ()) or None,
            greetings=read_greetings(names, top.get("greetings")),
            destinations=destinations,
            screening=read_screening(form, top.get("screening")),
            password=self._password(),
            announcements=form.choice(announcements, ("announcements",), Announcements),
            caps=read_caps(form, top.get("limits")),
            forwarding=read_forwarding(names, top.get("forwarding")),
            menus=menus,
            override=read_override(names, self._targets, top.get("override"), zone),
            routes=self._routes(),
            groups=self._groups,
            recording=read_recording(form, top.get("recording")),
            voicemail=read_voicemail(names, top.get("voicemail")),
            survey=form.flag(top.get("survey", False), ("survey",)),
            webhooks=read_webhooks(form, top.get("webhooks"), self._known.webhooks),
            prompts=names.prompts,
        )

    def _number(self) -> str:
        number = self._top.get("number")
        found = service_number(number) if isinstance(number, str) else None
        if found is None:
            self.form.complain(("number",), "must be a 400 number: 400 and seven digits")
        return found or ""

    def _timezone(self) -> str:
        name = self.form.text(self._top.get("timezone", DEFAULT_ZONE), ("timezone",))
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            self.form.complain(("timezone",), f"{name!r} is no time zone ({DEFAULT_ZONE})")
            return DEFAULT_ZONE
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

    def _routes(self) -> tuple[Route, ...]:
        routes: list[Route] = []
        for value, path in self.form.items(self._top.get("routes"), ("routes",)):
            body = self.form.mapping(value, path, ("name", "when", "to"))
            name = self.form.text(body.get("name"), (*path, "name"))
            if any(route.name == name for route in routes):
                self.form.complain((*path, "name"), f"{name!r} is there already")
            when = self._names.times.conditions(body.get("when"), (*path, "when"))
            to = self._targets.target(body.get("to"), (*path, "to"), f"route:{name}")
            routes.append(Route(name=name, when=when, to=to))
        if not routes:
            self.form.complain(("routes",), "give at least one: {name: all, to: …}")
        elif routes[-1].when != When():
            last = ("routes", len(routes) - 1, "when")
            self.form.complain(
                last, "the last route must have no conditions, or calls would fit no route"
            )
        return tuple(routes)
