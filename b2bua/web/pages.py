"""The pages that look: sign-in, today, calls, one call, what would happen, analysis."""

from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import RedirectResponse

from b2bua.observe.ladder import draw
from b2bua.report.month import MalformedMonth, Month
from b2bua.report.wording import Language
from b2bua.service.record import Outcome
from b2bua.store.tenant import Mark, Search
from b2bua.web import planning, reporting
from b2bua.web.api import mark_of, mark_text
from b2bua.web.gate import SignedIn
from b2bua.web.shapes import concealed
from b2bua.web.views import (
    LANGUAGE_COOKIE,
    THEME_COOKIE,
    THEMES,
    back_to,
    language_of,
    local,
    page,
)

router = APIRouter()

A_YEAR: Final = 365 * 24 * 3600
LATEST: Final = 8
PAGE: Final = 50


@router.get("/language/{tongue}")
async def choose_language(request: Request, tongue: str) -> Response:
    """Remember the language and go back."""
    if tongue not in ("zh", "en"):
        raise HTTPException(404, "no such language")
    return _remember(request, LANGUAGE_COOKIE, tongue)


@router.get("/theme/{theme}")
async def choose_theme(request: Request, theme: str) -> Response:
    """Remember the look and go back."""
    if theme not in THEMES:
        raise HTTPException(404, "no such look")
    return _remember(request, THEME_COOKIE, theme)


@router.get("/calls")
async def calls(request: Request, visit: SignedIn) -> Response:
    """Search the records."""
    current = await visit.tenant.plan()
    zone = planning.zone_of(current)
    asked = {
        name: request.query_params.get(name, "").strip()[:64]
        for name in ("since", "until", "caller", "area", "outcome", "destination")
    }
    search = Search(
        since=_moment(asked["since"], zone),
        until=_moment(asked["until"], zone),
        caller=asked["caller"],
        area=asked["area"],
        outcome=_outcome(asked["outcome"]),
        destination=asked["destination"],
        after=mark_of(request.query_params.get("after", "")[:200]),
        limit=PAGE,
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
        outcomes=[outcome.value for outcome in Outcome],
        destinations=[] if current is None else list(current.plan.destinations),
        stamp=lambda at: local(at, zone),
        paged=bool(search.after),
    )


@router.get("/calls/{call_id}")
async def call(request: Request, visit: SignedIn, call_id: str) -> Response:
    """One call: what happened, why, and what it cost."""
    record = await visit.tenant.call(call_id)
    if record is None:
        raise HTTPException(404, "there is no such call")
    zone = planning.zone_of(await visit.tenant.plan())
    moments = (
        *("invite_at", "early_media_at", "answered_at"),
        *("destination_answered_at", "ended_at"),
    )
    return page(
        request,
        "call",
        visit,
        record=record,
        province=visit.portal.province_of(record.area) if record.area else "",
        moments=[(name, getattr(record, name)) for name in moments],
        drawn=draw(record),
        trace=concealed(record, whole=visit.session.reveal),
        stamp=lambda at: local(at, zone),
    )


@router.get("/analysis")
async def analysis(request: Request, visit: SignedIn) -> Response:
    """A month's figures and advice, and the report to take away."""
    zone = planning.zone_of(await visit.tenant.plan())
    try:
        month = Month.parse(request.query_params.get("month", ""))
    except MalformedMonth:
        month = reporting.month_of(datetime.now(UTC), zone)
    figures = await reporting.figures(visit, month)
    tongue = Language(language_of(request))
    return page(
        request,
        "analysis",
        visit,
        month=str(month),
        **reporting.sections(visit, figures, tongue),
    )


def _remember(request: Request, cookie: str, value: str) -> Response:
    response = RedirectResponse(back_to(request.query_params.get("back", "/")), 303)
    response.set_cookie(cookie, value, max_age=A_YEAR, httponly=True, samesite="lax")
    return response


def _moment(text: str, zone: ZoneInfo) -> datetime | None:
    """What a form's field says; nothing for what is no time."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found.replace(tzinfo=zone) if found.tzinfo is None else found


def _outcome(text: str) -> Outcome | None:
    try:
        return Outcome(text)
    except ValueError:
        return None
