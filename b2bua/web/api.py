"""The JSON API: everything that a page can do, for programs (``/openapi.json``)."""

from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal

import msgspec
from fastapi import APIRouter, HTTPException, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from b2bua.report.month import MalformedMonth, period_of
from b2bua.report.wording import Language
from b2bua.service.number import service_number
from b2bua.service.planfile import Finding
from b2bua.service.planwriting import plain
from b2bua.service.record import Outcome
from b2bua.store.audit import Act
from b2bua.store.plans import Published
from b2bua.store.tenant import Mark, Search
from b2bua.web import planning, reporting, shapes
from b2bua.web.gate import SignedIn, harmless
from b2bua.web.portal import Visit

router = APIRouter(prefix="/api", tags=["portal"])

MARK: Final = "~"
YAML: Final = frozenset(
    ("application/yaml", "application/x-yaml", "text/yaml", "text/x-yaml", "text/plain")
)


class Enquiry(BaseModel):
    """A call that might be made."""

    model_config = ConfigDict(populate_by_name=True)

    caller: str = Field(alias="from", default="", max_length=256)
    number: str = Field(default="", max_length=64)
    """The visit's own, if it is given."""
    at: datetime | None = None
    """Default: now; without an offset it is on the plan's clocks."""
    keys: list[str] | str = Field(default="", max_length=256)
    """Keyed at menus: a list, or text with commas."""
    plan: str = Field(default="", max_length=600_000)
    """A draft in YAML; empty: the published plan."""


class Listing(BaseModel):
    """Which records."""

    model_config = ConfigDict(extra="forbid")

    since: datetime | None = None
    until: datetime | None = None
    caller: str = Field(default="", max_length=32)
    area: str = Field(default="", max_length=8)
    outcome: Outcome | None = None
    destination: str = Field(default="", max_length=64)
    after: str = Field(default="", max_length=200)
    """``next`` of the page before."""
    limit: int = Field(default=50, ge=1, le=500)


@router.get("/calls")
async def calls(visit: SignedIn, wanted: Annotated[Listing, Query()]) -> dict[str, object]:
    """Records, newest first; ``next`` leads to the next page."""
    zone = planning.zone_of(await visit.tenant.plan())
    since, until = (
        at.replace(tzinfo=zone) if at is not None and at.tzinfo is None else at
        for at in (wanted.since, wanted.until)
    )
    search = Search(
        since=since,
        until=until,
        caller=wanted.caller,
        area=wanted.area,
        outcome=wanted.outcome,
        destination=wanted.destination,
        after=mark_of(wanted.after),
        limit=wanted.limit,
    )
    records = await visit.tenant.calls(search)
    last = records[-1] if len(records) == wanted.limit else None
    whole = visit.session.reveal
    return {
        "calls": [shapes.summary(record, whole=whole) for record in records],
        "next": None if last is None else mark_text(Mark(last.invite_at, last.id)),
    }


@router.get("/calls/{call_id}")
async def call(visit: SignedIn, call_id: str) -> dict[str, object]:
    """One record whole."""
    record = await visit.tenant.call(call_id)
    if record is None:
        raise HTTPException(404, "there is no such call")
    return shapes.details(record, whole=visit.session.reveal)


@router.get("/live")
async def live(visit: SignedIn) -> dict[str, object]:
    """The calls that are up."""
    found = await visit.tenant.live()
    return {
        "calls": [shapes.live_call(one, whole=visit.session.reveal) for one in found],
    }


@router.get("/plan")
async def plan(visit: SignedIn, request: Request) -> Response:
    """The current plan, with what ``check`` finds; as YAML if that is asked for."""
    current = await planning.current_plan(visit)
    if "yaml" in request.headers.get("accept", ""):
        return Response(current.source, media_type="application/yaml")
    return _json(
        {
            "number": current.plan.number,
            "version": current.plan.version,
            "plan": plain(current.plan),
            "yaml": current.source,
            "findings": await _remarks(visit, current.source),
        }
    )


@router.put("/plan")
async def change_plan(visit: SignedIn, request: Request) -> Response:
    """Publish a plan; the next call follows it.

    The body is YAML, or JSON: ``{"yaml": …}``, ``{"plan": {…}}`` or the plan itself. With
    ``version``, or the query ``version``, it is refused (409) if another was published
    since. 422 comes with findings.
    """
    current = await planning.current_plan(visit)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    body = await request.body()
    base = _version(request.query_params.get("version"))
    done: Published | list[Finding]
    if kind in YAML:
        text = _utf8(body)
        done = await planning.publish_text(visit, current, text, base)
    else:
        given = _decoded(body)
        base = _version(given.get("version")) if base is None else base
        if isinstance(given.get("yaml"), str):
            text = str(given["yaml"])
            done = await planning.publish_text(visit, current, text, base)
        else:
            value = given.get("plan", {k: v for k, v in given.items() if k != "version"})
            done = await planning.publish_plain(visit, current, value, base)
    if not isinstance(done, Published):
        return _json({"findings": [shapes.finding(one) for one in done]}, 422)
    now = await planning.current_plan(visit)
    return _json(
        {
            "number": done.number,
            "version": done.version,
            "changes": list(done.changes),
            "findings": await _remarks(visit, now.source),
        }
    )


@router.post("/explain")
@harmless
async def explain(visit: SignedIn, asked: Enquiry) -> Response:
    """What would happen to a call, and by which rule."""
    if asked.number and service_number(asked.number) != visit.tenant.number:
        raise HTTPException(404, "this is not the number that is signed in")
    keys = asked.keys.split(",") if isinstance(asked.keys, str) else asked.keys
    question = planning.Question(
        caller=asked.caller,
        at=asked.at,
        keys=[key.strip() for key in keys if key.strip()],
        draft=asked.plan,
    )
    found = await planning.ask(visit, question)
    if isinstance(found, list):
        return _json({"findings": [shapes.finding(one) for one in found]}, 422)
    return _json(found.to_mapping())


@router.get("/report")
async def report(
    visit: SignedIn,
    month: Annotated[str, Query(max_length=10)] = "",
    form: Annotated[Literal["json", "csv", "xlsx", "html"], Query(alias="format")] = "json",
    language: Literal["zh", "en"] = "zh",
) -> Response:
    """Call analysis of a month (2026-11) or a week (2026-W47); this month by default."""
    current = await visit.tenant.plan()
    try:
        wanted = (
            period_of(month)
            if month
            else reporting.month_of(datetime.now(UTC), planning.zone_of(current))
        )
    except MalformedMonth as error:
        raise HTTPException(422, str(error)) from error
    figures = await reporting.figures(visit, wanted)
    if form != "json":
        await visit.note(Act.EXPORTED, f"report {wanted}", form)
    return reporting.rendered(visit, figures, form, Language(language))


def mark_text(mark: Mark) -> str:
    """A place in a listing as text."""
    return f"{mark.at.isoformat()}{MARK}{mark.id}"


def mark_of(text: str) -> Mark | None:
    """The reverse of :func:`mark_text`; None for an empty text. 422 for any other."""
    if not text:
        return None
    at, _, call_id = text.partition(MARK)
    try:
        found = datetime.fromisoformat(at.replace(" ", "+"))
    except ValueError as error:
        raise HTTPException(422, "after: this is no place in a listing") from error
    if found.tzinfo is None:
        raise HTTPException(422, "after: this is no place in a listing")
    return Mark(found, call_id)


async def _remarks(visit: Visit, text: str) -> list[dict[str, object]]:
    current = await planning.current_plan(visit)
    found = await planning.remarks(visit, current, text)
    return [shapes.finding(one) for one in found]


def _utf8(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise HTTPException(422, "not UTF-8") from error


def _decoded(body: bytes) -> dict[str, Any]:
    try:
        return msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise HTTPException(422, "the body is no JSON object") from error


def _version(value: object) -> int | None:
    if value is None:
        return None
    text = str(value)
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise HTTPException(422, "version: a whole number is needed")
    return int(text)


def _json(value: object, status: int = 200) -> Response:
    return Response(msgspec.json.encode(value), status, media_type="application/json")
