"""With whom callers talked, from the records of all nodes."""

import asyncio
from datetime import datetime, timedelta
from typing import Final

from b2bua.service.plan import Plan
from b2bua.service.talks import LookUpTalk, Talked, TalkFound
from b2bua.store.errors import StoreError
from b2bua.store.pool import Database

ANSWER_SECONDS: Final = 0.25
"""Less than a caller waits."""
LATEST: Final = """
select destination, invite_at from call_record
where number = $1 and caller = $2 and destination = any($3::text[])
    and destination <> '' and talk_ms > 0 and invite_at >= $4
order by invite_at desc limit 1
"""


class LastTalks:
    """Answers who knows a caller."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def last(self, question: LookUpTalk) -> Talked | None:
        """The last talk that counts. Raises StoreError."""
        async with self._database.connection() as connection:
            row = await connection.fetchrow(
                LATEST,
                question.number,
                question.caller,
                list(question.members),
                question.since,
            )
        return None if row is None else Talked(row["destination"], row["invite_at"])

    async def find(self, question: LookUpTalk) -> TalkFound:
        """The answer for a call that waits: in time, or that it is not known."""
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                return TalkFound(question, await self.last(question))
        except (StoreError, TimeoutError):
            return TalkFound(question, None, known=False)

    async def familiar(
        self, plan: Plan, caller: str, at: datetime
    ) -> dict[str, Talked | None]:
        """What every group of a plan that wants it would be told. Raises StoreError."""
        found: dict[str, Talked | None] = {}
        for group in plan.groups.values():
            if group.familiar is not None and caller:
                question = LookUpTalk(
                    call="",
                    number=plan.number,
                    caller=caller,
                    members=tuple(name for name, _ in group.members),
                    since=at - timedelta(days=group.familiar),
                )
                found[group.name] = await self.last(question)
        return found
