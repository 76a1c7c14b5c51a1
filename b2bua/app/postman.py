"""Sends letters: empties the outbox of what goes to mail addresses.

It is the counterpart of :mod:`b2bua.app.webhooks`, with the same pauses after failures. A
letter that was taken when we died before noting it is sent again with the same Message-ID.
"""

import asyncio
import random
from typing import Final

import structlog

from b2bua.app.webhooks import pause
from b2bua.net.mail import Enclosure, Letter, Mail, NobodyThere, NotMailed
from b2bua.store.errors import StoreError, Unavailable
from b2bua.store.outbox import MAILTO, Message, Outbox
from b2bua.store.reportruns import Posting, ReportRuns

AT_ONCE: Final = 4
LOOK_SECONDS: Final = 2.0
LEASE_SECONDS: Final = 90.0
"""Longer than a letter may take."""
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class Postman:
    """Sends what waits, for as long as it runs."""

    def __init__(self, outbox: Outbox, runs: ReportRuns, mail: Mail) -> None:
        self._outbox = outbox
        self._runs = runs
        self._mail = mail
        self._log = structlog.get_logger()

    async def run(self) -> None:
        """Send until cancelled."""
        while True:
            try:
                while await self.look():
                    pass
            except Unavailable as error:
                self._log.debug("mail waits", why=str(error))
            await asyncio.sleep(LOOK_SECONDS)

    async def look(self) -> int:
        """Send what is due, a few at once; how many were tried. May raise StoreError."""
        messages = await self._outbox.claim(
            AT_ONCE, busy={}, of_one_origin=AT_ONCE, lease=LEASE_SECONDS, mail=True
        )
        async with asyncio.TaskGroup() as group:
            for message in messages:
                group.create_task(self._carry(message))
        return len(messages)

    async def _carry(self, message: Message) -> None:
        """Send one letter, and note what became of it."""
        try:
            why, gone = await self._sent(message)
            if not why:
                await self._outbox.delivered(message.seq)
                self._log.info("report mailed", id=message.id, number=message.number)
                return
            wait = pause(message.attempts, random.random())
            dead = await self._outbox.failed(message.seq, why, wait, dead=gone)
            self._log.warning(
                "report given up" if dead else "report not mailed",
                id=message.id,
                number=message.number,
                why=why,
            )
        except StoreError as error:
            # It was not noted: it comes again when its lease is over.
            self._log.debug("mail not noted", id=message.id, why=str(error))

    async def _sent(self, message: Message) -> tuple[str, bool]:
        """Send it; why it was not taken, or nothing, and whether that is for good."""
        if message.secret is None:
            return "the report is no longer meant for this address", True
        posting = await self._runs.posting(message.id)
        if posting is None:
            return "the report is kept no more", True
        try:
            await self._mail.send(letter_of(posting, message))
        except NobodyThere as error:
            return str(error), True
        except NotMailed as error:
            return str(error), False
        return "", False


def letter_of(posting: Posting, message: Message) -> Letter:
    """What is sent to one address."""
    name = f"{posting.number}-{posting.period}"
    return Letter(
        id=message.id,
        to=message.url.removeprefix(MAILTO),
        at=posting.made_at,
        subject=posting.subject,
        text=posting.text,
        html=posting.html,
        enclosures=(
            Enclosure(f"{name}.xlsx", XLSX, posting.sheet),
            Enclosure(f"{name}.html", "text/html", posting.page),
        ),
    )
