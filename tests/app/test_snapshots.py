"""The last plans read, on disk."""

from dataclasses import replace
from datetime import date
from pathlib import Path

from b2bua.app.snapshots import keep, recall
from b2bua.service.plan import Calendar, Snapshot, Tariff
from tests.store.builders import plan

SNAPSHOT = Snapshot(
    plans={"4006001234": replace(plan("4006001234"), version=3)},
    tariffs={"standard": Tariff(name="standard", version=2)},
    calendar=Calendar(holidays=frozenset((date(2026, 10, 1),)), years=frozenset((2026,))),
    phones={"801": "4006001234", "802": ""},
)


def test_what_is_kept_comes_back(tmp_path: Path) -> None:
    file = tmp_path / "snapshot.json"
    keep(SNAPSHOT, file)
    assert recall(file) == SNAPSHOT
    assert file.stat().st_mode & 0o077 == 0  # plans hold callers' passwords
    assert list(tmp_path.iterdir()) == [file]


def test_nothing_or_nonsense_is_no_snapshot(tmp_path: Path) -> None:
    file = tmp_path / "snapshot.json"
    assert recall(file) is None
    file.write_bytes(b'{"plans": [{"number": 1}], "tariffs": {}, "calendar": {}}')
    assert recall(file) is None
    file.write_bytes(b"\0")
    assert recall(file) is None
