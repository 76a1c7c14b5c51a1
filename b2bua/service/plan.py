"""Everything configured for one 400 number, immutable; and a snapshot of all of it.

A plan is read from YAML by :mod:`b2bua.service.planfile`, kept in PostgreSQL as published,
and replaced whole. A call keeps the plan it began with; the next call sees the next one.
Money is integer 厘 (0.001 yuan).
"""

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import ClassVar, TypeAlias

from b2bua.service.webhook import Webhook


class Anonymous(enum.Enum):
    """What becomes of callers that hide their number."""

    ACCEPT = "accept"
    REJECT = "reject"


class Announcements(enum.Enum):
    """Whether a refusal is spoken before the final response."""

    ALL = "all"
    NONE = "none"


class Mode(enum.Enum):
    """How a group chooses among its members (轮选方式)."""

    PERCENT = "percent"
    ORDER = "order"
    ROTATE = "rotate"
    RANDOM = "random"
    ALL = "all"
    """Ring all at once (同振)."""
    ROSTER = "roster"
    """Whoever is on duty, in the order of the shifts (值班表)."""


class Counted(enum.Enum):
    """Which calls count towards the caps of a period."""

    ADMITTED = "admitted"
    """Those that passed screening."""
    OFFERED = "offered"
    """Every call to the number, except those that a cap refuses."""
    ANSWERED = "answered"
    """Those that a destination answered."""


class Legs(enum.Enum):
    """Whose voice is recorded."""

    BOTH = "both"
    """In two channels: the caller left, the destination right."""
    CALLER = "caller"
    DESTINATION = "destination"


@dataclass(frozen=True, slots=True, kw_only=True)
class When:
    """Conditions of a route; all that are given must hold.

    A rule for the whole working week (Monday to Friday) with ``workday: true`` takes in
    make-up workdays, and one for the weekend with ``workday: false`` takes in holidays.
    """

    days: frozenset[int] = frozenset(range(7))
    """Monday is 0."""
    hours: tuple[tuple[int, int], ...] = ()
    """First and last minute of the day, both inclusive; first > last goes over midnight."""
    workday: bool | None = None
    """True: only workdays as the calendar has them; False: only days off."""
    areas: tuple[str, ...] = ()
    """Area codes or provinces, any of them; ``unknown`` for callers without an area."""
    callers: tuple[str, ...] = ()
    """Caller numbers or prefixes that end in ``*``."""
    dates: tuple[tuple[date, date], ...] = ()
    """First and last day, any of them; outranks ``days`` and ``workday``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """One answering number (目的码)."""

    name: str
    number: str
    trunk: str
    ring: int = 15
    """Seconds it may ring before it counts as no answer, 10 to 60."""
    concurrent: int | None = None
    """Calls it may have at once; None: no limit."""
    when: When | None = None
    """When it answers calls (值班): days, hours, workday, dates; None: always."""
    whisper: str = ""
    """Name of a prompt that it alone hears before it is joined; empty: none."""
    accept: bool = False
    """Whoever picks up must press 1, or it counts as no answer: a mobile's mailbox does
    not take the call."""
    person: str = ""
    """Who answers there; empty: not said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frequency:
    """How often one caller may call: at most ``calls`` in any ``minutes``."""

    calls: int
    minutes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Screening:
    """Who may call."""

    blacklist: tuple[str, ...] = ()
    """Exact numbers, or prefixes that end in ``*``."""
    whitelist: tuple[str, ...] = ()
    allow_areas: tuple[str, ...] | None = None
    """Area codes, provinces, or number prefixes that end in ``*``; None: no allow-list."""
    deny_areas: tuple[str, ...] = ()
    anonymous: Anonymous = Anonymous.ACCEPT
    frequency: Frequency | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Caps:
    """Limits per period; None: none."""

    calls_per_month: int | None = None
    calls_per_week: int | None = None
    spend_per_month: int | None = None
    """厘."""
    count: Counted = Counted.ADMITTED
    """Which calls count."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Forwarding:
    """Where a call goes on busy and on no answer (遇忙/无应答转移)."""

    busy: tuple[str, ...] = ()
    """Names of destinations, in order."""
    no_answer: tuple[str, ...] = ()
    max_forwards: int = 2
    """Attempts after the first, 1 to 9."""
    full_is_busy: bool = False
    """A destination at its limit counts as busy; otherwise the call is refused."""
    voicemail: bool = False
    """Whom nobody answers may leave a message (留言), instead of being refused."""


@dataclass(frozen=True, slots=True)
class ToDestination:
    """Ring this destination."""

    name: str

    def __str__(self) -> str:
        return f"destination {self.name}"


@dataclass(frozen=True, slots=True)
class ToGroup:
    """Let this group choose."""

    name: str

    def __str__(self) -> str:
        return f"group {self.name}"


@dataclass(frozen=True, slots=True)
class ToMenu:
    """Ask the caller."""

    name: str

    def __str__(self) -> str:
        return f"menu {self.name}"


@dataclass(frozen=True, slots=True)
class ToVoicemail:
    """Let the caller leave a message."""

    name: ClassVar[str] = "voicemail"
    """What it is called among menus and destinations."""

    def __str__(self) -> str:
        return self.name


Target: TypeAlias = ToDestination | ToGroup | ToMenu | ToVoicemail


@dataclass(frozen=True, slots=True)
class Repeat:
    """Ask the same menu again."""

    name: ClassVar[str] = "repeat"


@dataclass(frozen=True, slots=True)
class Back:
    """Ask the menu before; the first menu asks again."""

    name: ClassVar[str] = "back"


KeyTarget: TypeAlias = Target | Repeat | Back
"""What a key may do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """How callers wait for a group whose destinations are all busy."""

    music: str = ""
    """Name of a prompt; empty: the music that came with the program."""
    max_wait: int = 60
    """Seconds a caller may wait before it goes on as if there were no queue."""
    announce: int = 20
    """Seconds between two announcements that all are busy."""
    position: bool = False
    """The announcements tell how many callers are before this one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """Who is on duty when (班次)."""

    name: str
    when: When
    """Days, hours, workday, dates."""
    on: tuple[str, ...]
    """Names of destinations."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Destinations among which a mode chooses.

    A group written inside a route or a key is named after the place: ``route:south``.
    """

    name: str
    mode: Mode
    members: tuple[tuple[str, int], ...]
    """Names of destinations with weights, which are 0 unless the mode is PERCENT; of a
    ROSTER everybody who is in any shift."""
    queue: Queue | None = None
    """None: nobody waits, the call is forwarded or refused."""
    shifts: tuple[Shift, ...] = ()
    """Of a ROSTER: who is on duty when."""
    familiar: int | None = None
    """A caller who talked with a member within so many days is offered that member first
    (熟客); None: nobody is remembered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Menu:
    """A question to the caller, answered by a key (语音导航)."""

    name: str
    prompt: str
    timeout: int = 5
    """Seconds to wait for a key after the prompt."""
    retries: int = 2
    """How often the prompt is repeated after silence or a wrong key."""
    keys: Mapping[str, KeyTarget]
    otherwise: Target | None = None
    """Where the call goes after the retries; None: it is refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """That talks are recorded, and how."""

    notice: bool = True
    """Both sides are told before they hear each other."""
    legs: Legs = Legs.BOTH


@dataclass(frozen=True, slots=True, kw_only=True)
class Voicemail:
    """How a message is taken (留言)."""

    prompt: str = "voicemail"
    seconds: int = 120
    """How long a message may be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One rule; the first that matches decides."""

    name: str
    when: When
    to: Target


@dataclass(frozen=True, slots=True, kw_only=True)
class TimedGreeting:
    """A greeting for certain times."""

    prompt: str
    when: When
    """Days, hours, workday, dates."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """A way that all calls take for a while, whatever the routes say (临时转移)."""

    to: Target
    since: datetime | None = None
    """Aware, included; None: from the publication on."""
    until: datetime
    """Aware, excluded."""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """All that is configured for one 400 number."""

    number: str
    name: str = ""
    version: int = 0
    """Given at publication, greater with each."""
    active: bool = True
    timezone: str = "Asia/Shanghai"
    closed_days: frozenset[date] = frozenset()
    """Days off of this enterprise, whatever the calendar says."""
    open_days: frozenset[date] = frozenset()
    """Workdays of this enterprise, whatever the calendar says."""
    language: str = "zh"
    """Of the system announcements: ``zh`` or ``en``."""
    tariff: str = "standard"
    greeting: str | None = None
    """Played while ringing (企业彩铃); None: the destination's progress is passed on."""
    greetings: tuple[TimedGreeting, ...] = ()
    """The first whose time it is takes the place of :attr:`greeting`."""
    destinations: Mapping[str, Destination]
    screening: Screening = Screening()
    password: str = field(default="", repr=False)
    """Four to eight digits that every caller must key; empty: none."""
    announcements: Announcements = Announcements.ALL
    caps: Caps = Caps()
    forwarding: Forwarding = Forwarding()
    menus: Mapping[str, Menu] = field(default_factory=dict)
    routes: tuple[Route, ...]
    override: Override | None = None
    """While it holds it decides instead of the routes."""
    groups: Mapping[str, Group] = field(default_factory=dict)
    recording: Recording | None = None
    """None: talks are not recorded."""
    voicemail: Voicemail = Voicemail()
    survey: bool = False
    """When the destination has hung up, the caller is asked what the talk was worth
    (满意度评价)."""
    webhooks: tuple[Webhook, ...] = ()
    """Who is told of calls."""
    prompts: Mapping[str, str] = field(default_factory=dict)
    """Prompt names of this plan that are files of its own, each with the name under which
    the media processes know it. Other names are of the built-in catalogue."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrunkRule:
    """What the service must know of a trunk; addresses and secrets are the endpoint's."""

    name: str
    trusted: bool = False
    """Believe P-Asserted-Identity."""
    caller_id: str = "caller"
    """What destinations see: ``caller``, ``number``, or a fixed number."""
    called_from: str = "uri"
    """Where the called number is: ``uri``, ``to`` or ``p-called-party-id``."""
    default_area: str = ""
    """Area code of callers whose number has none."""
    nobody_answered: int = 480
    """Final status when nobody answered."""
    srtp: str = "never"
    """Of calls by it: ``never``, ``optional`` or ``required``."""
    overflow: str = ""
    """The trunk that is tried when none of this one's addresses takes a call."""
    early_media: str = "audible"
    """What a caller hears of it before the answer: ``audible``, our ringing tone until
    audio really comes; ``passed``, whatever comes; ``own``, our ringing tone alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tariff:
    """One version of a price."""

    name: str
    version: int = 1
    unit_seconds: int = 60
    """Charged per started unit: 60, 6 or 1 seconds."""
    unit_price: int = 400
    """厘 a unit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """Days that are not what their weekday says (节假日与调休)."""

    holidays: frozenset[date] = frozenset()
    workdays: frozenset[date] = frozenset()
    """Make-up workdays: Saturdays and Sundays that are worked."""
    years: frozenset[int] = frozenset()
    """Years the calendar has data for; in others the weekday decides."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """All that a call may need to know at one moment; the area table is kept apart."""

    plans: Mapping[str, Plan] = field(default_factory=dict)
    trunks: Mapping[str, TrunkRule] = field(default_factory=dict)
    tariffs: Mapping[str, Tariff] = field(default_factory=dict)
    calendar: Calendar = Calendar()
    phones: Mapping[str, str] | None = None
    """Whose each phone is, by extension: a 400 number's, or, empty, the house's. None: not
    known, and then every number may ring every phone."""
