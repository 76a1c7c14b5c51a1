"""The imported area table and the calendar: stored, replaced, read back."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from b2bua.app.atlas import Atlas
from b2bua.app.build import area_table
from b2bua.app.freshness import missing_years, stale_areas, stale_calendar
from b2bua.config.settings import Service, Settings
from b2bua.service.plan import Calendar
from b2bua.store.areas import Areas
from b2bua.store.calendars import Calendars
from b2bua.store.errors import PlanRefused
from b2bua.store.plans import Plans
from b2bua.store.pool import Database

TABLE = b"1380013,0755\n139,010,\xe5\x8c\x97\xe4\xba\xac\n"
DATED = date(2026, 10, 1)


def settings(directory: Path, **overrides: str) -> Settings:
    return Settings(data_dir=str(directory), service=Service(area_overrides=overrides))


async def test_an_imported_table_is_used_until_another_is(
    database: Database, tmp_path: Path
) -> None:
    areas = Areas(database)
    atlas = Atlas(areas, settings(tmp_path, **{"1391": "0898"}))
    built_in = await atlas.table()
    assert len(built_in) > 400_000
    assert await atlas.table() is built_in
    await areas.publish("mine.csv", DATED, TABLE)
    mine = await atlas.table()
    assert (mine.area_of("13800138000"), mine.version) == ("0755", DATED)
    assert mine.area_of("13912345678") == "0898"
    assert mine.province_of("0755") == "广东"
    assert await atlas.table() is mine
    source = await areas.current()
    assert source is not None
    assert (source.name, source.dated) == ("mine.csv", DATED)
    await areas.publish("other.csv", DATED, b"138,0731\n")
    assert (await atlas.table()).area_of("13800138000") == "0731"
    assert await areas.content(source) is None
    assert await areas.withdraw()
    assert not await areas.withdraw()
    assert (await atlas.table()).area_of("13800138000") == "010"


async def test_a_start_without_postgresql_goes_by_the_copy(
    database: Database, tmp_path: Path
) -> None:
    await Areas(database).publish("mine.csv", DATED, TABLE)
    await Atlas(Areas(database), settings(tmp_path)).table()
    nowhere = Database("postgresql://b2bua@127.0.0.1:1/b2bua")
    await nowhere.open()
    alone = Atlas(Areas(nowhere), settings(tmp_path))
    table = await alone.table()
    assert (table.area_of("13800138000"), table.version) == ("0755", DATED)
    assert await alone.table() is table
    await nowhere.close()


async def test_a_table_that_cannot_be_read_leaves_the_built_in_one(
    database: Database, tmp_path: Path
) -> None:
    await Areas(database).publish("junk", None, b"\0\0")
    table = await Atlas(Areas(database), settings(tmp_path)).table()
    assert len(table) == len(area_table(settings(tmp_path)))


async def test_years_of_the_calendar_are_replaced_whole(database: Database) -> None:
    calendars = Calendars(database)
    old = Calendar(
        holidays=frozenset({date(2026, 1, 1), date(2026, 5, 1)}),
        workdays=frozenset({date(2026, 1, 4)}),
        years=frozenset({2026}),
    )
    await calendars.publish(old, "notice.csv")
    new = replace(old, holidays=frozenset({date(2026, 1, 1)}), workdays=frozenset())
    more = Calendar(holidays=frozenset({date(2027, 1, 1)}), years=frozenset({2027}))
    await calendars.publish(more, "next.csv")
    await calendars.publish(new, "corrected.csv")
    years = await calendars.years()
    told = [(one.year, one.source, one.holidays, one.workdays) for one in years]
    assert told == [
        (2026, "corrected.csv", (date(2026, 1, 1),), ()),
        (2027, "next.csv", (date(2027, 1, 1),), ()),
    ]
    assert (await Plans(database).calendar()).years == {2026, 2027}
    with pytest.raises(PlanRefused):
        await calendars.publish(replace(more, years=frozenset({2028})), "wrong")


def test_what_is_stale() -> None:
    assert missing_years(frozenset({2026}), date(2026, 11, 30)) == []
    assert missing_years(frozenset({2026}), date(2026, 12, 1)) == [2027]
    assert missing_years(frozenset({2027}), date(2026, 12, 1)) == [2026]
    both = frozenset({2026, 2027})
    assert list(stale_calendar(both, date(2026, 12, 1))) == []
    (lacking,) = stale_calendar(both, date(2028, 1, 1))
    assert lacking.startswith("the calendar has no holidays for 2028, weekdays alone")
    assert list(stale_areas(date(2024, 11, 22), date(2026, 11, 22))) == []
    (old,) = stale_areas(date(2024, 11, 1), date(2026, 11, 22))
    assert old == "the area table is of 2024-11-01: b2bua areas import FILE"
    (undated,) = stale_areas(None, date(2026, 11, 22))
    assert undated == "the area table has no date: b2bua areas import FILE"
