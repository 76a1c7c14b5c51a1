"""The report as one HTML page that needs nothing else: no scripts, no fonts, no pictures.

Everything from records is escaped where it is written; a policy in the page forbids
whatever might slip through.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from fractions import Fraction
from typing import Final

from b2bua.report import charts, tables
from b2bua.report.advice import advise
from b2bua.report.charts import Bar, Level, Part, safe
from b2bua.report.figures import Figures
from b2bua.report.style import STYLE
from b2bua.report.tables import Manner, Percent, Table, plain
from b2bua.report.wording import Language, clock, percent, stamp
from b2bua.service.tariff import yuan

MOST_BARS: Final = 12
MOST_MISSED: Final = 30
"""Missed calls that are shown at once; the rest are a click away, and not printed."""
POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'"


def page(figures: Figures, manner: Manner) -> str:
    """The whole page."""
    words = manner.words
    language = "zh-CN" if words.language is Language.ZH else "en"
    title = f"{words('title')} {figures.number} {figures.period}"
    return (
        f'<!DOCTYPE html>\n<html lang="{language}"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        '<meta name="referrer" content="no-referrer">'
        f"<title>{safe(title)}</title><style>{STYLE}</style></head>\n<body><main>"
        f"{_head(figures, manner)}{_body(figures, manner)}{_foot(figures, manner)}"
        "</main></body></html>\n"
    )


def _head(figures: Figures, manner: Manner) -> str:
    words = manner.words
    until = "" if figures.complete else f" · {words('so_far')} {stamp(figures.at)}"
    under = f"{words('title')} · {figures.period}{until} · {figures.zone}"
    name = f"{figures.number} {figures.name}".rstrip()
    return f'<header><h1>{safe(name)}</h1><p class="under">{safe(under)}</p></header>\n'


def _body(figures: Figures, manner: Manner) -> str:
    if not figures.totals.calls:
        return f'<p class="card">{manner.words("nothing")}</p>\n'
    sections = (
        _trend(figures, manner),
        _heat(figures, manner),
        _lines(figures, manner),
        _destinations(figures, manner),
        _areas(figures, manner),
        _shares(figures, manner),
        *(
            _listed(table, manner)
            for table in (
                tables.routes(figures, manner),
                tables.keys(figures, manner),
                tables.reasons(figures, manner),
                tables.callers(figures, manner),
                tables.most(figures, manner),
            )
        ),
    )
    above = _tiles(figures, manner) + _advice(figures, manner)
    below = _missed(figures, manner)
    return f'{above}<div class="pair">\n{"".join(sections)}</div>\n{below}'


def _foot(figures: Figures, manner: Manner) -> str:
    note = manner.words("full" if manner.full else "masked")
    return f"<footer>{note} {manner.words('made')} {stamp(figures.at)}</footer>"


def _tiles(figures: Figures, manner: Manner) -> str:
    words, now, then = manner.words, figures.totals, figures.before
    tiles = (
        ("calls", str(now.calls), tables.change_of(now, then, "calls")),
        ("connection", percent(now.connection), None),
        ("missed", str(now.missed), tables.change_of(now, then, "missed")),
        ("talk", clock(now.talk_ms), tables.change_of(now, then, "talk_ms")),
        ("mean_talk", _clock(now.mean_talk_ms), None),
        ("mean_setup", _clock(now.mean_setup_ms), None),
        ("fee", yuan(now.fee), tables.change_of(now, then, "fee")),
        ("caller_fee", yuan(now.caller_fee), None),
    )
    was = {
        "connection": percent(then.connection),
        "mean_talk": _clock(then.mean_talk_ms),
        "mean_setup": _clock(then.mean_setup_ms),
    }
    drawn = []
    part = "" if figures.complete else "_part"
    for key, value, change in tiles:
        told = ""
        if change is not None:
            told = f"{words(f'against{part}')} {_change(change)}"
        elif key in was and then.calls:
            told = f"{words(f'value_before{part}')} {was[key]}"
        drawn.append(
            f'<div class="tile"><span>{words(key)}</span><b>{value}</b>'
            f"<span>{safe(told)}</span></div>"
        )
    return f'<section class="tiles">{"".join(drawn)}</section>\n'


def _change(change: Percent) -> str:
    return f"{'+' if change.of >= 0 else '−'}{percent(abs(change.of))}"  # noqa: RUF001


def _clock(ms: Fraction | None) -> str:
    return "-" if ms is None else clock(ms)


def _card(title: str, content: str, kind: str = "") -> str:
    return f'<section class="card{kind}"><h2>{safe(title)}</h2>{content}</section>\n'


def _advice(figures: Figures, manner: Manner) -> str:
    said = [one.said(manner.words.language) for one in advise(figures)]
    if not said:
        return ""
    items = "".join(
        f"<li>{safe(one.what)}<span>{safe(one.why)}</span></li>" for one in said
    )
    return _card(manner.words("advice"), f'<ul class="advice">{items}</ul>')


def _legend(entries: Sequence[tuple[str, str]]) -> str:
    items = "".join(
        f'<li><i class="{kind}"></i>{safe(label)}</li>' for kind, label in entries
    )
    return f'<ul class="legend">{items}</ul>'


def _folded(table: Table, manner: Manner) -> str:
    title = safe(f"{manner.words('table')}: {table.title}")
    return f"<details><summary>{title}</summary>{_written(table)}</details>"


def _written(table: Table) -> str:
    """A table in HTML; columns of figures are set to the right."""
    numeric = [
        all(not isinstance(row[at], str | datetime | date) for row in table.rows)
        for at in range(len(table.columns))
    ]
    kinds = [' class="number"' if number else "" for number in numeric]
    head = "".join(
        f"<th{kind}>{safe(name)}</th>"
        for name, kind in zip(table.columns, kinds, strict=True)
    )
    body = "".join(
        "<tr>"
        + "".join(
            f"<td{kind}>{safe(plain(cell))}</td>"
            for cell, kind in zip(row, kinds, strict=True)
        )
        + "</tr>"
        for row in table.rows
    )
    return (
        f'<div class="scroll"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def _listed(table: Table, manner: Manner) -> str:
    return _card(table.title, _written(table)) if table.rows else ""


def _trend(figures: Figures, manner: Manner) -> str:
    words = manner.words
    bars = [
        Bar(
            str(one.day.day),
            (
                Part("answered", one.tally.answered, words("answered")),
                Part("missed", one.tally.missed, words("missed_rest")),
                Part("rest", one.tally.refused + one.tally.failed, words("refused")),
            ),
            note=f"{words.weekday(one.day.weekday())}, {words('before')} {one.before}",
        )
        for one in figures.days
    ]
    line = [float(one.before) for one in figures.days]
    line = line if any(line) else []
    legend = [
        ("answered", words("answered")),
        ("missed", words("missed_rest")),
        ("rest", f"{words('refused')} / {words('failed')}"),
    ]
    if line:
        legend.append(("dash", words("before")))
    chart = charts.columns(bars, words("trend"), every=5, line=line)
    table = _folded(tables.trend(figures, manner), manner)
    return _card(words("trend"), _legend(legend) + chart + table)


def _heat(figures: Figures, manner: Manner) -> str:
    words = manner.words
    names = [words.weekday(day) for day in range(7)]
    cells = [
        [
            (
                one.calls,
                f"{names[day]} {hour:02}:00: {words('calls')} {one.calls}, "
                f"{words('answered')} {one.answered}, {words('missed_rest')} {one.missed}",
            )
            for hour, one in enumerate(figures.cells[day * 24 : day * 24 + 24])
        ]
        for day in range(7)
    ]
    most = max(one.calls for one in figures.cells)
    legend = f'<p class="legend">{words("calls")}: 0 – {most}</p>'  # noqa: RUF001
    chart = charts.heat(cells, names, words("heat"))
    table = _folded(tables.heat(figures, manner), manner)
    return _card(words("heat"), legend + chart + table)


def _lines(figures: Figures, manner: Manner) -> str:
    words, found = manner.words, figures.lines
    hours = [found.hours[hour::24] for hour in range(24)]
    bars = [
        Bar(
            str(hour),
            (Part("answered", max(one.peak for one in week), words("peak")),),
            note=f"{words('offered')} {sum(one.offered for one in week) / 7:.2f}",
        )
        for hour, week in enumerate(hours)
    ]
    levels = [
        Level("one", found.asked_1, f"{words('asked_1')}: {found.asked_1}"),
        Level("five", found.asked_5, f"{words('asked_5')}: {found.asked_5}"),
    ]
    if found.configured is not None:
        told = f"{words('configured')}: {found.configured}"
        levels.append(Level("allowed", found.configured, told))
    mean = [sum(one.offered for one in week) / 7 for week in hours]
    legend = _legend(
        [
            ("answered", words("peak_lines")),
            ("dash", f"{words('mean')}: {words('offered')}"),
        ]
    )
    chart = charts.columns(bars, words("lines"), levels=levels, every=3, line=mean)
    summary = _written(tables.lines(figures, manner))
    folded = _folded(tables.hours(figures, manner), manner)
    return _card(words("lines"), legend + chart + summary + folded)


def _destinations(figures: Figures, manner: Manner) -> str:
    words = manner.words
    kinds = (
        ("answered", "answered"),
        ("busy", "busy"),
        ("no_answer", "no-answer"),
        ("unreachable", "unreachable"),
        ("cancelled", "rest"),
    )
    bars = [
        Bar(
            one.name,
            tuple(Part(kind, getattr(one, key), words(key)) for key, kind in kinds),
            note=f"{one.answered}/{one.attempts}",
        )
        for one in figures.destinations[:MOST_BARS]
    ]
    if not bars:
        return ""
    legend = _legend([(kind, words(key)) for key, kind in kinds])
    chart = charts.rows(bars, words("destinations"))
    table = _folded(tables.destinations(figures, manner), manner)
    return _card(words("destinations"), legend + chart + table)


def _areas(figures: Figures, manner: Manner) -> str:
    words = manner.words
    unknown = words("unknown")
    bars = [
        Bar(
            f"{one.area or unknown} {one.province}".rstrip(),
            (
                Part("answered", one.tally.answered, words("answered")),
                Part("rest", one.tally.calls - one.tally.answered, words("other")),
            ),
            note=f"{one.tally.calls} · {percent(one.tally.connection)}",
        )
        for one in figures.areas[:MOST_BARS]
    ]
    legend = _legend([("answered", words("answered")), ("rest", words("other"))])
    chart = charts.rows(bars, words("areas"))
    folded = _folded(tables.areas(figures, manner), manner)
    provinces = _folded(tables.provinces(figures, manner), manner)
    return _card(words("areas"), legend + chart + folded + provinces)


def _shares(figures: Figures, manner: Manner) -> str:
    words = manner.words
    bars = [
        Bar(
            f"{one.group} · {one.destination} (v{one.version})",
            (Part("answered", one.assigned, words("assigned")),),
            None if one.target is None else float(one.target * one.of),
            f"{percent(one.actual)} / {percent(one.target)}",
        )
        for one in figures.shares[:MOST_BARS]
    ]
    if not bars:
        return ""
    legend = _legend([("answered", words("actual")), ("tick", words("target"))])
    table = _folded(tables.shares(figures, manner), manner)
    return _card(words("shares"), legend + charts.rows(bars, words("shares")) + table)


def _missed(figures: Figures, manner: Manner) -> str:
    table = tables.missed(figures, manner)
    if not table.rows:
        return ""
    note = ""
    if len(table.rows) < figures.totals.missed:
        counts = f"{len(table.rows)} / {figures.totals.missed}"
        note = f'<p class="legend">{manner.words("shown")} {counts}</p>'
    first = replace(table, rows=table.rows[:MOST_MISSED])
    content = note + _written(first)
    if rest := table.rows[MOST_MISSED:]:
        more = safe(f"{manner.words('further')} {len(rest)}")
        listed = _written(replace(table, rows=rest))
        content += f"<details><summary>{more}</summary>{listed}</details>"
    return _card(table.title, content, " long")
