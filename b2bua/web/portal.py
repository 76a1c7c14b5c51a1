"""What the portal is made with, and what each request finds of it."""

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any, Final

import structlog
from fastapi import Request

from b2bua.service.number import Caller
from b2bua.service.planreading import Known
from b2bua.store.accounts import Accounts
from b2bua.store.pool import Database
from b2bua.store.sessions import Session, Sessions
from b2bua.store.tenant import Tenant
from b2bua.web.throttle import Throttle, Turnstile

LONGEST_BODY: Final = 1_000_000
"""Bytes of a request; a plan is half of it at most."""


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
    throttle: Throttle = field(default_factory=Throttle)
    turnstile: Turnstile = field(default_factory=Turnstile)
    clock: Callable[[], float] = time.monotonic
    log: Any = field(default_factory=structlog.get_logger)


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One request of somebody who is signed in."""

    portal: Portal
    session: Session
    tenant: Tenant


def portal_of(request: Request) -> Portal:
    """The portal that a request came to."""
    portal = request.app.state.portal
    assert isinstance(portal, Portal)
    return portal
