"""Who may come in: sessions, tokens, roles, and that our own page asked for a change.

A browser sends its cookie whoever makes it ask. So a form must repeat the session's token,
and a request to the API must be one that no foreign page can send unasked: JSON, YAML or
PUT, and not from another site by the browser's own word. A program's token is no cookie:
who sends it means it.

Whatever changes something asks for the right to change plans, unless its way in is marked
as :func:`harmless`, or asks for another right itself (:func:`allowed`).
"""

import secrets
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Final, TypeVar
from urllib.parse import urlsplit

from fastapi import Depends, HTTPException, Request, Response, Security
from fastapi.security import APIKeyCookie, HTTPAuthorizationCredentials, HTTPBearer

from b2bua.store.roles import HOUSE, Right
from b2bua.store.sessions import Session
from b2bua.store.tenant import Tenant
from b2bua.web.portal import Visit, portal_of
from b2bua.web.throttle import origin

SESSION_COOKIE: Final = "b2bua_session"
FORM_COOKIE: Final = "b2bua_form"
SAFE: Final = ("GET", "HEAD", "OPTIONS")
COOKIE_SECONDS: Final = 7 * 24 * 3600
SIMPLE: Final = frozenset(
    ("application/x-www-form-urlencoded", "multipart/form-data", "text/plain", "")
)
"""Kinds of content that any page may send anywhere."""

Way = TypeVar("Way", bound=Callable[..., Any])
_HARMLESS: Final[set[object]] = set()


class NotSignedIn(Exception):
    """There is no session, or it is over."""


class Forged(Exception):
    """The request may come from a foreign page."""


class NotAllowed(HTTPException):
    """The role of who is signed in, or the token's scope, does not reach so far."""

    def __init__(self) -> None:
        super().__init__(403, "not_allowed")


def harmless(way: Way) -> Way:
    """Mark a way in that changes no plan, whatever its method: all roles may use it."""
    _HARMLESS.add(way)
    return way


async def known(
    request: Request,
    bearer: Annotated[
        HTTPAuthorizationCredentials | None,
        Security(HTTPBearer(auto_error=False, description="A token of the portal")),
    ] = None,
    _cookie: Annotated[
        str | None, Security(APIKeyCookie(name=SESSION_COOKIE, auto_error=False))
    ] = None,
) -> Visit:
    """Whoever is signed in, for a number or for the house.

    Raises NotSignedIn, or Forged for a change that our own page did not ask for.
    """
    if bearer is not None and request.url.path.startswith("/api/"):
        return await _program(request, bearer.credentials)
    session = await session_of(request)
    if session is None:
        raise NotSignedIn
    if request.method not in SAFE:
        if request.url.path.startswith("/api/"):
            check_not_foreign(request)
        else:
            await _check_token(request, session)
    return _visit(request, session, session.rights)


Known = Annotated[Visit, Depends(known)]


async def signed_in(request: Request, visit: Known) -> Visit:
    """The visit of a request; its rows are those of one number alone.

    Raises NotAllowed for a change by who may only look, and for an operator who acts for
    no number.
    """
    if not visit.tenant.number or not visit.may(Right.LOOK):
        raise NotAllowed
    open_to_all = request.scope.get("endpoint") in _HARMLESS
    if request.method not in SAFE and not open_to_all and not visit.may(Right.CHANGE):
        raise NotAllowed
    return visit


SignedIn = Annotated[Visit, Depends(signed_in)]


def allowed(right: Right) -> Callable[[Visit], Awaitable[Visit]]:
    """A dependency for visits that have a right; whatever the method."""

    async def check(visit: Known) -> Visit:
        if not visit.may(right) or (right is not Right.OPERATE and not visit.tenant.number):
            raise NotAllowed
        return visit

    return check


Administering = Annotated[Visit, Depends(allowed(Right.USERS))]
"""Who says who else may come in."""
operating = allowed(Right.OPERATE)
Operating = Annotated[Visit, Depends(operating)]
"""Who runs all numbers."""


async def session_of(request: Request) -> Session | None:
    """The session of a request's cookie, if it has one."""
    token = request.cookies.get(SESSION_COOKIE, "")
    return await portal_of(request).sessions.find(token) if token else None


def address_of(request: Request) -> str:
    """Where a request comes from."""
    return request.client.host if request.client else ""


def visit_of(request: Request, session: Session) -> Visit:
    """The visit of a session that was just opened."""
    return _visit(request, session, session.rights)


def _visit(
    request: Request, session: Session, rights: frozenset[Right], token: str = ""
) -> Visit:
    portal = portal_of(request)
    veiled = Right.REVEAL not in rights
    return Visit(
        portal=portal,
        session=session,
        tenant=Tenant(portal.database, session.tenant, veiled=veiled),
        rights=rights,
        address=address_of(request),
        token=token,
    )


async def _program(request: Request, key: str) -> Visit:
    portal = portal_of(request)
    bearer = await portal.tokens.find(key, origin(address_of(request)))
    if bearer is None:
        raise NotSignedIn
    session = Session(
        token="",
        number=bearer.number,
        name=bearer.name,
        role=bearer.role,
        csrf="",
        reveal=Right.REVEAL in bearer.rights,
    )
    return _visit(request, session, bearer.rights, bearer.label)


def check_not_foreign(request: Request) -> None:
    """Raises Forged if another site may have made a browser ask this of the API."""
    _check_site(request)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if request.method == "POST" and kind in SIMPLE:
        raise Forged


async def check_form_cookie(request: Request) -> None:
    """Raises Forged unless a form without a session repeats the cookie it came with."""
    _check_site(request)
    expected = request.cookies.get(FORM_COOKIE, "")
    given = str((await request.form()).get("csrf", ""))
    if not expected or not _same(expected, given):
        raise Forged


async def _check_token(request: Request, session: Session) -> None:
    _check_site(request)
    given = request.headers.get("x-csrf-token", "")
    if not given:
        given = str((await request.form()).get("csrf", ""))
    if not _same(session.csrf, given):
        raise Forged


def _check_site(request: Request) -> None:
    site = request.headers.get("sec-fetch-site", "none")
    if site not in ("none", "same-origin"):
        raise Forged
    sent = request.headers.get("origin", "")
    if sent and urlsplit(sent).netloc != request.headers.get("host", ""):
        raise Forged


def _same(expected: str, given: str) -> bool:
    return secrets.compare_digest(expected.encode(), given.encode("utf-8", "replace"))


def keep(response: Response, request: Request, session: Session) -> None:
    """Give the browser its session."""
    response.set_cookie(
        SESSION_COOKIE,
        session.token,
        max_age=COOKIE_SECONDS,
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
    )


def forget(response: Response) -> None:
    """Take the session from the browser."""
    response.delete_cookie(SESSION_COOKIE, httponly=True, samesite="lax")


def home_of(session: Session) -> str:
    """The first page after signing in."""
    return "/operator" if session.number == HOUSE else "/"
