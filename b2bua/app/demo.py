"""Somebody to sign in as on a fresh machine: accounts for the seeded numbers.

Only while nobody but this machine can reach the portal. The password is drawn once for
each data directory and kept there, so that it can be told at every start.
"""

import os
import secrets
from collections.abc import Iterable
from ipaddress import ip_address
from typing import Final

from b2bua.app.places import Places
from b2bua.config.checks import split_address
from b2bua.config.settings import Settings
from b2bua.store.accounts import Accounts
from b2bua.store.roles import HOUSE

OPERATOR: Final = "operator"
"""The name of who runs the seeded numbers."""


def offered(settings: Settings) -> bool:
    """Whether the portal is there, and for this machine alone."""
    listen = settings.web.listen
    return bool(listen) and ip_address(split_address(listen)[0]).is_loopback


async def open_accounts(accounts: Accounts, numbers: Iterable[str], places: Places) -> None:
    """Give an account to each number that has none, and one to who runs them all."""
    for number in numbers:
        if not await accounts.exists(number):
            await accounts.set_password(number, _drawn(places))
    if not await accounts.users(HOUSE):
        await accounts.set_password(HOUSE, _drawn(places), OPERATOR)


def password_of(places: Places) -> str:
    """The password of the accounts that were opened here; empty: none were."""
    try:
        return places.demo_password.read_text("ascii").strip()
    except FileNotFoundError:
        return ""


def _drawn(places: Places) -> str:
    known = password_of(places)
    if known:
        return known
    drawn = "-".join(secrets.token_hex(2) for _ in range(3))
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    with os.fdopen(os.open(places.demo_password, flags, 0o600), "w") as file:
        file.write(f"{drawn}\n")
    return drawn
