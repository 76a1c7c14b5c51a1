"""The page of users and safety, and the audit log: of a number, and of the house."""

import re
from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import segno
from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import RedirectResponse
from markupsafe import Markup

from b2bua.store.accounts import SHORTEST_PASSWORD
from b2bua.store.audit import Act
from b2bua.store.codes import address_of
from b2bua.store.errors import Rejected
from b2bua.store.roles import ENTERPRISE as ROLES
from b2bua.store.roles import HOUSE, RIGHTS, Right, Role
from b2bua.web import people
from b2bua.web.accessapi import Administering, Looking, noted
from b2bua.web.entrance import TooFast, WrongPassword
from b2bua.web.gate import Known, keep
from b2bua.web.navigation import ENTERPRISE, OPERATOR
from b2bua.web.planning import ZONE, zone_of
from b2bua.web.portal import Visit
from b2bua.web.views import local, page

router = APIRouter()

SAID: Final = ("password", "user", "removed", "revoked", "codes_off")
PAGE: Final = 50
SHOWN_SESSIONS: Final = 12
BROWSERS: Final = ("Edg", "OPR", "Firefox", "Chrome", "Safari", "curl", "python")
SYSTEMS: Final = ("Android", "iPhone", "iPad", "Windows", "Mac OS", "Linux")
NAMES: Final = (BROWSERS, SYSTEMS)


@router.get("/access")
async def access(request: Request, visit: Known) -> Response:
    """Users, one's own keys, sessions."""
    return await _access(request, visit)


@router.post("/access/password")
async def change_password(request: Request, visit: Known) -> Response:
    """One's own."""
    fields = await _fields(request)
    if fields["new"] != fields["again"]:
        return await _access(request, visit, wrong="passwords_differ")
    agent = request.headers.get("user-agent", "")
    try:
        session = await people.change_own_password(
            visit, fields["current"], fields["new"], agent
        )
    except (WrongPassword, TooFast, Rejected) as error:
        return await _access(request, visit, wrong=_why(error))
    response = _done("password")
    keep(response, request, session)
    return response


@router.post("/access/users")
async def change_users(request: Request, visit: Administering) -> Response:
    """Add a user, change one, remove one."""
    fields = await _fields(request)
    name, password = fields["name"], fields["password"]
    try:
        match fields["what"]:
            case "add":
                await people.add_user(visit, name, _role(fields["role"]), password)
            case "remove":
                await people.remove_user(visit, name)
                return _done("removed")
            case _:
                role = _role(fields["role"]) if fields["role"] else None
                await people.change_user(visit, name, role, password)
    except Rejected as error:
        return await _access(request, visit, wrong=str(error))
    return _done("user")


@router.post("/access/codes")
async def change_codes(request: Request, visit: Known) -> Response:
    """Turn two steps on, in two steps; or off."""
    fields = await _fields(request)
    match fields["what"]:
        case "off":
            try:
                await people.drop_codes(visit, fields["current"])
            except (WrongPassword, TooFast) as error:
                return await _access(request, visit, wrong=_why(error))
            return _done("codes_off")
        case "confirm":
            drawn = await people.confirm_codes(visit, fields["code"])
            if drawn is not None:
                return await _access(request, visit, recovery=drawn)
            return await _scan(request, visit, fields["secret"], wrong="wrong_code")
        case _:
            return await _scan(request, visit, await people.draft_codes(visit))


@router.post("/access/tokens")
async def change_tokens(request: Request, visit: Known) -> Response:
    """Make a token, or revoke one."""
    fields = await _fields(request)
    if fields["what"] == "revoke":
        await people.revoke_token(visit, _id(fields["id"]))
        return _done("revoked")
    form = await request.form()
    wanted = {str(one) for one in form.getlist("scope")}
    days = fields["days"]
    try:
        if days and not (days.isascii() and days.isdecimal() and len(days) < 6):
            raise Rejected("a number of days is needed")
        key, _ = await people.make_token(
            visit,
            fields["label"],
            [right for right in Right if right.value in wanted],
            int(days) if days else None,
        )
    except Rejected as error:
        return await _access(request, visit, wrong=str(error))
    return await _access(request, visit, key=key)


@router.post("/access/sessions")
async def end_session(request: Request, visit: Known) -> Response:
    """End a session."""
    await people.end_session(visit, _id((await _fields(request))["id"]))
    return _done("revoked")


@router.get("/audit")
async def audit(request: Request, visit: Administering) -> Response:
    """Who did what."""
    asked = request.query_params.get("before", "")
    before = int(asked) if re.fullmatch(r"[1-9][0-9]{0,17}", asked) else None
    act = request.query_params.get("act", "")[:64].replace("\0", "")
    number = request.query_params.get("number", "").strip()[:32].replace("\0", "")
    wanted = Looking(before=before, act=act, number=number, limit=PAGE)
    found = await noted(visit, wanted)
    zone = await _zone(visit)
    return page(
        request,
        "audit",
        visit,
        navigation=_side(visit),
        entries=found,
        acts=[one.value for one in Act],
        act=act,
        asked=number,
        older=found[-1].seq if len(found) == PAGE else 0,
        stamp=lambda at: local(at, zone),
        house=visit.session.number == HOUSE,
    )


async def _access(  # noqa: PLR0913  # what a form may have led to
    request: Request,
    visit: Visit,
    *,
    wrong: str = "",
    key: str = "",
    recovery: list[str] | None = None,
    scan: Mapping[str, Any] | None = None,
) -> Response:
    account = await people.own_account(visit)
    zone = await _zone(visit)
    said = request.query_params.get("said", "")
    house = visit.session.number == HOUSE
    return page(
        request,
        "access",
        visit,
        422 if wrong else 200,
        navigation=_side(visit),
        account=account,
        users=await people.users(visit),
        administers=not people.whose(visit),
        roles=[role.value for role in ((Role.OPERATOR,) if house else ROLES)],
        tokens=await people.tokens(visit),
        scopes=[right.value for right in Right if right in RIGHTS[account.role]],
        sessions=(await people.sessions(visit))[:SHOWN_SESSIONS],
        browser=browser,
        left=await visit.portal.codes.left(account.number, account.name),
        shortest=SHORTEST_PASSWORD,
        stamp=lambda at: local(at, zone),
        wrong=wrong,
        key=key,
        recovery=recovery or [],
        scan=scan,
        said=f"said_{said}" if said in SAID else "",
        house=house,
    )


async def _scan(
    request: Request, visit: Visit, secret: str, *, wrong: str = ""
) -> Response:
    if not re.fullmatch(r"[A-Z2-7]{16,64}", secret):
        raise HTTPException(422, "no secret")
    address = address_of(secret, visit.session.number, visit.session.name)
    picture = segno.make(address, error="m").svg_inline(
        scale=5, border=3, light="#fff", omitsize=True
    )
    scan = {"picture": Markup(picture), "secret": secret}  # drawn by segno
    return await _access(request, visit, scan=scan, wrong=wrong)


async def _zone(visit: Visit) -> ZoneInfo:
    if visit.session.number == HOUSE:
        return ZoneInfo(ZONE)
    return zone_of(await visit.tenant.plan())


def _side(visit: Visit) -> Any:
    return OPERATOR if visit.session.number == HOUSE else ENTERPRISE


def browser(agent: str) -> str:
    """What somebody came with, in a word or two; browsers claim to be each other."""
    named = [next((one for one in known if one in agent), "") for known in NAMES]
    return " · ".join(one for one in named if one) or agent[:40]


class _Fields(dict[str, str]):
    """A form; what it does not have is empty."""

    def __missing__(self, key: str) -> str:
        return ""


async def _fields(request: Request) -> _Fields:
    form = await request.form()
    return _Fields({key: str(value)[:1024] for key, value in form.items()})


def _done(said: str) -> Response:
    return RedirectResponse(f"/access?said={said}", 303)


def _why(error: Exception) -> str:
    match error:
        case WrongPassword():
            return "password_wrong"
        case TooFast():
            return "too_fast"
        case _:
            return str(error)


def _role(text: str) -> Role:
    try:
        return Role(text)
    except ValueError as error:
        raise Rejected("there is no such role") from error


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise HTTPException(404, "there is no such thing") from error
