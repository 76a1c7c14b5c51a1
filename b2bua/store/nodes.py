"""Nodes that were heard of, and what each complains of, until it complains no more."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Final

from b2bua.store.pool import Database

SILENT_SECONDS: Final = 30.0
"""After which a node counts as gone; it speaks several times in this."""
FORGOTTEN_DAYS: Final = 7


class Complaint(Enum):
    """What can be wrong."""

    CALENDAR = "calendar"
    AREAS = "areas"
    DISK = "disk"
    MEDIA = "media"
    LAG = "lag"
    JOURNAL = "journal"
    RECORDS = "records"
    PLAN = "plan"
    FENCE = "fence"
    TRUNK = "trunk"
    REGISTRATION = "registration"
    NODE = "node"
    CAP = "cap"
    RECORDING = "recording"


@dataclass(frozen=True, slots=True, kw_only=True)
class Beat:
    """What a node says of itself."""

    name: str
    started_at: datetime
    state: str
    """``serving`` or ``draining``."""
    version: str
    calls: int
    waiting: int
    """Records that are not in the database yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """Something that a person should look at."""

    kind: Complaint
    subject: str = ""
    detail: str = ""
    node: str = ""
    """Empty: no node's own."""
    since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeStatus:
    """A node as it last spoke."""

    name: str
    started_at: datetime
    seen_at: datetime
    state: str
    version: str
    calls: int
    waiting: int
    silent: bool
    """It should have spoken since."""


class Nodes:
    """The nodes in one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def tell(self, beat: Beat, alarms: Sequence[Alarm]) -> None:
        """Say that a node lives, and that this is all it complains of."""
        async with self._database.transaction() as connection:
            await connection.execute(
                "insert into node (name, started_at, state, version, calls, waiting)"
                " values ($1, $2, $3, $4, $5, $6) on conflict (name) do update set"
                " started_at = excluded.started_at, state = excluded.state,"
                " version = excluded.version, calls = excluded.calls,"
                " waiting = excluded.waiting, seen_at = now()",
                beat.name,
                beat.started_at,
                beat.state,
                beat.version,
                beat.calls,
                beat.waiting,
            )
            kinds = [alarm.kind.value for alarm in alarms]
            subjects = [alarm.subject for alarm in alarms]
            await connection.execute(
                "delete from alarm where node = $1 and (kind, subject) not in"
                " (select * from unnest($2::text[], $3::text[]))",
                beat.name,
                kinds,
                subjects,
            )
            await connection.execute(
                "insert into alarm (node, kind, subject, detail)"
                " select $1, * from unnest($2::text[], $3::text[], $4::text[])"
                " on conflict (node, kind, subject) do update"
                " set detail = excluded.detail",
                beat.name,
                kinds,
                subjects,
                [alarm.detail for alarm in alarms],
            )

    async def farewell(self, name: str) -> None:
        """A node that stops on purpose is no alarm."""
        async with self._database.transaction() as connection:
            await connection.execute("delete from node where name = $1", name)
            await connection.execute("delete from alarm where node = $1", name)

    async def all(self) -> list[NodeStatus]:
        """Every node of the last days, by name."""
        async with self._database.connection() as connection:
            rows = await connection.fetch(
                "select name, started_at, seen_at, state, version, calls, waiting,"
                " seen_at < now() - make_interval(secs => $1) as silent from node"
                " where seen_at > now() - make_interval(days => $2) order by name",
                SILENT_SECONDS,
                FORGOTTEN_DAYS,
            )
        return [NodeStatus(**dict(row)) for row in rows]

    async def alarms(self) -> list[Alarm]:
        """What nodes complain of, and what is seen of them: silence, ways that are down."""
        async with self._database.connection() as connection:
            rows = await connection.fetch(
                "select node, kind, subject, detail, since from alarm"
                " union all select name, 'node', '', '', seen_at from node"
                " where seen_at < now() - make_interval(secs => $1)"
                " and seen_at > now() - make_interval(days => $2)"
                " union all select node, 'trunk', trunk, address || ' ' || detail, since"
                " from trunk_status where state = 'down'"
                " order by since, node, kind, subject",
                SILENT_SECONDS,
                FORGOTTEN_DAYS,
            )
        known = {kind.value for kind in Complaint}
        return [
            Alarm(**{**dict(row), "kind": Complaint(row["kind"])})
            for row in rows
            if row["kind"] in known
        ]
