"""Phones: two on the command line, and those that may register."""

from pathlib import Path
from typing import Annotated

import typer

from b2bua.cli.commands.options import DEFAULT, Config, KeyFile, Sealed, Shown, Trusted

phones = typer.Typer()
phone = typer.Typer(no_args_is_help=True)
phones.add_typer(phone, name="phone", help="The phones that may register with us.")
Extension = Annotated[str, typer.Argument(metavar="EXTENSION", help="Two to eight digits.")]


@phones.command()
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


@phones.command()
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


@phone.command("add")
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


@phone.command("give")
def give_phone(
    extension: Extension,
    owner: Annotated[str, typer.Argument(metavar="NUMBER", help="Or 'house'.")],
    config: Config = DEFAULT,
) -> int:
    """Let a phone be rung by one number alone, or, the house's, by all."""
    from b2bua.cli.phone import give  # noqa: PLC0415

    return give(config, extension, owner)


@phone.command("list")
def list_phones(config: Config = DEFAULT) -> int:
    """List the phones that may register."""
    from b2bua.cli.phone import listed  # noqa: PLC0415

    return listed(config)


@phone.command("remove")
def remove_phone(extension: Extension, config: Config = DEFAULT) -> int:
    """Let a phone register no more."""
    from b2bua.cli.phone import remove  # noqa: PLC0415

    return remove(config, extension)
