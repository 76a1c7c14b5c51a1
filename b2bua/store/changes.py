"""Hear what others did: a new snapshot is due, or an operator asks for something.

One connection of its own LISTENs. What was told while it was away is not told again, so
each new connection begins with a change; nothing depends on hearing every notification.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

import asyncpg
import msgspec
from asyncpg.connect_utils import SessionAttribute

from b2bua.store.errors import Unavailable
from b2bua.store.leases import CHANNEL
from b2bua.store.pool import FAILURES, Database

SNAPSHOT: Final = "b2bua_snapshot"
COMMAND: Final = "b2bua_command"
DEBOUNCE_SECONDS: Final = 0.05
"""Changes this close together are one."""
HEARTBEAT_SECONDS: Final = 10.0
ANSWER_SECONDS: Final = 5.0
PAUSE_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True)
class HangUp:
    """An operator asks that this call be ended, on whatever node it is."""

    hangup: str


@dataclass(frozen=True, slots=True)
class LiftBan:
    """An operator asks that this source be heard again, by every node."""

    lift: str


Command: TypeAlias = HangUp | LiftBan


async def command(database: Database, order: Command) -> None:
    """Tell every node."""
    async with database.connection() as connection:
        text = msgspec.json.encode(order).decode()
        await connection.execute("select pg_notify($1, $2)", COMMAND, text)


class Changes:
    """Listens for as long as it runs, through every loss of the connection."""

    def __init__(
        self,
        dsn: str,
        *,
        changed: Callable[[], Awaitable[None]],
        commanded: Callable[[Command], None],
        recalled: Callable[[str, str], None] = lambda number, node: None,
    ) -> None:
        """``changed`` re-reads the snapshot; after Unavailable it is called again.

        ``recalled`` hears of which number a node is short of quota, and which node.
        """
        self._recalled = recalled
        self._dsn = dsn
        self._changed = changed
        self._commanded = commanded
        self._stirred = asyncio.Event()
        self._due = False
        self.fault = ""
        """Why nothing is heard; empty while listening."""
        self.malformed = 0
        """Commands that could not be read."""

    async def run(self) -> None:
        """Listen until cancelled."""
        while True:
            try:
                await self._listen()
            except FAILURES as error:
                self.fault = str(error) or "no answer in time"
            except Unavailable as error:
                self.fault = str(error)
            await asyncio.sleep(PAUSE_SECONDS)

    async def _listen(self) -> None:
        connection = await asyncpg.connect(
            self._dsn, timeout=5.0, target_session_attrs=SessionAttribute.read_write
        )
        try:
            connection.add_termination_listener(lambda _: self._stirred.set())
            await connection.add_listener(COMMAND, self._hear_command)
            await connection.add_listener(SNAPSHOT, self._hear_change)
            await connection.add_listener(CHANNEL, self._hear_recall)
            self._due = True
            self._stirred.set()
            while not connection.is_closed():
                await self._wait(connection)
        finally:
            connection.terminate()
        self.fault = "the connection was lost"

    async def _wait(self, connection: asyncpg.Connection) -> None:
        """Sleep until something is heard; a silent connection is asked whether it lives."""
        try:
            async with asyncio.timeout(HEARTBEAT_SECONDS):
                await self._stirred.wait()
        except TimeoutError:
            await connection.execute("select 1", timeout=ANSWER_SECONDS)
            return
        await asyncio.sleep(DEBOUNCE_SECONDS)
        self._stirred.clear()
        if self._due:
            self._due = False
            await self._changed()
            self.fault = ""

    def _hear_change(self, *_: object) -> None:
        self._due = True
        self._stirred.set()

    def _hear_recall(
        self, _connection: object, _pid: int, _channel: str, text: object
    ) -> None:
        number, _, node = str(text).partition(" ")
        self._recalled(number, node)

    def _hear_command(
        self, _connection: object, _pid: int, _channel: str, text: object
    ) -> None:
        try:
            order = _command_of(msgspec.json.decode(str(text)))
        except msgspec.MsgspecError:
            self.malformed += 1
        else:
            self._commanded(order)


def _command_of(told: object) -> Command:
    """Read a command by the one field that it has. Raises msgspec.MsgspecError."""
    if isinstance(told, dict) and "lift" in told:
        return msgspec.convert(told, LiftBan)
    return msgspec.convert(told, HangUp)
