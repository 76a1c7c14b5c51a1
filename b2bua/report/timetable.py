"""Reports that are sent by themselves: what may be asked for, and when each is due.

A subscription asks for the last week or the last month, at a full hour of the day after it,
on the clocks of the number's zone. What it asks for is judged here, and worded.
"""
# ruff: noqa: RUF001  # Chinese punctuation is meant

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time
from enum import Enum
from typing import Final
from zoneinfo import ZoneInfo

from b2bua.report.month import Month, Period, Week
from b2bua.report.wording import Language
from b2bua.service.webhook import Reach, url_fault

MOST_SUBSCRIPTIONS: Final = 8
"""Of one number."""
MOST_ADDRESSES: Final = 10
"""Of one subscription."""
MOST_OWED: Final = 3
"""Periods that are made up for after an interruption."""
LONGEST_ADDRESS: Final = 254
"""RFC 5321 §4.5.3.1.3, without the angle brackets."""
LONGEST_LOCAL: Final = 64
"""RFC 5321 §4.5.3.1.1."""
SHORTEST_SECRET: Final = 16
_ATOM: Final = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL: Final = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ADDRESS: Final = re.compile(rf"({_ATOM}(?:\.{_ATOM})*)@({_LABEL}(?:\.{_LABEL})*)")
_SECRET: Final = re.compile(r"[\x21-\x7e]{16,128}")


class Rhythm(Enum):
    """How often."""

    WEEK = "week"
    MONTH = "month"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """What is sent, when and to whom."""

    rhythm: Rhythm
    hour: int = 8
    """Of the day after the period."""
    language: Language = Language.ZH
    mail: tuple[str, ...] = ()
    webhook: str = ""
    whole: bool = False
    """With callers' whole numbers."""
    active: bool = True


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a field of a subscription."""

    field: str
    key: str
    """Of :data:`FAULTS`."""

    def said(self, language: Language) -> str:
        """In a language."""
        return FAULTS[self.key][0 if language is Language.ZH else 1]


FAULTS: Final[Mapping[str, tuple[str, str]]] = {
    "nobody": (
        "请填写邮箱地址或 Webhook 地址，否则无人收到。",
        "give a mail address or a webhook: nobody would get it",
    ),
    "address": (
        "不是有效的邮箱地址（例如 name@example.com）",
        "this is no mail address such as name@example.com",
    ),
    "addresses": (
        f"最多 {MOST_ADDRESSES} 个邮箱地址",
        f"at most {MOST_ADDRESSES} mail addresses",
    ),
    "twice": ("同一个邮箱地址写了两次", "an address is given twice"),
    "no_server": (
        "本系统没有设置邮件服务器（b2bua.toml 的 [mail]）：请联系运营商，或改用 Webhook",
        "no mail server is set ([mail] in b2bua.toml): ask the operator, or use a webhook",
    ),
    "hour": ("整点须为 0 至 23", "the hour is from 0 to 23"),
    "url": (
        "Webhook 须为运营商允许的 https 地址",
        "the webhook must be an https address that the operator allows",
    ),
    "secret": (
        "密钥须为 16 至 128 个字母、数字或符号，不含空格",
        "the secret needs 16 to 128 letters, digits and signs without spaces",
    ),
    "whole": (
        "您的角色不能发送完整号码",
        "your role may not send whole numbers",
    ),
    "too_many": (
        f"每个号码最多 {MOST_SUBSCRIPTIONS} 个定时报告",
        f"a number has at most {MOST_SUBSCRIPTIONS} scheduled reports",
    ),
    "too_often": (
        "刚才已发送多次，请过一会儿再试",
        "it was sent several times just now: wait a little",
    ),
    "gone": ("这个定时报告已被移除", "this scheduled report is there no more"),
}
"""Chinese and English by key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What there is to send by, and who asks."""

    mail: bool
    """There is a mail server."""
    reach: Reach
    """Where webhooks may go."""
    reveal: bool
    """Who asks may see whole numbers."""


def faults(asked: Subscription, secret: str, means: Means) -> Iterator[Fault]:
    """Everything that is wrong; an empty ``secret`` is one that is not changed."""
    if not asked.mail and not asked.webhook:
        yield Fault("mail", "nobody")
    if len(asked.mail) > MOST_ADDRESSES:
        yield Fault("mail", "addresses")
    if any(not is_address(one) for one in asked.mail):
        yield Fault("mail", "address")
    if len({one.lower() for one in asked.mail}) < len(asked.mail):
        yield Fault("mail", "twice")
    if asked.mail and not means.mail:
        yield Fault("mail", "no_server")
    if not 0 <= asked.hour <= 23:
        yield Fault("hour", "hour")
    if asked.webhook and url_fault(asked.webhook, means.reach):
        yield Fault("webhook", "url")
    if secret and _SECRET.fullmatch(secret) is None:
        yield Fault("secret", "secret")
    if asked.whole and not means.reveal:
        yield Fault("whole", "whole")


def is_address(text: str) -> bool:
    """Whether it is a mail address as people have them: a dot-string, ``@``, a name.

    RFC 5321 §4.1.2, without quoted strings and literals, which hide what they are.
    """
    found = _ADDRESS.fullmatch(text)
    return (
        found is not None
        and len(text) <= LONGEST_ADDRESS
        and len(found[1]) <= LONGEST_LOCAL
    )


def period_at(rhythm: Rhythm, at: datetime, zone: ZoneInfo) -> Period:
    """The week or month that a moment is in."""
    day = at.astimezone(zone).date()
    return Week.of(day) if rhythm is Rhythm.WEEK else Month(day.year, day.month)


def due_at(period: Period, hour: int, zone: ZoneInfo) -> datetime:
    """When the report of a period is due, in UTC."""
    local = datetime.combine(period.next.first, time(hour), zone)
    return local.astimezone(UTC)


def owed(
    asked: Subscription, zone: ZoneInfo, since: datetime, now: datetime
) -> tuple[Period, ...]:
    """The periods whose reports became due after ``since``, the oldest first.

    After a long interruption only the latest :data:`MOST_OWED`.
    """
    found: list[Period] = []
    period = period_at(asked.rhythm, now, zone).before
    while len(found) < MOST_OWED:
        due = due_at(period, asked.hour, zone)
        if due <= since:
            break
        if due <= now:
            found.append(period)
        period = period.before
    return tuple(reversed(found))
