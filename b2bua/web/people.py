"""Users, their keys and sessions: what pages and programs may have done, and its note."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from fastapi import HTTPException

from b2bua.store.accounts import Account, Accounts, user_name
from b2bua.store.audit import Act
from b2bua.store.codes import Codes
from b2bua.store.errors import Rejected
from b2bua.store.fence import OPERATOR
from b2bua.store.pool import Database
from b2bua.store.roles import ENTERPRISE, FIRST, HOUSE, Right, Role
from b2bua.store.sessions import Entry, Session, Sessions
from b2bua.store.tokens import Token, Tokens
from b2bua.web.entrance import KNOWN, TooFast, WrongPassword
from b2bua.web.gate import NotAllowed
from b2bua.web.portal import Visit
from b2bua.web.throttle import Crowded

MOST_DAYS: Final = 730
"""That a token is good for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """The stores of who is at work: a number's rows alone, or the house's."""

    number: str
    accounts: Accounts
    tokens: Tokens
    sessions: Sessions


def desk_of(visit: Visit) -> Desk:
    """What a visit may reach; nobody keeps the keys of a number that they act for."""
    if visit.session.acting_for:
        raise NotAllowed
    number = visit.session.number
    database: Database = (
        visit.portal.database.acting(OPERATOR) if number == HOUSE else visit.tenant.database
    )
    return Desk(
        number=number,
        accounts=Accounts(database),
        tokens=Tokens(database),
        sessions=Sessions(database),
    )


def by_hand(visit: Visit) -> None:
    """Raises NotAllowed for a program: keys are changed by people."""
    if visit.token:
        raise NotAllowed


async def own_account(visit: Visit) -> Account:
    """The account of who asks."""
    found = await visit.portal.accounts.user(visit.session.number, visit.session.name)
    if found is None:
        raise NotAllowed
    return found


async def confirm_password(visit: Visit, password: str) -> None:
    """Raises WrongPassword or TooFast: a session left open must not be enough."""
    portal, session = visit.portal, visit.session
    pair, now = (f"{session.number} {session.name}", "inside"), portal.clock()
    if wait := portal.throttle.wait(pair, now):
        raise TooFast(wait)
    portal.throttle.begin(pair, now)
    try:
        async with portal.turnstile.turn(KNOWN):
            right = await portal.accounts.verify(session.number, password, session.name)
    except Crowded:
        portal.throttle.forgive(pair)
        raise TooFast(1.0) from None
    if right is None:
        raise WrongPassword
    portal.throttle.right(pair)


async def change_own_password(
    visit: Visit, current: str, wanted: str, agent: str
) -> Session:
    """Set it; every session ends, and the one that is returned begins."""
    by_hand(visit)
    await confirm_password(visit, current)
    number, name = visit.session.number, visit.session.name
    await visit.portal.accounts.set_password(number, wanted, name)
    await visit.note_of(number, Act.PASSWORD, name)
    account = await own_account(visit)
    return await visit.portal.sessions.open(account, visit.address, agent)


async def add_user(visit: Visit, name: str, role: Role, password: str) -> Account:
    """One more. Raises Rejected."""
    by_hand(visit)
    desk = desk_of(visit)
    known = user_name(name) or name
    await desk.accounts.add(desk.number, known, _given(desk, role), password)
    await visit.note_of(desk.number, Act.USER_ADDED, known, role.value)
    return await _user(desk, known)


async def change_user(visit: Visit, name: str, role: Role | None, password: str) -> Account:
    """Another role, another password, or both.

    A new password ends the user's sessions, one-time codes and tokens.
    """
    by_hand(visit)
    desk = desk_of(visit)
    before = await _user(desk, name)
    said = []
    if role is not None and role is not before.role:
        if name in (FIRST, visit.session.name):
            raise Rejected("this user keeps the role")
        await desk.accounts.change_role(desk.number, name, _given(desk, role))
        said.append(f"{before.role.value} -> {role.value}")
    if password:
        await desk.accounts.reset(desk.number, password, name)
        said.append("password")
    if said:
        await visit.note_of(desk.number, Act.USER_CHANGED, name, ", ".join(said))
    return await _user(desk, name)


async def remove_user(visit: Visit, name: str) -> None:
    """Close an account; neither the first user's nor one's own."""
    by_hand(visit)
    desk = desk_of(visit)
    if name in (FIRST, visit.session.name):
        raise Rejected("this user stays")
    if not await desk.accounts.remove(desk.number, name):
        raise HTTPException(404, "there is no such user")
    await visit.note_of(desk.number, Act.USER_REMOVED, name)


async def make_token(
    visit: Visit, label: str, scopes: Collection[Right], days: int | None
) -> tuple[str, UUID]:
    """A token of one's own; it may do no more than its user. Raises Rejected."""
    by_hand(visit)
    desk = desk_of(visit)
    if not set(scopes) or not visit.rights.issuperset(scopes):
        raise Rejected("a token has one scope at least, and none beyond its user's rights")
    if days is not None and not 1 <= days <= MOST_DAYS:
        raise Rejected(f"a token is good for 1 to {MOST_DAYS} days")
    until = None if days is None else datetime.now(UTC) + timedelta(days=days)
    made = await desk.tokens.make(desk.number, visit.session.name, label, scopes, until)
    named = " ".join(sorted(scope.value for scope in scopes))
    await visit.note_of(desk.number, Act.TOKEN_MADE, label, named)
    return made


async def revoke_token(visit: Visit, token_id: UUID) -> None:
    """One's own; an owner's, anybody's of the number."""
    by_hand(visit)
    desk = desk_of(visit)
    if not await desk.tokens.revoke(desk.number, token_id, whose(visit)):
        raise HTTPException(404, "there is no such token")
    await visit.note_of(desk.number, Act.TOKEN_REVOKED, str(token_id))


async def end_session(visit: Visit, session_id: UUID) -> None:
    """One's own; an owner's, anybody's of the number."""
    by_hand(visit)
    desk = desk_of(visit)
    if not await desk.sessions.revoke(desk.number, session_id, whose(visit)):
        raise HTTPException(404, "there is no such session")
    await visit.note_of(desk.number, Act.SESSION_REVOKED, str(session_id))


async def users(visit: Visit) -> list[Account]:
    """Everyone, for who says who may come in; else oneself alone."""
    desk = desk_of(visit)
    found = await desk.accounts.users(desk.number)
    name = whose(visit)
    return [one for one in found if not name or one.name == name]


async def tokens(visit: Visit) -> list[Token]:
    """Those that the visit may revoke."""
    desk = desk_of(visit)
    return await desk.tokens.of(desk.number, whose(visit))


async def sessions(visit: Visit) -> list[Entry]:
    """Those that the visit may end."""
    desk = desk_of(visit)
    return await desk.sessions.of(desk.number, whose(visit))


async def draft_codes(visit: Visit) -> str:
    """A new secret for an authenticator app."""
    by_hand(visit)
    desk_of(visit)
    account = await own_account(visit)
    if account.codes:
        raise Rejected("one-time codes are on already")
    return await Codes(visit.portal.database).draft(account.number, account.name)


async def confirm_codes(visit: Visit, code: str) -> list[str] | None:
    """Ask for codes from now on; the recovery codes. None for a wrong code."""
    by_hand(visit)
    number, name = visit.session.number, visit.session.name
    drawn = await visit.portal.codes.confirm(number, name, code, datetime.now(UTC))
    if drawn is not None:
        await visit.note_of(number, Act.CODES_ON, name)
    return drawn


async def drop_codes(visit: Visit, password: str) -> None:
    """Ask for the password alone again. Raises WrongPassword or TooFast."""
    by_hand(visit)
    await confirm_password(visit, password)
    number, name = visit.session.number, visit.session.name
    await visit.portal.codes.drop(number, name)
    await visit.note_of(number, Act.CODES_OFF, name)


def whose(visit: Visit) -> str:
    """Whose keys a visit keeps: its own, or everybody's (empty)."""
    all_of_them = visit.may(Right.USERS) or visit.may(Right.OPERATE)
    return "" if all_of_them else visit.session.name


def _given(desk: Desk, role: Role) -> Role:
    """A role that users here may have. Raises Rejected."""
    fitting = (Role.OPERATOR,) if desk.number == HOUSE else ENTERPRISE
    if role not in fitting:
        raise Rejected(f"nobody here can be {role.value}")
    return role


async def _user(desk: Desk, name: str) -> Account:
    found = await desk.accounts.user(desk.number, name)
    if found is None:
        raise HTTPException(404, "there is no such user")
    return found
