"""What is kept between two steps of a form: half a sign-in, a file that was looked at."""

import secrets
from collections import OrderedDict
from dataclasses import dataclass
from datetime import date
from typing import Final

from b2bua.store.accounts import Account

LASTING: Final = 300.0
"""Seconds."""
MOST_FILES: Final = 4
MOST: Final = 1000
"""Beyond, the oldest is void."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A file between the look at it and its import."""

    what: str
    """``areas`` or ``calendar``."""
    name: str
    content: bytes
    dated: date | None


class Uploads:
    """The last few files."""

    def __init__(self) -> None:
        self._files: OrderedDict[str, Upload] = OrderedDict()

    def keep(self, file: Upload) -> str:
        """Keep one; its name in the next form."""
        name = secrets.token_urlsafe(16)
        self._files[name] = file
        if len(self._files) > MOST_FILES:
            self._files.popitem(last=False)
        return name

    def known(self, name: str) -> Upload | None:
        """A file that is still here."""
        return self._files.get(name)

    def take(self, name: str) -> Upload | None:
        """The same, and forget it."""
        return self._files.pop(name, None)


@dataclass(frozen=True, slots=True)
class _Ticket:
    account: Account
    cookie: str
    until: float


class Tickets:
    """What a form carries in the place of a password that was right."""

    def __init__(self) -> None:
        self._tickets: OrderedDict[str, _Ticket] = OrderedDict()

    def issue(self, account: Account, cookie: str, now: float) -> str:
        """A ticket for the browser with this cookie."""
        name = secrets.token_urlsafe(24)
        self._tickets[name] = _Ticket(account, cookie, now + LASTING)
        if len(self._tickets) > MOST:
            self._tickets.popitem(last=False)
        return name

    def account(self, name: str, cookie: str, now: float) -> Account | None:
        """Whose ticket it is; None if it is void, or another browser's."""
        found = self._tickets.get(name)
        if found is None or now > found.until:
            return None
        same = secrets.compare_digest(found.cookie.encode(), cookie.encode())
        return found.account if same else None

    def spend(self, name: str) -> None:
        """It has served."""
        self._tickets.pop(name, None)
