"""Data that grows old: the calendar of holidays, and the area table.

The State Council's notice of a year's holidays comes in the November before it, so from
December on a calendar without the next year is an alarm. Mobile prefixes are issued all
the time: after two years an area table does not know many of them.
"""

import asyncio
from collections.abc import Callable, Iterator
from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

import structlog

from b2bua.exchange.outlook import Outlook

OLDEST_AREAS: Final = 2 * 365
"""Days."""
LOOK_SECONDS: Final = 6 * 3600.0
HERE: Final = ZoneInfo("Asia/Shanghai")


def missing_years(known: frozenset[int], today: date) -> list[int]:
    """Years that the calendar should have and has not."""
    wanted = [today.year] if today.month < 12 else [today.year, today.year + 1]
    return [year for year in wanted if year not in known]


def areas_age(version: date | None, today: date) -> int | None:
    """Days since the table was right; None if nobody knows."""
    return None if version is None else (today - version).days


def stale_calendar(years: frozenset[int], today: date) -> Iterator[str]:
    """Which years the calendar lacks, and the way out."""
    for year in missing_years(years, today):
        yield (
            f"the calendar has no holidays for {year}, weekdays alone decide:"
            " b2bua calendar import FILE"
        )


def stale_areas(version: date | None, today: date) -> Iterator[str]:
    """Why the area table is too old, and the way out."""
    age = areas_age(version, today)
    if age is None or age > OLDEST_AREAS:
        said = "has no date" if version is None else f"is of {version}"
        yield f"the area table {said}: b2bua areas import FILE"


class Watch:
    """Looks at what one node goes by, now and again."""

    def __init__(self, outlook: Outlook) -> None:
        self._outlook = outlook
        self._log = structlog.get_logger()

    async def run(self) -> None:
        """Complain until cancelled."""
        while True:
            for complaint in self.complaints():
                self._log.warning("stale data", what=complaint)
            await asyncio.sleep(LOOK_SECONDS)

    def complaints(self) -> list[str]:
        """What is too old today."""
        years = self._outlook.snapshot.calendar.years
        return [
            *stale_calendar(years, _today()),
            *stale_areas(self._outlook.areas.version, _today()),
        ]

    def figures(self, watch: Callable[[str, str, Callable[[], float]], None]) -> None:
        """Show them where metrics are read."""
        watch("stale_data", "Tables that are too old", lambda: len(self.complaints()))
        watch("areas_age_days", "Age of the area table; -1: unknown", self._age)

    def _age(self) -> float:
        age = areas_age(self._outlook.areas.version, _today())
        return -1 if age is None else age


def _today() -> date:
    return datetime.now(HERE).date()
