"""``b2bua phone``: the phones that may register with us."""

import getpass
import sys
from pathlib import Path
from typing import Final

from b2bua.app.storage import opened_storage
from b2bua.cli.common import Misused, Wanting, run, say, settings_of
from b2bua.service.number import service_number
from b2bua.store.phones import PhoneAccount

HOUSE: Final = "house"
"""Whose a phone is that every number may ring."""


def add(
    config: Path, extension: str, name: str, owner: str = "", *, from_stdin: bool
) -> int:
    """Make an account or change it, the password asked for twice or read from a pipe.

    ``owner``: a 400 number, or :data:`HOUSE`; empty: as before, or the house.
    """
    number = _number(owner) if owner else None
    settings = settings_of(config)
    if not settings.phones.from_:
        raise Wanting(f"{config}: phones.from: empty, so that nobody may register")
    password = sys.stdin.readline().rstrip("\r\n") if from_stdin else _asked(extension)

    async def store() -> bool:
        async with opened_storage(settings) as storage:
            phones = storage.phones
            realm = settings.sip.realm
            return await phones.put(extension, realm, password, name, number)

    fresh = run(store())
    say(f"{extension}: {'added' if fresh else 'changed'}, realm {settings.sip.realm}")
    return 0


def give(config: Path, extension: str, owner: str) -> int:
    """Let a phone be another number's, or the house's."""
    number = _number(owner)
    settings = settings_of(config)

    async def change() -> bool:
        async with opened_storage(settings) as storage:
            return await storage.phones.give(extension, number)

    if not run(change()):
        raise Wanting(f"there is no phone {extension}")
    say(f"{extension}: of {number or 'the house'}")
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

    async def look() -> list[PhoneAccount]:
        async with opened_storage(settings) as storage:
            return await storage.phones.all()

    for one in run(look()):
        stale = "" if one.realm == settings.sip.realm else "  (another realm: add it again)"
        say(f"{one.extension:<8} {one.number or HOUSE:<10} {one.name}{stale}")
    return 0


def _number(owner: str) -> str:
    """The number of an owner; empty for the house."""
    if owner == HOUSE:
        return ""
    number = service_number(owner)
    if number is None:
        raise Misused(f"{owner!r} is neither a 400 number nor {HOUSE!r}")
    return number


def _asked(extension: str) -> str:
    first = getpass.getpass(f"Password of {extension}: ")
    if getpass.getpass("Again: ") != first:
        raise Wanting("the two differ; nothing was changed")
    return first
