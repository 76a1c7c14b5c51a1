"""The command line: parse, dispatch, and turn what is raised into an exit status.

0: done. 1: refused or found wanting. 2: bad usage. What a command needs is imported when
it runs, so that ``--help`` is quick.
"""

import sys
from pathlib import Path
from typing import Annotated

import typer

from b2bua.cli.common import Misused, Wanting, complain
from b2bua.cli.reporting import reports

app = typer.Typer(
    name="b2bua",
    help="A standalone SIP back-to-back user agent that runs 400 numbers.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

Config = Annotated[Path, typer.Option("--config", metavar="FILE", help="The settings.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]
Files = Annotated[list[Path], typer.Argument(metavar="FILE…", help="Number plans (YAML).")]
Number = Annotated[str, typer.Argument(metavar="NUMBER", help="The 400 number.")]
OptionalNumber = Annotated[
    str | None, typer.Option("--number", metavar="N", help="Of this 400 number only.")
]
Trusted = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Trusted over TLS; else the system's.")
]
Shown = Annotated[Path | None, typer.Option(metavar="FILE", help="Ours, over TLS.")]
KeyFile = Annotated[Path | None, typer.Option(metavar="FILE", help="That goes with it.")]
Sealed = Annotated[str, typer.Option(metavar="never|optional|required", help="Over TLS.")]
DEFAULT = Path("config/b2bua.toml")


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
def apply(files: Files, config: Config = DEFAULT) -> int:
    """Check and publish number plans: all or nothing."""
    from b2bua.cli.plans import apply as run_apply  # noqa: PLC0415

    return run_apply(config, files)


@app.command()
def export(number: Number, config: Config = DEFAULT) -> int:
    """Print the plan of a number as YAML."""
    from b2bua.cli.plans import export as run_export  # noqa: PLC0415

    return run_export(config, number)


@app.command()
def check(files: Files, config: Config = DEFAULT) -> int:
    """Look for mistakes in number plans: gaps, shadows, loops, missing prompts."""
    from b2bua.cli.plans import check as run_check  # noqa: PLC0415

    return run_check(config, files)


@app.command()
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


@app.command()
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


@app.command()
def duty(
    number: Number,
    at: Annotated[str, typer.Option(metavar="ISO-TIME", help="Default: now.")] = "",
    json: Json = False,
    config: Config = DEFAULT,
) -> int:
    """Say who is on duty, and who is next."""
    from b2bua.cli.duty import duty as run_duty  # noqa: PLC0415

    return run_duty(config, number, at, as_json=json)


@app.command()
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


@app.command()
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


@app.command()
def call(
    call_id: Annotated[str, typer.Argument(metavar="ID")],
    json: Json = False,
    config: Config = DEFAULT,
) -> int:
    """Show one record: attempts, trace, SIP ladder, media quality."""
    from b2bua.cli.records import call as run_call  # noqa: PLC0415

    return run_call(config, call_id, as_json=json)


@app.command()
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


@app.command()
def live(
    hangup: Annotated[str | None, typer.Option(metavar="ID", help="End this call.")] = None,
    json: Json = False,
    config: Config = DEFAULT,
) -> int:
    """List the calls now up, or end one."""
    from b2bua.cli.live import live as run_live  # noqa: PLC0415

    return run_live(config, hangup, as_json=json)


@app.command()
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


@app.command()
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


@app.command()
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


@app.command()
def dial(  # noqa: PLR0913, PLR0917  # its options
    uri: Annotated[str, typer.Argument(metavar="SIP-URI")],
    caller: Annotated[str, typer.Option("--from", metavar="CALLER")] = "13900000000",
    send: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Audio to send once answered.")
    ] = None,
    keys: Annotated[str, typer.Option(metavar="1w2", help="Pressed once answered.")] = "",
    record: Annotated[
        Path | None, typer.Option(metavar="FILE.wav", help="What is heard.")
    ] = None,
    seconds: Annotated[float, typer.Option(min=0, help="Hang up after so long.")] = 15.0,
    ca: Trusted = None,
    certificate: Shown = None,
    key: KeyFile = None,
    srtp: Sealed = "optional",
    config: Config = DEFAULT,
) -> int:
    """Place a call: a softphone on the command line."""
    from b2bua.cli.dial import DialOptions  # noqa: PLC0415
    from b2bua.cli.phones import dial as run_dial  # noqa: PLC0415
    from b2bua.cli.phones import tls_of  # noqa: PLC0415

    del config  # a softphone needs none; every command takes it
    options = DialOptions(
        uri=uri,
        caller=caller,
        send=send,
        keys=keys,
        record=record,
        seconds=seconds,
        tls=tls_of(ca, certificate, key, srtp),
    )
    return run_dial(options)


@app.command()
def answer(  # noqa: PLR0913, PLR0917  # its options
    listen: Annotated[str, typer.Option(metavar="ADDR", help="127.0.0.1:5080, tls:…")],
    after: Annotated[float, typer.Option(min=0, help="Seconds of ringing.")] = 1.0,
    status: Annotated[
        int, typer.Option(help="200 answers; else refuse; 0: ring for ever.")
    ] = 200,
    send: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Audio to send; else a tone.")
    ] = None,
    tone: Annotated[int, typer.Option(min=100, max=3400, help="Hertz.")] = 440,
    record: Annotated[
        Path | None, typer.Option(metavar="FILE.wav", help="What is heard.")
    ] = None,
    keys: Annotated[str, typer.Option(metavar="w1", help="Pressed once answered.")] = "",
    seconds: Annotated[float, typer.Option(min=0, help="Hang up; 0: never.")] = 0.0,
    calls: Annotated[int, typer.Option(min=0, help="End after so many; 0: never.")] = 0,
    ca: Trusted = None,
    certificate: Shown = None,
    key: KeyFile = None,
    srtp: Sealed = "optional",
    config: Config = DEFAULT,
) -> int:
    """Answer calls: a destination on the command line."""
    from b2bua.cli import phones  # noqa: PLC0415
    from b2bua.cli.answer import AnswerOptions  # noqa: PLC0415

    del config  # a softphone needs none; every command takes it
    options = AnswerOptions(
        listen=phones.address_of(listen),
        after=after,
        status=status,
        send=send,
        tone=tone,
        record=record,
        seconds=seconds,
        calls=calls,
        keys=keys,
        tls=phones.tls_of(ca, certificate, key, srtp, listen),
    )
    return phones.answer(options)


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


areas = typer.Typer(help="Where callers are: the table of prefixes.")
calendar = typer.Typer(help="Holidays and make-up workdays.")
app.add_typer(areas, name="areas")
app.add_typer(calendar, name="calendar")
app.add_typer(reports, name="reports", help="Reports that are sent by themselves.")
File = Annotated[Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False)]


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


phone_app = typer.Typer(no_args_is_help=True)
app.add_typer(phone_app, name="phone", help="The phones that may register with us.")
Extension = Annotated[str, typer.Argument(metavar="EXTENSION", help="Two to eight digits.")]


@phone_app.command("add")
def add_phone(
    extension: Extension,
    name: Annotated[str, typer.Option(metavar="TEXT", help="Whose it is.")] = "",
    number: Annotated[
        str, typer.Option(metavar="NUMBER", help="Whose alone it is, or 'house'.")
    ] = "",
    stdin: Annotated[bool, typer.Option("--stdin", help="Read the password.")] = False,
    config: Config = DEFAULT,
) -> int:
    """Let a phone register, or change its password."""
    from b2bua.cli.phone import add  # noqa: PLC0415

    return add(config, extension, name, number, from_stdin=stdin)


@phone_app.command("give")
def give_phone(
    extension: Extension,
    owner: Annotated[str, typer.Argument(metavar="NUMBER", help="Or 'house'.")],
    config: Config = DEFAULT,
) -> int:
    """Let a phone be rung by one number alone, or, the house's, by all."""
    from b2bua.cli.phone import give  # noqa: PLC0415

    return give(config, extension, owner)


@phone_app.command("list")
def list_phones(config: Config = DEFAULT) -> int:
    """List the phones that may register."""
    from b2bua.cli.phone import listed  # noqa: PLC0415

    return listed(config)


@phone_app.command("remove")
def remove_phone(extension: Extension, config: Config = DEFAULT) -> int:
    """Let a phone register no more."""
    from b2bua.cli.phone import remove  # noqa: PLC0415

    return remove(config, extension)


@app.command()
def trunks(json: Json = False, config: Config = DEFAULT) -> int:
    """List the addresses of the trunks, and whether they take calls."""
    from b2bua.cli.trunks import trunks as run_trunks  # noqa: PLC0415

    return run_trunks(config, as_json=json)


@app.command()
def doctor(config: Config = DEFAULT) -> int:
    """Say what is wrong with this installation."""
    from b2bua.cli.doctor import doctor as run_doctor  # noqa: PLC0415

    return run_doctor(config)
