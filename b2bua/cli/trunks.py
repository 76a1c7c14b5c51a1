"""``b2bua trunks``: which addresses of which trunks take calls, as each node sees it."""

from pathlib import Path

from b2bua.app.storage import opened_storage
from b2bua.cli.common import run, say, say_json, settings_of
from b2bua.store.trunks import TrunkStatus


def trunks(config: Path, *, as_json: bool) -> int:
    """List them; status 1 if one is down."""
    settings = settings_of(config)

    async def look() -> list[TrunkStatus]:
        async with opened_storage(settings) as storage:
            return await storage.trunks.all()

    rows = run(look())
    for row in rows:
        if as_json:
            say_json(_shown(row))
        else:
            say(_line(row))
    if not rows and not as_json:
        say("no node has told of a trunk yet")
    return 1 if any(row.state == "down" for row in rows) else 0


def _shown(row: TrunkStatus) -> dict[str, object]:
    return {
        "node": row.node,
        "trunk": row.trunk,
        "address": row.address,
        "state": row.state,
        "since": row.since.isoformat(),
        "detail": row.detail,
        "calls": row.calls,
        "registered": row.registered,
    }


def _line(row: TrunkStatus) -> str:
    since = f"{row.since.astimezone():%Y-%m-%d %H:%M:%S}"
    registered = ", registered" if row.registered else ""
    why = f": {row.detail}" if row.detail else ""
    calls = f"{row.calls} call{'' if row.calls == 1 else 's'}"
    return (
        f"{row.node}  {row.trunk:<12} {row.address:<28} {row.state:<8}"
        f" since {since}, {calls}{registered}{why}"
    )
