"""What was and what is: records, analysis, calls now up, and what holds them."""

from pathlib import Path
from typing import Annotated

import typer

from b2bua.cli.commands.options import DEFAULT, Config, Json, Number, OptionalNumber
from b2bua.cli.common import Misused

records = typer.Typer()


@records.command()
def calls(
    number: OptionalNumber = None,
    since: Annotated[
        str, typer.Option(metavar="T", help="ISO time, or 30m, 2h, 7d ago.")
    ] = "",
    limit: Annotated[int, typer.Option(min=0, help="The newest so many; 0: all.")] = 0,
    json: Json = False,
    config: Config = DEFAULT,
) -> int:
    """List call records, newest first."""
    from b2bua.cli.records import calls as run_calls  # noqa: PLC0415

    return run_calls(config, number, since, limit, as_json=json)


@records.command()
def call(
    call_id: Annotated[str, typer.Argument(metavar="ID")],
    json: Json = False,
    config: Config = DEFAULT,
) -> int:
    """Show one record: attempts, trace, SIP ladder, media quality."""
    from b2bua.cli.records import call as run_call  # noqa: PLC0415

    return run_call(config, call_id, as_json=json)


@records.command()
def report(  # noqa: PLR0913, PLR0917  # its options
    number: Number,
    month: Annotated[str, typer.Option(metavar="YYYY-MM|YYYY-Wnn")],
    form: Annotated[str, typer.Option("--format", metavar="text|csv|xlsx|html")] = "text",
    language: Annotated[
        str, typer.Option(metavar="zh|en", help="Default: the plan's.")
    ] = "",
    full: Annotated[
        bool, typer.Option("--full", help="Show callers' numbers whole.")
    ] = False,
    output: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Default: standard output.")
    ] = None,
    config: Config = DEFAULT,
) -> int:
    """Analyse the calls of a month or a week: figures, charts, advice."""
    from b2bua.cli.report import ReportOptions  # noqa: PLC0415
    from b2bua.cli.report import report as run_report  # noqa: PLC0415

    options = ReportOptions(
        number=number,
        month=month,
        format=form,
        language=language,
        full=full,
        output=output,
    )
    return run_report(config, options)


@records.command()
def live(
    hangup: Annotated[str | None, typer.Option(metavar="ID", help="End this call.")] = None,
    json: Json = False,
    config: Config = DEFAULT,
) -> int:
    """List the calls now up, or end one."""
    from b2bua.cli.live import live as run_live  # noqa: PLC0415

    return run_live(config, hangup, as_json=json)


@records.command()
def quota(
    number: Annotated[
        str | None, typer.Argument(metavar="NUMBER", help="Of this 400 number only.")
    ] = None,
    close: Annotated[
        str | None,
        typer.Option(metavar="NODE", help="It will not come back: free what it holds."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask whether to.")] = False,
    json: Json = False,
    config: Config = DEFAULT,
) -> int:
    """List what each node holds of the capped periods, or close a node that is gone."""
    from b2bua.cli.quota import close as run_close  # noqa: PLC0415
    from b2bua.cli.quota import quota as run_quota  # noqa: PLC0415

    if close is None:
        return run_quota(config, number, as_json=json)
    if number is not None:
        raise Misused("a node is closed for every number: leave NUMBER out")
    return run_close(config, close, sure=yes)


@records.command()
def bans(
    lift: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Hear this source again.")
    ] = None,
    json: Json = False,
    config: Config = DEFAULT,
) -> int:
    """List the sources that are not heard for a while, or lift a ban."""
    from b2bua.cli.bans import bans as run_bans  # noqa: PLC0415

    return run_bans(config, lift, as_json=json)


@records.command()
def webhooks(  # noqa: PLR0913, PLR0917  # its options
    number: OptionalNumber = None,
    state: Annotated[
        str, typer.Option(metavar="STATE", help="pending, delivered or dead.")
    ] = "",
    retry: Annotated[
        str | None, typer.Option(metavar="ID", help="Send this one again.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="The newest so many.")] = 1000,
    json: Json = False,
    config: Config = DEFAULT,
) -> int:
    """List what enterprises were told by webhook, newest first."""
    from b2bua.cli.webhooks import retry as run_retry  # noqa: PLC0415
    from b2bua.cli.webhooks import webhooks as run_webhooks  # noqa: PLC0415

    if retry is not None:
        return run_retry(config, retry)
    return run_webhooks(config, number, state, limit, as_json=json)


@records.command()
def trunks(json: Json = False, config: Config = DEFAULT) -> int:
    """List the addresses of the trunks, and whether they take calls."""
    from b2bua.cli.trunks import trunks as run_trunks  # noqa: PLC0415

    return run_trunks(config, as_json=json)
