"""Users, tokens, sessions, one-time codes and the audit log, for programs."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, HTTPException, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from b2bua.store.accounts import LONGEST_PASSWORD, Account
from b2bua.store.audit import Audit, Noted
from b2bua.store.codes import address_of
from b2bua.store.fence import OPERATOR
from b2bua.store.roles import HOUSE, Right, Role
from b2bua.store.sessions import Entry
from b2bua.store.tokens import Token
from b2bua.web import people
from b2bua.web.gate import Known, NotAllowed, keep
from b2bua.web.portal import Visit

router = APIRouter(prefix="/api", tags=["access"])
Secret = Annotated[str, Field(max_length=LONGEST_PASSWORD, repr=False)]


class NewUser(BaseModel):
    """Somebody who is to come in."""

    name: str = Field(max_length=32)
    role: Role
    password: Secret


class UserChange(BaseModel):
    """What is to be different."""

    role: Role | None = None
    password: Secret = ""
    """Empty: as before."""


class PasswordChange(BaseModel):
    """One's own."""

    current: Secret
    new: Secret


class NewToken(BaseModel):
    """A key for a program."""

    label: str = Field(max_length=64)
    scopes: list[Right] = Field(max_length=8)
    days: int | None = Field(default=90, ge=1, le=people.MOST_DAYS)
    """How long it is good; null: until it is revoked."""


class Code(BaseModel):
    """As the authenticator app shows it."""

    code: str = Field(max_length=16, repr=False)


class Password(BaseModel):
    """One's own, once more."""

    password: Secret


class Looking(BaseModel):
    """Which lines of the audit log."""

    before: int | None = Field(default=None, ge=1, le=2**62)
    """``next`` of the page before."""
    act: str = Field(default="", max_length=64)
    number: str = Field(default="", max_length=32)
    """For operators: of one number alone."""
    limit: int = Field(default=50, ge=1, le=500)


async def administering(visit: Known) -> Visit:
    """Who says who may come in, of a number or of the house."""
    if people.whose(visit) or visit.session.acting_for:
        raise NotAllowed
    return visit


Administering = Annotated[Visit, Depends(administering)]


@router.get("/users")
async def show_users(visit: Administering) -> dict[str, object]:
    """Everyone who may sign in."""
    return {"users": [user(one) for one in await people.users(visit)]}


@router.post("/users", status_code=201)
async def add_user(visit: Administering, given: NewUser) -> dict[str, object]:
    """One more user."""
    made = await people.add_user(visit, given.name, given.role, given.password)
    return user(made)


@router.put("/users/{name}")
async def change_user(
    visit: Administering, name: str, given: UserChange
) -> dict[str, object]:
    """Another role or password."""
    return user(await people.change_user(visit, name, given.role, given.password))


@router.delete("/users/{name}", status_code=204)
async def remove_user(visit: Administering, name: str) -> Response:
    """Close an account."""
    await people.remove_user(visit, name)
    return Response(status_code=204)


@router.put("/password")
async def change_password(
    request: Request, visit: Known, given: PasswordChange
) -> Response:
    """One's own; every other session ends."""
    agent = request.headers.get("user-agent", "")
    session = await people.change_own_password(visit, given.current, given.new, agent)
    response = JSONResponse({"user": session.name})
    keep(response, request, session)
    return response


@router.get("/tokens")
async def show_tokens(visit: Known) -> dict[str, object]:
    """The tokens that one may revoke; never the keys themselves."""
    return {"tokens": [token(one) for one in await people.tokens(visit)]}


@router.post("/tokens", status_code=201)
async def make_token(visit: Known, given: NewToken) -> dict[str, object]:
    """A token of one's own; ``token`` is shown only here."""
    key, name = await people.make_token(visit, given.label, given.scopes, given.days)
    return {"token": key, "id": str(name)}


@router.delete("/tokens/{token_id}", status_code=204)
async def revoke_token(visit: Known, token_id: UUID) -> Response:
    """Make a token good for nothing."""
    await people.revoke_token(visit, token_id)
    return Response(status_code=204)


@router.get("/sessions")
async def show_sessions(visit: Known) -> dict[str, object]:
    """Who is signed in."""
    return {"sessions": [entry(one, visit) for one in await people.sessions(visit)]}


@router.delete("/sessions/{session_id}", status_code=204)
async def end_session(visit: Known, session_id: UUID) -> Response:
    """End a session."""
    await people.end_session(visit, session_id)
    return Response(status_code=204)


@router.post("/codes")
async def draft_codes(visit: Known) -> dict[str, object]:
    """A secret for an authenticator app; codes are asked for once one was given."""
    secret = await people.draft_codes(visit)
    session = visit.session
    return {"secret": secret, "uri": address_of(secret, session.number, session.name)}


@router.put("/codes")
async def confirm_codes(visit: Known, given: Code) -> dict[str, object]:
    """Ask for one-time codes from now on. The recovery codes are shown only here."""
    drawn = await people.confirm_codes(visit, given.code)
    if drawn is None:
        raise HTTPException(422, "wrong_code")
    return {"recovery_codes": drawn}


@router.delete("/codes", status_code=204)
async def drop_codes(visit: Known, given: Password) -> Response:
    """Ask for the password alone again."""
    await people.drop_codes(visit, given.password)
    return Response(status_code=204)


@router.get("/audit")
async def show_audit(
    visit: Administering, wanted: Annotated[Looking, Query()]
) -> dict[str, object]:
    """Who did what, the latest first."""
    found = await noted(visit, wanted)
    after = found[-1].seq if len(found) == wanted.limit else None
    return {"entries": [line(one) for one in found], "next": after}


async def noted(visit: Visit, wanted: Looking) -> list[Noted]:
    """Lines of the log: a number's own, or everything for the house."""
    house = visit.session.number == HOUSE
    log = Audit(visit.portal.database.acting(OPERATOR) if house else visit.tenant.database)
    number = (wanted.number or None) if house else visit.tenant.number
    return await log.of(number, before=wanted.before, act=wanted.act, limit=wanted.limit)


def user(one: Account) -> dict[str, object]:
    """A user as the API shows it."""
    return {
        "name": one.name,
        "role": one.role.value,
        "two_steps": one.codes,
        "created_at": one.created_at.isoformat(),
        "signed_in_at": one.signed_in_at and one.signed_in_at.isoformat(),
    }


def token(one: Token) -> dict[str, object]:
    """A token as lists show it."""
    return {
        "id": str(one.id),
        "user": one.name,
        "label": one.label,
        "scopes": sorted(scope.value for scope in one.scopes),
        "created_at": one.created_at.isoformat(),
        "expires_at": one.expires_at and one.expires_at.isoformat(),
        "used_at": one.used_at and one.used_at.isoformat(),
        "used_from": one.used_from,
    }


def entry(one: Entry, visit: Visit) -> dict[str, object]:
    """A session as lists show it."""
    return {
        "id": str(one.id),
        "user": one.name,
        "address": one.address,
        "agent": one.agent,
        "created_at": one.created_at.isoformat(),
        "seen_at": one.seen_at.isoformat(),
        "this": one.id == visit.session.id,
    }


def line(one: Noted) -> dict[str, object]:
    """A line of the log."""
    return {
        "seq": one.seq,
        "at": one.at.isoformat(),
        "number": one.number,
        "actor": one.actor,
        "role": one.role,
        "address": one.address,
        "act": one.act,
        "subject": one.subject,
        "detail": one.detail,
    }
