"""The versions of a plan, what differs between them, the draft, and the plan as text."""

from dataclasses import replace
from typing import Final

from fastapi import APIRouter, HTTPException, Request, Response

from b2bua.service.planfile import plan_to_yaml
from b2bua.store.errors import PlanMoved
from b2bua.store.plans import Published
from b2bua.store.tenant import Version, without_callers
from b2bua.web import planning, workbench
from b2bua.web.forms import Fields, fields_of
from b2bua.web.gate import SignedIn
from b2bua.web.outcome import (
    Done,
    Moved,
    findings_of,
    moved_on,
    notice,
    status_of,
    to,
)
from b2bua.web.portal import Visit
from b2bua.web.reckoning import reckoned
from b2bua.web.views import language_of, local, page
from b2bua.web.words.book import Words

router = APIRouter()

SHOWN_VERSIONS: Final = 20


@router.get("/versions")
async def versions(request: Request, visit: SignedIn) -> Response:
    """Every version, newest first, with what it changed; and the draft."""
    return await _versions(request, visit)


@router.get("/versions/{version}")
async def compare(request: Request, visit: SignedIn, version: int) -> Response:
    """One version beside another: the one before, or ``with``."""
    found = {one.version: one for one in await visit.tenant.versions(1000)}
    other = request.query_params.get("with", str(version - 1))
    after = found.get(version)
    before = found.get(int(other)) if other.isdecimal() and len(other) < 9 else None
    if after is None or after.plan is None:
        raise HTTPException(404, "there is no such version")
    zone = planning.zone_of(await planning.current_plan(visit))
    older = before.plan if before is not None else None
    whole = visit.session.reveal
    return page(
        request,
        "version",
        visit,
        place="versions",
        after=after,
        before=before,
        versions=sorted(found, reverse=True),
        changes=[]
        if older is None
        else workbench.differing(older, after.plan, whole=whole),
        before_text="" if before is None else _text(before, whole=whole),
        after_text=_text(after, whole=whole),
        stamp=lambda at: local(at, zone),
    )


def _text(version: Version, *, whole: bool) -> str:
    """A version's text; callers are masked in one that is written anew."""
    if whole or version.plan is None:
        return version.source
    masked = without_callers(version.plan)
    return version.source if masked == version.plan else plan_to_yaml(masked)


@router.post("/versions")
async def roll_back(request: Request, visit: SignedIn) -> Response:
    """Publish an earlier version again."""
    fields = await fields_of(request)
    done = await publish_again(visit, fields.text("wanted"), fields.base())
    return moved_on(done, "/versions") or await _versions(request, visit, done)


async def publish_again(visit: Visit, wanted: str, base: int | None) -> Done:
    """Publish a version again, as it was but for what the operator decides."""
    current = await planning.current_plan(visit)
    versions = await visit.tenant.versions(1000)
    found = next((one for one in versions if str(one.version) == wanted), None)
    if found is None or found.plan is None:
        raise HTTPException(404, "there is no such version")
    if base is not None and base != current.plan.version:
        return Moved("the current version")
    kept = replace(found.plan, active=current.plan.active, tariff=current.plan.tariff)
    try:
        return await planning.publish_like(visit, current, kept, found)
    except PlanMoved as error:
        return Moved(str(error))


@router.get("/draft")
async def draft(request: Request, visit: SignedIn) -> Response:
    """What the draft changes, in words, and for the calls of the last month."""
    return await _draft(request, visit)


@router.post("/draft")
async def settle_draft(request: Request, visit: SignedIn) -> Response:
    """Publish the draft, or forget it."""
    fields = await fields_of(request)
    if fields.text("what") == "discard":
        await workbench.discard(visit)
        return to(_back(fields), "discarded")
    found = await workbench.bench(visit)
    done: Done
    try:
        done = await workbench.publish(visit, found)
    except PlanMoved as error:
        done = Moved(str(error))
    return moved_on(done, _back(fields)) or await _draft(request, visit, done)


@router.get("/plan")
async def plan(request: Request, visit: SignedIn) -> Response:
    """The plan, or its draft, as YAML, with what check finds."""
    found = await workbench.bench(visit)
    return await _plan(request, visit, found.source)


@router.post("/plan")
async def change_plan(request: Request, visit: SignedIn) -> Response:
    """Check a text, keep it as the draft, or publish it."""
    fields = await fields_of(request)
    text = str(fields.data.get("yaml", "")).replace("\r\n", "\n")
    match fields.text("what"):
        case "publish":
            current = await planning.current_plan(visit)
            try:
                done = await planning.publish_text(visit, current, text, fields.base())
            except PlanMoved:
                return await _plan(request, visit, text, said="moved", status=409)
            if isinstance(done, Published):
                await visit.drafts.drop()
                return to("/plan", "saved" if done.changes else "unchanged")
            return await _plan(request, visit, text, status=422)
        case "draft":
            found = await workbench.bench(visit)
            if await workbench.keep_text(visit, found, text):
                return await _plan(request, visit, text, status=422)
            return to("/plan", "drafted")
        case _:
            return await _plan(request, visit, text)


async def _versions(request: Request, visit: Visit, done: Done | None = None) -> Response:
    current = await planning.current_plan(visit)
    zone = planning.zone_of(current)
    found = await visit.tenant.versions(SHOWN_VERSIONS + 1)
    pairs = zip(found, [*found[1:], None], strict=True)
    whole = visit.session.reveal
    return page(
        request,
        "versions",
        visit,
        status=status_of(done),
        plan=current.plan,
        bench=await workbench.bench(visit),
        versions=[(one, _changes(one, older, whole=whole)) for one, older in pairs][
            :SHOWN_VERSIONS
        ],
        stamp=lambda at: local(at, zone),
        moved=status_of(done) == 409,
        notice=notice(request, current.plan.version),
        findings=findings_of(done),
    )


def _changes(newer: Version, older: Version | None, *, whole: bool) -> list[object]:
    if older is None or newer.plan is None or older.plan is None:
        return []
    return list(workbench.differing(older.plan, newer.plan, whole=whole))


async def _draft(request: Request, visit: Visit, done: Done | None = None) -> Response:
    found = await workbench.bench(visit)
    asked = "reckon" in request.query_params
    return page(
        request,
        "draft",
        visit,
        status=status_of(done),
        place="versions",
        bench=found,
        changes=found.changes(whole=visit.session.reveal),
        findings=findings_of(done)
        or await planning.remarks(visit, found.current, found.source),
        reckoned=await reckoned(visit, found.plan) if asked and found.drafted else None,
        moved=done.why if isinstance(done, Moved) else "",
        notice=notice(request, found.current.plan.version),
    )


async def _plan(
    request: Request, visit: Visit, text: str, *, said: str = "", status: int = 200
) -> Response:
    found = await workbench.bench(visit)
    version = found.current.plan.version
    words = Words(language_of(request))
    return page(
        request,
        "plan",
        visit,
        status=status,
        text=text,
        version=version,
        bench=found,
        notice=words(said) if said else notice(request, version),
        findings=await planning.remarks(visit, found.current, text),
    )


def _back(fields: Fields) -> str:
    """A page of ours that a form names."""
    back = fields.text("back")
    return back if back in ("/routing", "/menus", "/plan", "/versions") else "/versions"
