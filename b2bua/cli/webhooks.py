"""``b2bua webhooks``: what enterprises were told, what waits, and what was given up."""

from pathlib import Path
from typing import Final, get_args

from b2bua.app.storage import opened_storage
from b2bua.cli.common import Misused, Wanting, run, say, say_json, settings_of, stamp
from b2bua.service.number import service_number
from b2bua.service.webhook import shown
from b2bua.store.outbox import Posted, State

STATES: Final[tuple[State, ...]] = get_args(State)


def webhooks(
    config: Path, number: str | None, state: str, limit: int, *, as_json: bool
) -> int:
    """List messages, newest first."""
    settings = settings_of(config)
    wanted = None if number is None else service_number(number) or number
    states = [one for one in STATES if state in ("", one)]
    if not states:
        raise Misused(f"{state!r} is none of {', '.join(STATES)}")

    async def look() -> list[Posted]:
        async with opened_storage(settings) as storage:
            return await storage.outbox.posted(wanted, states, limit)

    messages = run(look())
    if as_json:
        for message in messages:
            say_json(_shown(message))
    else:
        _table(messages)
    return 0


def retry(config: Path, message_id: str) -> int:
    """Send a message again, to every address that has not taken it."""
    settings = settings_of(config)

    async def ask() -> int:
        async with opened_storage(settings) as storage:
            return await storage.outbox.retry(message_id)

    if not run(ask()):
        raise Wanting(f"no message {message_id} waits or was given up")
    say(f"{message_id} is sent again")
    return 0


def _shown(message: Posted) -> dict[str, object]:
    return {
        "id": message.id,
        "number": message.number,
        "event": message.event,
        "url": shown(message.url),
        "state": message.state,
        "attempts": message.attempts,
        "said": message.said,
        "created_at": stamp(message.created_at),
        "due_at": stamp(message.due_at) if message.state == "pending" else None,
        "settled_at": stamp(message.settled_at),
    }


def _table(messages: list[Posted]) -> None:
    from rich import box  # noqa: PLC0415
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("id", "at", "number", "state", "tries", "to", "said"):
        table.add_column(heading, overflow="fold")
    for message in messages:
        table.add_row(
            message.id,
            f"{message.created_at.astimezone():%m-%d %H:%M:%S}",
            message.number,
            message.state,
            str(message.attempts),
            shown(message.url),
            message.said,
        )
    Console().print(table if messages else "no webhooks")
