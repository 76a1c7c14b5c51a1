"""``report``: a month from the store to a file."""

import zipfile
from datetime import timedelta
from pathlib import Path

import pytest

from b2bua.service.record import Outcome
from tests.cli.conftest import CONTRACT, Shell
from tests.report.builders import record
from tests.report.test_analysis import MONDAY

NUMBER = "4006007300"


@pytest.fixture
def reported(shell: Shell) -> Shell:
    """A number with a plan and five calls in November 2026."""
    shell.run("apply", shell.file("plan.yaml", CONTRACT.replace("4006001234", NUMBER)))
    calls = [
        record(
            MONDAY + timedelta(minutes=minute),
            outcome,
            id=f"report{minute}",
            number=NUMBER,
            caller="13912345678",
        )
        for minute, outcome in enumerate((*(Outcome.ANSWERED,) * 4, Outcome.BUSY))
    ]
    shell.ask(lambda storage: storage.records.add(calls))
    return shell


def test_text_in_the_plans_language(reported: Shell) -> None:
    told = reported.run("report", NUMBER, "--month", "2026-11")
    assert f"话务分析 {NUMBER} 常德博易  2026-11" in told
    assert "80.0 %" in told
    assert "139****5678" in told


def test_the_number_may_be_written_as_trunks_do(reported: Shell) -> None:
    told = reported.run("report", f"+86{NUMBER}", "--month", "2026-11", "--language", "en")
    assert f"Call analysis {NUMBER}" in told


@pytest.mark.parametrize("full", [False, True])
def test_csv(reported: Shell, full: bool) -> None:
    options = ["--full"] if full else []
    told = reported.run(
        "report",
        NUMBER,
        "--month",
        "2026-11",
        "--format",
        "csv",
        "--language",
        "en",
        *options,
    )
    assert told.startswith("\ufeffCall analysis,")
    assert "Calls,5,0," in told
    assert "Enterprise fee (yuan),1.60,0.00," in told
    assert ("13912345678" in told) is full


def test_files(reported: Shell, tmp_path: Path) -> None:
    for form in ("xlsx", "html"):
        path = str(tmp_path / f"report.{form}")
        told = reported.run(
            "report", NUMBER, "--month", "2026-11", "--format", form, "--output", path
        )
        assert told == ""
    with zipfile.ZipFile(tmp_path / "report.xlsx") as book:
        assert "xl/workbook.xml" in book.namelist()
    assert (
        (tmp_path / "report.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    )


def test_a_month_without_calls(reported: Shell) -> None:
    assert "没有呼叫" in reported.run("report", NUMBER, "--month", "2025-01")


def test_a_stranger(reported: Shell) -> None:
    told = reported.run("report", "4009999999", "--month", "2026-11", status=1)
    assert "4009999999 has no plan and no calls" in told


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (("--month", "november"), "'november' is no month such as 2026-11"),
        (("--month", "2026-13"), "no month"),
        (("--month", "2026-11", "--format", "pdf"), "text, csv, xlsx, html"),
        (("--month", "2026-11", "--language", "fr"), "zh or en"),
        ((), "--month"),
    ],
)
def test_misuse(shell: Shell, options: tuple[str, ...], why: str) -> None:
    assert why in shell.run("report", NUMBER, *options, status=2)


def test_a_file_that_cannot_be_written(reported: Shell, tmp_path: Path) -> None:
    path = str(tmp_path / "missing" / "report.html")
    told = reported.run("report", NUMBER, "--month", "2026-11", "--output", path, status=1)
    assert "missing" in told
