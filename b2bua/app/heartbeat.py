"""Tells that this node lives, and what is wrong with it, where operators look."""

import asyncio
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Final

import structlog

from b2bua.app.freshness import HERE, missing_years, stale_areas
from b2bua.exchange.outlook import Outlook
from b2bua.mediactl.pool import MediaPool
from b2bua.store.errors import StoreError
from b2bua.store.journal import Journal
from b2bua.store.nodes import Alarm, Beat, Complaint, Nodes
from b2bua.store.plans import Plans

BEAT_SECONDS: Final = 10.0
LEAST_FREE: Final = 1_000_000_000
"""Bytes of the disk that the journal and recordings are on."""
LEAST_SHARE: Final = 0.05
"""Of the same disk."""
MOST_WAITING: Final = 1000
"""Records; more means that the database does not take them."""


class Heartbeat:
    """One node's word about itself."""

    def __init__(
        self,
        nodes: Nodes,
        name: str,
        figures: Callable[[], tuple[str, int, int]],
        complaints: Callable[[], Iterable[Alarm]],
    ) -> None:
        """``figures``: state, calls now up, records that wait for the database."""
        self._nodes = nodes
        self._name = name
        self._figures = figures
        self._complaints = complaints
        self._started = datetime.now(UTC)
        self._log = structlog.get_logger()

    async def run(self) -> None:
        """Speak until cancelled."""
        while True:
            try:
                await self.beat()
            except StoreError as error:
                self._log.debug("not heard of", why=str(error))
            await asyncio.sleep(BEAT_SECONDS)

    async def beat(self) -> None:
        """Speak once. Raises StoreError."""
        state, calls, waiting = self._figures()
        alarms = list(self._complaints())
        if waiting > MOST_WAITING:
            alarms.append(Alarm(kind=Complaint.RECORDS, detail=str(waiting)))
        beat = Beat(
            name=self._name,
            started_at=self._started,
            state=state,
            version=version("b2bua"),
            calls=calls,
            waiting=waiting,
        )
        await self._nodes.tell(beat, alarms)

    async def stop(self) -> None:
        """Say goodbye, if anybody hears."""
        try:
            await self._nodes.farewell(self._name)
        except StoreError as error:
            self._log.debug("no goodbye", why=str(error))


def full_disk(directory: Path) -> list[Alarm]:
    """Whether the disk that a directory is on fills up."""
    usage = shutil.disk_usage(directory)
    if usage.free >= LEAST_FREE and usage.free >= LEAST_SHARE * usage.total:
        return []
    detail = f"{usage.free // 1_000_000} MB of {usage.total // 1_000_000} MB left"
    return [Alarm(kind=Complaint.DISK, subject=str(directory), detail=detail)]


def unregistered(registrations: Mapping[str, bool]) -> list[Alarm]:
    """The trunks that want a registration of ours and do not have it."""
    return [
        Alarm(kind=Complaint.REGISTRATION, subject=trunk)
        for trunk, registered in registrations.items()
        if not registered
    ]


def complaints(
    outlook: Outlook, plans: Plans, journal: Journal, media: MediaPool, directory: Path
) -> Iterator[Alarm]:
    """All that one node has to complain of."""
    today = datetime.now(HERE).date()
    years = outlook.snapshot.calendar.years
    for year in missing_years(years, today):
        yield Alarm(kind=Complaint.CALENDAR, subject=str(year))
    dated = outlook.areas.version
    if list(stale_areas(dated, today)):
        yield Alarm(kind=Complaint.AREAS, detail=str(dated or ""))
    for number, fault in plans.faults.items():
        yield Alarm(kind=Complaint.PLAN, subject=number, detail=fault)
    if journal.fault:
        yield Alarm(kind=Complaint.JOURNAL, detail=journal.fault)
    if not media.answering:
        yield Alarm(kind=Complaint.MEDIA)
    if media.recording_fails:
        failed = str(media.recordings_failed)
        yield Alarm(kind=Complaint.RECORDING, subject=str(directory), detail=failed)
    yield from full_disk(directory)
