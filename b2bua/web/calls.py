"""The list of calls, one call whole, what was recorded of it, and the list as a file."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Annotated, Final, Literal, TypeAlias
from zoneinfo import ZoneInfo

from fastapi import APIRouter, HTTPException, Query, Request, Response
from fastapi.responses import FileResponse, StreamingResponse
from starlette.background import BackgroundTask

from b2bua.observe.ladder import draw
from b2bua.service.record import CallRecord, Outcome
from b2bua.store.audit import Act
from b2bua.store.roles import Right
from b2bua.store.tenant import Mark, Search
from b2bua.web import callfiles, planning
from b2bua.web.api import mark_of, mark_text
from b2bua.web.gate import NotAllowed, SignedIn
from b2bua.web.portal import Visit
from b2bua.web.reporting import XLSX
from b2bua.web.shapes import concealed, shown
from b2bua.web.timeline import picture
from b2bua.web.trying import moment
from b2bua.web.views import language_of, local, page
from b2bua.web.words.book import Words

router = APIRouter()

Form: TypeAlias = Annotated[Literal["csv", "xlsx"], Query(alias="format")]

PAGE: Final = 50
FIELDS: Final = ("since", "until", "caller", "area", "outcome", "destination")
LONGEST: Final = 64
"""Of what is asked for."""
FILE_PAGE: Final = 500
MISSED: Final = "missed"
"""Asked for like an outcome: every call that nobody took."""


@router.get("/calls")
async def calls(request: Request, visit: SignedIn) -> Response:
    """Search the records."""
    current = await visit.tenant.plan()
    zone = planning.zone_of(current)
    asked = _asked(request)
    search = replace(
        _search(asked, zone), after=mark_of(request.query_params.get("after", "")[:200])
    )
    records = await visit.tenant.calls(search)
    last = records[-1] if len(records) == PAGE else None
    return page(
        request,
        "calls",
        visit,
        records=records,
        asked=asked,
        after="" if last is None else mark_text(Mark(last.invite_at, last.id)),
        outcomes=[*(outcome.value for outcome in Outcome), MISSED],
        people={} if current is None else current.plan.destinations,
        spans=spans(datetime.now(UTC), zone),
        stamp=lambda at: local(at, zone),
        paged=bool(search.after),
    )


@router.get("/calls/file")
async def call_file(
    request: Request,
    visit: SignedIn,
    form: Form = "csv",
) -> Response:
    """The calls that a search finds, as a file; that it left is noted."""
    zone = planning.zone_of(await visit.tenant.plan())
    asked = _asked(request)
    t = Words(language_of(request))
    heads = [t(key) for key in callfiles.COLUMNS]
    whole = visit.session.reveal

    def cells(record: CallRecord) -> callfiles.Cells:
        caller = shown(record.caller, private=record.caller_private, whole=whole)
        return callfiles.cells(record, local(record.invite_at, zone), caller, t)

    records = _pages(visit, _search(asked, zone))
    filters = " ".join(f"{key}={value}" for key, value in asked.items() if value)
    seen = "whole numbers" if whole else "masked numbers"
    await visit.note(Act.EXPORTED, "calls", f"{form}, {seen} {filters}".strip())
    name = f"{visit.tenant.number}-calls.{form}"
    attached = {"Content-Disposition": f'attachment; filename="{name}"'}
    if form == "csv":
        lines = callfiles.commas(records, heads, cells)
        return StreamingResponse(lines, media_type="text/csv", headers=attached)
    path = await callfiles.workbook(records, heads, cells)
    gone = BackgroundTask(path.unlink, missing_ok=True)
    return FileResponse(path, media_type=XLSX, headers=attached, background=gone)


@router.get("/calls/{call_id}")
async def call(request: Request, visit: SignedIn, call_id: str) -> Response:
    """One call: what happened, why, and what it cost."""
    record = await _record(visit, call_id)
    current = await visit.tenant.plan()
    zone = planning.zone_of(current)
    people = {} if current is None else current.plan.destinations
    moments = (
        *("invite_at", "early_media_at", "answered_at"),
        *("destination_answered_at", "ended_at"),
    )
    t = Words(language_of(request))
    return page(
        request,
        "call",
        visit,
        place="calls",
        record=record,
        people=people,
        moments=[(name, getattr(record, name)) for name in moments],
        timeline=picture(record, t, {name: one.person for name, one in people.items()}),
        drawn=draw(record),
        trace=concealed(record, whole=visit.session.reveal),
        sounds=_sounds(visit, record),
        stamp=lambda at: local(at, zone),
    )


@router.get("/calls/{call_id}/{kind}.wav")
async def sound(request: Request, visit: SignedIn, call_id: str, kind: str) -> Response:
    """What was recorded, or the message that was left; parts of it too (RFC 9110 §14)."""
    if not visit.may(Right.REVEAL):
        raise NotAllowed
    record = await _record(visit, call_id)
    named = {"recording": record.recording, "voicemail": record.voicemail}
    path = _file(visit, named.get(kind, ""))
    if path is None:
        where = f": node {record.node} kept it" if named.get(kind) else ""
        raise HTTPException(404, f"there is no such recording here{where}")
    if visit.portal.hearings.first(f"{visit.actor} {record.id} {kind}"):
        await visit.note(Act.HEARD, record.id, kind)
    return FileResponse(path, media_type="audio/wav", filename=f"{record.id}-{kind}.wav")


def _sounds(visit: Visit, record: CallRecord) -> list[tuple[str, int, bool]]:
    """Kind, milliseconds, and whether it is on this machine."""
    kept = (
        ("recording", record.recording, record.recording_ms),
        ("voicemail", record.voicemail, record.voicemail_ms),
    )
    return [
        (kind, long, _file(visit, name) is not None) for kind, name, long in kept if name
    ]


def _file(visit: Visit, name: str) -> Path | None:
    folder = visit.portal.recordings
    if folder is None or not name or Path(name).name != name:
        return None
    path = folder / name
    return path if path.is_file() else None


async def _record(visit: Visit, call_id: str) -> CallRecord:
    record = await visit.tenant.call(call_id)
    if record is None:
        raise HTTPException(404, "there is no such call")
    return record


async def _pages(visit: Visit, search: Search) -> AsyncIterator[list[CallRecord]]:
    left = callfiles.MOST_ROWS
    search = replace(search, limit=FILE_PAGE)
    while left > 0:
        found = await visit.tenant.calls(search)
        if found:
            yield found[:left]
        if len(found) < FILE_PAGE:
            return
        left -= len(found)
        search = replace(search, after=Mark(found[-1].invite_at, found[-1].id))


def spans(now: datetime, zone: ZoneInfo) -> list[tuple[str, str]]:
    """Names of the spans of time that are asked for most, and since when each is."""
    midnight = datetime.combine(now.astimezone(zone).date(), time.min)
    week = midnight - timedelta(days=midnight.weekday())
    begun = (
        ("today_span", midnight),
        ("this_week", week),
        ("this_month", midnight.replace(day=1)),
    )
    return [(name, f"{since:%Y-%m-%dT%H:%M}") for name, since in begun]


def _asked(request: Request) -> dict[str, str]:
    return {name: request.query_params.get(name, "").strip()[:LONGEST] for name in FIELDS}


def _search(asked: dict[str, str], zone: ZoneInfo) -> Search:
    return Search(
        since=moment(asked["since"], zone),
        until=moment(asked["until"], zone),
        caller=asked["caller"],
        area=asked["area"],
        outcome=_outcome(asked["outcome"]),
        missed=asked["outcome"] == MISSED,
        destination=asked["destination"],
        limit=PAGE,
    )


def _outcome(text: str) -> Outcome | None:
    try:
        return Outcome(text)
    except ValueError:
        return None
