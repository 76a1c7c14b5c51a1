"""How the ways to the trunks stand, on every node, as probes and calls last saw them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, TypeAlias

from b2bua.store.pool import Database

State: TypeAlias = Literal["up", "down", "probing", "unknown"]

FORGOTTEN_SECONDS: Final = 86_400.0
"""What a node that is gone said is shown for so long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrunkStatus:
    """One address of one trunk, as one node sees it."""

    node: str
    trunk: str
    address: str
    """``udp:192.0.2.1:5060``, or the next hop itself until it is resolved."""
    state: State
    since: datetime
    detail: str = ""
    """Why, in a few words."""
    calls: int = 0
    """Calls by the trunk now, both ways; the same for each of its addresses."""
    registered: bool = False
    """Whether the trunk has our registration."""


class TrunkBoard:
    """The table of trunk states."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def announce(self, node: str, rows: Sequence[TrunkStatus]) -> None:
        """Say that this is all that the node knows now."""
        async with self._database.transaction() as connection:
            await connection.execute(
                "delete from trunk_status where node = $1"
                " or told_at < now() - make_interval(secs => $2)",
                node,
                FORGOTTEN_SECONDS,
            )
            await connection.execute(
                "insert into trunk_status"
                " (node, trunk, address, state, since, detail, calls, registered)"
                " select $1, * from unnest($2::text[], $3::text[], $4::text[],"
                " $5::timestamptz[], $6::text[], $7::int[], $8::boolean[])",
                node,
                [row.trunk for row in rows],
                [row.address for row in rows],
                [row.state for row in rows],
                [row.since for row in rows],
                [row.detail for row in rows],
                [row.calls for row in rows],
                [row.registered for row in rows],
            )

    async def all(self) -> list[TrunkStatus]:
        """Every node's, in the order of node, trunk and address."""
        async with self._database.connection() as connection:
            rows = await connection.fetch(
                "select node, trunk, address, state, since, detail, calls, registered"
                " from trunk_status order by node, trunk, address"
            )
        return [TrunkStatus(**dict(row)) for row in rows]
