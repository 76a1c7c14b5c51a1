"""The report as an XLSX workbook: a sheet for each table, made in memory.

Every text is written as a text, never as a formula or a link, whatever it looks like.
"""

import io
from datetime import date, datetime
from typing import Final, assert_never

import xlsxwriter  # type: ignore[import-untyped]

from b2bua.report.advice import advise
from b2bua.report.figures import Figures
from b2bua.report.tables import (
    Cell,
    Duration,
    Manner,
    Percent,
    Table,
    Traffic,
    Yuan,
    tables,
)
from b2bua.report.wording import stamp, width

FORMATS: Final = {
    "head": {"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"},
    "title": {"bold": True, "font_size": 14},
    "percent": {"num_format": "0.0%"},
    "yuan": {"num_format": "#,##0.00#"},
    "duration": {"num_format": "[h]:mm:ss"},
    "traffic": {"num_format": "0.00"},
    "moment": {"num_format": "yyyy-mm-dd hh:mm:ss"},
    "date": {"num_format": "yyyy-mm-dd"},
    "count": {"num_format": "#,##0"},
    "wrap": {"text_wrap": True, "valign": "top"},
}
DAY_MS: Final = 86_400_000
OPTIONS: Final = {
    "in_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}


class Workbook:
    """One workbook being written."""

    def __init__(self, figures: Figures, manner: Manner) -> None:
        self._figures = figures
        self._manner = manner
        self._bytes = io.BytesIO()
        self._book = xlsxwriter.Workbook(self._bytes, OPTIONS)
        self._book.set_properties({"created": figures.at.replace(tzinfo=None)})
        self._formats = {
            name: self._book.add_format(properties) for name, properties in FORMATS.items()
        }

    def write(self) -> bytes:
        """The finished file."""
        self._advice()
        for table in tables(self._figures, self._manner):
            self._sheet(table)
        self._book.close()
        return self._bytes.getvalue()

    def _advice(self) -> None:
        words, figures = self._manner.words, self._figures
        sheet = self._book.add_worksheet(words("advice"))
        sheet.set_column(0, 1, 60, self._formats["wrap"])
        title = f"{words('title')} {figures.number} {figures.name} {figures.period}"
        sheet.write_string(0, 0, title, self._formats["title"])
        sheet.write_string(1, 0, f"{words('made')} {stamp(figures.at)} ({figures.zone})")
        sheet.write_string(3, 0, words("advice"), self._formats["head"])
        sheet.write_string(3, 1, words("because"), self._formats["head"])
        for row, advice in enumerate(advise(figures), 4):
            said = advice.said(words.language)
            sheet.write_string(row, 0, said.what)
            sheet.write_string(row, 1, said.why)

    def _sheet(self, table: Table) -> None:
        sheet = self._book.add_worksheet(_sheet_name(table.title))
        for column, heading in enumerate(table.columns):
            room = max([width(heading), *(_room(row[column]) for row in table.rows)])
            sheet.set_column(column, column, min(room + 2, 40))
            sheet.write_string(0, column, heading, self._formats["head"])
        sheet.freeze_panes(1, 0)
        for row, cells in enumerate(table.rows, 1):
            for column, cell in enumerate(cells):
                self._write(sheet, row, column, cell)
        if table.key == "heat":
            scale = {
                "type": "2_color_scale",
                "min_color": "#ffffff",
                "max_color": "#2a6fdb",
            }
            sheet.conditional_format(1, 1, 7, 24, scale)

    def _write(
        self, sheet: xlsxwriter.worksheet.Worksheet, row: int, column: int, cell: Cell
    ) -> None:
        formats = self._formats
        match cell:
            case None:
                return
            case str():
                sheet.write_string(row, column, cell)
            case int():
                sheet.write_number(row, column, cell, formats["count"])
            case Percent(of):
                sheet.write_number(row, column, float(of), formats["percent"])
            case Yuan(li):
                sheet.write_number(row, column, li / 1000, formats["yuan"])
            case Duration(ms):
                sheet.write_number(row, column, float(ms) / DAY_MS, formats["duration"])
            case Traffic(erlang):
                sheet.write_number(row, column, erlang, formats["traffic"])
            case datetime():
                local = cell.replace(tzinfo=None, microsecond=0)
                sheet.write_datetime(row, column, local, formats["moment"])
            case date():
                sheet.write_datetime(row, column, cell, formats["date"])
            case _:
                assert_never(cell)


def workbook(figures: Figures, manner: Manner) -> bytes:
    """Everything, as one file."""
    return Workbook(figures, manner).write()


def _sheet_name(title: str) -> str:
    r"""What a spreadsheet accepts: 31 characters, none of ``[]:*?/\``."""
    return title.translate(str.maketrans("[]:*?/\\（）", "()    -()"))[:31]  # noqa: RUF001


def _room(cell: Cell) -> int:
    """Columns that a cell takes, about."""
    match cell:
        case None:
            return 1
        case str():
            return width(cell)
        case datetime():
            return 19
        case date() | Yuan() | Duration():
            return 10
        case _:
            return 8
