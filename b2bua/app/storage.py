"""What is in PostgreSQL, for as long as somebody needs it.

Commands work whether a server runs or not: with an embedded PostgreSQL they join the one
that is up, or start it and stop it again.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import asyncpg

from b2bua.config.settings import Settings
from b2bua.service.plan import Calendar
from b2bua.store.accounts import Accounts
from b2bua.store.areas import Areas
from b2bua.store.calendars import Calendars
from b2bua.store.errors import MigrationRefused, Unavailable
from b2bua.store.leases import Leases
from b2bua.store.live import Live
from b2bua.store.migrate import migrate
from b2bua.store.outbox import Outbox
from b2bua.store.phones import Phones
from b2bua.store.plans import Plans
from b2bua.store.pool import PAGE_SECONDS, Database
from b2bua.store.records import Records
from b2bua.store.supervisor import EmbeddedPostgres
from b2bua.store.talks import LastTalks
from b2bua.store.trunks import TrunkBoard


@dataclass(frozen=True, slots=True, kw_only=True)
class Storage:
    """One database and everything that reads and writes it."""

    database: Database
    plans: Plans
    records: Records
    live: Live
    leases: Leases
    accounts: Accounts
    areas: Areas
    calendars: Calendars
    outbox: Outbox
    trunks: TrunkBoard
    talks: LastTalks
    phones: Phones


def storage_of(database: Database) -> Storage:
    """What reads and writes ``database``."""
    return Storage(
        database=database,
        plans=Plans(database),
        records=Records(database),
        live=Live(database),
        leases=Leases(database),
        accounts=Accounts(database),
        areas=Areas(database),
        calendars=Calendars(database),
        outbox=Outbox(database),
        trunks=TrunkBoard(database),
        talks=LastTalks(database),
        phones=Phones(database),
    )


@asynccontextmanager
async def opened_storage(settings: Settings) -> AsyncIterator[Storage]:
    """A database that is up and up to date.

    Raises StoreError if PostgreSQL cannot be started, or reached.
    """
    postgres = embedded_postgres(settings)
    dsn = settings.store.dsn if postgres is None else await postgres.start()
    try:
        await prepare(dsn)
        database = Database(dsn, patience=PAGE_SECONDS)
        await database.open()
        try:
            yield storage_of(database)
        finally:
            await database.close()
    finally:
        if postgres is not None:
            await postgres.stop()


def embedded_postgres(settings: Settings) -> EmbeddedPostgres | None:
    """Our own PostgreSQL; None when the settings name another."""
    return None if settings.store.dsn else EmbeddedPostgres(Path(settings.data_dir))


async def prepare(dsn: str) -> None:
    """Bring schema and calendar up to date. Raises StoreError."""
    try:
        await migrate(dsn)
    except asyncpg.SyntaxOrAccessError as error:
        # Waiting mends no statement of ours, and no right that we lack.
        raise MigrationRefused(f"PostgreSQL refuses our schema: {error}") from error
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise Unavailable(f"PostgreSQL: {str(error) or 'no answer in time'}") from error
    database = Database(dsn, patience=PAGE_SECONDS)
    await database.open()
    try:
        plans = Plans(database)
        known = (await plans.calendar()).years
        package = calendar_package()
        missing = package.years - known
        if missing:
            calendar = _only(package, missing)
            await Calendars(database).publish(calendar, "chinesecalendar")
    finally:
        await database.close()


def calendar_package() -> Calendar:
    """What the calendar package knows."""
    from chinese_calendar import constants  # type: ignore  # noqa: PLC0415

    holidays: dict[date, str] = constants.holidays
    workdays: dict[date, str] = constants.workdays
    return Calendar(
        holidays=frozenset(holidays),
        workdays=frozenset(workdays),
        years=frozenset(day.year for day in holidays),
    )


def _only(calendar: Calendar, years: frozenset[int]) -> Calendar:
    return Calendar(
        holidays=frozenset(day for day in calendar.holidays if day.year in years),
        workdays=frozenset(day for day in calendar.workdays if day.year in years),
        years=years,
    )
