"""Plans and calls by chance: every feature, in every company."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import TypeAlias

from b2bua.service.plan import Plan
from b2bua.service.planfile import read_plain
from b2bua.service.planreading import Known

Value: TypeAlias = object
Body: TypeAlias = dict[str, Value]

PASSWORD = "20264"
MOBILES = ("13800001111", "13800138000", "13900009999", "13712345678")
CALLERS = (*MOBILES, "075588886666", "01012345678", "089812345678", "10086", "anonymous")
DESKS = ("ann", "ben", "cai", "dan")
KEYS = ("1", "2", "3", "0", "*", "#", "801", "9")
DAYS = ("Mon-Fri", "Sat,Sun", "Mon-Sun", "Fri", "Sat-Mon")
HOURS = ("09:00-17:59", "18:00-08:59", "00:00-23:59", "12:00-12:29", "22:00-06:00")


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """One call that is made."""

    caller: str
    at: datetime
    keys: tuple[str, ...]


class Chance:
    """One plan and its calls, by seed."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)
        self._menus: tuple[str, ...] = ()
        self._groups: tuple[str, ...] = ()

    def some(self, share: float) -> bool:
        """Whether something is so."""
        return self._random.random() < share

    def plan(self) -> Plan:
        """A plan that is valid."""
        pick = self._random
        self._groups = tuple(f"group-{n}" for n in range(pick.randint(0, 3)))
        self._menus = tuple(f"menu-{n}" for n in range(pick.randint(0, 3)))
        routes: list[Value] = [
            {"name": f"route-{n}", "when": self._when(wide=True), "to": self._target()}
            for n in range(pick.randint(0, 4))
        ]
        body: Body = {
            "number": "4006001234",
            "destinations": {name: self._desk(n) for n, name in enumerate(DESKS)},
            "screening": self._screening(),
            "forwarding": {
                "busy": pick.sample(DESKS, pick.randint(0, 3)),
                "no_answer": pick.sample(DESKS, pick.randint(0, 3)),
                "max_forwards": pick.randint(1, 4),
                "full": pick.choice(("busy", "refuse")),
                "voicemail": self.some(0.3),
            },
            "announcements": pick.choice(("all", "none")),
            "groups": {name: self._group() for name in self._groups},
            "menus": {name: self._menu() for name in self._menus},
            "routes": [*routes, {"name": "last", "to": self._target()}],
            "language": pick.choice(("zh", "en")),
            "survey": self.some(0.2),
        }
        self._extras(body)
        read = read_plain(body, "chance", Known())
        assert isinstance(read, Plan), read
        return read

    def calls(self, count: int) -> list[Try]:
        """Calls at any time of two years, each at the beginning of a minute."""
        pick = self._random
        start = datetime(2026, 1, 1, tzinfo=UTC)
        return [
            Try(
                caller=pick.choice(CALLERS),
                at=start + timedelta(minutes=pick.randrange(2 * 365 * 1440)),
                keys=tuple(pick.choices(KEYS, k=pick.randint(0, 4))),
            )
            for _ in range(count)
        ]

    def _extras(self, body: Body) -> None:
        pick = self._random
        if self.some(0.3):
            body["password"] = PASSWORD
        if self.some(0.4):
            body["greeting"] = "welcome"
        if self.some(0.3):
            timed = {"prompt": "evening", "when": self._when()}
            body["greetings"] = [timed, {"prompt": "night", "when": self._when()}]
        if self.some(0.3):
            body["recording"] = {"notice": self.some(0.5)}
        if self.some(0.3):
            body["limits"] = {
                "calls_per_month": pick.randint(0, 20),
                "calls_per_week": pick.randint(0, 20),
                "spend_per_month": pick.choice(("0.00", "1.20", "500.00")),
                "count": pick.choice(("admitted", "offered", "answered")),
            }
        if self.some(0.3):
            body["calendar"] = {"closed": ["2026-11-20"], "open": ["2026-11-21"]}
        if self.some(0.4):
            since = datetime(2026, 1, 1) + timedelta(days=pick.randrange(600))  # noqa: DTZ001  # of the plan's zone
            until = since + timedelta(days=pick.randint(1, 400))
            body["override"] = {
                "to": self._target(),
                "since": since.isoformat(),
                "until": until.isoformat(),
                "note": pick.choice(("", "台风")),
            }

    def _desk(self, place: int) -> Body:
        pick = self._random
        desk: Body = {"number": f"0208888600{place + 1}", "trunk": f"desk-{place}"}
        if self.some(0.1):
            desk["number"] = pick.choice(MOBILES)
        if self.some(0.3):
            desk["concurrent"] = 1
        if self.some(0.3):
            desk["when"] = self._when()
        if self.some(0.2):
            desk["whisper"] = "whisper"
        return desk

    def _screening(self) -> Body:
        pick = self._random
        screening: Body = {"anonymous": pick.choice(("accept", "accept", "reject"))}
        if self.some(0.3):
            screening["blacklist"] = ["13800138000", "0898*"]
        if self.some(0.3):
            screening["whitelist"] = [pick.choice(CALLERS[:-1])]
        if self.some(0.3):
            screening["areas"] = {pick.choice(("allow", "deny")): ["0755", "北京", "138*"]}
        if self.some(0.2):
            screening["frequency"] = {"calls": pick.randint(1, 3), "minutes": 60}
        return screening

    def _when(self, *, wide: bool = False) -> Body:
        pick, when = self._random, dict[str, Value]()
        if self.some(0.4):
            when["days"] = pick.choice(DAYS)
        if self.some(0.5):
            when["hours"] = pick.sample(HOURS, pick.randint(1, 2))
        if self.some(0.3):
            when["workday"] = self.some(0.5)
        if self.some(0.1):
            when["dates"] = ["2026-01-01/2026-12-31"]
        if wide and self.some(0.3):
            when["areas"] = pick.sample(("0755", "北京", "unknown", "0898"), 2)
        if wide and self.some(0.2):
            when["callers"] = [pick.choice(("138*", "0755*", "13712345678"))]
        return when

    def _group(self) -> Body:
        pick = self._random
        mode = pick.choice(("percent", "order", "rotate", "random", "all", "roster"))
        members = pick.sample(DESKS, pick.randint(1, 3))
        group: Body = {mode: members}
        if mode == "percent":
            share = 100 // len(members)
            shares = [share] * (len(members) - 1)
            group[mode] = dict(zip(members, [*shares, 100 - sum(shares)], strict=True))
        if mode == "roster":
            group[mode] = [
                {"name": f"shift-{place}", "when": self._when(), "on": [one]}
                for place, one in enumerate(members)
            ]
        if mode != "all" and self.some(0.4):
            group["familiar"] = pick.choice((1, 30, 366))
        if self.some(0.4):
            group["queue"] = {"max_wait": 20, "position": self.some(0.5)}
        return group

    def _target(self) -> Value:
        pick, draw = self._random, self._random.random()
        if draw < 0.35 and self._groups:
            return pick.choice(self._groups)
        if draw < 0.6 and self._menus:
            return {"menu": pick.choice(self._menus)}
        if draw < 0.65:
            return {"voicemail": True}
        return self._group() if draw < 0.8 else pick.choice(DESKS)

    def _menu(self) -> Body:
        pick = self._random
        keys: Body = {key: self._target() for key in pick.sample(KEYS[:4], 2)}
        for key in ("*", "#", "801"):
            if self.some(0.5):
                keys[key] = pick.choice(("repeat", "back", self._target()))
        menu: Body = {"prompt": "menu", "keys": keys, "retries": pick.randint(0, 2)}
        if self.some(0.5):
            menu[pick.choice(("otherwise", "operator"))] = self._target()
        return menu
