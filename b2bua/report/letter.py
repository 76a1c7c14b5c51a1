"""The report as a letter: what a mail program shows before anything is opened.

Mail programs know little: no style sheets, no drawings, no scripts. So a letter is tables
with their style on every cell; the whole report goes with it as files.
"""
# ruff: noqa: E501  # styles have no line to break

from dataclasses import dataclass
from typing import Final

from b2bua.report import tables
from b2bua.report.advice import advise
from b2bua.report.charts import safe
from b2bua.report.figures import Figures
from b2bua.report.tables import Manner, Table, plain
from b2bua.report.wording import Language, clock, percent, printable, stamp
from b2bua.service.tariff import yuan

MOST_ROWS: Final = 12
FONT: Final = (
    "font-family:-apple-system,'Segoe UI','PingFang SC','Microsoft YaHei',Arial,sans-serif"
)
CELL: Final = "padding:6px 10px;border-bottom:1px solid #dfe2e8;text-align:"
GOOD: Final = "#1d7f4e"
BAD: Final = "#b3261e"
SOFT: Final = "#5c6472"
NOTHING: Final = '<div style="font-size:12px">&#160;</div>'
"""As high as what else stands under a figure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One letter without its attachments."""

    subject: str
    text: str
    html: str


def letter(figures: Figures, manner: Manner) -> Letter:
    """What a period came to, in a letter."""
    name = printable(f"{figures.number} {figures.name}".strip())
    subject = f"{manner.words('title')} {figures.period} · {name}"
    return Letter(
        subject=subject[:200],
        text=_text(figures, manner),
        html=_html(figures, manner, name),
    )


def _html(figures: Figures, manner: Manner, name: str) -> str:
    words = manner.words
    language = "zh-CN" if words.language is Language.ZH else "en"
    under = f"{words('title')} · {figures.period} · {figures.zone}"
    if figures.totals.calls:
        body = (
            _tiles(figures, manner)
            + _advice(figures, manner)
            + "".join(_table(one) for one in _shown(figures, manner))
        )
    else:
        body = f'<p style="margin:16px 0">{safe(words("nothing"))}</p>'
    note = words("full" if manner.full else "masked")
    return (
        f'<!DOCTYPE html>\n<html lang="{language}"><head><meta charset="utf-8">'
        f'<title>{safe(name)}</title></head><body style="margin:0;background:#f4f5f7">'
        f'<table role="presentation" width="100%" cellspacing="0" cellpadding="0"><tr><td align="center" style="padding:16px 8px">'
        f'<table role="presentation" width="640" cellspacing="0" cellpadding="0" style="max-width:640px;width:100%;background:#ffffff;border:1px solid #dfe2e8;border-radius:10px"><tr><td style="padding:20px 22px;{FONT};font-size:15px;line-height:1.5;color:#1b1f27">'
        f'<h1 style="font-size:21px;line-height:1.3;margin:0">{safe(name)}</h1>'
        f'<p style="margin:2px 0 14px;color:{SOFT}">{safe(under)}</p>{body}'
        f'<p style="margin:18px 0 0;color:{SOFT};font-size:13px">{safe(words("attached"))}<br>{safe(note)} {words("made")} {stamp(figures.at)}</p>'
        "</td></tr></table></td></tr></table></body></html>\n"
    )


def _tiles(figures: Figures, manner: Manner) -> str:
    now, then, words = figures.totals, figures.before, manner.words
    part = "" if figures.complete else "_part"

    def moved(key: str, better: bool | None = None) -> str:
        change = tables.change_of(now, then, key)
        if change is None:
            return NOTHING
        good = better is not None and (change.of > 0) is better
        colour = SOFT if better is None or not change.of else GOOD if good else BAD
        sign = "+" if change.of >= 0 else "-"
        told = f"{words(f'against{part}')} {sign}{percent(abs(change.of))}"
        return f'<div style="font-size:12px;color:{colour}">{safe(told)}</div>'

    was = NOTHING
    if then.connection is not None:
        told = f"{words(f'value_before{part}')} {percent(then.connection)}"
        was = f'<div style="font-size:12px;color:{SOFT}">{safe(told)}</div>'
    found = (
        ("calls", str(now.calls), moved("calls", better=True)),
        (
            "connection",
            percent(now.connection),
            was,
        ),
        ("missed", str(now.missed), moved("missed", better=False)),
        ("talk", clock(now.talk_ms), moved("talk_ms")),
        ("peak_lines", str(figures.lines.peak_lines), NOTHING),
        ("fee", yuan(now.fee), moved("fee")),
    )
    cells = [_tile(words(key), value, told) for key, value, told in found]
    rows = "".join(
        f"<tr>{''.join(cells[at : at + 3])}</tr>" for at in range(0, len(cells), 3)
    )
    return f'<table role="presentation" width="100%" cellspacing="0" cellpadding="0" style="table-layout:fixed">{rows}</table>'


def _tile(name: str, value: str, told: str) -> str:
    return (
        '<td width="33%" valign="top" style="padding:6px 6px 6px 0"><div style="border:1px solid #dfe2e8;border-radius:8px;padding:8px 12px">'
        f'<div style="font-size:13px;color:{SOFT}">{safe(name)}</div>'
        f'<div style="font-size:21px;line-height:1.3;font-weight:600">{safe(value)}</div>{told}</div></td>'
    )


def _advice(figures: Figures, manner: Manner) -> str:
    said = [one.said(manner.words.language) for one in advise(figures)]
    items = "".join(
        f'<li style="margin:0 0 10px"><b>{safe(one.what)}</b><br><span style="color:{SOFT};font-size:14px">{safe(one.why)}</span></li>'
        for one in said
    )
    heading = _heading(manner.words("advice"))
    return f'{heading}<ol style="margin:0;padding-left:20px">{items}</ol>' if said else ""


def _shown(figures: Figures, manner: Manner) -> tuple[Table, ...]:
    found = (
        tables.summary(figures, manner),
        tables.destinations(figures, manner),
        tables.areas(figures, manner),
        tables.reasons(figures, manner),
    )
    columns = {"destinations": (0, 1, 2, 3, 4, 8), "areas": (0, 1, 2, 3, 4, 5)}
    return tuple(_cut(one, columns.get(one.key)) for one in found if one.rows)


def _cut(table: Table, columns: tuple[int, ...] | None) -> Table:
    """So much of a table as a letter has room for."""
    kept = range(len(table.columns)) if columns is None else columns
    rows = table.rows if table.key == "summary" else table.rows[:MOST_ROWS]
    return Table(
        key=table.key,
        title=table.title,
        columns=tuple(table.columns[at] for at in kept),
        rows=tuple(tuple(row[at] for at in kept) for row in rows),
    )


def _heading(title: str) -> str:
    return f'<h2 style="font-size:16px;margin:18px 0 8px">{safe(title)}</h2>'


def _table(table: Table) -> str:
    words = [
        all(isinstance(row[at], str) for row in table.rows)
        for at in range(len(table.columns))
    ]
    sides = ["left" if word else "right" for word in words]
    head = "".join(
        f'<th style="{CELL}{side};color:{SOFT};font-weight:600;font-size:13px">{safe(name)}</th>'
        for name, side in zip(table.columns, sides, strict=True)
    )
    body = "".join(
        "<tr>"
        + "".join(
            f'<td style="{CELL}{side};font-size:14px;white-space:nowrap">{safe(plain(cell))}</td>'
            for cell, side in zip(row, sides, strict=True)
        )
        + "</tr>"
        for row in table.rows
    )
    return f'{_heading(table.title)}<table width="100%" cellspacing="0" cellpadding="0" style="border-collapse:collapse"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'


def _text(figures: Figures, manner: Manner) -> str:
    """The same for those who read no HTML."""
    words = manner.words
    lines = [
        f"{words('title')} {figures.number} {printable(figures.name)}",
        f"{figures.period} ({figures.zone})",
        "",
    ]
    if not figures.totals.calls:
        return "\n".join((*lines, words("nothing"))) + "\n"
    lines += [
        f"{row[0]}: {plain(row[1])} ({words('value_before')}: {plain(row[2])})"
        for row in tables.summary(figures, manner).rows
    ]
    for number, one in enumerate(advise(figures), 1):
        said = one.said(words.language)
        lines += ["", f"{number}. {printable(said.what)}", f"   {printable(said.why)}"]
    return "\n".join((*lines, "", words("attached"))) + "\n"
