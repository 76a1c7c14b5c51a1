"""What the portal is made with, and what each request finds of it."""

import asyncio
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import structlog
from fastapi import Request

from b2bua.mediactl.conversion import Converter
from b2bua.service.area import AreaTable
from b2bua.service.number import Caller
from b2bua.service.planreading import Known
from b2bua.store.accounts import Accounts
from b2bua.store.audit import Act, Audit, Deed
from b2bua.store.codes import Codes
from b2bua.store.drafts import Drafts
from b2bua.store.pool import Database
from b2bua.store.roles import HOUSE, Right
from b2bua.store.sessions import Session, Sessions
from b2bua.store.sounds import Sounds
from b2bua.store.tenant import Tenant
from b2bua.store.tokens import Tokens
from b2bua.web.analyst import Analyst
from b2bua.web.feed import Feed
from b2bua.web.hearings import Hearings
from b2bua.web.throttle import Regulars, Throttle, Turnstile
from b2bua.web.tickets import Tickets, Uploads

LONGEST_BODY: Final = 1_000_000
"""Bytes of a request; a plan is half of it at most."""
TRIES_OF_AN_ADDRESS: Final = 50
"""Whatever the accounts."""
PUSHING_SECONDS: Final = 60.0
"""Until one try less counts in the order of who waits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Portal:
    """Everything that the pages stand on."""

    database: Database
    accounts: Accounts
    sessions: Sessions
    known: Known
    """What plans may name."""
    prompts: Collection[str]
    """Names of the catalogue."""
    identify: Callable[[str], Caller]
    """Who calls, as the service sees it."""
    province_of: Callable[[str], str]
    """The province of an area code; empty for unknown."""
    table: AreaTable = field(default_factory=AreaTable)
    """Which areas numbers belong to."""
    convert: Converter = field(default_factory=Converter)
    """Makes prompts of what is uploaded."""
    throttle: Throttle = field(default_factory=Throttle)
    """By account and address."""
    addresses: Throttle = field(
        default_factory=lambda: Throttle(tries=TRIES_OF_AN_ADDRESS, refill=6.0)
    )
    """By address alone."""
    pushing: Throttle = field(default_factory=lambda: Throttle(refill=PUSHING_SECONDS))
    """Tries by address alone, whatever became of them: who waits behind whom."""
    regulars: Regulars = field(default_factory=Regulars)
    code_throttle: Throttle = field(default_factory=Throttle)
    """By account: only who has its password comes so far."""
    tickets: Tickets = field(default_factory=Tickets)
    uploads: Uploads = field(default_factory=Uploads)
    feed: Feed = field(default_factory=Feed)
    """Pages that show live calls."""
    analyst: Analyst = field(default_factory=lambda: Analyst(time.monotonic))
    """Counts months."""
    mail: bool = False
    """There is a mail server."""
    reports_asked: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when somebody wants a report now."""
    hearings: Hearings = field(default_factory=lambda: Hearings(time.monotonic))
    """Of recordings, for the log."""
    recordings: Path | None = None
    """Where this machine's node keeps recordings; None: on another machine."""
    recalling: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(1))
    """A crowd's questions leave connections to the rest."""
    turnstile: Turnstile = field(default_factory=Turnstile)
    clock: Callable[[], float] = time.monotonic
    log: Any = field(default_factory=structlog.get_logger)

    @property
    def codes(self) -> Codes:
        """One-time codes."""
        return Codes(self.database)

    @property
    def tokens(self) -> Tokens:
        """Keys of programs."""
        return Tokens(self.database)

    @property
    def audit(self) -> Audit:
        """Who did what."""
        return Audit(self.database)


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One request of somebody who is signed in."""

    portal: Portal
    session: Session
    tenant: Tenant
    """The rows of the number that is signed in, or acted for."""
    rights: frozenset[Right]
    address: str = ""
    token: str = ""
    """The label of the program's token; empty for a browser."""

    @property
    def sounds(self) -> Sounds:
        """The number's own prompts."""
        return Sounds(self.tenant.database, self.tenant.number)

    @property
    def drafts(self) -> Drafts:
        """The number's plan that is being worked at."""
        return Drafts(self.tenant.database, self.tenant.number)

    def may(self, right: Right) -> bool:
        """Whether this visit has a right."""
        return right in self.rights

    @property
    def actor(self) -> str:
        """Who it is, in the audit log."""
        house = self.session.number == HOUSE
        name = f"operator {self.session.name}" if house else self.session.name
        return f"{name} ({self.token})" if self.token else name

    async def note(self, act: Act, subject: str = "", detail: str = "") -> None:
        """Write what was done to the audit log."""
        await self.note_of(self.tenant.number, act, subject, detail)

    async def note_of(
        self, number: str, act: Act, subject: str = "", detail: str = ""
    ) -> None:
        """The same of another number's affair, or of the house's."""
        await self.portal.audit.note(
            Deed(
                number=number,
                actor=self.actor,
                role=self.session.role.value,
                address=self.address,
                act=act,
                subject=subject,
                detail=detail,
            )
        )


def portal_of(request: Request) -> Portal:
    """The portal that a request came to."""
    portal = request.app.state.portal
    assert isinstance(portal, Portal)
    return portal
