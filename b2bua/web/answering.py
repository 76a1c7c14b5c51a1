"""The pages that change the plan: who answers, who may call, the plan as YAML."""

from dataclasses import replace
from typing import Final

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import RedirectResponse

from b2bua.service.plan import Plan
from b2bua.service.planfile import Finding
from b2bua.service.planwriting import plain
from b2bua.store.errors import PlanMoved
from b2bua.store.plans import Published, differences
from b2bua.store.tenant import Current, Version
from b2bua.web import editing, planning
from b2bua.web.gate import SignedIn
from b2bua.web.portal import Visit
from b2bua.web.shapes import listed, unlisted
from b2bua.web.views import language_of, local, page
from b2bua.web.words.book import Words

router = APIRouter()

SHOWN_VERSIONS: Final = 12
MOST_CHANGES: Final = 8


@router.get("/answering")
async def answering(request: Request, visit: SignedIn) -> Response:
    """Destinations, hunt order, versions."""
    return await _answering(request, visit)


@router.post("/answering")
async def change_answering(request: Request, visit: SignedIn) -> Response:
    """Publish what the form says: numbers, or the order."""
    current = await planning.current_plan(visit)
    fields = {key: str(value) for key, value in (await request.form()).items()}
    if fields.get("what") == "order":
        changed = editing.with_order(current.plan, fields)
    else:
        changed = editing.with_destinations(current.plan, fields)
    done = await _published(visit, current, changed, fields)
    return _moved_on(done, "/answering") or await _answering(request, visit, done)


@router.post("/answering/version")
async def roll_back(request: Request, visit: SignedIn) -> Response:
    """Publish an earlier version again."""
    current = await planning.current_plan(visit)
    form = await request.form()
    wanted = str(form.get("wanted", ""))
    versions = await visit.tenant.versions(SHOWN_VERSIONS + 1)
    found = next((one for one in versions if str(one.version) == wanted), None)
    if found is None or found.plan is None:
        raise HTTPException(404, "there is no such version")
    fields = {"version": str(form.get("version", ""))}
    kept = replace(found.plan, active=current.plan.active, tariff=current.plan.tariff)
    done = await _published(visit, current, kept, fields)
    return _moved_on(done, "/answering") or await _answering(request, visit, done)


@router.get("/screening")
async def screening(request: Request, visit: SignedIn) -> Response:
    """Who may call."""
    return await _screening(request, visit)


@router.post("/screening")
async def change_screening(request: Request, visit: SignedIn) -> Response:
    """Add to a list, or take from it; a call stands for its caller."""
    current = await planning.current_plan(visit)
    fields = {key: str(value) for key, value in (await request.form()).items()}
    name = fields.get("list", "")
    if name not in editing.LISTS:
        raise HTTPException(404, "there is no such list")
    entry = fields.get("entry", "").strip()
    if call_id := fields.get("call", ""):
        record = await visit.tenant.call(call_id)
        if record is None or record.caller_private or not record.caller:
            raise HTTPException(404, "there is no such call, or its caller is hidden")
        entry = record.caller
    if place := fields.get("place", ""):
        if _base(fields) != current.plan.version:
            return await _screening(request, visit)
        entry = editing.entry_at(current.plan, name, place) or ""
    change = editing.without_entry if fields.get("remove") else editing.with_entry
    done = await _published(visit, current, change(current.plan, name, entry), fields)
    return _moved_on(done, "/screening") or await _screening(request, visit, done)


@router.get("/plan")
async def plan(request: Request, visit: SignedIn) -> Response:
    """The plan as YAML, with what check finds."""
    current = await planning.current_plan(visit)
    return await _plan(request, visit, current, current.source)


@router.post("/plan")
async def change_plan(request: Request, visit: SignedIn) -> Response:
    """Check a draft, or publish it."""
    current = await planning.current_plan(visit)
    form = await request.form()
    text = str(form.get("yaml", "")).replace("\r\n", "\n")
    if form.get("what") != "publish":
        return await _plan(request, visit, current, text)
    try:
        base = _base({"version": str(form.get("version", ""))})
        done = await planning.publish_text(visit, current, text, base)
    except PlanMoved:
        return await _plan(request, visit, current, text, notice="moved", status=409)
    if isinstance(done, Published):
        return RedirectResponse(_address("/plan", done), 303)
    return await _plan(request, visit, current, text, status=422)


async def _published(
    visit: Visit, current: Current, changed: Plan, fields: dict[str, str]
) -> Published | list[Finding] | None:
    """What became of a change; None if another was published in the meantime."""
    try:
        return await planning.publish_changed(visit, current, changed, _base(fields))
    except PlanMoved:
        return None


def _moved_on(done: Published | list[Finding] | None, path: str) -> Response | None:
    """To the page that shows what was published; None if nothing was."""
    return (
        RedirectResponse(_address(path, done), 303) if isinstance(done, Published) else None
    )


def _address(path: str, done: Published) -> str:
    said = "saved" if done.changes else "unchanged"
    return f"{path}?said={said}"


def _said(request: Request, current: Current | None) -> str:
    said = request.query_params.get("said", "")
    if said not in ("saved", "unchanged") or current is None:
        return ""
    return Words(language_of(request))(said, version=current.plan.version)


async def _answering(
    request: Request, visit: Visit, refused: list[Finding] | Published | None = None
) -> Response:
    current = await planning.current_plan(visit)
    zone = planning.zone_of(current)
    versions = await visit.tenant.versions(SHOWN_VERSIONS + 1)
    notice, status = _outcome_of(request, current, refused)
    return page(
        request,
        "answering",
        visit,
        status=status,
        plan=current.plan,
        versions=[
            (one, _changes(one, older, whole=visit.session.reveal))
            for one, older in zip(versions, [*versions[1:], None], strict=True)
        ][:SHOWN_VERSIONS],
        stamp=lambda at: local(at, zone),
        notice=notice,
        findings=refused if isinstance(refused, list) else (),
    )


async def _screening(
    request: Request, visit: Visit, refused: list[Finding] | Published | None = None
) -> Response:
    current = await planning.current_plan(visit)
    notice, status = _outcome_of(request, current, refused)
    return page(
        request,
        "screening",
        visit,
        status=status,
        plan=current.plan,
        seen=lambda entry: listed(entry, whole=visit.session.reveal),
        notice=notice,
        findings=refused if isinstance(refused, list) else (),
    )


def _outcome_of(
    request: Request, current: Current, refused: list[Finding] | Published | None
) -> tuple[str, int]:
    """What a page says above all, and its status."""
    if request.method == "GET":
        return _said(request, current), 200
    if isinstance(refused, list):
        return "", 422
    return Words(language_of(request))("moved"), 409


async def _plan(  # noqa: PLR0913  # what a page shows
    request: Request,
    visit: Visit,
    current: Current,
    text: str,
    *,
    notice: str = "",
    status: int = 200,
) -> Response:
    words = Words(language_of(request))
    return page(
        request,
        "plan",
        visit,
        status=status,
        text=text,
        version=current.plan.version,
        notice=words(notice) if notice else _said(request, current),
        findings=await planning.remarks(visit, current, text),
    )


def _changes(newer: Version, older: Version | None, *, whole: bool) -> list[str]:
    """What a version changed, in words; of the first, nothing."""
    if older is None or newer.plan is None or older.plan is None:
        return []
    before, after = (
        plain(plan if whole else unlisted(plan)) for plan in (older.plan, newer.plan)
    )
    found = list(differences(before, after))
    more = len(found) - MOST_CHANGES
    return found[:MOST_CHANGES] + ([f"… {more}"] if more > 0 else [])


def _base(fields: dict[str, str]) -> int | None:
    """The version that a form was made from."""
    text = fields.get("version", "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None
