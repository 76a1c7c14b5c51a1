"""Recordings go when their days are over, and nothing else does."""

import asyncio
import os
import time
from pathlib import Path

from b2bua.app.retention import DAY, Retention, forget_old


def aged(path: Path, days: float) -> Path:
    path.write_bytes(b"RIFF")
    when = time.time() - days * DAY
    os.utime(path, (when, when))
    return path


def test_only_old_recordings_go(tmp_path: Path) -> None:
    old = aged(tmp_path / "old.wav", 8)
    message = aged(tmp_path / "old-message.wav", 7.1)
    young = aged(tmp_path / "young.wav", 6.9)
    other = aged(tmp_path / "readme.txt", 100)
    assert forget_old(tmp_path, time.time() - 7 * DAY) == (2, 0)
    assert [path.exists() for path in (old, message, young, other)] == [
        *(False, False, True, True)
    ]
    assert forget_old(tmp_path, time.time() - 7 * DAY) == (0, 0)


def test_what_cannot_be_deleted_is_counted(tmp_path: Path) -> None:
    (tmp_path / "directory.wav").mkdir()
    assert forget_old(tmp_path, time.time() + DAY) == (0, 1)


def test_a_directory_that_is_not_there_holds_nothing(tmp_path: Path) -> None:
    assert forget_old(tmp_path / "none", time.time()) == (0, 0)


async def test_it_looks_at_once(tmp_path: Path) -> None:
    old = aged(tmp_path / "old.wav", 2)
    young = aged(tmp_path / "young.wav", 0.5)
    task = asyncio.create_task(Retention(tmp_path, 1).run())
    while old.exists():  # noqa: ASYNC110 (a file tells nobody that it goes)
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert young.exists()
