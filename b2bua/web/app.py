"""The portal as one ASGI application: routes, errors, and what guards them."""

from typing import Final

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse
from starlette.exceptions import HTTPException

from b2bua.store.errors import PlanMoved, Rejected, StoreError, Unavailable
from b2bua.web import (
    access,
    accessapi,
    analysis,
    answering,
    api,
    calls,
    callsapi,
    configuring,
    editapi,
    menus,
    operator,
    operatorapi,
    operatornumbers,
    pages,
    prompts,
    reportapi,
    reports,
    routing,
    screening,
    signing,
    today,
    trying,
    versions,
)
from b2bua.web.assets import FOLDER, Assets
from b2bua.web.described import describe
from b2bua.web.doorman import Doorman
from b2bua.web.entrance import TooFast, WrongPassword
from b2bua.web.gate import Forged, NotSignedIn
from b2bua.web.guard import Guard
from b2bua.web.planning import NoPlan
from b2bua.web.portal import Portal
from b2bua.web.views import failure

EDITORS: Final = (
    *(answering, screening, routing, menus, prompts),
    *(configuring, trying, versions),
)
DESCRIPTION: Final = """
What the portal's pages do, for programs. Sign in with POST /api/session and keep the
cookie, or send a token made on the page Users and safety: `Authorization: Bearer …`.
Everything is about the number that is signed in; what is under /api/operator is for
those who run all numbers.
"""


def application(portal: Portal) -> FastAPI:
    """The portal, ready to be served."""
    app = FastAPI(
        title="b2bua portal",
        version="1",
        description=DESCRIPTION,
        docs_url=None,
        redoc_url=None,
    )
    app.state.portal = portal
    app.include_router(signing.api)
    app.include_router(accessapi.router)
    app.include_router(operatorapi.router)
    app.include_router(callsapi.router)
    app.include_router(api.router)
    app.include_router(editapi.router)
    app.include_router(reportapi.router)
    app.include_router(signing.router, include_in_schema=False)
    app.include_router(access.router, include_in_schema=False)
    app.include_router(operator.router, include_in_schema=False)
    app.include_router(operatornumbers.router, include_in_schema=False)
    app.include_router(today.router, include_in_schema=False)
    app.include_router(calls.router, include_in_schema=False)
    app.include_router(analysis.router, include_in_schema=False)
    app.include_router(reports.router, include_in_schema=False)
    app.include_router(pages.router, include_in_schema=False)
    for editor in EDITORS:
        app.include_router(editor.router, include_in_schema=False)
    app.mount("/static", Assets(directory=FOLDER), name="static")
    describe(app)
    app.add_middleware(Doorman)
    app.add_middleware(Guard)
    app.add_exception_handler(NotSignedIn, _sign_in_first)
    for kind in (Forged, WrongPassword, TooFast, NoPlan, HTTPException, StoreError):
        app.add_exception_handler(kind, _failed)
    app.add_exception_handler(RequestValidationError, _malformed)
    return app


async def _sign_in_first(request: Request, error: Exception) -> Response:
    if _for_programs(request):
        return JSONResponse({"detail": "sign in first"}, 401)
    house = request.url.path.startswith("/operator")
    return RedirectResponse("/operator/sign-in" if house else "/sign-in", 303)


async def _failed(request: Request, error: Exception) -> Response:
    status, detail = _worded(error)
    headers = {}
    if isinstance(error, TooFast):
        headers["Retry-After"] = str(error.seconds)
    if status == 503:
        headers["Retry-After"] = "5"
    if _for_programs(request):
        return JSONResponse({"detail": detail}, status, headers)
    return failure(request, status, detail, headers)


async def _malformed(request: Request, error: Exception) -> Response:
    """What was sent is not repeated: it may be a password."""
    assert isinstance(error, RequestValidationError)
    detail = [
        {"field": ".".join(map(str, one["loc"])), "message": one["msg"]}
        for one in error.errors()
    ]
    if _for_programs(request):
        return JSONResponse({"detail": detail}, 422)
    return failure(request, 422, "the address is not understood", {})


def _worded(error: Exception) -> tuple[int, str]:
    match error:
        case WrongPassword():
            return 401, "the number or the password is wrong"
        case TooFast():
            return 429, "too many tries: wait a little"
        case Forged():
            return 403, "this request did not come from our own page"
        case NoPlan():
            return 404, "the number has no plan"
        case PlanMoved():
            return 409, "another version was published in the meantime"
        case Rejected():
            return 422, "what was sent cannot be stored"
        case Unavailable():
            return 503, "the database is away for a moment"
        case HTTPException():
            return error.status_code, str(error.detail)
        case _:
            return 422, str(error)


def _for_programs(request: Request) -> bool:
    return request.url.path.startswith(("/api/", "/openapi"))
