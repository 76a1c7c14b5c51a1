"""The report as text for a terminal: columns that line up, whatever the script.

Chinese characters are two columns wide. What a terminal would act on (control
characters, marks that turn the direction of text) is shown as a replacement character.
"""

from datetime import date
from typing import Final

from b2bua.report.advice import advise
from b2bua.report.figures import Figures
from b2bua.report.tables import Manner, Table, plain, tables
from b2bua.report.wording import printable, stamp, width

SHADES: Final = " ░▒▓█"
MOST_ROWS: Final = 40
"""Rows of a table; the other renderings have all."""


def text(figures: Figures, manner: Manner) -> str:
    """Everything, for people at a terminal."""
    words = manner.words
    until = "" if figures.complete else f", {words('so_far')} {stamp(figures.at)}"
    parts = [
        f"{words('title')} {figures.number} {printable(figures.name)}  {figures.period}"
        f" ({figures.zone}{until})"
    ]
    if not figures.totals.calls:
        return "\n\n".join((*parts, words("nothing"))) + "\n"
    advice = [one.said(words.language) for one in advise(figures)]
    if advice:
        lines = [f"* {printable(one.what)}\n  {printable(one.why)}" for one in advice]
        parts.append("\n".join((words("advice"), *lines)))
    for table in tables(figures, manner):
        if table.rows:
            parts.append(_heat(table) if table.key == "heat" else _drawn(table, manner))
    return "\n\n".join(parts) + "\n"


def _drawn(table: Table, manner: Manner) -> str:
    shown = table.rows[:MOST_ROWS]
    rows = [[printable(plain(cell)) for cell in row] for row in shown]
    left = [
        all(isinstance(row[at], str | date) for row in shown) for at in range(len(rows[0]))
    ]
    widths = [
        max(width(row[at]) for row in (table.columns, *rows))
        for at in range(len(table.columns))
    ]
    lines = [table.title]
    for row in (table.columns, *rows):
        cells = (
            cell + " " * (room - width(cell))
            if to_left
            else " " * (room - width(cell)) + cell
            for cell, room, to_left in zip(row, widths, left, strict=True)
        )
        lines.append(("  " + "  ".join(cells)).rstrip())
    if len(table.rows) > MOST_ROWS:
        lines.append(f"  … {len(table.rows) - MOST_ROWS} {manner.words('more')}")
    return "\n".join(lines)


def _heat(table: Table) -> str:
    """Weekdays by hours, in shades; the greatest count is named."""
    counts = [[cell for cell in row[1:] if isinstance(cell, int)] for row in table.rows]
    most = max(max(row) for row in counts)
    scale = "".join(f"{hour:<6}" for hour in range(0, 24, 3))
    lines = [table.title, f"        {scale}".rstrip()]
    for row, hours in zip(table.rows, counts, strict=True):
        name = plain(row[0])
        shades = "".join(_shade(count, most) * 2 for count in hours)
        lines.append(f"  {name}{' ' * (6 - width(name))}{shades}".rstrip())
    lines.append(f"        {SHADES[-1] * 2} = {most}")
    return "\n".join(lines)


def _shade(count: int, most: int) -> str:
    return SHADES[-(-count * (len(SHADES) - 1) // most) if most else 0]
