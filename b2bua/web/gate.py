"""Who may come in: sign-in, sessions, and that a change was asked for by our own page.

A browser sends its cookie whoever makes it ask. So a form must repeat the session's token,
and a request to the API must be one that no foreign page can send unasked: JSON, YAML or
PUT, and not from another site by the browser's own word.
"""

import secrets
from typing import Annotated, Final
from urllib.parse import urlsplit

from fastapi import Depends, Request, Response

from b2bua.service.number import service_number
from b2bua.store.sessions import Session
from b2bua.store.tenant import Tenant
from b2bua.web.portal import Portal, Visit, portal_of
from b2bua.web.throttle import Crowded, origin

SESSION_COOKIE: Final = "b2bua_session"
FORM_COOKIE: Final = "b2bua_form"
SAFE: Final = ("GET", "HEAD", "OPTIONS")
COOKIE_SECONDS: Final = 7 * 24 * 3600
SIMPLE: Final = frozenset(
    ("application/x-www-form-urlencoded", "multipart/form-data", "text/plain", "")
)
"""Kinds of content that any page may send anywhere."""


class NotSignedIn(Exception):
    """There is no session, or it is over."""


class Forged(Exception):
    """The request may come from a foreign page."""


class WrongPassword(Exception):
    """No such account, or not its password: nobody is told which."""


class TooFast(Exception):
    """Too many tries of one address at one account."""

    def __init__(self, seconds: float) -> None:
        super().__init__("too many tries")
        self.seconds = max(1, int(seconds + 0.999))


async def signed_in(request: Request) -> Visit:
    """The visit of a request; its rows are those of the session's number alone.

    Raises NotSignedIn, or Forged for a change that our own page did not ask for.
    """
    portal = portal_of(request)
    session = await session_of(request)
    if session is None:
        raise NotSignedIn
    if request.method not in SAFE:
        if request.url.path.startswith("/api/"):
            check_not_foreign(request)
        else:
            await _check_token(request, session)
    tenant = Tenant(portal.database, session.number)
    return Visit(portal=portal, session=session, tenant=tenant)


SignedIn = Annotated[Visit, Depends(signed_in)]


async def session_of(request: Request) -> Session | None:
    """The session of a request's cookie, if it has one."""
    token = request.cookies.get(SESSION_COOKIE, "")
    return await portal_of(request).sessions.find(token) if token else None


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


async def sign_in(request: Request, number: str, password: str) -> Session:
    """Open a session. Raises WrongPassword or TooFast.

    An account that is not there takes as long, and is throttled, like one that is.
    """
    portal = portal_of(request)
    wanted = service_number(number) or number.strip()[:32].replace("\0", "")
    address = origin(request.client.host if request.client else "")
    pair = (wanted, address)
    now = portal.clock()
    if wait := portal.throttle.wait(pair, now):
        portal.log.warning("sign-in throttled", number=wanted, address=address)
        raise TooFast(wait)
    before = portal.throttle.wrong(pair, now)
    portal.throttle.begin(pair, now)
    try:
        async with portal.turnstile.turn(before):
            right = await portal.accounts.verify(wanted, password)
    except Crowded:
        raise TooFast(1.0) from None
    if not right:
        portal.log.warning("sign-in refused", number=wanted, address=address)
        raise WrongPassword
    portal.throttle.right(pair)
    portal.log.info("signed in", number=wanted, address=address)
    return await portal.sessions.open(wanted, address)


async def sign_out(portal: Portal, session: Session) -> None:
    """End a session."""
    await portal.sessions.close(session)
    portal.log.info("signed out", number=session.number)


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
