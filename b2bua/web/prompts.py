"""What callers hear: prompts to upload, record in the browser, listen to, and delete."""

import re
from collections.abc import Iterator
from typing import Final

from fastapi import APIRouter, HTTPException, Request, Response

from b2bua.mediactl.conversion import Unusable
from b2bua.service.plan import Plan
from b2bua.service.planfile import Finding
from b2bua.service.planwriting import plain
from b2bua.store.audit import Act
from b2bua.store.errors import PlanMoved
from b2bua.store.plans import Published
from b2bua.store.sounds import Sound
from b2bua.web import planning, workbench
from b2bua.web.forms import Fields, fields_of
from b2bua.web.gate import SignedIn
from b2bua.web.outcome import notice, to
from b2bua.web.portal import Visit
from b2bua.web.views import page

router = APIRouter()

LONGEST_UPLOAD: Final = 20_000_000
"""Bytes: ten minutes of what a browser records."""
MOST_SOUNDS: Final = 200
NAME: Final = re.compile(r"[^\W_][^:/\\\x00-\x1f]{0,63}")


class RefusedUpload(HTTPException):
    """What was sent makes no prompt."""

    def __init__(self, why: str) -> None:
        super().__init__(422, why)


@router.get("/prompts")
async def prompts(request: Request, visit: SignedIn) -> Response:
    """The enterprise's own prompts, and those that come with the program."""
    wanted = request.query_params.get("name", "")[:60]
    return await _prompts(request, visit, name=wanted)


@router.post("/prompts")
async def upload(request: Request, visit: SignedIn) -> Response:
    """Keep what was uploaded or recorded; or delete what nothing names."""
    fields = await fields_of(request)
    try:
        if fields.has("remove"):
            await remove(visit, fields.text("remove"))
            return to("/prompts", "removed")
        await keep(visit, fields.text("name"), await _content(fields))
    except RefusedUpload as error:
        return await _prompts(request, visit, error.detail, fields.text("name"))
    finally:
        await fields.data.close()
    return to("/prompts", "uploaded")


@router.get("/prompts/{name}/audio")
async def audio(visit: SignedIn, name: str) -> Response:
    """One prompt as WAV."""
    return Response(await content_of(visit, name), media_type="audio/wav")


async def content_of(visit: Visit, name: str) -> bytes:
    """What is heard under a name; 404 if it is none of the number's own."""
    known = await planning.known(visit, await planning.current_plan(visit))
    prompt = known.own_prompts.get(name)
    content = None if prompt is None else await visit.sounds.content(prompt)
    if content is None:
        raise HTTPException(404, "there is no such prompt")
    return content


async def keep(visit: Visit, name: str, content: bytes) -> Sound:
    """Make a prompt of an audio file; what names it plays it from the next call on.

    Raises RefusedUpload.
    """
    name = name or "prompt"
    if not NAME.fullmatch(name) or not name.isprintable():
        raise RefusedUpload(
            "name: it begins with a letter or digit and has neither : nor /"
        )
    if not content:
        raise RefusedUpload("file: it is empty")
    if len(content) > LONGEST_UPLOAD:
        raise RefusedUpload(f"file: larger than {LONGEST_UPLOAD // 1_000_000} MB")
    sounds = await visit.sounds.all()
    if len(sounds) >= MOST_SOUNDS and all(one.name != name for one in sounds):
        raise RefusedUpload(f"there are {MOST_SOUNDS} prompts already: delete some")
    try:
        made, seconds = await visit.portal.convert(content)
    except Unusable as error:
        raise RefusedUpload(f"file: {error.why}") from error
    sound = await visit.sounds.keep(name, made, seconds)
    visit.portal.log.info("prompt kept", number=visit.tenant.number, name=name)
    await visit.note(Act.PROMPT_KEPT, name, f"{seconds:.1f} s")
    await _publish_again(visit, name)
    return sound


async def remove(visit: Visit, name: str) -> None:
    """Forget a prompt. Raises RefusedUpload while something names it."""
    current = await planning.current_plan(visit)
    bench = await workbench.bench(visit)
    for plan in (current.plan, bench.plan):
        if places := list(uses(plan, name)):
            raise RefusedUpload(f"{name} is in use: {', '.join(places)}")
    if not await visit.sounds.remove(name):
        raise HTTPException(404, "there is no such prompt")
    await visit.note(Act.PROMPT_REMOVED, name)


async def _publish_again(visit: Visit, name: str) -> None:
    """Calls that hear this name hear the new sound: it is a version like any other."""
    current = await planning.current_plan(visit)
    if name not in current.plan.prompts:
        return
    try:
        done = await planning.publish_plain(
            visit, current, plain(current.plan), current.plan.version
        )
    except PlanMoved:
        return  # Whoever published in between has taken the new sound along.
    if not isinstance(done, Published):
        raise RefusedUpload("; ".join(map(_told, done)))


def _told(finding: Finding) -> str:
    return f"{finding.field}: {finding.message}"


def uses(plan: Plan, name: str) -> Iterator[str]:
    """Where a plan names a prompt, in the words of a plan file."""
    if plan.greeting == name:
        yield "greeting"
    if any(one.prompt == name for one in plan.greetings):
        yield "greetings"
    if plan.voicemail.prompt == name:
        yield "voicemail"
    for menu in plan.menus.values():
        if menu.prompt == name:
            yield f"menus.{menu.name}"
    for one in plan.destinations.values():
        if one.whisper == name:
            yield f"destinations.{one.name}"
    for group in plan.groups.values():
        if group.queue is not None and group.queue.music == name:
            yield f"groups.{group.name}"


async def _content(fields: Fields) -> bytes:
    file = fields.file("file") or fields.file("recorded")
    if file is None:
        raise RefusedUpload("file: choose one, or record")
    return await file.read(LONGEST_UPLOAD + 1)


async def _prompts(
    request: Request, visit: Visit, refused: str = "", name: str = ""
) -> Response:
    current = await planning.current_plan(visit)
    bench = await workbench.bench(visit)
    sounds = await visit.sounds.all()
    named = {*(one.name for one in sounds)}
    return page(
        request,
        "prompts",
        visit,
        status=422 if refused else 200,
        plan=current.plan,
        sounds=[
            (one, sorted({*uses(current.plan, one.name), *uses(bench.plan, one.name)}))
            for one in sounds
        ],
        beside=sorted(name for name in current.plan.prompts if name not in named),
        catalogue=sorted(visit.portal.prompts),
        refused=refused,
        entered=name,
        megabytes=LONGEST_UPLOAD // 1_000_000,
        notice=notice(request, current.plan.version),
    )
