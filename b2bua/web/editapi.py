"""The JSON API's part that changes: override, draft, versions, prompts, webhooks."""

from datetime import UTC, datetime
from typing import Annotated, Final

import msgspec
from fastapi import APIRouter, File, HTTPException, Response, UploadFile
from pydantic import BaseModel, ConfigDict, Field

from b2bua.service.planfile import Finding
from b2bua.service.planwriting import plain
from b2bua.store.errors import PlanMoved
from b2bua.store.plans import Published
from b2bua.store.sounds import Sound
from b2bua.web import (
    configuring,
    editing,
    planning,
    prompts,
    reckoning,
    shapes,
    versions,
    workbench,
)
from b2bua.web.gate import SignedIn
from b2bua.web.outcome import Done, Moved

router = APIRouter(prefix="/api", tags=["editing"])

LONGEST_PLAN: Final = 600_000
MOVED: Final = "somebody else changed the same thing in the meantime"


class Wanted(BaseModel):
    """Where all calls shall go for a while."""

    model_config = ConfigDict(extra="forbid")

    to: str | dict[str, object]
    """A destination or group, or a target as a plan writes it."""
    until: datetime
    """Without an offset it is on the plan's clocks."""
    note: str = Field(default="", max_length=200)


class Text(BaseModel):
    """A plan as text."""

    model_config = ConfigDict(extra="forbid")

    yaml: str = Field(max_length=LONGEST_PLAN)


class Again(BaseModel):
    """Which version is the current one, as far as you know."""

    model_config = ConfigDict(extra="forbid")

    version: int | None = Field(default=None, ge=0, le=999_999_999)


class Hook(BaseModel):
    """A webhook of the plan."""

    model_config = ConfigDict(extra="forbid")

    url: str = Field(max_length=1024)


@router.get("/override")
async def override(visit: SignedIn) -> Response:
    """Where all calls go for now; null if there is no override."""
    current = await planning.current_plan(visit)
    return _json({"override": plain(current.plan).get("override")})


@router.put("/override")
async def set_override(visit: SignedIn, wanted: Wanted) -> Response:
    """Send all calls somewhere; the next call follows it."""
    current = await planning.current_plan(visit)
    value = plain(current.plan)
    until = wanted.until
    if until.tzinfo is None:
        until = until.replace(tzinfo=planning.zone_of(current))
    if until <= datetime.now(UTC):
        raise HTTPException(422, "until: a time that is to come is needed")
    editing.override(value, wanted.to, until, wanted.note)
    return told(await planning.publish_plain(visit, current, value, None))


@router.delete("/override")
async def end_override(visit: SignedIn) -> Response:
    """The routes decide again."""
    current = await planning.current_plan(visit)
    value = plain(current.plan)
    value.pop("override", None)
    return told(await planning.publish_plain(visit, current, value, None))


@router.post("/check")
async def check(visit: SignedIn, given: Text) -> Response:
    """What is wrong with a plan; of a faultless one, what looks odd."""
    current = await planning.current_plan(visit)
    found = await planning.remarks(visit, current, given.yaml)
    return _json({"findings": [shapes.finding(one) for one in found]})


@router.get("/versions")
async def all_versions(visit: SignedIn) -> Response:
    """Every version that was published, newest first."""
    found = await visit.tenant.versions(1000)
    return _json(
        {
            "versions": [
                {"version": one.version, "published_at": one.published_at.isoformat()}
                for one in found
            ]
        }
    )


@router.get("/versions/{version}")
async def version(visit: SignedIn, version: int) -> Response:
    """One version, with its text and what it changed."""
    found = {one.version: one for one in await visit.tenant.versions(1000)}
    one, older = found.get(version), found.get(version - 1)
    if one is None or one.plan is None:
        raise HTTPException(404, "there is no such version")
    before = None if older is None else older.plan
    differing = (
        []
        if before is None
        else workbench.differing(before, one.plan, whole=visit.session.reveal)
    )
    return _json(
        {
            "version": one.version,
            "published_at": one.published_at.isoformat(),
            "yaml": one.source,
            "changes": [
                {
                    "path": list(change.path),
                    "before": change.before,
                    "after": change.after,
                    "secret": change.secret,
                }
                for change in differing
            ],
        }
    )


@router.post("/versions/{version}/publish")
async def publish_again(visit: SignedIn, version: int, given: Again) -> Response:
    """Publish an earlier version again."""
    return told(await versions.publish_again(visit, str(version), given.version))


@router.get("/draft")
async def draft(visit: SignedIn) -> Response:
    """The plan that is being worked at; null if there is none."""
    found = await workbench.bench(visit)
    kept = {"base": found.base, "yaml": found.source} if found.drafted else None
    return _json({"draft": kept})


@router.put("/draft")
async def keep_draft(visit: SignedIn, given: Text) -> Response:
    """Keep a text as the draft; no call follows it."""
    found = await workbench.bench(visit)
    findings = await workbench.keep_text(visit, found, given.yaml)
    shown = [shapes.finding(one) for one in findings]
    return _json({"findings": shown}, 422 if findings else 200)


@router.delete("/draft", status_code=204)
async def drop_draft(visit: SignedIn) -> Response:
    """Forget the draft."""
    await workbench.discard(visit)
    return Response(status_code=204)


@router.post("/draft/publish")
async def publish_draft(visit: SignedIn, given: Again) -> Response:
    """Make the draft the plan that the next call follows."""
    found = await workbench.bench(visit)
    if given.version not in (None, found.current.plan.version):
        return told(Moved("the current version"))
    try:
        return told(await workbench.publish(visit, found))
    except PlanMoved as error:
        return told(Moved(str(error)))


@router.get("/draft/reckoning")
async def reckon(visit: SignedIn) -> Response:
    """What the draft would have meant for the calls of the last month."""
    found = await workbench.bench(visit)
    made = await reckoning.reckoned(visit, found.plan)
    return _json(
        {
            "calls": made.summary.calls,
            "elsewhere": made.elsewhere,
            "expected": float(made.summary.expected),
            "cut": made.cut,
            "changes": [
                {"from": before, "to": after, "calls": calls}
                for (before, after), calls in made.summary.changes.most_common(50)
            ],
        }
    )


@router.get("/prompts")
async def all_prompts(visit: SignedIn) -> Response:
    """The number's own prompts, and the names of those that come with the program."""
    found = await visit.sounds.all()
    catalogue = sorted(visit.portal.prompts)
    return _json({"prompts": [_sound(one) for one in found], "catalogue": catalogue})


@router.put("/prompts/{name}")
async def keep_prompt(
    visit: SignedIn,
    name: str,
    file: Annotated[UploadFile, File()],
) -> Response:
    """Upload a prompt (WAV, MP3, FLAC, Ogg); plans that name it play it from now on."""
    content = await file.read(prompts.LONGEST_UPLOAD + 1)
    return _json(_sound(await prompts.keep(visit, name, content)))


@router.get("/prompts/{name}/audio")
async def prompt_audio(visit: SignedIn, name: str) -> Response:
    """A prompt as WAV."""
    content = await prompts.content_of(visit, name)
    return Response(content, media_type="audio/wav")


@router.delete("/prompts/{name}", status_code=204)
async def remove_prompt(visit: SignedIn, name: str) -> Response:
    """Delete a prompt that nothing names."""
    await prompts.remove(visit, name)
    return Response(status_code=204)


@router.get("/webhooks/deliveries")
async def webhook_deliveries(visit: SignedIn) -> Response:
    """What webhooks were told lately, newest first."""
    found = await configuring.deliveries(visit, 100)
    return _json(
        {
            "deliveries": [
                {
                    "id": one.id,
                    "url": one.url,
                    "event": one.event,
                    "state": one.state,
                    "attempts": one.attempts,
                    "said": one.said,
                    "created_at": one.created_at.isoformat(),
                }
                for one in found
            ]
        }
    )


@router.post("/webhooks/test", status_code=202)
async def test_webhook(visit: SignedIn, given: Hook) -> Response:
    """Send something harmless to a webhook of the plan."""
    current = await planning.current_plan(visit)
    message_id = await configuring.ring(visit, current.plan, given.url)
    return _json({"id": message_id}, 202)


def _sound(one: Sound) -> dict[str, object]:
    return {
        "name": one.name,
        "seconds": round(one.seconds, 2),
        "uploaded_at": one.uploaded_at.isoformat(),
    }


def told(done: Done) -> Response:
    """What became of a change."""
    match done:
        case Published():
            return _json(
                {
                    "number": done.number,
                    "version": done.version,
                    "changes": list(done.changes),
                }
            )
        case Moved():
            return _json({"detail": MOVED, "why": done.why}, 409)
        case list():
            return _json({"findings": [_finding(one) for one in done]}, 422)


def _finding(one: Finding) -> dict[str, object]:
    return shapes.finding(one)


def _json(value: object, status: int = 200) -> Response:
    return Response(msgspec.json.encode(value), status, media_type="application/json")
