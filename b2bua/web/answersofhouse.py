"""What the operator's part of the API answers, and that of scheduled reports, as types."""

# ruff: noqa: D101  # a name and its fields say it

from typing import Any, NotRequired

from b2bua.web.answers import Answer, LiveCall, Moment, Text, Yuan


class NumberRow(Answer):
    """A number in a list."""

    number: str
    name: str
    version: int
    active: bool
    tariff: str
    capped: bool
    calls_this_month: int
    spend_this_month: Yuan
    live: int
    last_call_at: Text
    last_sign_in_at: Text


class Numbers(Answer):
    numbers: list[NumberRow]
    total: int


class OpenedNumber(Answer):
    number: str
    version: int


class Terms(Answer):
    """What the operator decides about a number; spend in 厘."""

    number: str
    name: str
    version: int
    active: bool
    tariff: str
    calls_per_month: int | None
    calls_per_week: int | None
    spend_per_month: int | None


class ChangedNumber(Answer):
    number: str


class Acting(Answer):
    number: str
    changes: bool


class Sums(Answer):
    """All numbers together."""

    numbers: int
    suspended: int
    live: int
    calls_this_month: int
    spend_this_month: Yuan


class HouseCall(LiveCall):
    node: str


class HouseCalls(Answer):
    calls: list[HouseCall]


class Ended(Answer):
    id: str


class Trunk(Answer):
    node: str
    trunk: str
    address: str
    state: str
    since: Moment
    detail: str
    calls: int
    registered: bool


class Trunks(Answer):
    trunks: list[Trunk]


class Node(Answer):
    name: str
    state: str
    started_at: Moment
    seen_at: Moment
    version: str
    calls: int
    waiting: int


class Nodes(Answer):
    nodes: list[Node]


class Alarm(Answer):
    kind: str
    subject: str
    detail: str
    node: str
    since: Text


class Alarms(Answer):
    alarms: list[Alarm]


class Tariff(Answer):
    """A price; ``unit_price`` in 厘."""

    name: str
    version: int
    unit_seconds: int
    unit_price: int
    yuan: Yuan


class Tariffs(Answer):
    tariffs: list[Tariff]


class PricedTariff(Answer):
    name: str
    version: int


class Areas(Answer):
    """Which table is in use; ``name`` is null for the one that came along."""

    name: Text
    dated: Text
    imported_at: NotRequired[Moment]


class Difference(Answer):
    added: int
    removed: int
    changed: int
    total: int
    examples: list[str]


class Year(Answer):
    year: int
    source: str
    holidays: list[str]
    workdays: list[str]


class Calendar(Answer):
    years: list[Year]


class Settlement(Answer):
    month: str
    numbers: list[dict[str, Any]]
    enterprise_yuan: Yuan
    caller_yuan: Yuan


class Subscription(Answer):
    id: int
    rhythm: str
    hour: int
    language: str
    mail: list[str]
    webhook: str
    whole: bool
    active: bool
    next: Text
    changed_by: str


class Sent(Answer):
    to: str
    state: str
    attempts: int
    said: str
    settled_at: Text


class Run(Answer):
    id: Any
    subscription: int | None
    period: str
    asked_by: str
    state: str
    said: str
    created_at: Moment
    made_at: Text
    sent: list[Sent]


class Reports(Answer):
    mail_server: bool
    subscriptions: list[Subscription]
    reports: list[Run]


class KeptReport(Answer):
    """A secret that was drawn is told this once."""

    id: int
    secret: NotRequired[str]


class RemovedReport(Answer):
    removed: int


class SentReport(Answer):
    report: Any
