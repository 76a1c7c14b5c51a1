"""The prompts that an enterprise has recorded or uploaded, by its own names for them.

What is kept is ready to be played: 8 kHz, A-law, WAV. The same content is kept once,
whoever uploaded it; a version of a plan that named it finds it again after it was removed
here.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from b2bua.store.plans import prompt_name
from b2bua.store.pool import WORK_SECONDS, Database


@dataclass(frozen=True, slots=True, kw_only=True)
class Sound:
    """One prompt of an enterprise."""

    name: str
    prompt: str
    """The name under which media processes know it."""
    seconds: float
    uploaded_at: datetime


class Sounds:
    """The prompts of one number."""

    def __init__(self, database: Database, number: str) -> None:
        self._database = database
        self._number = number

    async def all(self) -> list[Sound]:
        """Every prompt, by name."""
        async with self._database.connection() as connection:
            rows = await connection.fetch(
                "select name, prompt, seconds, uploaded_at from own_prompt"
                " where number = $1 order by name",
                self._number,
            )
        return [Sound(**dict(row)) for row in rows]

    async def keep(self, name: str, content: bytes, seconds: float) -> Sound:
        """Keep a sound under a name, in the place of what had that name."""
        prompt = prompt_name(content)
        async with self._database.transaction() as connection:
            await connection.execute(
                "insert into prompt values ($1, $2, $3) on conflict do nothing",
                prompt,
                hashlib.sha256(content).digest(),
                content,
            )
            rows = await connection.fetch(
                "insert into own_prompt (number, name, prompt, seconds)"
                " values ($1, $2, $3, $4) on conflict (number, name) do update set"
                " prompt = excluded.prompt, seconds = excluded.seconds,"
                " uploaded_at = now() returning name, prompt, seconds, uploaded_at",
                self._number,
                name,
                prompt,
                seconds,
            )
        return Sound(**dict(rows[0]))

    async def remove(self, name: str) -> bool:
        """Forget a name; False if there is none."""
        async with self._database.connection() as connection:
            done: str = await connection.execute(
                "delete from own_prompt where number = $1 and name = $2",
                self._number,
                name,
            )
        return done == "DELETE 1"

    async def content(self, prompt: str) -> bytes | None:
        """A sound by the name that media processes know, if it was ever this number's."""
        async with self._database.connection(WORK_SECONDS) as connection:
            found: bytes | None = await connection.fetchval(
                "select content from prompt where name = $1 and (exists ("
                " select from own_prompt as own where own.number = $2"
                " and own.prompt = prompt.name) or exists ("
                " select from plan_prompt as named where named.number = $2"
                " and named.prompt = prompt.name))",
                prompt,
                self._number,
            )
        return found
