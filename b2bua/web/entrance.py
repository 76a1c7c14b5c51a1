"""Signing in: a password, perhaps a one-time code, at a bounded pace; and out again."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from fastapi import HTTPException, Request

from b2bua.service.number import service_number
from b2bua.store.accounts import Account, user_name
from b2bua.store.audit import Act, Deed
from b2bua.store.errors import StoreError
from b2bua.store.roles import FIRST, HOUSE
from b2bua.store.sessions import Session
from b2bua.web.gate import address_of, visit_of
from b2bua.web.portal import Portal, Visit, portal_of
from b2bua.web.throttle import Crowded, Pair, Throttle, origin

LONGEST_NAME: Final = 32
KNOWN: Final = -1
"""Goes before all whom nobody knows: an address from which the account signed in before."""


CROWD_SECONDS: Final = 6.0
"""After which to come again when there was no room."""
LAST: Final = 100
"""Who has pushed so often in a row waits behind all others."""


class WrongPassword(Exception):
    """No such account, or not its password: nobody is told which."""


class CodeNeeded(HTTPException):
    """The password was right; a one-time code is wanted, and none or a wrong one came."""

    def __init__(self, *, wrong: bool) -> None:
        super().__init__(401, "wrong_code" if wrong else "code_needed")
        self.wrong = wrong


class TooFast(Exception):
    """Too many tries of one address at one account."""

    def __init__(self, seconds: float) -> None:
        super().__init__("too many tries")
        self.seconds = max(1, int(seconds + 0.999))


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """Who somebody says they are."""

    number: str
    """As it was keyed; :data:`HOUSE` for the house."""
    user: str = ""
    """Empty: the number's first user."""
    password: str
    code: str = ""

    @property
    def account(self) -> tuple[str, str]:
        """Number and user as accounts have them; of nobody if they make no sense."""
        name = user_name(self.user) if self.user.strip() else FIRST
        return service_number(self.number) or _printable(self.number), name or "?"


@dataclass(frozen=True, slots=True, kw_only=True)
class HouseClaim(Claim):
    """The same of somebody of the house."""

    @property
    def account(self) -> tuple[str, str]:
        return HOUSE, user_name(self.user) or "?"


async def sign_in(request: Request, claim: Claim) -> Session:
    """Open a session. Raises WrongPassword, CodeNeeded or TooFast."""
    return await admit(request, await verified(request, claim), claim.code)


async def verified(request: Request, claim: Claim) -> Account:
    """Whose password it is. Raises WrongPassword or TooFast.

    An account that is not there takes as long, and is throttled, like one that is.
    """
    portal = portal_of(request)
    number, user = claim.account
    address = origin(address_of(request))
    told = _told(number, user, address)
    pair, anyone = _pair(number, user, address), ("", address)
    now = portal.clock()
    if wait := max(portal.throttle.wait(pair, now), portal.addresses.wait(anyone, now)):
        portal.log.warning("sign-in throttled", **told)
        raise TooFast(wait)
    rank = min(portal.pushing.wrong(anyone, now), LAST)
    for throttle, whom in ((portal.throttle, pair), *_of_address(portal, anyone)):
        throttle.begin(whom, now)
    try:
        rank = await _rank(request, claim, rank)
        async with portal.turnstile.turn(rank):
            account = await portal.accounts.verify(number, claim.password, user)
    except (Crowded, StoreError) as error:
        # Nothing was compared: it counts in the order of who waits, and not as wrong.
        portal.throttle.forgive(pair)
        portal.addresses.forgive(anyone)
        if isinstance(error, Crowded):
            raise TooFast(CROWD_SECONDS) from None
        portal.pushing.forgive(anyone)
        raise
    if account is None:
        portal.log.warning("sign-in refused", **told)
        raise WrongPassword
    for throttle, whom in _of_address(portal, anyone):
        throttle.forgive(whom)
    portal.regulars.add(pair)
    return account


def _of_address(portal: Portal, anyone: Pair) -> tuple[tuple[Throttle, Pair], ...]:
    return (portal.addresses, anyone), (portal.pushing, anyone)


async def _rank(request: Request, claim: Claim, rank: int) -> int:
    """Who goes first where many wait: those who came in from there before."""
    portal = portal_of(request)
    if not portal.turnstile.crowded:
        return rank
    number, user = claim.account
    if _pair(number, user, origin(address_of(request))) in portal.regulars:
        return KNOWN
    if not rank:
        async with portal.recalling:
            if await portal.audit.came_before(number, user, address_of(request)):
                return KNOWN
    return rank


async def admit(request: Request, account: Account, code: str) -> Session:
    """Open a session for whose password was right. Raises CodeNeeded or TooFast."""
    portal = portal_of(request)
    if account.codes:
        await _check_code(portal, account, code, address_of(request))
    address = origin(address_of(request))
    portal.throttle.right(_pair(account.number, account.name, address))
    portal.log.info("signed in", **_told(account.number, account.name, address))
    agent = request.headers.get("user-agent", "")
    session = await portal.sessions.open(account, address, agent)
    await visit_of(request, session).note(Act.SIGNED_IN)
    return session


async def _check_code(portal: Portal, account: Account, code: str, address: str) -> None:
    """Raises CodeNeeded, or TooFast: so many that one could be guessed are not tried."""
    if not code.strip():
        raise CodeNeeded(wrong=False)
    pair = _pair(account.number, account.name, "")
    now = portal.clock()
    if wait := portal.code_throttle.wait(pair, now):
        raise TooFast(wait)
    portal.code_throttle.begin(pair, now)
    if not await portal.codes.take(account.number, account.name, code, datetime.now(UTC)):
        portal.log.warning("code refused", **_told(account.number, account.name, ""))
        await portal.audit.note(
            Deed(
                number=account.number,
                actor=account.name,
                role=account.role.value,
                address=address,
                act=Act.WRONG_CODE,
            )
        )
        raise CodeNeeded(wrong=True)
    portal.code_throttle.right(pair)


def _pair(number: str, user: str, address: str) -> Pair:
    return f"{number} {user}", address


def _told(number: str, user: str, address: str) -> dict[str, str]:
    return {"number": number or "house", "user": user, "address": address}


async def sign_out(visit: Visit) -> None:
    """End a session."""
    portal: Portal = visit.portal
    await portal.sessions.close(visit.session)
    await visit.note(Act.SIGNED_OUT)
    portal.log.info("signed out", number=visit.session.number, user=visit.session.name)


def _printable(text: str) -> str:
    """What was keyed as a number and is none; never the name of the house."""
    kept = "".join(letter for letter in text.strip()[:LONGEST_NAME] if letter.isprintable())
    return kept or "?"
