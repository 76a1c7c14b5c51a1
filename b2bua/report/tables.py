"""The figures as tables of typed cells: what every rendering is made from."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from typing import Final, TypeAlias, assert_never

from b2bua.report.figures import Figures, Tally
from b2bua.report.month import Week
from b2bua.report.wording import Language, Wording, clock, percent, stamp
from b2bua.service.number import masked
from b2bua.service.tariff import yuan


@dataclass(frozen=True, slots=True)
class Percent:
    """A share, 0 to 1; or how much more, which may be negative."""

    of: Fraction


@dataclass(frozen=True, slots=True)
class Yuan:
    """Money."""

    li: int


@dataclass(frozen=True, slots=True)
class Duration:
    """Milliseconds."""

    ms: int | Fraction


@dataclass(frozen=True, slots=True)
class Traffic:
    """Erlang."""

    erlang: float


Cell: TypeAlias = str | int | Percent | Yuan | Duration | Traffic | datetime | date | None
"""None: there is nothing to say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One table."""

    key: str
    """Of its title, :data:`b2bua.report.wording.WORDS`; it also names a sheet."""
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True, slots=True)
class Manner:
    """How it is told: the language, and whether callers' numbers are shown whole."""

    words: Wording
    full: bool = False

    def caller(self, number: str) -> str:
        """A caller as it may be shown; empty is hidden."""
        if not number:
            return self.words("hidden")
        return number if self.full else masked(number)


def manner_of(figures: Figures, language: Language, *, full: bool = False) -> Manner:
    """How a month or a week is told in a language."""
    weekly = isinstance(figures.period, Week)
    return Manner(Wording(language, weekly=weekly), full=full)


def plain(cell: Cell) -> str:
    """A cell as text for people."""
    match cell:
        case None:
            return "-"
        case str():
            return cell
        case int():
            return str(cell)
        case Percent(of):
            return percent(of)
        case Yuan(li):
            return yuan(li)
        case Duration(ms):
            return clock(ms)
        case Traffic(erlang):
            return f"{erlang:.2f}"
        case datetime():
            return stamp(cell)
        case date():
            return cell.isoformat()
        case _:
            assert_never(cell)


def tables(figures: Figures, manner: Manner) -> tuple[Table, ...]:
    """Everything, in the order of the report."""
    return (
        summary(figures, manner),
        trend(figures, manner),
        heat(figures, manner),
        lines(figures, manner),
        hours(figures, manner),
        destinations(figures, manner),
        shares(figures, manner),
        areas(figures, manner),
        provinces(figures, manner),
        routes(figures, manner),
        keys(figures, manner),
        reasons(figures, manner),
        callers(figures, manner),
        most(figures, manner),
        missed(figures, manner),
    )


def _table(
    key: str, manner: Manner, columns: Sequence[str], rows: Sequence[tuple[Cell, ...]]
) -> Table:
    return Table(
        key=key,
        title=manner.words(key),
        columns=tuple(map(manner.words, columns)),
        rows=tuple(rows),
    )


def summary(figures: Figures, manner: Manner) -> Table:
    """The period beside the one before."""
    words = manner.words
    before = "value_before" if figures.complete else "value_before_part"
    return _table(
        "summary",
        manner,
        ("figure", "value", before, "change"),
        [
            (words(key), now, then, change)
            for key, now, then, change in _compared(figures.totals, figures.before)
        ],
    )


_COUNTS: Final = (
    *("calls", "answered", "busy", "no_answer", "abandoned", "refused", "failed", "missed"),
)
_MEANS: Final = ("mean_talk", "mean_setup", "mean_wait")


def _compared(now: Tally, then: Tally) -> list[tuple[str, Cell, Cell, Cell]]:
    rows: list[tuple[str, Cell, Cell, Cell]] = [
        (key, getattr(now, key), getattr(then, key), change_of(now, then, key))
        for key in _COUNTS
    ]
    rows.insert(
        2, ("connection", _percent(now.connection), _percent(then.connection), None)
    )
    talk = change_of(now, then, "talk_ms")
    rows.append(("talk", Duration(now.talk_ms), Duration(then.talk_ms), talk))
    for key in _MEANS:
        means = [_duration(getattr(one, f"{key}_ms")) for one in (now, then)]
        rows.append((key, means[0], means[1], None))
    for key in ("fee", "caller_fee"):
        money = Yuan(getattr(now, key)), Yuan(getattr(then, key))
        rows.append((key, *money, change_of(now, then, key)))
    return rows


def change_of(now: Tally, then: Tally, field: str) -> Percent | None:
    """How much more than before; None if there was nothing before."""
    was = getattr(then, field)
    return Percent(Fraction(getattr(now, field) - was, was)) if was else None


def _percent(share: Fraction | None) -> Percent | None:
    return None if share is None else Percent(share)


def _duration(ms: Fraction | None) -> Duration | None:
    return None if ms is None else Duration(ms)


def trend(figures: Figures, manner: Manner) -> Table:
    """Day by day."""
    return _table(
        "trend",
        manner,
        (
            *("day", "weekday", "calls", "before", "answered", "missed", "refused"),
            *("connection", "talk", "fee", "peak"),
        ),
        [
            (
                one.day,
                manner.words.weekday(one.day.weekday()),
                one.tally.calls,
                one.before,
                one.tally.answered,
                one.tally.missed,
                one.tally.refused,
                _percent(one.tally.connection),
                Duration(one.tally.talk_ms),
                Yuan(one.tally.fee),
                one.peak,
            )
            for one in figures.days
        ],
    )


def heat(figures: Figures, manner: Manner) -> Table:
    """Calls by weekday and hour."""
    return Table(
        key="heat",
        title=manner.words("heat"),
        columns=(manner.words("weekday"), *(f"{hour:02}" for hour in range(24))),
        rows=tuple(
            (
                manner.words.weekday(day),
                *(figures.cells[day * 24 + hour].calls for hour in range(24)),
            )
            for day in range(7)
        ),
    )


def lines(figures: Figures, manner: Manner) -> Table:
    """Peaks, the busy hour, and the lines it asks for."""
    found = figures.lines
    busy = found.busy_hour
    configured: Cell = found.configured
    if found.configured is None:
        configured = manner.words("unlimited")
    rows: list[tuple[str, Cell, Cell]] = [
        ("peak_calls", found.peak_calls, found.peak_calls_at),
        ("peak_lines", found.peak_lines, found.peak_lines_at),
        ("busy_hour", None, None if busy is None else busy.begins),
        ("carried", None if busy is None else Traffic(busy.carried), None),
        ("offered", None if busy is None else Traffic(busy.offered), None),
        ("asked_1", found.asked_1, None),
        ("asked_5", found.asked_5, None),
        ("configured", configured, None),
    ]
    told = [(manner.words(key), value, at) for key, value, at in rows]
    return _table("lines", manner, ("figure", "value", "at"), told)


def hours(figures: Figures, manner: Manner) -> Table:
    """Traffic and peak of each weekday's hours that had any."""
    return _table(
        "hours",
        manner,
        ("weekday", "hour", "calls", "busy", "peak", "carried", "offered"),
        [
            (
                manner.words.weekday(cell // 24),
                f"{cell % 24:02}:00",
                figures.cells[cell].calls,
                figures.cells[cell].busy,
                load.peak,
                Traffic(load.carried),
                Traffic(load.offered),
            )
            for cell, load in enumerate(figures.lines.hours)
            if load.peak or figures.cells[cell].calls
        ],
    )


def destinations(figures: Figures, manner: Manner) -> Table:
    """What became of the attempts."""
    return _table(
        "destinations",
        manner,
        (
            *("destination", "attempts", "answered", "busy", "no_answer", "unreachable"),
            *("cancelled", "skipped", "connection", "mean_ring", "talk", "fee"),
        ),
        [
            (
                one.name,
                one.attempts,
                one.answered,
                one.busy,
                one.no_answer,
                one.unreachable,
                one.cancelled,
                one.skipped,
                Percent(Fraction(one.answered, one.attempts)) if one.attempts else None,
                Duration(Fraction(one.ring_ms, one.answered)) if one.answered else None,
                Duration(one.talk_ms),
                Yuan(one.fee),
            )
            for one in figures.destinations
        ],
    )


def shares(figures: Figures, manner: Manner) -> Table:
    """Target against actual."""
    return _table(
        "shares",
        manner,
        ("group", "version", "destination", "target", "assigned", "actual"),
        [
            (
                one.group,
                one.version,
                one.destination,
                _percent(one.target),
                one.assigned,
                Percent(one.actual),
            )
            for one in figures.shares
        ],
    )


def areas(figures: Figures, manner: Manner) -> Table:
    """By area code."""
    unknown = manner.words("unknown")
    return _table(
        "areas",
        manner,
        ("area", "province", "calls", "answered", "missed", "connection", "talk", "fee"),
        [
            (
                one.area or unknown,
                one.province or unknown,
                one.tally.calls,
                one.tally.answered,
                one.tally.missed,
                _percent(one.tally.connection),
                Duration(one.tally.talk_ms),
                Yuan(one.tally.fee),
            )
            for one in figures.areas
        ],
    )


def provinces(figures: Figures, manner: Manner) -> Table:
    """By province."""
    return _table(
        "provinces",
        manner,
        ("province", "calls", "answered", "connection"),
        [
            (
                name or manner.words("unknown"),
                calls,
                answered,
                Percent(Fraction(answered, calls)),
            )
            for name, calls, answered in figures.provinces
        ],
    )


def routes(figures: Figures, manner: Manner) -> Table:
    """By route of the plan."""
    return _table(
        "routes",
        manner,
        ("route", "calls", "answered", "missed", "connection", "talk"),
        [
            (
                name or manner.words("no_route"),
                one.calls,
                one.answered,
                one.missed,
                _percent(one.connection),
                Duration(one.talk_ms),
            )
            for name, one in figures.routes
        ],
    )


def keys(figures: Figures, manner: Manner) -> Table:
    """By menu and key."""
    return _table(
        "keys",
        manner,
        ("menu", "key", "to", "presses", "answered"),
        [
            (
                one.menu or manner.words("unknown"),
                one.key,
                one.to,
                one.presses,
                one.answered,
            )
            for one in figures.keys
        ],
    )


def reasons(figures: Figures, manner: Manner) -> Table:
    """Why calls were not answered."""
    words = manner.words
    return _table(
        "reasons",
        manner,
        ("outcome", "reason", "calls"),
        [
            (words.outcome(one.outcome), words.reason(one.reason), one.calls)
            for one in figures.reasons
        ],
    )


def callers(figures: Figures, manner: Manner) -> Table:
    """How many came again, how many were lost."""
    names = ("distinct", "repeat", "repeat_calls", "lost", "undecided")
    rows = [(manner.words(name), getattr(figures.callers, name)) for name in names]
    return _table("callers", manner, ("figure", "value"), rows)


def most(figures: Figures, manner: Manner) -> Table:
    """Who called most."""
    return _table(
        "most",
        manner,
        ("caller", "calls", "answered", "last_at"),
        [
            (manner.caller(one.caller), one.calls, one.answered, one.last_at)
            for one in figures.callers.most
        ],
    )


def missed(figures: Figures, manner: Manner) -> Table:
    """Calls that reached nobody, the latest first."""
    words = manner.words
    return _table(
        "missed_list",
        manner,
        ("at", "caller", "area", "outcome", "waited", "later"),
        [
            (
                one.at,
                manner.caller(one.caller),
                one.area or words("unknown"),
                words.outcome(one.outcome),
                Duration(one.waited_ms),
                words("yes" if one.answered_later else "no"),
            )
            for one in figures.missed
        ],
    )
