"""Keeps the table of trunk states: soon after each change, and every few seconds."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

import structlog

from b2bua.sip.endpoint.way import Health
from b2bua.sip.endpoint.ways import WayView
from b2bua.store.errors import StoreError
from b2bua.store.trunks import State, TrunkBoard, TrunkStatus

LOOK_SECONDS: Final = 5.0


class Trunks(Protocol):
    """What a SIP endpoint knows of its trunks."""

    @property
    def ways(self) -> list[WayView]:
        """Every address of every trunk."""

    @property
    def registrations(self) -> dict[str, bool]:
        """For each trunk that wants a registration, whether it has one."""

    def calls_by(self, trunk: str) -> int:
        """Calls by a trunk now, both ways."""


class TrunkWatch:
    """Tells PostgreSQL how the trunks of one node stand."""

    def __init__(self, board: TrunkBoard, node: str, trunks: Trunks) -> None:
        self._board = board
        self._node = node
        self._trunks = trunks
        self._changed = asyncio.Event()
        self._log = structlog.get_logger()

    def look(self) -> None:
        """Something has changed."""
        self._changed.set()

    def usable(self) -> Iterator[tuple[str, str, bool]]:
        """Each trunk, address, and whether calls may go there."""
        for way in self._trunks.ways:
            yield way.trunk, way.address, way.health in (Health.UP, Health.UNKNOWN)

    async def run(self) -> None:
        """Announce until cancelled."""
        told: list[TrunkStatus] | None = None
        while True:
            self._changed.clear()
            rows = self._rows(told or [])
            try:
                if rows != told:
                    await self._board.announce(self._node, rows)
                    told = rows
            except StoreError as error:
                self._log.debug("trunks not announced", why=str(error))
                told = None
            try:
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._changed.wait()
            except TimeoutError:
                continue

    def _rows(self, told: list[TrunkStatus]) -> list[TrunkStatus]:
        """How things stand; a state that lasts keeps the moment at which it was told."""
        now, at = asyncio.get_running_loop().time(), datetime.now(UTC)
        since = {(row.trunk, row.address, row.state): row.since for row in told}
        registered = self._trunks.registrations
        rows = {}
        for way in self._trunks.ways:
            state: State = way.health.value
            begun = at - timedelta(seconds=now - way.since)
            rows[way.trunk, way.address] = TrunkStatus(
                node=self._node,
                trunk=way.trunk,
                address=way.address,
                state=state,
                since=since.get((way.trunk, way.address, state), begun),
                detail=way.detail,
                calls=self._trunks.calls_by(way.trunk),
                registered=registered.get(way.trunk, False),
            )
        return list(rows.values())
