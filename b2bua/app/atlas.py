"""The area table in use: the imported one, its copy on disk, or what came along."""

import asyncio
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

import msgspec
import structlog

from b2bua.app import build
from b2bua.config.settings import Settings
from b2bua.service.area import AreaTable
from b2bua.service.datafiles import MalformedFile, read_areas
from b2bua.store.areas import Areas, AreaSource
from b2bua.store.errors import StoreError

COPY: Final = "areas.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Copy:
    """What a start without PostgreSQL goes by."""

    sha256: bytes
    dated: date | None
    content: bytes


class Atlas:
    """Reads the table anew only when another was imported, and in a thread."""

    def __init__(self, areas: Areas, settings: Settings) -> None:
        self._areas = areas
        self._settings = settings
        self._copy = Path(settings.data_dir) / COPY
        self._table: AreaTable | None = None
        self._of: bytes | None = None
        """Digest of the file that the table was made of; None: what came along."""
        self._log = structlog.get_logger()

    async def table(self) -> AreaTable:
        """The table that calls are to be judged by now."""
        try:
            source = await self._areas.current()
            if self._table is not None and self._of == (source and source.sha256):
                return self._table
            copy = None if source is None else await self._fetched(source)
        except StoreError as error:
            if self._table is not None:
                return self._table
            self._log.warning("area table as last known", why=str(error))
            copy = await asyncio.to_thread(self._kept)
        self._table = await asyncio.to_thread(self._made, copy)
        self._of = None if copy is None else copy.sha256
        return self._table

    async def _fetched(self, source: AreaSource) -> _Copy | None:
        content = await self._areas.content(source)
        if content is None:
            return None
        copy = _Copy(sha256=source.sha256, dated=source.dated, content=content)
        try:
            await asyncio.to_thread(self._keep, copy)
        except OSError as error:
            self._log.warning("area table not kept", why=str(error))
        return copy

    def _made(self, copy: _Copy | None) -> AreaTable:
        """An imported table that cannot be read is told of; what came along serves."""
        built_in = build.area_table(self._settings)
        if copy is None:
            return built_in
        try:
            table = read_areas(copy.content, copy.dated, built_in.provinces)
        except MalformedFile as error:
            self._log.error("imported area table not used", why=str(error))
            return built_in
        return table.overridden(self._settings.service.area_overrides)

    def _keep(self, copy: _Copy) -> None:
        unfinished = self._copy.with_name(f".{self._copy.name}.new")
        unfinished.write_bytes(msgspec.json.encode(copy))
        unfinished.rename(self._copy)

    def _kept(self) -> _Copy | None:
        try:
            return msgspec.json.decode(self._copy.read_bytes(), type=_Copy)
        except (OSError, msgspec.MsgspecError):
            return None
