"""The calls that are up now, on every node, each under a lease that its node renews."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from b2bua.store.pool import Database

LEASE_SECONDS: Final = 30.0
"""A node announces its calls several times in this; after it they count as lost."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveCall:
    """One call in progress, as the node that owns it last told."""

    id: str
    node: str
    number: str
    caller: str
    state: str
    since: datetime
    destination: str = ""
    private: bool = False
    """The caller asked for privacy: the number is for the operator alone."""
    lost: bool = False
    """Its node has not been heard of since the lease ran out."""


class Live:
    """The table of live calls."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def announce(
        self, node: str, calls: Sequence[LiveCall], lease: float = LEASE_SECONDS
    ) -> None:
        """Say that these alone are the node's calls, for the next ``lease`` seconds."""
        async with self._database.transaction() as connection:
            await connection.execute(
                "delete from live_call where node = $1 and id <> all($2::text[])",
                node,
                [call.id for call in calls],
            )
            await connection.execute(
                "insert into live_call"
                " (id, node, number, caller, state, since, destination, private,"
                " lease_until)"
                " select id, $1, number, caller, state, since, destination, private,"
                " now() + make_interval(secs => $2)"
                " from unnest($3::text[], $4::text[], $5::text[], $6::text[],"
                " $7::timestamptz[], $8::text[], $9::boolean[])"
                " as told (id, number, caller, state, since, destination, private)"
                " order by id"
                " on conflict (id) do update set node = excluded.node,"
                " state = excluded.state, destination = excluded.destination,"
                " lease_until = excluded.lease_until",
                node,
                lease,
                [call.id for call in calls],
                [call.number for call in calls],
                [call.caller for call in calls],
                [call.state for call in calls],
                [call.since for call in calls],
                [call.destination for call in calls],
                [call.private for call in calls],
            )

    async def live(self, number: str | None = None) -> list[LiveCall]:
        """The calls that are up, oldest first; a dead node's are marked as lost."""
        async with self._database.connection() as connection:
            rows = await connection.fetch(
                "select id, node, number, caller, state, since, destination, private,"
                " lease_until < now() as lost from live_call"
                " where $1::text is null or number = $1 order by since, id",
                number,
            )
        return [LiveCall(**dict(row)) for row in rows]

    async def forget(self, call_ids: Sequence[str]) -> None:
        """Remove calls that another node has closed."""
        async with self._database.connection() as connection:
            await connection.execute(
                "delete from live_call where id = any($1::text[])", list(call_ids)
            )
