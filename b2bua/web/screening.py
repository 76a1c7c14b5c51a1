"""Who may call: both lists, areas, anonymous callers, and how often."""

from fastapi import APIRouter, HTTPException, Request, Response

from b2bua.service.planwriting import plain
from b2bua.web import editing, planning
from b2bua.web.forms import fields_of
from b2bua.web.gate import SignedIn
from b2bua.web.outcome import (
    Done,
    Moved,
    findings_of,
    moved_on,
    notice,
    published,
    status_of,
)
from b2bua.web.places import provinces
from b2bua.web.portal import Visit
from b2bua.web.shapes import listed
from b2bua.web.views import page

router = APIRouter()


@router.get("/screening")
async def screening(request: Request, visit: SignedIn) -> Response:
    """Who may call."""
    return await _screening(request, visit)


@router.post("/screening")
async def change_screening(request: Request, visit: SignedIn) -> Response:
    """Add to a list, or take from it; a call stands for its caller. Or the other rules."""
    current = await planning.current_plan(visit)
    fields = await fields_of(request)
    value = plain(current.plan)
    name = fields.text("list")
    if fields.text("what") == "rules":
        editing.change_screening(value, fields)
    elif name not in editing.LISTS:
        raise HTTPException(404, "there is no such list")
    else:
        entry = fields.text("entry")
        if call_id := fields.text("call"):
            entry = await caller_of(visit, call_id)
        if place := fields.text("place"):
            if fields.base() != current.plan.version:
                return await _screening(request, visit, Moved("the list"))
            entry = editing.entry_at(value, name, place) or ""
        change = editing.without_entry if fields.has("remove") else editing.with_entry
        change(value, name, entry)
    done = await published(visit, current, value, fields)
    return moved_on(done, "/screening") or await _screening(request, visit, done)


async def caller_of(visit: Visit, call_id: str) -> str:
    """Who called; 404 for a call that is not there, or a caller who hides."""
    record = await visit.tenant.call(call_id)
    if record is None or record.caller_private or not record.caller:
        raise HTTPException(404, "there is no such call, or its caller is hidden")
    return record.caller


async def _screening(request: Request, visit: Visit, done: Done | None = None) -> Response:
    current = await planning.current_plan(visit)
    rule = current.plan.screening
    places = rule.deny_areas if rule.allow_areas is None else rule.allow_areas
    return page(
        request,
        "screening",
        visit,
        status=status_of(done),
        plan=current.plan,
        seen=lambda entry: listed(entry, whole=visit.session.reveal),
        provinces=provinces(visit.portal.table),
        chosen=places,
        moved=status_of(done) == 409,
        notice=notice(request, current.plan.version),
        findings=findings_of(done),
    )
