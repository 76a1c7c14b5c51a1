"""What the API answers, as types: a client is generated from them, and tests hold to them.

Times are ISO 8601 with an offset; money is yuan as a decimal
string, or 厘 where it says so.
"""

# ruff: noqa: D101  # a name and its fields say it

from typing import Any, Literal, NotRequired

from pydantic import ConfigDict
from typing_extensions import TypedDict

Yuan = str
Moment = str
Text = str | None


class Answer(TypedDict):
    """The base: what is not named here is not sent."""

    __pydantic_config__ = ConfigDict(extra="forbid")  # type: ignore[misc]


class Fault(Answer):
    """What was wrong with one field of a request."""

    field: str
    message: str


class Refused(Answer):
    """Why not."""

    detail: str | list[Fault]


class Finding(Answer):
    """One thing that is wrong, or odd, with a plan; lines count from 1, 0 is none."""

    line: NotRequired[int]
    field: str
    message: str


class Findings(Answer):
    """Everything that is wrong with a plan."""

    findings: list[Finding]


class Conflict(Answer):
    """Somebody else was first."""

    detail: str
    why: NotRequired[str]


class Attempt(Answer):
    """One destination that was tried."""

    destination: str
    outcome: str
    status: int
    q850: int
    ring_ms: int


class Call(Answer):
    """One record, as in a list."""

    id: str
    number: str
    caller: str
    area: str
    invite_at: Moment
    answered_at: Text
    ended_at: Moment
    outcome: Literal["answered", "busy", "no-answer", "abandoned", "refused", "failed"]
    destination: str
    talk_ms: int
    charged_ms: int
    fee: Yuan
    caller_fee: Yuan
    end_reason: str
    attempts: list[Attempt]


class Calls(Answer):
    """A page of records; ``next`` is ``after`` of the next page."""

    calls: list[Call]
    next: Text


class Step(Answer):
    """One rule that was looked at."""

    rule: str
    passed: bool
    why: str


class LadderLine(Answer):
    """One SIP message."""

    at_ms: int
    leg: str
    sent: bool
    line: str


class Quality(Answer):
    """What was measured of one leg's audio."""

    leg: str
    packets_received: int
    packets_sent: int
    packets_lost: int
    packets_dropped: int
    jitter_ms: float
    remote_lost: int
    remote_jitter_ms: float
    round_trip_ms: float | None
    mos: float | None


class WholeCall(Call):
    """One record whole."""

    plan_version: int
    early_media_at: Text
    destination_answered_at: Text
    status: int
    q850: int
    route: str
    keys: str
    setup_ms: int
    charge_basis: str
    tariff: str
    arithmetic: str
    trace: list[Step]
    ladder: list[LadderLine]
    quality: list[Quality]


class LiveCall(Answer):
    """One call that is up."""

    id: str
    number: str
    caller: str
    state: str
    since: Moment
    destination: str


class LiveCalls(Answer):
    calls: list[LiveCall]


class Plan(Answer):
    """The current plan, as values and as text."""

    number: str
    version: int
    plan: dict[str, Any]
    yaml: str
    findings: list[Finding]


class Published(Answer):
    """A version that calls follow."""

    number: str
    version: int
    changes: list[str]
    findings: NotRequired[list[Finding]]


class Refusal(Answer):
    status: int
    q850: int
    announcement: Text


class Explanation(Answer):
    """What would become of a call."""

    number: str
    caller: str
    area: str
    at: Moment
    outcome: str
    route: str
    destinations: list[str]
    refusal: Refusal | None
    charge_basis: str
    trace: list[Step]


class Advice(Answer):
    what: str
    why: str


class Table(Answer):
    title: str
    columns: list[str]
    rows: list[list[Any]]


class Report(Answer):
    """A month in tables."""

    number: str
    month: str
    complete: bool
    calls: int
    answered: int
    advice: list[Advice]
    tables: dict[str, Table]


class Override(Answer):
    override: dict[str, Any] | None


class Version(Answer):
    version: int
    published_at: Moment


class Versions(Answer):
    versions: list[Version]


class Change(Answer):
    """One place in a plan, before and after; secrets are told of, not told."""

    path: list[str | int]
    before: Any
    after: Any
    secret: bool


class WholeVersion(Version):
    yaml: str
    changes: list[Change]


class Kept(Answer):
    base: int
    yaml: str


class Draft(Answer):
    draft: Kept | None


class Moved(TypedDict):
    """Calls that would go elsewhere."""

    __pydantic_config__ = ConfigDict(extra="allow")  # type: ignore[misc]
    calls: int


class Reckoning(Answer):
    """What a draft would have meant for the last month."""

    calls: int
    elsewhere: int
    expected: float
    cut: bool
    changes: list[Moved]


class Prompt(Answer):
    name: str
    seconds: float
    uploaded_at: Moment


class Prompts(Answer):
    prompts: list[Prompt]
    catalogue: list[str]


class Delivery(Answer):
    id: Any
    url: str
    event: str
    state: str
    attempts: int
    said: str
    created_at: Moment


class Deliveries(Answer):
    deliveries: list[Delivery]


class Identity(Answer):
    id: Any


class Session(Answer):
    number: str
    user: str
    role: str
    rights: list[str]
    reveal: bool


class OpenedSession(Answer):
    number: str


class OpenedHouse(Answer):
    operator: str


class Revealed(Answer):
    number: str
    reveal: bool


class User(Answer):
    name: str
    role: str
    two_steps: bool
    created_at: Moment
    signed_in_at: Text


class Users(Answer):
    users: list[User]


class Named(Answer):
    user: str


class Token(Answer):
    id: str
    user: str
    label: str
    scopes: list[str]
    created_at: Moment
    expires_at: Text
    used_at: Text
    used_from: str


class Tokens(Answer):
    tokens: list[Token]


class NewToken(Answer):
    """``token`` is shown only here."""

    token: str
    id: str


class OpenSession(Answer):
    id: str
    user: str
    address: str
    agent: str
    created_at: Moment
    seen_at: Moment
    this: bool


class Sessions(Answer):
    sessions: list[OpenSession]


class Secret(Answer):
    secret: str
    uri: str


class RecoveryCodes(Answer):
    recovery_codes: list[str]


class Deed(Answer):
    seq: int
    at: Moment
    number: str
    actor: str
    role: str
    address: str
    act: str
    subject: str
    detail: str


class Deeds(Answer):
    entries: list[Deed]
    next: int | None


class Cap(Answer):
    """How far a cap is used; money in 厘."""

    name: str
    used: int
    cap: int | None


class Alert(Answer):
    level: Literal["bad", "warn", "info"]
    key: str
    fields: dict[str, str]


class Post(Answer):
    """One destination as it stands now."""

    destination: str
    person: str
    calls: int
    closed: str
    duty: bool | None


class Today(Answer):
    """What the first page shows."""

    live: list[LiveCall]
    total: int
    missed: int
    outcomes: dict[str, int]
    caps: list[Cap]
    alerts: list[Alert]
    posts: list[Post]
