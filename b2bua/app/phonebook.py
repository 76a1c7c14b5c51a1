"""The accounts of phones, from the store to the endpoint; and where phones were before."""

from collections.abc import Mapping
from datetime import datetime
from functools import partial

import structlog

from b2bua.app.carrier import PHONE
from b2bua.core.clock import Instant
from b2bua.net.driver import Driver
from b2bua.sip.endpoint.authentication import Account
from b2bua.sip.endpoint.endpoint import SipEndpoint
from b2bua.sip.endpoint.outputs import Output
from b2bua.store.errors import StoreError
from b2bua.store.phones import Phones


class PhoneBook:
    """Keeps an endpoint in step with the table of phones."""

    def __init__(self, phones: Phones, endpoint: SipEndpoint, driver: Driver) -> None:
        self._phones = phones
        self._endpoint = endpoint
        self._driver = driver
        self._known: dict[str, Account] = {}
        self._log = structlog.get_logger()

    async def renew(self) -> None:
        """Take the accounts as they are now; without a store those known stay."""
        try:
            rows = await self._phones.all()
        except StoreError as error:
            self._log.warning("phones as last known", why=str(error))
            return
        known = {
            row.extension: Account(name=row.extension, md5=row.md5, sha256=row.sha256)
            for row in rows
        }
        if known != self._known:
            self._known = known
            self._driver.perform(lambda now, at: self._endpoint.set_phones(known, now))

    def restore(self, kept: Mapping[str, str]) -> None:
        """Know where phones were when the process before ended."""
        for key, state in kept.items():
            if key.startswith(PHONE) and state:
                extension = key.removeprefix(PHONE)
                self._driver.perform(partial(self._restored, extension, state))

    def _restored(
        self, extension: str, state: str, now: Instant, at: datetime
    ) -> list[Output]:
        return self._endpoint.restore_phone(extension, state, now)
