"""``b2bua password``: the portal password of a number, or of who runs them all."""

import getpass
import sys
from pathlib import Path

from b2bua.app.storage import opened_storage
from b2bua.cli.common import Misused, Wanting, run, say, settings_of
from b2bua.config.settings import Settings
from b2bua.service.number import service_number
from b2bua.store.accounts import user_name
from b2bua.store.roles import HOUSE


def password(config: Path, number: str, *, from_stdin: bool, operator: bool) -> int:
    """Set it, asked for twice or read from the first line of standard input.

    Sessions, one-time codes and tokens of the account end.
    """
    settings = settings_of(config)
    if operator:
        return _operator(settings, number, from_stdin=from_stdin)
    wanted = service_number(number)
    if wanted is None:
        raise Misused(f"{number!r} is no 400 number")
    secret = _secret(wanted, from_stdin=from_stdin)

    async def store() -> None:
        async with opened_storage(settings) as storage:
            if wanted not in (await storage.plans.snapshot({})).plans:
                raise Wanting(f"{wanted} has no plan; apply one first")
            await storage.accounts.reset(wanted, secret)

    run(store())
    say(f"{wanted}: password set")
    return 0


def _operator(settings: Settings, text: str, *, from_stdin: bool) -> int:
    name = user_name(text)
    if name is None:
        raise Misused(f"{text!r} is no name: letters, digits, dots and hyphens")
    secret = _secret(name, from_stdin=from_stdin)

    async def store() -> None:
        async with opened_storage(settings) as storage:
            await storage.accounts.reset(HOUSE, secret, name)

    run(store())
    say(f"{name}: password set; sign in at /operator/sign-in")
    return 0


def _secret(whose: str, *, from_stdin: bool) -> str:
    return sys.stdin.readline().rstrip("\r\n") if from_stdin else _asked(whose)


def _asked(number: str) -> str:
    first = getpass.getpass(f"Password of {number}: ")
    if getpass.getpass("Again: ") != first:
        raise Wanting("the two differ; nothing was changed")
    return first
