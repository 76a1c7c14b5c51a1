"""Tables that are imported: areas of callers, and the calendar."""

from typing import Annotated

import typer

from b2bua.cli.commands.options import DEFAULT, Config, File, Json

tables = typer.Typer()
areas = typer.Typer(help="Where callers are: the table of prefixes.")
calendar = typer.Typer(help="Holidays and make-up workdays.")
tables.add_typer(areas, name="areas")
tables.add_typer(calendar, name="calendar")


@areas.command("import")
def import_areas(
    file: File,
    dated: Annotated[
        str, typer.Option(metavar="DATE", help="As of when; phone.dat tells by itself.")
    ] = "",
    config: Config = DEFAULT,
) -> int:
    """Have every node use this table: CSV (prefix,area[,province]) or phone.dat."""
    from b2bua.cli.areas import import_areas as run_import  # noqa: PLC0415

    return run_import(config, file, dated)


@areas.command("show")
def show_areas(config: Config = DEFAULT) -> int:
    """Say which table is in use, and of when."""
    from b2bua.cli.areas import show_areas as run_show  # noqa: PLC0415

    return run_show(config)


@areas.command("withdraw")
def withdraw_areas(config: Config = DEFAULT) -> int:
    """Go back to the table that came along."""
    from b2bua.cli.areas import withdraw_areas as run_withdraw  # noqa: PLC0415

    return run_withdraw(config)


@calendar.command("import")
def import_calendar(file: File, config: Config = DEFAULT) -> int:
    """Replace whole years by those of a CSV file (date,workday)."""
    from b2bua.cli.calendar import import_calendar as run_import  # noqa: PLC0415

    return run_import(config, file)


@calendar.command("seed")
def seed_calendar(config: Config = DEFAULT) -> int:
    """Replace years by those that the calendar package has."""
    from b2bua.cli.calendar import seed_calendar as run_seed  # noqa: PLC0415

    return run_seed(config)


@calendar.command("show")
def show_calendar(
    year: Annotated[int, typer.Argument(metavar="YEAR")],
    json: Json = False,
    config: Config = DEFAULT,
) -> int:
    """Print the days of a year that are not what their weekday says."""
    from b2bua.cli.calendar import show_calendar as run_show  # noqa: PLC0415

    return run_show(config, year, as_json=json)
