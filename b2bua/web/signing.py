"""Coming in and going out: the form, the second step, and the same for programs."""

import secrets
from dataclasses import dataclass, replace
from typing import Annotated, Final

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse
from pydantic import BaseModel, Field

from b2bua.store.accounts import Account
from b2bua.store.audit import Act
from b2bua.store.roles import HOUSE, Right
from b2bua.store.sessions import Session
from b2bua.web.entrance import (
    Claim,
    CodeNeeded,
    HouseClaim,
    TooFast,
    WrongPassword,
    admit,
    sign_in,
    sign_out,
    verified,
)
from b2bua.web.gate import (
    FORM_COOKIE,
    Known,
    NotAllowed,
    check_form_cookie,
    check_not_foreign,
    forget,
    home_of,
    keep,
    session_of,
)
from b2bua.web.portal import Visit, portal_of
from b2bua.web.views import back_to, page

router = APIRouter()
api = APIRouter(prefix="/api", tags=["session"])

LONGEST_PASSWORD: Final = 1024
Text = Annotated[str, Form(max_length=LONGEST_PASSWORD)]


class Credentials(BaseModel):
    """Whose calls, who asks, and the password."""

    number: str = Field(max_length=64)
    user: str = Field(default="", max_length=64)
    """Empty: the first user, whose name is ``owner``."""
    password: str = Field(max_length=LONGEST_PASSWORD, repr=False)
    code: str = Field(default="", max_length=32, repr=False)
    """Of an authenticator app, or a recovery code, if the account asks for one."""


class HouseCredentials(BaseModel):
    """Somebody of the house, and the password."""

    name: str = Field(max_length=64)
    password: str = Field(max_length=LONGEST_PASSWORD, repr=False)
    code: str = Field(default="", max_length=32, repr=False)


class Reveal(BaseModel):
    """Whether callers are shown whole."""

    reveal: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What the form shows."""

    house: bool
    number: str = ""
    user: str = ""
    wrong: str = ""
    ticket: str = ""


@api.post("/session")
async def open_session(request: Request, given: Credentials) -> Response:
    """Sign in: a cookie is set. 401 ``code_needed``: send a one-time code as well."""
    check_not_foreign(request)
    claim = Claim(
        number=given.number, user=given.user, password=given.password, code=given.code
    )
    session = await sign_in(request, claim)
    response = JSONResponse({"number": session.number})
    keep(response, request, session)
    return response


@api.post("/operator/session")
async def open_house_session(request: Request, given: HouseCredentials) -> Response:
    """Sign in to run all numbers."""
    check_not_foreign(request)
    claim = HouseClaim(
        number=HOUSE, user=given.name, password=given.password, code=given.code
    )
    session = await sign_in(request, claim)
    response = JSONResponse({"operator": session.name})
    keep(response, request, session)
    return response


@api.get("/session")
async def show_session(visit: Known) -> dict[str, object]:
    """Who is signed in, and what may be done."""
    return {
        "number": visit.tenant.number,
        "user": visit.session.name,
        "role": visit.session.role.value,
        "rights": sorted(right.value for right in visit.rights),
        "reveal": visit.session.reveal,
    }


@api.put("/session")
async def change_session(visit: Known, wanted: Reveal) -> dict[str, object]:
    """Show callers whole, or masked again."""
    await _reveal(visit, whole=wanted.reveal)
    return {"number": visit.tenant.number, "reveal": wanted.reveal}


@api.delete("/session", status_code=204)
async def close_session(visit: Known) -> Response:
    """Sign out."""
    if visit.token:
        raise NotAllowed
    await sign_out(visit)
    response = Response(status_code=204)
    forget(response)
    return response


@router.get("/sign-in")
async def sign_in_page(request: Request) -> Response:
    """Ask for number and password."""
    return await _entrance(request, house=False)


@router.get("/operator/sign-in")
async def house_page(request: Request) -> Response:
    """Ask for name and password."""
    return await _entrance(request, house=True)


@router.post("/sign-in")
async def sign_in_now(  # noqa: PLR0913, PLR0917  # the fields of the form
    request: Request,
    number: Text = "",
    user: Text = "",
    password: Text = "",
    ticket: Text = "",
    code: Text = "",
) -> Response:
    """Open a session, or say no without saying why."""
    claim = Claim(number=number, user=user, password=password, code=code)
    return await _come_in(request, claim, ticket, house=False)


@router.post("/operator/sign-in")
async def house_now(
    request: Request,
    user: Text = "",
    password: Text = "",
    ticket: Text = "",
    code: Text = "",
) -> Response:
    """The same for the house."""
    claim = HouseClaim(number=HOUSE, user=user, password=password, code=code)
    return await _come_in(request, claim, ticket, house=True)


@router.post("/sign-out")
async def sign_out_now(visit: Known) -> Response:
    """End the session."""
    await sign_out(visit)
    house = visit.session.number == HOUSE
    response = RedirectResponse("/operator/sign-in" if house else "/sign-in", 303)
    forget(response)
    return response


@router.post("/reveal")
async def reveal(request: Request, visit: Known) -> Response:
    """Show callers whole in this session, or mask them again."""
    form = await request.form()
    await _reveal(visit, whole=form.get("whole") == "yes")
    return RedirectResponse(back_to(str(form.get("back", "/"))), 303)


async def _reveal(visit: Visit, *, whole: bool) -> None:
    """Raises NotAllowed for who may not see them."""
    if not visit.may(Right.REVEAL) or visit.token:
        raise NotAllowed
    await visit.portal.sessions.reveal(visit.session, whole=whole)
    visit.portal.log.info("callers shown", number=visit.tenant.number, whole=whole)
    if whole:
        await visit.note(Act.REVEALED)


async def _entrance(request: Request, *, house: bool) -> Response:
    session = await session_of(request)
    if session is not None and (session.number == HOUSE) is house:
        return RedirectResponse(home_of(session), 303)
    return _form(request, _Asked(house=house))


async def _come_in(request: Request, claim: Claim, ticket: str, *, house: bool) -> Response:
    await check_form_cookie(request)
    portal = portal_of(request)
    cookie = request.cookies.get(FORM_COOKIE, "")
    asked = _Asked(house=house, number=claim.number, user=claim.user, ticket=ticket)
    account: Account | None = None
    try:
        account = portal.tickets.account(ticket, cookie, portal.clock()) if ticket else None
        account = account or await verified(request, claim)
        session = await admit(request, account, claim.code)
    except WrongPassword:
        wrong = "wrong_house" if house else "wrong"
        asked = replace(asked, ticket="", wrong="ticket_void" if ticket else wrong)
        return _form(request, asked, 401)
    except CodeNeeded as needed:
        assert account is not None
        ticket = ticket or portal.tickets.issue(account, cookie, portal.clock())
        wrong = "wrong_code" if needed.wrong else ""
        return _form(request, replace(asked, ticket=ticket, wrong=wrong), 401)
    except TooFast as error:
        response = _form(request, replace(asked, wrong="too_fast"), 429)
        response.headers["Retry-After"] = str(error.seconds)
        return response
    portal.tickets.spend(ticket)
    return _welcome(request, session)


def _welcome(request: Request, session: Session) -> Response:
    response = RedirectResponse(home_of(session), 303)
    keep(response, request, session)
    return response


def _form(request: Request, asked: _Asked, status: int = 200) -> Response:
    token = request.cookies.get(FORM_COOKIE, "") or secrets.token_urlsafe(24)
    response = page(
        request,
        "sign-in",
        status=status,
        token=token,
        house=asked.house,
        entered=asked.number[:32],
        user=asked.user[:32],
        wrong=asked.wrong,
        ticket=asked.ticket,
    )
    response.set_cookie(
        FORM_COOKIE,
        token,
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
    return response
