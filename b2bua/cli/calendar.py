"""``b2bua calendar``: holidays and make-up workdays."""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from pathlib import Path

from b2bua.app.storage import calendar_package, opened_storage
from b2bua.cli.common import Wanting, run, say, say_json, settings_of
from b2bua.config.settings import Settings
from b2bua.service.datafiles import MalformedFile, read_calendar
from b2bua.service.plan import Calendar
from b2bua.store.calendars import CalendarYear


def import_calendar(config: Path, path: Path) -> int:
    """Check a file, and put its years in the place of what is known of them."""
    try:
        calendar = read_calendar(path.read_bytes())
    except MalformedFile as error:
        raise Wanting(f"{path}: {error}") from error
    return _publish(settings_of(config), calendar, path.name)


def seed_calendar(config: Path) -> int:
    """Take every year that the calendar package has."""
    return _publish(settings_of(config), calendar_package(), "chinesecalendar")


def show_calendar(config: Path, year: int, *, as_json: bool) -> int:
    """Print the days of a year that are not what their weekday says."""
    settings = settings_of(config)

    async def ask() -> list[CalendarYear]:
        async with opened_storage(settings) as storage:
            return await storage.calendars.years()

    found = {one.year: one for one in run(ask())}
    if year not in found:
        known = ", ".join(map(str, found)) or "none"
        raise Wanting(f"the calendar has no {year}; it has {known}")
    shown = found[year]
    if as_json:
        for day in shown.holidays:
            say_json({"date": str(day), "workday": False})
        for day in shown.workdays:
            say_json({"date": str(day), "workday": True})
        return 0
    say(f"{year}, from {shown.source} on {shown.imported_at:%Y-%m-%d}")
    for first, last in runs(shown.holidays):
        say(f"休 {first:%m-%d %a}" + (f" to {last:%m-%d %a}" if last != first else ""))
    for day in shown.workdays:
        say(f"班 {day:%m-%d %a}")
    return 0


def runs(days: Iterable[date]) -> Iterator[tuple[date, date]]:
    """Days that follow each other, as first and last."""
    first = last = None
    for day in sorted(days):
        if first is None or last is None:
            first = last = day
        elif day == last + timedelta(days=1):
            last = day
        else:
            yield first, last
            first = last = day
    if first is not None and last is not None:
        yield first, last


def _publish(settings: Settings, calendar: Calendar, source: str) -> int:
    async def publish() -> None:
        async with opened_storage(settings) as storage:
            await storage.calendars.publish(calendar, source)

    run(publish())
    for year in sorted(calendar.years):
        off = sum(day.year == year for day in calendar.holidays)
        worked = sum(day.year == year for day in calendar.workdays)
        say(f"{year}: {off} holidays, {worked} make-up workdays")
    return 0
