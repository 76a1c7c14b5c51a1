"""Arguments and options that several commands have."""

from pathlib import Path
from typing import Annotated

import typer

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
File = Annotated[Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False)]
