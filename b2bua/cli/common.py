"""What every command needs: settings, a running coroutine, one way to print and to fail."""

import asyncio
import json
import os
import sys
from collections.abc import Coroutine
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from b2bua.config.load import UnusableSettings, load
from b2bua.config.settings import Settings

T = TypeVar("T")


class Wanting(Exception):
    """What was asked is refused, or was found wanting: exit status 1."""


class Misused(Exception):
    """The command was not used as it should be: exit status 2."""


def settings_of(config: Path) -> Settings:
    """Read the settings. Raises :class:`Wanting` with every fault."""
    try:
        return load(config, os.environ)
    except UnusableSettings as error:
        raise Wanting(str(error)) from error


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run to the end."""
    import uvloop  # noqa: PLC0415  # not for --help

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(work)


def say(text: str = "") -> None:
    """Print a line; who reads may go away."""
    print(text, flush=True)


def complain(text: str) -> None:
    """Print on standard error."""
    print(text, file=sys.stderr, flush=True)


def say_json(value: object) -> None:
    """Print one object in one line."""
    say(json.dumps(value, ensure_ascii=False))


def moment(text: str, zone: str = "") -> datetime:
    """An ISO time; in ``zone``, else the system's, unless it names one itself."""
    from zoneinfo import ZoneInfo  # noqa: PLC0415

    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise Misused(f"{text!r} is no time such as 2026-11-23T10:00") from error
    if found.tzinfo is not None:
        return found
    return found.replace(tzinfo=ZoneInfo(zone)) if zone else found.astimezone()


def stamp(at: datetime | None) -> str | None:
    """A moment in JSON."""
    return None if at is None else at.isoformat()
