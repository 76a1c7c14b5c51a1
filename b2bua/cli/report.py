"""``b2bua report``: call analysis of one month or week (话务分析)."""

import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from b2bua.app.atlas import Atlas
from b2bua.app.storage import Storage, opened_storage
from b2bua.cli.common import Misused, Wanting, run, settings_of
from b2bua.config.settings import Settings
from b2bua.report.analysis import summed
from b2bua.report.commas import commas
from b2bua.report.counting import Counting, span
from b2bua.report.figures import Figures, Subject
from b2bua.report.month import MalformedMonth, Period, period_of
from b2bua.report.page import page
from b2bua.report.tables import Manner, manner_of
from b2bua.report.terminal import text
from b2bua.report.wording import Language
from b2bua.report.workbook import workbook
from b2bua.service.number import service_number

ZONE: Final = "Asia/Shanghai"
"""Of numbers that have no plan any more."""
FORMATS: Final = ("text", "csv", "xlsx", "html")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportOptions:
    """What is asked for."""

    number: str
    month: str
    format: str
    language: str
    """Empty: the plan's."""
    full: bool
    """Show callers' numbers whole."""
    output: Path | None
    """None: standard output."""


def report(config: Path, options: ReportOptions) -> int:
    """Analyse a month or a week and write it in the format that is asked for."""
    month = _checked(options)
    settings = settings_of(config)
    number = service_number(options.number) or options.number

    async def read() -> tuple[Figures, Language]:
        async with opened_storage(settings) as storage:
            subject = await _subject(storage, settings, number, month)
            counting = Counting(subject)
            async for record in storage.records.in_order(number, *span(subject)):
                counting.add(record)
        figures = summed(counting, subject)
        if subject.plan is None and not figures.totals.calls + figures.before.calls:
            raise Wanting(f"{number} has no plan and no calls")
        said = "zh" if subject.plan is None else subject.plan.language
        return figures, Language(options.language or said)

    figures, language = run(read())
    manner = manner_of(figures, language, full=options.full)
    _write(_rendered(figures, manner, options.format), options.output)
    return 0


def _checked(options: ReportOptions) -> Period:
    if options.format not in FORMATS:
        raise Misused(f"--format is one of {', '.join(FORMATS)}, not {options.format!r}")
    if options.language not in ("", *(one.value for one in Language)):
        raise Misused(f"--language is zh or en, not {options.language!r}")
    if options.format == "xlsx" and options.output is None and sys.stdout.isatty():
        raise Misused("an xlsx file is nothing for a terminal: give --output FILE")
    try:
        return period_of(options.month)
    except MalformedMonth as error:
        raise Misused(f"--month: {error}") from error


async def _subject(
    storage: Storage, settings: Settings, number: str, period: Period
) -> Subject:
    plan = (await storage.plans.snapshot({})).plans.get(number)
    table = await Atlas(storage.areas, settings).table()
    return Subject(
        number=number,
        period=period,
        at=datetime.now(UTC),
        plan=plan,
        plans=await storage.plans.versions(number),
        zone=ZoneInfo(ZONE if plan is None else plan.timezone),
        province_of=table.province_of,
    )


def _rendered(figures: Figures, manner: Manner, form: str) -> bytes:
    match form:
        case "csv":
            return commas(figures, manner)
        case "xlsx":
            return workbook(figures, manner)
        case "html":
            return page(figures, manner).encode("utf-8", "replace")
        case _:
            return text(figures, manner).encode("utf-8", "replace")


def _write(content: bytes, output: Path | None) -> None:
    if output is not None:
        output.write_bytes(content)
        return
    sys.stdout.buffer.write(content)
    sys.stdout.buffer.flush()
