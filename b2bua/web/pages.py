"""What every page has: a language and a look, which a browser remembers."""

from typing import Final

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import RedirectResponse

from b2bua.web.views import (
    LANGUAGE_COOKIE,
    THEME_COOKIE,
    THEMES,
    back_to,
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


def _remember(request: Request, cookie: str, value: str) -> Response:
    response = RedirectResponse(back_to(request.query_params.get("back", "/")), 303)
    response.set_cookie(cookie, value, max_age=A_YEAR, httponly=True, samesite="lax")
    return response
