"""A town for the features of the service: one node, one desk, and whoever calls.

Every plan is written for the moment at which the tests run. Where the called number ends in
``200`` somebody answers; ``tests.support.desk`` has the other endings.
"""

import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from b2bua.service.record import CallRecord
from tests.support.desk import Desk
from tests.support.node import Node, until
from tests.support.phone import Heard, Phone
from tests.support.tones import Samples

HOST: Final = "127.44.0.1"
DESK: Final = "127.44.0.2"
HOOK: Final = "127.44.0.3"
SETTINGS: Final = (
    f'[sip]\nlisten = ["udp:{HOST}:5060"]\n[media]\nports = "22000-22399"\nthreads = 1\n'
    f'[[trunk]]\nname = "unicom"\nfrom = ["127.44.0.0/16"]\nto = "sip:{DESK}:5060"\n'
    "trusted = true\n"
)
KEY_SECONDS: Final = 0.15
"""Between two keys."""
PAUSE_SECONDS: Final = 1.0
"""What ``w`` waits among keys."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a caller was told, and heard."""

    caller: str
    status: int
    reason: str
    """Of the refusal, or of the BYE; empty if the caller hung up."""
    early: bool
    """Audio was offered before the final response."""
    heard: Samples


def now() -> datetime:
    """In the zone of every plan."""
    return datetime.now(UTC).astimezone(ZoneInfo("Asia/Shanghai"))


def hours(begin: int, end: int) -> str:
    """From so many hours after now to so many."""
    first, last = (now() + timedelta(hours=shift) for shift in (begin, end))
    return f"{first:%H:%M}-{last:%H:%M}"


NOW: Final = f'hours: "{hours(-2, 2)}"'
LATER: Final = f'hours: "{hours(4, 6)}"'
THESE_DAYS: Final = f"{now():%Y-%m-%d}/{now() + timedelta(days=1):%Y-%m-%d}"
BOTH_DAYS: Final = f"[{THESE_DAYS.replace('/', ', ')}]"


class Plans:
    """Numbers by name, each with its plan."""

    def __init__(self) -> None:
        self.numbers: dict[str, str] = {}
        self.texts: list[str] = []
        self._numbers = itertools.count(4006500001)
        self._places = itertools.count(1)

    def add(self, name: str, body: str, spoken: bool = False, **answers: int) -> None:
        """A number; ``answers`` are its destinations, and what becomes of calls to them."""
        number = str(next(self._numbers))
        destinations = ", ".join(
            f"{one}: {{number: '{self.place(answer)}', trunk: unicom"
            f"{', concurrent: 1' if one == 'single' else ''}}}"
            for one, answer in answers.items()
        )
        announced = "" if spoken else "announcements: none\n"
        self.numbers[name] = number
        self.texts.append(
            f"number: '{number}'\n{announced}destinations: {{{destinations}}}\n{body}"
        )

    def place(self, answer: int) -> str:
        """Where nobody else is called, with what becomes of calls to it."""
        return f"0208{next(self._places):04}{answer:03}"


@dataclass(slots=True)
class Town:
    """The node, its destinations and its callers."""

    node: Node
    desk: Desk
    plans: Plans
    _addresses: Any
    _callers: Any

    @classmethod
    def of(cls, node: Node, desk: Desk, plans: Plans) -> "Town":
        hosts = (
            f"127.44.{third}.{last}" for third in range(1, 9) for last in range(1, 255)
        )
        callers = (f"0108000{number:04}" for number in range(1, 9999))
        return cls(node, desk, plans, hosts, callers)

    def call(
        self,
        name: str,
        caller: str = "",
        *,
        keys: str = "",
        stay: float = 0.2,
        meanwhile: Callable[[], object] = lambda: None,
    ) -> Told:
        """Call the number of that name, press keys and stay so long, or to the end."""
        caller = caller or next(self._callers)
        with Phone(next(self._addresses), HOST) as phone:
            invitation = phone.invitation(self.plans.numbers[name], caller)
            phone.send(invitation)
            early, final = _final(phone)
            status, reason = int(final.start.split()[1]), final.value("Reason")
            if status >= 300:
                phone.accept_refusal(invitation, final)
            else:
                phone.acknowledge(final)
                meanwhile()
                reason = _stay(phone, keys, stay)
        heard = phone.audio.sound(0.0, time.monotonic())
        return Told(caller=caller, status=status, reason=reason, early=early, heard=heard)

    def record(self, name: str, told: Told) -> CallRecord:
        """The one record of a caller who called that number once."""
        records = until(lambda: self.records(name, told), why=f"a record of {name}")
        assert len(records) == 1
        return records[0]

    def records(self, name: str, told: Told) -> list[CallRecord]:
        """All that a caller's calls of that number left, the newest first."""
        every = self.node.records(self.plans.numbers[name])
        return [one for one in every if one.caller == told.caller]

    def command(self, name: str, *arguments: str) -> str:
        """A command about the number of that name."""
        verb, *rest = arguments
        done = self.node.run(verb, self.plans.numbers[name], *rest)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


def _final(phone: Phone) -> tuple[bool, Heard]:
    """Whether audio was offered early, and the final response."""
    early = False
    for heard in phone.hearing(40.0):
        if heard.start.startswith("SIP/2.0 2") or heard.start[8:9] > "2":
            return early, heard
        early = early or bool(heard.body)
    raise AssertionError(f"{phone.address}: no final response")


def _stay(phone: Phone, keys: str, seconds: float) -> str:
    """Press keys, and stay; why the far end hung up, or nothing."""
    for key in keys:
        if key != "w":
            body = f"Signal={key}\r\nDuration=160\r\n"
            info = phone.request("INFO", more="Content-Type: application/dtmf-relay\r\n")
            head = info.replace(
                b"Content-Length: 0", f"Content-Length: {len(body)}".encode()
            )
            phone.send(head + body.encode())
        ended = _ended(phone, PAUSE_SECONDS if key == "w" else KEY_SECONDS)
        if ended is not None:
            return ended
    ended = _ended(phone, seconds)
    if ended is None:
        phone.hang_up()
    return ended or ""


def _ended(phone: Phone, seconds: float) -> str | None:
    """Why the far end hung up; None: it did not in this time."""
    for heard in phone.hearing(seconds):
        if heard.start.startswith("BYE"):
            phone.reply(heard, 200)
            phone.up = False
            return heard.value("Reason") or "none given"
    return None
