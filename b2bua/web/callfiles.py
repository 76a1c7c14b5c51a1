"""The list of calls as a file: CSV as it is read from the database, or a workbook.

Texts are kept from being formulas. A workbook is made in a thread beside the portal's loop.
"""

import asyncio
import csv
import io
import tempfile
from collections.abc import AsyncIterator, Callable, Iterable
from pathlib import Path
from typing import Final, TypeAlias

import xlsxwriter  # type: ignore[import-untyped]

from b2bua.report.commas import safe
from b2bua.service.record import CallRecord
from b2bua.service.tariff import yuan

MOST_ROWS: Final = 200_000
"""Of one file; spreadsheets end at a million."""
COLUMNS: Final = (
    *("at", "caller", "area", "outcome", "destination", "route", "keys", "talk_seconds"),
    *("charged_seconds", "fee", "caller_fee", "ended_by", "call_id"),
)
"""Keys of words."""
MARK: Final = b"\xef\xbb\xbf"
"""So that Excel reads Chinese."""

Cells: TypeAlias = list[str | float]
Shown: TypeAlias = Callable[[CallRecord], Cells]


def cells(record: CallRecord, at: str, caller: str, words: Callable[[str], str]) -> Cells:
    """One call; ``at`` and ``caller`` as whoever reads it may see them."""
    return [
        at,
        caller,
        record.area,
        words(record.outcome.value),
        record.destination,
        record.route,
        record.keys,
        round(record.talk_ms / 1000, 1),
        round(record.charged_ms / 1000, 1),
        float(yuan(record.fee)),
        float(yuan(record.caller_fee)),
        record.end_reason,
        record.id,
    ]


async def commas(
    records: AsyncIterator[list[CallRecord]], heads: Iterable[str], shown: Shown
) -> AsyncIterator[bytes]:
    """CSV, a page of records at a time."""
    yield MARK + _lines([list(heads)])
    async for page in records:
        yield _lines(shown(record) for record in page)


def _lines(rows: Iterable[Cells]) -> bytes:
    written = io.StringIO()
    writer = csv.writer(written)
    writer.writerows(
        [safe(one) if isinstance(one, str) else one for one in r] for r in rows
    )
    return written.getvalue().encode("utf-8", "replace")


async def workbook(
    records: AsyncIterator[list[CallRecord]], heads: Iterable[str], shown: Shown
) -> Path:
    """An XLSX in a file of its own, which whoever asked removes."""
    with tempfile.NamedTemporaryFile(suffix=".xlsx", delete=False) as file:
        path = Path(file.name)
    book = xlsxwriter.Workbook(
        str(path),
        {
            "constant_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
        },
    )
    sheet = book.add_worksheet()
    bold = book.add_format({"bold": True})
    for column, head in enumerate(heads):
        sheet.set_column(column, column, 18)
        sheet.write_string(0, column, head, bold)
    sheet.freeze_panes(1, 0)
    row = 1
    async for page in records:
        await asyncio.to_thread(_write, sheet, row, [shown(record) for record in page])
        row += len(page)
    await asyncio.to_thread(book.close)
    return path


def _write(sheet: xlsxwriter.worksheet.Worksheet, row: int, page: list[Cells]) -> None:
    for place, line in enumerate(page, row):
        for column, cell in enumerate(line):
            if isinstance(cell, str):
                sheet.write_string(place, column, cell)
            else:
                sheet.write_number(place, column, cell)
