"""What each rendering shows, hides and makes harmless."""

import csv
import io
import re
import zipfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from b2bua.report.analysis import analyse
from b2bua.report.charts import scale
from b2bua.report.commas import commas, safe
from b2bua.report.counting import span
from b2bua.report.figures import Figures
from b2bua.report.page import page
from b2bua.report.tables import Manner, plain, tables
from b2bua.report.terminal import text
from b2bua.report.wording import Language, Wording, clock, width
from b2bua.report.workbook import workbook
from b2bua.service.record import Attempt, Outcome
from tests.report.builders import random_records, record, subject

MONDAY = datetime(2026, 11, 2, 2, 0, tzinfo=UTC)
HOSTILE = '<script>alert("1")</script>\x1b[31m\u202e&'
LANGUAGES = list(Language)


def manner(language: Language = Language.EN, *, full: bool = False) -> Manner:
    return Manner(Wording(language), full=full)


@pytest.fixture(scope="module")
def busy_month() -> Figures:
    about = subject()
    return analyse(random_records(Random(3), 1500, *span(about)), about)


@pytest.fixture(scope="module")
def hostile_month() -> Figures:
    """Every text that comes from outside, or from a plan, is an attack."""
    attempt = Attempt(destination=HOSTILE, number=HOSTILE, trunk="t", outcome="answered")
    about = subject()
    assert about.plan is not None
    about = replace(about, plan=replace(about.plan, name=HOSTILE))
    changes = {
        "caller": "=" + HOSTILE,
        "area": HOSTILE,
        "route": "+" + HOSTILE,
        "keys": "@" + HOSTILE,
        "destination": HOSTILE,
        "end_reason": "-" + HOSTILE,
        "attempts": (attempt,),
    }
    records = [
        record(MONDAY + timedelta(minutes=minute), outcome, **changes)
        for minute, outcome in enumerate((*Outcome, *Outcome))
    ]
    return analyse(records, about)


class Elements(HTMLParser):
    """What a browser would make of the page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.attributes: set[str] = set()
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag not in ("meta", "line", "rect", "polyline", "br"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_is_whole_and_alone(busy_month: Figures, language: Language) -> None:
    written = page(busy_month, manner(language))
    elements = Elements(written)
    assert elements.open == []
    assert "svg" in elements.names
    assert not elements.names & {"script", "img", "link", "iframe", "object", "a"}
    assert not {name for name in elements.attributes if name.startswith("on")}
    assert not re.search(r"https?:|url\(|@import", written)
    assert written.count("<svg") == 6


@pytest.mark.parametrize("full", [False, True])
def test_nothing_from_outside_is_markup(hostile_month: Figures, full: bool) -> None:
    written = page(hostile_month, manner(full=full))
    assert "script" not in Elements(written).names
    assert "<script" not in written
    assert "\x1b" not in written
    assert "\u202e" not in written


def test_no_terminal_is_steered(hostile_month: Figures) -> None:
    written = text(hostile_month, manner(full=True))
    assert "\x1b" not in written
    assert "\u202e" not in written


@pytest.mark.parametrize("full", [False, True])
def test_no_spreadsheet_calculates(hostile_month: Figures, full: bool) -> None:
    written = commas(hostile_month, manner(full=full))
    assert written.startswith(b"\xef\xbb\xbf")
    for row in csv.reader(io.StringIO(written.decode("utf-8-sig"))):
        for cell in row:
            number = re.fullmatch(r"-?[0-9.]+", cell)
            assert number or not cell.startswith(("=", "+", "-", "@", "\t")), cell


@given(st.text())
def test_no_text_is_a_formula(value: str) -> None:
    told = safe(value)
    assert not told.lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
    assert told in (value, f"'{value}")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_workbook(hostile_month: Figures, language: Language) -> None:
    with zipfile.ZipFile(io.BytesIO(workbook(hostile_month, manner(language)))) as book:
        assert book.testzip() is None
        sheets = [name for name in book.namelist() if "worksheets/sheet" in name]
        assert len(sheets) == 16
        assert not any(b"<f>" in book.read(name) for name in sheets)
        assert not any("externalLink" in name for name in book.namelist())


def test_a_workbook_depends_on_its_figures_alone(busy_month: Figures) -> None:
    assert workbook(busy_month, manner()) == workbook(busy_month, manner())


@pytest.mark.parametrize("full", [False, True])
def test_callers_are_masked_unless_asked_for(full: bool) -> None:
    calls = [
        record(MONDAY + timedelta(hours=hour), Outcome.BUSY, caller="13912345678")
        for hour in range(3)
    ]
    figures, told = analyse(calls, subject()), manner(full=full)
    book = zipfile.ZipFile(io.BytesIO(workbook(figures, told)))
    for written in (
        text(figures, told),
        commas(figures, told).decode(),
        page(figures, told),
        book.read("xl/sharedStrings.xml").decode(),
    ):
        assert ("13912345678" in written) is full
        assert ("139****5678" in written) is not full


def test_who_asked_for_privacy_is_shown_to_nobody() -> None:
    hidden = {"caller": "13912345678", "caller_private": True}
    calls = [
        record(MONDAY + timedelta(hours=hour), Outcome.BUSY, **hidden) for hour in range(3)
    ]
    figures = analyse(calls, subject())
    told = manner(full=True)
    book = zipfile.ZipFile(io.BytesIO(workbook(figures, told)))
    for written in (
        text(figures, told),
        commas(figures, told).decode(),
        page(figures, told),
    ):
        assert "5678" not in written.replace("4006005678", "")
        assert "anonymous" in written
    assert b"13912345678" not in book.read("xl/sharedStrings.xml")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_month_without_calls(language: Language) -> None:
    figures, told = analyse((), subject()), manner(language)
    nothing = told.words("nothing")
    assert nothing in text(figures, told)
    assert nothing in page(figures, told)
    assert commas(figures, told)
    assert workbook(figures, told)


def test_tables_have_a_cell_for_each_column(busy_month: Figures) -> None:
    found = tables(busy_month, manner())
    for table in found:
        assert table.rows
        assert all(len(row) == len(table.columns) for row in table.rows)
        assert all(plain(cell) for row in table.rows for cell in row if cell != "")
    assert len({table.key for table in found}) == len(found) == 15


def test_columns_line_up(busy_month: Figures) -> None:
    written = text(busy_month, manner(Language.ZH)).split("\n\n")
    block = next(part for part in written if part.startswith("主叫省份"))
    assert len({width(line) for line in block.splitlines()[1:]}) == 1


@pytest.mark.parametrize(
    ("milliseconds", "told"),
    [
        (0, "0:00"),
        (499, "0:00"),
        (59_600, "1:00"),
        (3_599_999, "1:00:00"),
        (90_000, "1:30"),
    ],
)
def test_clock(milliseconds: int, told: str) -> None:
    assert clock(milliseconds) == told


@given(st.floats(0, 1e9))
def test_a_scale_holds_its_figures(most: float) -> None:
    ticks = scale(most)
    assert ticks[0] == 0
    assert ticks[-1] >= most
    assert ticks[-1] <= max(4, most * 2.5)
