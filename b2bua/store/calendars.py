"""Holidays and make-up workdays, a year at a time, each with where it came from."""

from dataclasses import dataclass
from datetime import date, datetime

from b2bua.service.plan import Calendar
from b2bua.store.errors import PlanRefused
from b2bua.store.pool import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarYear:
    """One year as it is stored."""

    year: int
    source: str
    imported_at: datetime
    holidays: tuple[date, ...]
    workdays: tuple[date, ...]


class Calendars:
    """The calendar in one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def publish(self, calendar: Calendar, source: str) -> None:
        """Replace what is known of the calendar's years; other years stay."""
        days = [(day, False) for day in calendar.holidays]
        days += [(day, True) for day in calendar.workdays]
        for day, _ in days:
            if day.year not in calendar.years:
                raise PlanRefused(f"{day} is in none of the calendar's years")
        async with self._database.transaction() as connection:
            # Two processes that begin at once would both delete, then both insert.
            await connection.execute("lock table calendar_day in exclusive mode")
            await connection.execute(
                "delete from calendar_day where extract(year from day) = any($1::int[])",
                sorted(calendar.years),
            )
            await connection.execute(
                "insert into calendar_year (year, source) select unnest($1::int[]), $2"
                " on conflict (year) do update"
                " set source = excluded.source, imported_at = now()",
                sorted(calendar.years),
                source,
            )
            await connection.copy_records_to_table("calendar_day", records=days)

    async def years(self) -> list[CalendarYear]:
        """Every year that is known, in order."""
        async with self._database.connection() as connection:
            rows = await connection.fetch(
                "select year, source, imported_at,"
                " coalesce(array_agg(day order by day) filter (where not workday), '{}')"
                " as holidays,"
                " coalesce(array_agg(day order by day) filter (where workday), '{}')"
                " as workdays"
                " from calendar_year left join calendar_day"
                " on extract(year from day) = year"
                " group by year, source, imported_at order by year"
            )
        return [
            CalendarYear(
                year=row["year"],
                source=row["source"],
                imported_at=row["imported_at"],
                holidays=tuple(row["holidays"]),
                workdays=tuple(row["workdays"]),
            )
            for row in rows
        ]
