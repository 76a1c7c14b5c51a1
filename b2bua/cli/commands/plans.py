"""Number plans: checked, published, explained, and changed for a while."""

from pathlib import Path
from typing import Annotated

import typer

from b2bua.cli.commands.options import DEFAULT, Config, Files, Json, Number

plans = typer.Typer()


@plans.command()
def apply(files: Files, config: Config = DEFAULT) -> int:
    """Check and publish number plans: all or nothing."""
    from b2bua.cli.plans import apply as run_apply  # noqa: PLC0415

    return run_apply(config, files)


@plans.command()
def export(number: Number, config: Config = DEFAULT) -> int:
    """Print the plan of a number as YAML."""
    from b2bua.cli.plans import export as run_export  # noqa: PLC0415

    return run_export(config, number)


@plans.command()
def check(files: Files, config: Config = DEFAULT) -> int:
    """Look for mistakes in number plans: gaps, shadows, loops, missing prompts."""
    from b2bua.cli.plans import check as run_check  # noqa: PLC0415

    return run_check(config, files)


@plans.command()
def explain(  # noqa: PLR0913, PLR0917  # its options
    number: Number,
    caller: Annotated[str, typer.Option("--from", metavar="CALLER")],
    at: Annotated[str, typer.Option(metavar="ISO-TIME", help="Default: now.")] = "",
    keys: Annotated[str, typer.Option(metavar="1,2", help="Keyed at menus.")] = "",
    plan: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A draft, not the published plan.")
    ] = None,
    json: Json = False,
    config: Config = DEFAULT,
) -> int:
    """Say what would happen to a call, and by which rule."""
    from b2bua.cli.explain import Question  # noqa: PLC0415
    from b2bua.cli.explain import explain as run_explain  # noqa: PLC0415

    question = Question(number=number, caller=caller, at=at, keys=keys, plan=plan)
    return run_explain(config, question, as_json=json)


@plans.command()
def replay(
    plan: Annotated[Path, typer.Option(metavar="FILE", help="The draft.")],
    number: Annotated[str, typer.Option("--number", metavar="N", help="The 400 number.")],
    since: Annotated[str, typer.Option(metavar="DATE", help="Calls from here on.")],
    json: Json = False,
    config: Config = DEFAULT,
) -> int:
    """Say which recorded calls would go elsewhere under a draft plan."""
    from b2bua.cli.replay import Draft  # noqa: PLC0415
    from b2bua.cli.replay import replay as run_replay  # noqa: PLC0415

    return run_replay(config, Draft(plan=plan, number=number, since=since), as_json=json)


@plans.command()
def override(  # noqa: PLR0913, PLR0917  # its options
    number: Number,
    to: Annotated[
        str, typer.Option(metavar="NAME", help="Destination, group, menu or voicemail.")
    ] = "",
    until: Annotated[
        str, typer.Option(metavar="TIME", help="ISO time, 18:00, or +2h from now.")
    ] = "",
    since: Annotated[str, typer.Option(metavar="TIME", help="Default: now.")] = "",
    note: Annotated[str, typer.Option(help="Why; shown in the trace.")] = "",
    end: Annotated[
        bool, typer.Option("--end", help="Let the routes decide again.")
    ] = False,
    config: Config = DEFAULT,
) -> int:
    """Send every call of a number elsewhere for a while, or end that."""
    from b2bua.cli.override import Wish  # noqa: PLC0415
    from b2bua.cli.override import override as run_override  # noqa: PLC0415

    wish = Wish(number=number, to=to, since=since, until=until, note=note, end=end)
    return run_override(config, wish)


@plans.command()
def duty(
    number: Number,
    at: Annotated[str, typer.Option(metavar="ISO-TIME", help="Default: now.")] = "",
    json: Json = False,
    config: Config = DEFAULT,
) -> int:
    """Say who is on duty, and who is next."""
    from b2bua.cli.duty import duty as run_duty  # noqa: PLC0415

    return run_duty(config, number, at, as_json=json)
