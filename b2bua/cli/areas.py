"""``b2bua areas``: the table that says where callers are."""

from datetime import date
from pathlib import Path

from b2bua.app.build import area_table
from b2bua.app.storage import opened_storage
from b2bua.cli.common import Misused, Wanting, run, say, settings_of
from b2bua.service.datafiles import MalformedFile, read_areas


def import_areas(config: Path, path: Path, dated: str) -> int:
    """Check a table, and have every node use it."""
    settings = settings_of(config)
    try:
        version = date.fromisoformat(dated) if dated else None
    except ValueError as error:
        raise Misused(f"--dated: {dated!r} is no date such as 2026-11-01") from error
    content = path.read_bytes()
    try:
        table = read_areas(content, version)
    except MalformedFile as error:
        raise Wanting(f"{path}: {error}") from error
    if table.version is None:
        raise Misused("a CSV file does not tell its age: give --dated YYYY-MM-DD")

    async def publish() -> None:
        async with opened_storage(settings) as storage:
            await storage.areas.publish(path.name, table.version, content)

    run(publish())
    say(f"{len(table)} prefixes of {len(table.areas)} areas as of {table.version}")
    return 0


def show_areas(config: Path) -> int:
    """Say which table is in use."""
    settings = settings_of(config)

    async def ask() -> str:
        async with opened_storage(settings) as storage:
            source = await storage.areas.current()
        if source is not None:
            when = f"imported {source.imported_at:%Y-%m-%d}"
            return f"{source.name} as of {source.dated}, {when}"
        table = area_table(settings)
        return f"{len(table)} prefixes that came along, as of {table.version}"

    say(run(ask()))
    return 0


def withdraw_areas(config: Path) -> int:
    """Have every node use the table that came along."""
    settings = settings_of(config)

    async def withdraw() -> bool:
        async with opened_storage(settings) as storage:
            return await storage.areas.withdraw()

    if not run(withdraw()):
        raise Wanting("no table was imported")
    return 0
