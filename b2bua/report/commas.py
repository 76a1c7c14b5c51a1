"""The report as CSV: one table after the other, for spreadsheets.

UTF-8 with a byte order mark, so that Excel reads Chinese; lines end in CRLF.
A text that a spreadsheet would take for a formula gets an apostrophe in front.
"""

import csv
import io
from datetime import date, datetime
from typing import Final, assert_never

from b2bua.report.advice import advise
from b2bua.report.figures import Figures
from b2bua.report.tables import (
    Cell,
    Duration,
    Manner,
    Percent,
    Traffic,
    Yuan,
    tables,
)
from b2bua.report.wording import stamp
from b2bua.service.tariff import yuan

FORMULAE: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001
"""How texts begin that some spreadsheet calculates."""


def commas(figures: Figures, manner: Manner) -> bytes:
    """Everything, as one file."""
    words = manner.words
    written = io.StringIO()
    writer = csv.writer(written)
    head = (words("title"), figures.number, figures.name, str(figures.period), figures.zone)
    writer.writerow(map(safe, head))
    writer.writerow((words("units"),))
    for one in (advice.said(words.language) for advice in advise(figures)):
        writer.writerow((words("advice"), safe(one.what), safe(one.why)))
    for table in tables(figures, manner):
        writer.writerow(())
        writer.writerow((table.title,))
        writer.writerow(table.columns)
        writer.writerows(map(_value, row) for row in table.rows)
    return b"\xef\xbb\xbf" + written.getvalue().encode("utf-8", "replace")


def safe(text: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.lstrip(" \N{NO-BREAK SPACE}").startswith(FORMULAE) else text


def _value(cell: Cell) -> str | int:
    """A cell as a machine reads it: shares 0 to 1, durations in seconds."""
    match cell:
        case None:
            return ""
        case str():
            return safe(cell)
        case int():
            return cell
        case Percent(of):
            return f"{float(of):.4f}"
        case Yuan(li):
            return yuan(li)
        case Duration(ms):
            return f"{float(ms) / 1000:.3f}"
        case Traffic(erlang):
            return f"{erlang:.4f}"
        case datetime():
            return stamp(cell)
        case date():
            return cell.isoformat()
        case _:
            assert_never(cell)
