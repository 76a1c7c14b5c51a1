"""``b2bua live``: the calls now up."""

import asyncio
from pathlib import Path
from typing import Final

from b2bua.app.storage import Storage, opened_storage
from b2bua.cli.common import Wanting, run, say, say_json, settings_of
from b2bua.store.changes import HangUp, command
from b2bua.store.live import LiveCall

HANG_UP_SECONDS: Final = 5.0
POLL: Final = 0.1


def live(config: Path, hangup: str | None, *, as_json: bool) -> int:
    """List the calls, or end one and wait until it is gone."""
    settings = settings_of(config)

    async def look() -> list[LiveCall]:
        async with opened_storage(settings) as storage:
            if hangup is not None:
                await _hang_up(storage, hangup)
                return []
            return [call for call in await storage.live.live() if not call.lost]

    calls = run(look())
    if hangup is not None:
        say(f"{hangup} ended")
    elif as_json:
        for call in calls:
            say_json(_shown(call))
    else:
        _table(calls)
    return 0


async def _hang_up(storage: Storage, call_id: str) -> None:
    """Order it, and see the call's record come. Raises :class:`Wanting`."""
    if await storage.records.call(call_id) is not None:
        raise Wanting(f"{call_id} has ended already")
    await command(storage.database, HangUp(hangup=call_id))
    loop = asyncio.get_running_loop()
    give_up = loop.time() + HANG_UP_SECONDS
    while loop.time() < give_up:
        if await storage.records.call(call_id) is not None:
            return
        await asyncio.sleep(POLL)
    if any(call.id == call_id for call in await storage.live.live()):
        raise Wanting(f"{call_id} did not end within {HANG_UP_SECONDS:.0f} seconds")
    raise Wanting(f"{call_id} is not up")


def _shown(call: LiveCall) -> dict[str, object]:
    return {
        "id": call.id,
        "number": call.number,
        "caller": call.caller,
        "state": call.state,
        "since": call.since.isoformat(),
        "destination": call.destination,
        "node": call.node,
    }


def _table(calls: list[LiveCall]) -> None:
    from rich import box  # noqa: PLC0415
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("id", "since", "number", "caller", "state", "to", "node"):
        table.add_column(heading)
    for call in calls:
        table.add_row(
            call.id,
            f"{call.since.astimezone():%H:%M:%S}",
            call.number,
            call.caller or "anonymous",
            call.state,
            call.destination,
            call.node,
        )
    Console().print(table if calls else "no calls are up")
