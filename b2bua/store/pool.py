"""Connections to PostgreSQL: read-write sessions, bounded waits, dead ones thrown away.

A failover leaves connections on the demoted primary, where everything but writing works.
Hence three rules: only servers that take writes are connected to; an error that means a
dead or demoted server closes the connection, not only the query; and no connection grows
older than a few minutes. All that a caller sees of this is :class:`Unavailable`.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final, Literal, TypeAlias

import asyncpg
from asyncpg.connect_utils import SessionAttribute
from asyncpg.pool import PoolConnectionProxy

from b2bua.core.errors import InvalidState
from b2bua.store.errors import Rejected, Unavailable

Connection: TypeAlias = PoolConnectionProxy
Isolation: TypeAlias = Literal["repeatable_read", "read_committed"]

STATEMENT_SECONDS: Final = 1.0
"""How long a question may take that a call could be waiting for."""
PAGE_SECONDS: Final = 5.0
"""The same where a person waits, before a page or a command."""
WORK_SECONDS: Final = 30.0
"""The same for publishing, delivery and reports."""
READ_ONLY: Final = "25006"
TERMINATED: Final = ("57P01", "57P02", "57P03")
CONNECTION_CLASS: Final = "08"
PASSING_CLASSES: Final = ("08", "40", "53", "55", "57", "58")
"""SQLSTATE classes that blame the server or the moment, not what was asked."""
ACT: Final = """
select set_config('b2bua.number', $2, true), set_config('role', rolname, true)
from pg_roles where rolname = $1 and pg_has_role(oid, 'member')
"""
"""For the rest of the transaction. Without the role the where-clauses stand alone."""
FAILURES: Final = (
    OSError,
    TimeoutError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)


class Database:
    """A pool for one DSN; opening never fails, asking may raise :class:`Unavailable`."""

    def __init__(
        self,
        dsn: str,
        *,
        connections: int = 8,
        oldest: float = 300.0,
        patience: float = STATEMENT_SECONDS,
    ) -> None:
        """Seconds: connections live for ``oldest``, an answer may take ``patience``."""
        self.dsn = dsn
        self.patience = patience
        self.fault = ""
        """Why the last question had no answer; empty if it had one."""
        self._connections = connections
        self._oldest = oldest
        self._pool: asyncpg.Pool | None = None
        self._renewal: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Make the pool; the first connection is made when somebody asks."""
        self._pool = await asyncpg.create_pool(
            self.dsn,
            min_size=0,
            max_size=self._connections,
            max_inactive_connection_lifetime=self._oldest,
            timeout=5.0,
            target_session_attrs=SessionAttribute.read_write,
            server_settings={
                "application_name": "b2bua",
                "statement_timeout": _milliseconds(self.patience),
                "idle_in_transaction_session_timeout": "60000",
                "timezone": "UTC",
            },
        )
        self._renewal = asyncio.create_task(self._renew(self._pool))

    async def close(self) -> None:
        """Close every connection."""
        if self._pool is None:
            return
        if self._renewal is not None:
            self._renewal.cancel()
            with suppress(asyncio.CancelledError):
                await self._renewal
        try:
            async with asyncio.timeout(2.0):
                await self._pool.close()
        except TimeoutError:
            self._pool.terminate()
        self._pool = None

    def acting(self, role: str, number: str = "") -> "Database":
        """The same database as a role sees it, and of it what a number may see."""
        return _Acting(self, role, number)

    @asynccontextmanager
    async def connection(self, seconds: float | None = None) -> AsyncIterator[Connection]:
        """Lend a connection for so many ``seconds`` at most; None: as patience has it."""
        if self._pool is None:
            raise InvalidState("the database was not opened")
        lost = True
        try:
            async with asyncio.timeout(self.patience if seconds is None else seconds):
                connection = await self._pool.acquire()
                try:
                    yield connection
                except BaseException as error:
                    lost = connection.is_closed() or await self._must_go(error)
                    if lost:
                        connection.terminate()
                    raise
                finally:
                    # What was asked is answered; a connection that dies now is thrown away.
                    with suppress(*FAILURES):
                        await self._pool.release(connection)
        except FAILURES as error:
            if isinstance(
                error, asyncpg.DataError | asyncpg.IntegrityConstraintViolationError
            ):
                raise Rejected(f"PostgreSQL: {error}") from error
            if not lost and not _passing(error):
                raise
            self.fault = str(error) or "no answer in time"
            raise Unavailable(f"PostgreSQL: {self.fault}") from error
        else:
            self.fault = ""

    @asynccontextmanager
    async def transaction(
        self, seconds: float = WORK_SECONDS, *, one_moment: bool = False
    ) -> AsyncIterator[Connection]:
        """Lend a connection with a transaction; ``one_moment``: all its reads agree."""
        isolation: Isolation = "repeatable_read" if one_moment else "read_committed"
        async with (
            self.connection(seconds) as connection,
            connection.transaction(isolation=isolation),
        ):
            await connection.execute(
                f"set local statement_timeout = {_milliseconds(seconds)}"
            )
            yield connection

    async def _must_go(self, error: BaseException) -> bool:
        """Whether the connection is of no more use; a demoted server condemns them all."""
        if isinstance(error, asyncpg.PostgresError):
            state = error.sqlstate or ""
            if state == READ_ONLY and self._pool is not None:
                await self._pool.expire_connections()
            return state in TERMINATED or state.startswith(CONNECTION_CLASS)
        return isinstance(error, OSError | TimeoutError | asyncio.CancelledError)

    async def _renew(self, pool: asyncpg.Pool) -> None:
        while True:
            await asyncio.sleep(self._oldest)
            await pool.expire_connections()


class _Acting(Database):
    """Everything is done in a transaction under a role (``b2bua.store.fence``)."""

    def __init__(self, database: Database, role: str, number: str) -> None:
        super().__init__(database.dsn)
        self._database = database
        self._role = role
        self._number = number

    @asynccontextmanager
    async def connection(self, seconds: float | None = None) -> AsyncIterator[Connection]:
        async with (
            self._database.connection(seconds) as connection,
            connection.transaction(),
        ):
            await self._act(connection)
            yield connection

    @asynccontextmanager
    async def transaction(
        self, seconds: float = WORK_SECONDS, *, one_moment: bool = False
    ) -> AsyncIterator[Connection]:
        lent = self._database.transaction(seconds, one_moment=one_moment)
        async with lent as connection:
            await self._act(connection)
            yield connection

    async def _act(self, connection: Connection) -> None:
        await connection.execute(ACT, self._role, self._number)


def _milliseconds(seconds: float) -> str:
    """A little less: a server that gives up before we do costs us no connection."""
    return str(int(seconds * 900))


def _passing(error: Exception) -> bool:
    """Whether the same question may be answered later, though the connection lives."""
    if isinstance(error, asyncpg.PostgresError):
        state = error.sqlstate or ""
        return state == READ_ONLY or state.startswith(PASSING_CLASSES)
    return isinstance(error, OSError | TimeoutError)
