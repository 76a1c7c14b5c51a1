"""The node's own notebook: calls in progress, records not yet delivered, counters.

SQLite in WAL mode with synchronous NORMAL: what was saved survives the death of the
process, and a power failure costs at most what was not yet checkpointed. Every write is
first noted in memory and then flushed in one transaction, so that a full disk needs no
path of its own: the notes stay, reading sees them, and each later write tries again.

Saving stands between a call and its response. Nothing here waits for the disk: the
flush to the main file, which does, is :meth:`Journal.checkpoint`, meant for a thread.
"""

import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from b2bua.core.clock import Instant

SCHEMA: Final = """
create table if not exists call (id text primary key, image blob not null);
create table if not exists record (
    seq integer primary key, id text not null unique, record blob not null);
create table if not exists rejected (
    id text primary key, record blob not null, why text not null);
create table if not exists counter (key text primary key, state text not null);
"""
SAVE: Final = """
insert into call values (?, ?) on conflict (id) do update set image = excluded.image
"""
FINISH: Final = """
insert into record (id, record) values (?, ?)
on conflict (id) do update set record = excluded.record
"""
RETRY_SECONDS: Final = 1.0
"""How long a disk that refused a write is left alone."""
CHECKPOINT_PAGES: Final = 50_000
"""Where SQLite checkpoints by itself if nobody calls :meth:`Journal.checkpoint`."""


@dataclass(slots=True)
class _Notes:
    """What was not flushed yet; None means that the row goes."""

    calls: dict[str, bytes | None] = field(default_factory=dict)
    records: dict[str, bytes | None] = field(default_factory=dict)
    rejected: dict[str, tuple[bytes, str]] = field(default_factory=dict)
    counters: dict[str, str] = field(default_factory=dict)
    size: int = 0
    """Bytes of images and records, about."""

    def __len__(self) -> int:
        return len(self.calls) + len(self.records) + len(self.rejected) + len(self.counters)


class Journal:
    """One file, one writing process."""

    def __init__(
        self, path: Path, *, clock: Callable[[], Instant], memory: int = 64_000_000
    ) -> None:
        """Open or make the file; one that is damaged is put aside and begun anew.

        ``clock`` is monotonic; ``memory`` bounds in bytes what waits for a full disk.
        """
        self._path = path
        self._clock = clock
        self._memory = memory
        self._notes = _Notes()
        self._depth = 0
        self._retry_at: Instant | None = None
        self.fault = ""
        """Why the disk does not take what we write; empty while it does: the alarm."""
        self.lost = 0
        """Images and records given up because the memory was full too."""
        self.damaged: Path | None = None
        """Where a file that could not be read was put at opening."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self._database = self._open()

    def close(self) -> None:
        """Flush, checkpoint and close."""
        self._retry_at = None
        self._flush()
        self._database.close()

    @contextmanager
    def batch(self) -> Iterator[None]:
        """Flush what is written within in one transaction at the end, whatever happens."""
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1
            self._flush()

    def save(self, call_id: str, image: bytes) -> None:
        """Keep the newest image of a call in progress."""
        self._forget(self._notes.calls.get(call_id))
        self._notes.calls[call_id] = image
        self._notes.size += len(image)
        self._flush()

    def finish(self, call_id: str, record: bytes) -> None:
        """Replace the image of a call by its record, in one transaction."""
        self._forget(self._notes.calls.get(call_id))
        self._notes.calls[call_id] = None
        self._notes.records[call_id] = record
        self._notes.size += len(record)
        self._flush()

    def save_counter(self, key: str, state: str) -> None:
        """Keep the state of a percentage or rotation."""
        self._notes.counters[key] = state
        self._flush()

    def delivered(self, ids: Iterable[str]) -> None:
        """Forget records that are in PostgreSQL."""
        for call_id in ids:
            self._forget(self._notes.records.get(call_id))
            self._notes.records[call_id] = None
        self._flush()

    def reject(self, call_id: str, record: bytes, why: str) -> None:
        """Put aside a record that PostgreSQL will never take, for a person to look at."""
        self._forget(self._notes.records.get(call_id))
        self._notes.records[call_id] = None
        self._notes.rejected[call_id] = (record, why)
        self._flush()

    def calls(self) -> list[tuple[str, bytes]]:
        """The calls in progress with their newest images."""
        rows = dict(self._database.execute("select id, image from call").fetchall())
        return _overlaid(rows, self._notes.calls)

    def undelivered(self, limit: int) -> list[tuple[str, bytes]]:
        """Records not in PostgreSQL yet, oldest first."""
        notes = self._notes.records
        rows = self._database.execute(
            "select id, record from record order by seq limit ?", (limit + len(notes),)
        )
        return _overlaid(dict(rows.fetchall()), notes)[:limit]

    def waiting(self) -> int:
        """How many records are not in PostgreSQL yet."""
        rows = self._database.execute("select id from record").fetchall()
        ids = {call_id for (call_id,) in rows}
        for call_id, record in self._notes.records.items():
            if record is None:
                ids.discard(call_id)
            else:
                ids.add(call_id)
        return len(ids)

    def rejected(self) -> list[tuple[str, bytes, str]]:
        """Records that were put aside, with the reason."""
        rows = self._database.execute("select id, record, why from rejected").fetchall()
        kept = {call_id: (record, why) for call_id, record, why in rows}
        kept |= self._notes.rejected
        return [(call_id, record, why) for call_id, (record, why) in kept.items()]

    def counters(self) -> dict[str, str]:
        """The counters by key."""
        rows = self._database.execute("select key, state from counter").fetchall()
        return dict(rows) | self._notes.counters

    def checkpoint(self) -> None:
        """Move the log into the file: waits for the disk, belongs into a thread."""
        database = sqlite3.connect(self._path, timeout=1.0)
        try:
            database.execute("pragma wal_checkpoint(passive)").fetchall()
        finally:
            database.close()

    def _open(self) -> sqlite3.Connection:
        try:
            return _connect(self._path)
        except sqlite3.DatabaseError as error:
            if error.sqlite_errorcode not in (
                sqlite3.SQLITE_CORRUPT,
                sqlite3.SQLITE_NOTADB,
            ):
                raise
        number = 1
        while (
            aside := self._path.with_name(f"{self._path.name}.damaged-{number}")
        ).exists():
            number += 1
        self._path.rename(aside)
        for suffix in ("-wal", "-shm"):
            Path(f"{self._path}{suffix}").unlink(missing_ok=True)
        self.damaged = aside
        return _connect(self._path)

    def _flush(self) -> None:
        """Write the notes, unless a batch goes on or the disk has just refused."""
        if self._depth or not self._notes:
            return
        if self._retry_at is not None and self._clock() < self._retry_at:
            self._bound()
            return
        try:
            self._write(self._notes)
        except sqlite3.DatabaseError as error:
            if self._database.in_transaction:
                self._database.rollback()
            self.fault = str(error)
            self._retry_at = self._clock() + RETRY_SECONDS
            self._bound()
        else:
            self._notes = _Notes()
            self.fault = ""
            self._retry_at = None

    def _write(self, notes: _Notes) -> None:
        run = self._database.execute
        alone = len(notes) == 1
        if not alone:
            run("begin immediate")
        for call_id, image in notes.calls.items():
            if image is None:
                run("delete from call where id = ?", (call_id,))
            else:
                run(SAVE, (call_id, image))
        for call_id, record in notes.records.items():
            if record is None:
                run("delete from record where id = ?", (call_id,))
            else:
                run(FINISH, (call_id, record))
        for call_id, (record, why) in notes.rejected.items():
            run("insert or replace into rejected values (?, ?, ?)", (call_id, record, why))
        for key, state in notes.counters.items():
            run("insert or replace into counter values (?, ?)", (key, state))
        if not alone:
            run("commit")

    def _bound(self) -> None:
        """Give up the oldest images, then the oldest records, while there are too many."""
        for kept in (self._notes.calls, self._notes.records):
            for call_id in list(kept):
                if self._notes.size <= self._memory:
                    return
                if kept[call_id] is not None:
                    self._forget(kept.pop(call_id))
                    self.lost += 1

    def _forget(self, value: bytes | None) -> None:
        self._notes.size -= len(value or b"")


def _connect(path: Path) -> sqlite3.Connection:
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    # One thread at a time uses it, but closing may come from another.
    database = sqlite3.connect(
        path,
        timeout=0.1,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=64,
    )
    try:
        database.execute("pragma journal_mode = wal").fetchall()
        database.execute("pragma synchronous = normal")
        database.execute(f"pragma wal_autocheckpoint = {CHECKPOINT_PAGES}").fetchall()
        found = database.execute("pragma quick_check(1)").fetchone()[0]
        if found != "ok":
            error = sqlite3.DatabaseError(found)
            error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
            raise error
        database.executescript(SCHEMA)
    except sqlite3.DatabaseError:
        database.close()
        raise
    return database


def _overlaid(
    rows: dict[str, bytes], notes: Mapping[str, bytes | None]
) -> list[tuple[str, bytes]]:
    for call_id, value in notes.items():
        if value is None:
            rows.pop(call_id, None)
        else:
            rows[call_id] = value
    return list(rows.items())
