"""The options of ``b2bua reports``."""

from typing import Annotated

import typer

from b2bua.cli.commands.options import DEFAULT, Config, Number

reports = typer.Typer(no_args_is_help=True)
Identity = Annotated[int, typer.Argument(metavar="ID", help="As the list tells it.")]


@reports.command("list")
def list_reports(
    number: Number,
    json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    config: Config = DEFAULT,
) -> int:
    """List what is sent by itself, and what became of the last ones."""
    from b2bua.cli.reports import listed  # noqa: PLC0415

    return listed(config, number, as_json=json)


@reports.command("add")
def add_report(  # noqa: PLR0913, PLR0917  # its options
    number: Number,
    every: Annotated[str, typer.Option(metavar="week|month")] = "month",
    mail: Annotated[
        list[str] | None, typer.Option(metavar="ADDRESS", help="May be repeated.")
    ] = None,
    webhook: Annotated[str, typer.Option(metavar="URL")] = "",
    hour: Annotated[int, typer.Option(help="Of the first day after it.")] = 8,
    language: Annotated[str, typer.Option(metavar="zh|en")] = "zh",
    full: Annotated[
        bool, typer.Option("--full", help="Show callers' numbers whole.")
    ] = False,
    config: Config = DEFAULT,
) -> int:
    """Send the last week's or month's analysis by itself."""
    from b2bua.cli.reports import Asked, add  # noqa: PLC0415

    asked = Asked(
        every=every,
        hour=hour,
        language=language,
        mail=mail or [],
        webhook=webhook,
        whole=full,
    )
    return add(config, number, asked)


@reports.command("send")
def send_report(number: Number, report: Identity, config: Config = DEFAULT) -> int:
    """Send the last whole week or month now."""
    from b2bua.cli.reports import send  # noqa: PLC0415

    return send(config, number, report)


@reports.command("remove")
def remove_report(number: Number, report: Identity, config: Config = DEFAULT) -> int:
    """Send it no more."""
    from b2bua.cli.reports import remove  # noqa: PLC0415

    return remove(config, number, report)
