"""The JSON API's part of what the first page and the list of calls can do."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, HTTPException, Query, Request, Response

from b2bua.service.planwriting import plain
from b2bua.store.errors import PlanMoved
from b2bua.web import calls, editing, planning, shapes, today
from b2bua.web.editapi import told
from b2bua.web.gate import SignedIn
from b2bua.web.outcome import Moved
from b2bua.web.screening import caller_of

router = APIRouter(prefix="/api", tags=["portal"])


@router.get("/today")
async def board(visit: SignedIn) -> dict[str, object]:
    """What is going on, and what the day came to; money in 厘."""
    found = await today.board(visit)
    whole = visit.session.reveal
    return {
        "live": [shapes.live_call(one, whole=whole) for one in found["live"]],
        "total": found["total"],
        "missed": found["missed"],
        "outcomes": found["outcomes"],
        "caps": [
            {key: one[key] for key in ("name", "used", "cap")} for one in found["caps"]
        ],
        "alerts": [
            {"level": one.level, "key": one.key, "fields": dict(one.fields)}
            for one in found["alerts"]
        ],
        "posts": [_post(one) for one in found["posts"]],
    }


@router.get("/calls/file")
async def call_file(
    request: Request,
    visit: SignedIn,
    form: Annotated[Literal["csv", "xlsx"], Query(alias="format")] = "csv",
) -> Response:
    """Records as a file; the search as in ``GET /api/calls``."""
    return await calls.call_file(request, visit, form)


@router.get("/calls/{call_id}/{kind}.wav")
async def sound(
    request: Request,
    visit: SignedIn,
    call_id: str,
    kind: str,
) -> Response:
    """What was recorded (``recording``), or the message that was left (``voicemail``)."""
    return await calls.sound(request, visit, call_id, kind)


@router.post("/calls/{call_id}/block")
async def block(visit: SignedIn, call_id: str) -> Response:
    """Put a call's caller on the blacklist, though the number is not shown."""
    current = await planning.current_plan(visit)
    entry = await caller_of(visit, call_id)
    if not entry:
        raise HTTPException(404, "there is no such call")
    value = plain(current.plan)
    editing.with_entry(value, "blacklist", entry)
    try:
        done = await planning.publish_plain(visit, current, value, current.plan.version)
    except PlanMoved as error:
        return told(Moved(str(error)))
    return told(done)


def _post(one: Any) -> dict[str, object]:
    return {
        "destination": one.destination.name,
        "person": one.destination.person,
        "calls": one.calls,
        "closed": one.closed,
        "duty": one.duty,
    }
