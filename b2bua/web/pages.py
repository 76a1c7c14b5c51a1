"""The pages that look: sign-in, today, calls, one call, what would happen, analysis."""

from datetime import UTC, datetime
from typing import Final

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import RedirectResponse

from b2bua.report.month import MalformedMonth, Month
from b2bua.report.wording import Language
from b2bua.web import planning, reporting
from b2bua.web.gate import SignedIn
from b2bua.web.views import (
    LANGUAGE_COOKIE,
    THEME_COOKIE,
    THEMES,
    back_to,
    language_of,
    page,
)

router = APIRouter()

A_YEAR: Final = 365 * 24 * 3600


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
