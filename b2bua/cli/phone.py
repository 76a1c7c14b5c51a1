"""``b2bua phone``: the phones that may register with us."""

import getpass
import sys
from pathlib import Path

from b2bua.app.storage import opened_storage
from b2bua.cli.common import Wanting, run, say, settings_of


def add(config: Path, extension: str, name: str, *, from_stdin: bool) -> int:
    """Make an account or change it, the password asked for twice or read from a pipe."""
    settings = settings_of(config)
    if not settings.phones.from_:
        raise Wanting(f"{config}: phones.from: empty, so that nobody may register")
    password = sys.stdin.readline().rstrip("\r\n") if from_stdin else _asked(extension)

    async def store() -> bool:
        async with opened_storage(settings) as storage:
            phones = storage.phones
            return await phones.put(extension, settings.sip.realm, password, name)

    fresh = run(store())
    say(f"{extension}: {'added' if fresh else 'changed'}, realm {settings.sip.realm}")
    return 0


def remove(config: Path, extension: str) -> int:
    """Close an account; a phone that is registered by it is so no more."""
    settings = settings_of(config)

    async def forget() -> bool:
        async with opened_storage(settings) as storage:
            return await storage.phones.remove(extension)

    if not run(forget()):
        raise Wanting(f"there is no phone {extension}")
    say(f"{extension}: removed")
    return 0


def listed(config: Path) -> int:
    """List the accounts."""
    settings = settings_of(config)

    async def look() -> list[tuple[str, str, str]]:
        async with opened_storage(settings) as storage:
            rows = await storage.phones.all()
            return [(row.extension, row.realm, row.name) for row in rows]

    for extension, realm, name in run(look()):
        stale = "" if realm == settings.sip.realm else "  (another realm: add it again)"
        say(f"{extension:<8} {name}{stale}")
    return 0


def _asked(extension: str) -> str:
    first = getpass.getpass(f"Password of {extension}: ")
    if getpass.getpass("Again: ") != first:
        raise Wanting("the two differ; nothing was changed")
    return first
