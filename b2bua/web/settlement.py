"""What a month came to for every number, both shares, as JSON, CSV and XLSX."""

import csv
import io
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

import xlsxwriter  # type: ignore[import-untyped]
from fastapi import HTTPException

from b2bua.report.commas import safe
from b2bua.service.tariff import yuan
from b2bua.store.house import ZONE, Share

COLUMNS: Final = (
    *("number", "name", "calls", "answered", "talk_seconds", "charged_seconds"),
    *("enterprise_yuan", "caller_yuan"),
)
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FORMS: Final = {"csv": "text/csv; charset=utf-8", "xlsx": XLSX}


def month_of(text: str) -> tuple[int, int]:
    """Year and month; the current one for an empty text. Raises 422."""
    if not text:
        today = datetime.now(UTC).astimezone(ZoneInfo(ZONE))
        return today.year, today.month
    if not re.fullmatch(r"20[0-9]{2}-(0[1-9]|1[0-2])", text):
        raise HTTPException(422, "month: YYYY-MM is needed")
    return int(text[:4]), int(text[5:])


def rows(shares: Sequence[Share]) -> list[tuple[str | int, ...]]:
    """One line for each number."""
    return [
        (
            one.number,
            one.name,
            one.calls,
            one.answered,
            one.talk_ms // 1000,
            one.charged_ms // 1000,
            yuan(one.fee),
            yuan(one.caller_fee),
        )
        for one in shares
    ]


def mapping(shares: Sequence[Share], month: str) -> dict[str, object]:
    """As the API shows it."""
    return {
        "month": month,
        "numbers": [dict(zip(COLUMNS, row, strict=True)) for row in rows(shares)],
        "enterprise_yuan": yuan(sum(one.fee for one in shares)),
        "caller_yuan": yuan(sum(one.caller_fee for one in shares)),
    }


def commas(shares: Sequence[Share]) -> bytes:
    """For spreadsheets, which take none of it for a formula."""
    written = io.StringIO()
    writer = csv.writer(written)
    writer.writerow(COLUMNS)
    for row in rows(shares):
        writer.writerow(safe(cell) if isinstance(cell, str) else cell for cell in row)
    return b"\xef\xbb\xbf" + written.getvalue().encode("utf-8", "replace")


def workbook(shares: Sequence[Share]) -> bytes:
    """The same as a workbook; money as figures."""
    written = io.BytesIO()
    plain = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(written, plain) as book:
        sheet = book.add_worksheet()
        bold = book.add_format({"bold": True})
        money = book.add_format({"num_format": "0.000"})
        sheet.write_row(0, 0, COLUMNS, bold)
        for line, one in enumerate(shares, 1):
            for column, cell in enumerate(rows([one])[0][:6]):
                write = sheet.write_string if isinstance(cell, str) else sheet.write_number
                write(line, column, cell)
            sheet.write_number(line, 6, one.fee / 1000, money)
            sheet.write_number(line, 7, one.caller_fee / 1000, money)
        sheet.set_column(0, len(COLUMNS) - 1, 16)
    return written.getvalue()
