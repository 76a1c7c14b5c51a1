"""``b2bua password``: the portal password of a number."""

import getpass
import sys
from pathlib import Path

from b2bua.app.storage import opened_storage
from b2bua.cli.common import Misused, Wanting, run, say, settings_of
from b2bua.service.number import service_number


def password(config: Path, number: str, *, from_stdin: bool) -> int:
    """Set it, asked for twice or read from the first line of standard input."""
    settings = settings_of(config)
    wanted = service_number(number)
    if wanted is None:
        raise Misused(f"{number!r} is no 400 number")
    secret = sys.stdin.readline().rstrip("\r\n") if from_stdin else _asked(wanted)

    async def store() -> None:
        async with opened_storage(settings) as storage:
            if wanted not in (await storage.plans.snapshot({})).plans:
                raise Wanting(f"{wanted} has no plan; apply one first")
            await storage.accounts.set_password(wanted, secret)

    run(store())
    say(f"{wanted}: password set")
    return 0


def _asked(number: str) -> str:
    first = getpass.getpass(f"Password of {number}: ")
    if getpass.getpass("Again: ") != first:
        raise Wanting("the two differ; nothing was changed")
    return first
