"""What a month or week of one 400 number came to: frozen values, unworded, unrounded.

Money is integer 厘 (0.001 yuan), durations are milliseconds, shares are exact fractions,
traffic is Erlang. Moments are on the clocks of the plan's zone. A call belongs to the
month, day and hour of its INVITE.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from fractions import Fraction
from zoneinfo import ZoneInfo

from b2bua.report.month import Period
from b2bua.service.plan import Plan
from b2bua.service.record import Outcome


def nowhere(area: str) -> str:
    """A world in which no area code lies in a known province."""
    return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What is analysed: whose calls, of which month or week, seen from when."""

    number: str
    period: Period
    at: datetime
    """The moment of the analysis: what has not happened by then is not missed."""
    plan: Plan | None = None
    """The current plan; None if the number has none any more."""
    plans: Mapping[int, Plan] = field(default_factory=dict)
    """Plans by version, as far as they are known, for the shares they promised."""
    zone: ZoneInfo = ZoneInfo("Asia/Shanghai")
    province_of: Callable[[str], str] = nowhere
    """The province of an area code; empty for unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What some calls came to."""

    calls: int = 0
    answered: int = 0
    busy: int = 0
    no_answer: int = 0
    abandoned: int = 0
    refused: int = 0
    failed: int = 0
    talk_ms: int = 0
    setup_ms: int = 0
    """From INVITE to answer, of the answered calls together."""
    waited_ms: int = 0
    """From INVITE to giving up, of the abandoned calls together."""
    fee: int = 0
    """The enterprise's share, 厘."""
    caller_fee: int = 0
    """Estimate of the callers' share, 厘."""

    @property
    def missed(self) -> int:
        """Calls that passed every rule and reached nobody (漏话)."""
        return self.busy + self.no_answer + self.abandoned

    @property
    def admitted(self) -> int:
        """Calls that no rule refused."""
        return self.calls - self.refused

    @property
    def connection(self) -> Fraction | None:
        """Answered of all calls (接通率); None without calls."""
        return share(self.answered, self.calls)

    @property
    def mean_talk_ms(self) -> Fraction | None:
        """Of answered calls."""
        return share(self.talk_ms, self.answered)

    @property
    def mean_setup_ms(self) -> Fraction | None:
        """Of answered calls."""
        return share(self.setup_ms, self.answered)

    @property
    def mean_wait_ms(self) -> Fraction | None:
        """Of abandoned calls."""
        return share(self.waited_ms, self.abandoned)


def share(part: int, whole: int) -> Fraction | None:
    """``part`` of ``whole``; None if there is nothing to have a part of."""
    return Fraction(part, whole) if whole else None


@dataclass(frozen=True, slots=True, kw_only=True)
class DayFigures:
    """One day of the month."""

    day: date
    tally: Tally
    before: int
    """Calls on the same weekday, a week before; in a month, four weeks."""
    peak: int
    """Most lines held at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaFigures:
    """Calls from one area."""

    area: str
    """Area code; empty for unknown."""
    province: str
    tally: Tally


@dataclass(frozen=True, slots=True, kw_only=True)
class DestinationFigures:
    """What became of the attempts to reach one destination."""

    name: str
    answered: int
    busy: int
    no_answer: int
    unreachable: int
    cancelled: int
    """Given up: the caller left, or another answered first."""
    skipped: int
    """Passed over without ringing: full, out of hours, tried already."""
    ring_ms: int
    """Ringing until the answer, of the answered attempts together."""
    talk_ms: int
    fee: int

    @property
    def attempts(self) -> int:
        """Attempts that were made."""
        made = self.answered + self.busy + self.no_answer
        return made + self.unreachable + self.cancelled

    @property
    def ended(self) -> int:
        """Attempts that came to an end of their own: all but those given up."""
        return self.attempts - self.cancelled


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareFigures:
    """One member of a group that shares calls by percentage, under one plan version."""

    group: str
    version: int
    destination: str
    target: Fraction | None
    """What the plan promised; None if that version is not known."""
    assigned: int
    """First assignments, whoever answered in the end."""
    of: int
    """First assignments of the whole group."""

    @property
    def actual(self) -> Fraction:
        """What it got."""
        return share(self.assigned, self.of) or Fraction(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyFigures:
    """One key of one menu; every key of the current plan is here, used or not."""

    menu: str
    """Empty for keys that fit no known menu."""
    key: str
    to: str
    """Name of where it leads, by the current plan."""
    presses: int
    answered: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReasonFigures:
    """Calls that were not answered, by outcome and by what ended them."""

    outcome: Outcome
    reason: str
    calls: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BusyHour:
    """The four quarters of an hour in a row that were offered most."""

    begins: datetime
    carried: float
    """Erlang, swept from the calls."""
    offered: float
    """Erlang: carried, and what the callers who found it busy would have added."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HourLoad:
    """One hour of one weekday, over the month."""

    peak: int
    """Most lines held at once."""
    carried: float
    """Erlang, mean over the weeks."""
    offered: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LineFigures:
    """How many lines were taken, and how many the traffic asks for.

    A line is held from when the destination that answers begins to ring, until the talk
    is over. A call is up from its INVITE to its end.
    """

    peak_calls: int
    peak_calls_at: datetime | None
    peak_lines: int
    peak_lines_at: datetime | None
    busy_hour: BusyHour | None
    asked_1: int
    """Lines that Erlang B asks for in the busy hour at 1 % blocking."""
    asked_5: int
    """The same at 5 %."""
    configured: int | None
    """Calls that the plan's destinations may have at once; None: some have no limit."""
    hours: tuple[HourLoad, ...]
    """168: weekday (Monday is 0) x 24 + hour."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RepeatCaller:
    """One who called more than once."""

    caller: str
    """Empty if privacy was asked for."""
    calls: int
    answered: int
    last_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerFigures:
    """The callers who showed a number."""

    distinct: int
    repeat: int
    """Callers with more than one call."""
    repeat_calls: int
    """Their calls."""
    lost: int
    """Callers whose last call reached nobody, and who did not call again within a day."""
    undecided: int
    """The same, but the day is not over."""
    most: tuple[RepeatCaller, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MissedCall:
    """One call that reached nobody (漏话)."""

    at: datetime
    caller: str
    """Empty if hidden."""
    area: str
    outcome: Outcome
    reason: str
    waited_ms: int
    answered_later: bool
    """The same caller reached somebody afterwards."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """A month or a week of one 400 number."""

    number: str
    name: str
    zone: str
    period: Period
    at: datetime
    complete: bool
    """The month was over at the moment of the analysis."""
    totals: Tally
    before: Tally
    """The month before; if this one is not over, as much of it as of this one."""
    cells: tuple[Tally, ...]
    """168: weekday (Monday is 0) x 24 + hour."""
    closed: tuple[int, ...]
    """168: calls refused as out of hours."""
    days: tuple[DayFigures, ...]
    areas: tuple[AreaFigures, ...]
    """Most calls first, as all that follow."""
    destinations: tuple[DestinationFigures, ...]
    shares: tuple[ShareFigures, ...]
    routes: tuple[tuple[str, Tally], ...]
    keys: tuple[KeyFigures, ...]
    reasons: tuple[ReasonFigures, ...]
    lines: LineFigures
    callers: CallerFigures
    missed: tuple[MissedCall, ...]
    """The latest first, a few hundred at most; ``totals.missed`` counts them all."""

    @property
    def provinces(self) -> tuple[tuple[str, int, int], ...]:
        """Province, calls, answered; empty for unknown."""
        sums: dict[str, list[int]] = {}
        for one in self.areas:
            row = sums.setdefault(one.province, [0, 0])
            row[0] += one.tally.calls
            row[1] += one.tally.answered
        order = sorted(sums.items(), key=lambda pair: (-pair[1][0], pair[0]))
        return tuple((name, calls, answered) for name, (calls, answered) in order)
