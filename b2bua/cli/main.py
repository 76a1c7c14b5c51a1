"""The command line: parse, dispatch, and turn what is raised into an exit status.

0: done. 1: refused or found wanting. 2: bad usage. What a command needs is imported when
it runs, so that ``--help`` is quick.
"""

import sys
from pathlib import Path
from typing import Annotated

import typer

from b2bua.cli.commands.options import DEFAULT, Config, Number
from b2bua.cli.commands.phones import phones
from b2bua.cli.commands.plans import plans
from b2bua.cli.commands.records import records
from b2bua.cli.commands.tables import tables
from b2bua.cli.common import Misused, Wanting, complain
from b2bua.cli.reporting import reports

app = typer.Typer(
    name="b2bua",
    help="A standalone SIP back-to-back user agent that runs 400 numbers.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

app.add_typer(plans)
app.add_typer(records)
app.add_typer(reports, name="reports", help="Reports that are sent by themselves.")
app.add_typer(phones)
app.add_typer(tables)


def main() -> int:
    """Run a command; the exit status."""
    from b2bua.core.errors import B2buaError  # noqa: PLC0415

    try:
        status = app(standalone_mode=False)
    except (typer.Exit, SystemExit) as stop:
        code = getattr(stop, "exit_code", getattr(stop, "code", 0))
        return code if isinstance(code, int) else 0
    except Misused as error:
        complain(f"b2bua: {error}")
        return 2
    except (Wanting, B2buaError) as error:
        complain(f"b2bua: {error}")
        return 1
    except BrokenPipeError:
        sys.stderr.close()
        return 1
    except OSError as error:
        complain(f"b2bua: {error}")
        return 1
    except (KeyboardInterrupt, typer.Abort):
        return 130
    except Exception as error:
        return _usage_error(error)
    return status if isinstance(status, int) else 0


def _usage_error(error: Exception) -> int:
    """What the parser has to say; anything else is a bug of ours and goes on."""
    show = getattr(error, "show", None)
    if show is None:
        raise error
    show()
    return 2


@app.command()
def serve(
    config: Config = DEFAULT,
    seed: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Plans to publish for numbers that have none."),
    ] = None,
) -> int:
    """Run a node. SIGTERM drains, a second one stops; SIGHUP reloads."""
    from b2bua.cli.serve import serve as run_serve  # noqa: PLC0415

    return run_serve(config, seed)


@app.command()
def password(
    number: Number,
    stdin: Annotated[bool, typer.Option("--stdin", help="Read it, do not ask.")] = False,
    operator: Annotated[
        bool, typer.Option("--operator", help="NUMBER is the name of an operator.")
    ] = False,
    config: Config = DEFAULT,
) -> int:
    """Set the portal password of a number, or of an operator of all numbers."""
    from b2bua.cli.password import password as run_password  # noqa: PLC0415

    return run_password(config, number, from_stdin=stdin, operator=operator)


@app.command()
def doctor(config: Config = DEFAULT) -> int:
    """Say what is wrong with this installation."""
    from b2bua.cli.doctor import doctor as run_doctor  # noqa: PLC0415

    return run_doctor(config)
