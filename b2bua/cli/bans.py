"""``b2bua bans``: who is not heard, and an end to that.

Each node has bans of its own, in memory; this one's are read where its metrics are. A ban
is lifted on every node.
"""

import http.client
from pathlib import Path
from typing import Final

import msgspec

from b2bua.app.storage import opened_storage
from b2bua.cli.common import Wanting, run, say, say_json, settings_of
from b2bua.config.checks import split_address
from b2bua.config.settings import Settings
from b2bua.sip.transport.admission import Ban, source_of
from b2bua.store.changes import LiftBan, command

PATIENCE: Final = 5.0


def bans(config: Path, lift: str | None, *, as_json: bool) -> int:
    """List the bans, or lift one."""
    settings = settings_of(config)
    if lift is not None:
        run(_lift(settings, _source(lift)))
        say(f"{lift} is heard again")
        return 0
    found = _read(settings)
    for ban in found:
        if as_json:
            say_json({"source": ban.source, "seconds": round(ban.seconds)})
        else:
            say(f"{ban.source}  {ban.seconds:.0f} s")
    if not found and not as_json:
        say("everybody is heard")
    return 0


async def _lift(settings: Settings, source: str) -> None:
    async with opened_storage(settings) as storage:
        await command(storage.database, LiftBan(lift=source))


def _source(text: str) -> str:
    """An address as it is counted; a network as it was listed."""
    try:
        return text if "/" in text else source_of(text)
    except ValueError as error:
        raise Wanting(f"{text} is no address") from error


def _read(settings: Settings) -> list[Ban]:
    listen = settings.metrics.listen
    if not listen:
        raise Wanting("bans are read where metrics are, and metrics.listen is empty")
    connection = http.client.HTTPConnection(*split_address(listen), timeout=PATIENCE)
    try:
        connection.request("GET", "/bans")
        lines = connection.getresponse().read().splitlines()
    except OSError as error:
        raise Wanting(f"no node answers on {listen}: {error.strerror}") from error
    finally:
        connection.close()
    return [msgspec.json.decode(line, type=Ban) for line in lines]
