"""The report as a letter: plain tables, nothing that acts, the figures of the report."""

from random import Random

import pytest

from b2bua.report.analysis import analyse
from b2bua.report.counting import span
from b2bua.report.figures import Figures
from b2bua.report.letter import letter
from b2bua.report.month import Month, Week
from b2bua.report.tables import manner_of
from b2bua.report.wording import Language
from tests.report.builders import NOVEMBER, random_records, subject
from tests.report.test_renderings import HOSTILE, hostile_month

__all__ = ["hostile_month"]


@pytest.fixture(scope="module")
def november() -> Figures:
    about = subject(NOVEMBER)
    return analyse(random_records(Random(9), 1200, *span(about)), about)


@pytest.mark.parametrize("language", list(Language))
def test_it_says_what_the_report_says(november: Figures, language: Language) -> None:
    told = letter(november, manner_of(november, language))
    assert told.subject.endswith("2026-11 · 4006001234 常德博易")
    for part in (told.text, told.html):
        assert str(november.totals.calls) in part
        assert str(november.totals.missed) in part
    assert ("本月" in told.html) is (language is Language.ZH)
    assert "<script" not in told.html
    assert "class=" not in told.html, "mail programs know no style sheet"


def test_a_week_is_called_a_week() -> None:
    about = subject(Week(2026, 46))
    figures = analyse(random_records(Random(9), 300, *span(about)), about)
    told = letter(figures, manner_of(figures, Language.ZH))
    assert "2026-W46" in told.subject
    assert "本周" in told.html
    assert "本月" not in told.html + told.text


def test_a_month_without_calls_says_so() -> None:
    figures = analyse((), subject(Month(2024, 2)))
    told = letter(figures, manner_of(figures, Language.EN))
    assert "no calls" in told.html
    assert "no calls" in told.text


def test_nothing_of_a_record_acts(hostile_month: Figures) -> None:
    told = letter(hostile_month, manner_of(hostile_month, Language.EN))
    assert HOSTILE not in told.html
    assert "<script" not in told.html
    for part in (told.subject, told.text, told.html):
        assert not set(part) & {"\x1b", "\u202e", "\r"}
    assert "\n" not in told.subject
