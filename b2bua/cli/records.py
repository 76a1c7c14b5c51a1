"""``b2bua calls`` and ``b2bua call``: what happened."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec

from b2bua.app.storage import opened_storage
from b2bua.cli.common import (
    Misused,
    Wanting,
    moment,
    run,
    say,
    say_json,
    settings_of,
    stamp,
)
from b2bua.observe.ladder import draw
from b2bua.service.number import service_number
from b2bua.service.record import CallRecord
from b2bua.service.tariff import yuan
from b2bua.web.shapes import summary

WIDTH: Final = 130
"""Columns that a listing needs."""
AGO: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def calls(
    config: Path, number: str | None, since: str, limit: int, *, as_json: bool
) -> int:
    """List records, newest first."""
    begin = _since(since)
    wanted = None if number is None else service_number(number) or number

    async def read() -> list[CallRecord]:
        async with opened_storage(settings_of(config)) as storage:
            found = storage.records.calls(wanted, since=begin, limit=limit or None)
            return [record async for record in found]

    records = run(read())
    if as_json:
        for record in records:
            say_json(summary(record, whole=True))
    else:
        _table(records)
    return 0


def call(config: Path, call_id: str, *, as_json: bool) -> int:
    """Show one record whole."""

    async def read() -> CallRecord | None:
        async with opened_storage(settings_of(config)) as storage:
            return await storage.records.call(call_id)

    record = run(read())
    if record is None:
        raise Wanting(f"there is no record {call_id}; a call that is up has none yet")
    if as_json:
        say_json({**summary(record, whole=True), **_rest(record)})
    else:
        say(_told(record))
    return 0


def _rest(record: CallRecord) -> dict[str, object]:
    """What only ``call --json`` prints."""
    return {
        "node": record.node,
        "trunk": record.trunk,
        "plan_version": record.plan_version,
        "early_media_at": stamp(record.early_media_at),
        "destination_answered_at": stamp(record.destination_answered_at),
        "status": record.status,
        "q850": record.q850,
        "route": record.route,
        "keys": record.keys,
        "setup_ms": record.setup_ms,
        "charge_basis": record.charge_basis.value,
        "arithmetic": record.arithmetic,
        "trace": msgspec.to_builtins(record.trace),
        "recording": record.recording,
        "recording_ms": record.recording_ms,
        "voicemail": record.voicemail,
        "voicemail_ms": record.voicemail_ms,
        "survey": record.survey,
        "ladder": msgspec.to_builtins(record.ladder),
        "quality": msgspec.to_builtins(record.quality),
        "fault": record.fault,
    }


def _table(records: list[CallRecord]) -> None:
    from rich import box  # noqa: PLC0415
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    headings = ("id", "at", "number", "caller", "outcome", "to", "talk", "yuan", "ended by")
    for heading in headings:
        table.add_column(
            heading, justify="right" if heading in ("talk", "yuan") else "left"
        )
    for record in records:
        table.add_row(
            record.id,
            f"{record.invite_at.astimezone():%m-%d %H:%M:%S}",
            record.number,
            _caller(record),
            record.outcome.value,
            record.destination,
            _clock(record.talk_ms),
            yuan(record.fee),
            record.end_reason,
        )
    # An identity cut short is of no use: let the terminal fold the line instead.
    console = Console()
    console.width = max(console.width, WIDTH)
    console.print(table if records else "no calls")


def _told(record: CallRecord) -> str:
    """A record in words, for people."""
    lines = [
        *filter(None, _outline(record)),
        "",
        "Attempts" if record.attempts else "No destination was tried",
        *(
            f"  {one.destination}: {one.outcome}"
            + (f", {one.why}" if one.why else f", {one.status}, rang {one.ring_ms} ms")
            for one in record.attempts
        ),
        "",
        "Why",
        *(
            f"  {'+' if step.passed else '-'} {step.rule}: {step.why}"
            for step in record.trace
        ),
        "",
        "Messages",
        draw(record),
        "",
        "Audio",
        *(
            f"  {one.leg}: received {one.packets_received}, lost {one.packets_lost},"
            f" dropped {one.packets_dropped}, sent {one.packets_sent},"
            f" jitter {one.jitter_ms:.1f} ms"
            + (f", MOS {one.mos:.1f}" if one.mos is not None else "")
            for one in record.quality
        ),
        *(("", "Fault", record.fault) if record.fault else ()),
    ]
    return "\n".join(lines)


def _outline(record: CallRecord) -> Iterator[str]:
    """Who called whom, when, at what cost; a line is empty for what there was not."""
    yield f"{record.id}   {record.outcome.value}: {record.end_reason}"
    yield (
        f"  {_caller(record)} {record.area} to {record.number} by {record.trunk},"
        f" plan version {record.plan_version}"
    )
    yield (
        f"  from {record.invite_at.astimezone():%Y-%m-%d %H:%M:%S}, talked"
        f" {_clock(record.talk_ms)}, status {record.status}, Q.850 {record.q850}"
    )
    yield f"  {record.arithmetic}" if record.arithmetic else ""
    yield f"  keys {record.keys}" if record.keys else ""
    yield _kept("talk", record.recording, record.recording_ms)
    yield f"  survey {record.survey}" if record.survey else ""
    yield _kept("message", record.voicemail, record.voicemail_ms)


def _kept(what: str, file: str, milliseconds: int) -> str:
    if not file:
        return ""
    length = _clock(milliseconds) if milliseconds else "broken off"
    return f"  {what} in recordings/{file}, {length}"


def _caller(record: CallRecord) -> str:
    return "anonymous" if record.caller_private else record.caller or "anonymous"


def _clock(milliseconds: int) -> str:
    seconds = milliseconds // 1000
    return f"{seconds // 60}:{seconds % 60:02}"


def _since(text: str) -> datetime | None:
    if not text:
        return None
    matched = re.fullmatch(r"([0-9]{1,6})([smhd])", text)
    if matched is None:
        return moment(text)
    ago = timedelta(**{AGO[matched[2]]: int(matched[1])})
    try:
        return datetime.now(UTC) - ago
    except OverflowError as error:
        raise Misused(f"{text!r} is too long ago") from error
