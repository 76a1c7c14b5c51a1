"""What was saved is there after any death, and a full disk stops no call."""

import os
import resource
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from b2bua.store.journal import RETRY_SECONDS, Journal


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.sqlite"


@pytest.fixture
def journal(path: Path, clock: Clock) -> Iterator[Journal]:
    opened = Journal(path, clock=clock)
    yield opened
    opened.close()


def reopened(path: Path) -> Journal:
    return Journal(path, clock=Clock())


def limit_to_size(journal: Journal) -> None:
    """As good as a full disk: SQLite may add no page, and says so with the same words."""
    database = journal._database
    pages = database.execute("pragma page_count").fetchone()[0]
    database.execute(f"pragma max_page_count = {pages}").fetchall()


def lift_limit(journal: Journal) -> None:
    journal._database.execute("pragma max_page_count = 1000000").fetchall()


def test_the_newest_image_is_kept_until_the_record_replaces_it(
    path: Path, journal: Journal
) -> None:
    journal.save("c1", b"one")
    journal.save("c2", b"two")
    journal.save("c1", b"newer")
    assert sorted(reopened(path).calls()) == [("c1", b"newer"), ("c2", b"two")]
    journal.finish("c1", b"record")
    after = reopened(path)
    assert after.calls() == [("c2", b"two")]
    assert after.undelivered(10) == [("c1", b"record")]
    after.close()


def test_records_leave_in_order_when_delivered(path: Path, journal: Journal) -> None:
    for call_id in ("c3", "c1", "c2"):
        journal.finish(call_id, call_id.encode())
    assert [call_id for call_id, _ in journal.undelivered(2)] == ["c3", "c1"]
    journal.delivered(["c3", "c1"])
    assert journal.undelivered(10) == [("c2", b"c2")]
    assert journal.waiting() == 1
    assert reopened(path).undelivered(10) == [("c2", b"c2")]


def test_a_call_has_one_record(path: Path, journal: Journal) -> None:
    journal.finish("c1", b"first")
    journal.finish("c2", b"other")
    journal.finish("c1", b"second")
    assert journal.undelivered(10) == [("c1", b"second"), ("c2", b"other")]


def test_counters_come_back(path: Path, journal: Journal) -> None:
    journal.save_counter("k", "1")
    journal.save_counter("k", "2")
    assert reopened(path).counters() == {"k": "2"}


def test_a_batch_is_one_transaction_even_if_it_is_left_by_an_error(
    path: Path, journal: Journal
) -> None:
    statements: list[str] = []
    journal._database.set_trace_callback(statements.append)

    def fail_within() -> None:
        with journal.batch():
            journal.save("c1", b"one")
            journal.finish("c2", b"record")
            assert journal.calls() == [("c1", b"one")]
            assert reopened(path).calls() == []
            _ = 1 / 0

    with pytest.raises(ZeroDivisionError):
        fail_within()
    assert [text for text in statements if text in ("begin immediate", "commit")] == [
        "begin immediate",
        "commit",
    ]
    assert reopened(path).calls() == [("c1", b"one")]


def test_a_save_writes_itself_and_nothing_else(journal: Journal) -> None:
    journal.save("c1", b"one")
    journal.finish("c2", b"record")
    statements: list[str] = []
    journal._database.set_trace_callback(statements.append)
    journal.save("c3", b"three")
    [statement] = statements
    assert "c3" in statement


def test_a_full_disk_is_an_alarm_and_calls_go_on(
    path: Path, journal: Journal, clock: Clock
) -> None:
    journal.save("c1", b"old")
    limit_to_size(journal)
    big = b"x" * 50_000
    journal.save("c1", big)
    journal.finish("c2", big)
    assert "full" in journal.fault
    assert dict(journal.calls()) == {"c1": big}
    assert journal.undelivered(10) == [("c2", big)]
    assert reopened(path).calls() == [("c1", b"old")]

    lift_limit(journal)
    journal.save("c3", b"three")
    assert journal.fault != "", "the disk is left alone for a while"
    clock.now += RETRY_SECONDS
    journal.save("c3", b"four")
    assert journal.fault == ""
    assert sorted(reopened(path).calls()) == [("c1", big), ("c3", b"four")]
    assert reopened(path).undelivered(10) == [("c2", big)]


def test_what_waits_for_a_full_disk_is_bounded(path: Path, clock: Clock) -> None:
    journal = Journal(path, clock=clock, memory=100_000)
    limit_to_size(journal)
    for number in range(10):
        journal.save(f"c{number}", b"i" * 20_000)
    journal.finish("r", b"r" * 20_000)
    assert journal.undelivered(1)[0][0] == "r", "records outlive images"
    assert [call_id for call_id, _ in journal.calls()] == ["c6", "c7", "c8", "c9"]
    assert journal.lost == 6
    journal.delivered(["r"])
    assert journal.undelivered(1) == []
    journal.close()


def test_a_real_full_disk(path: Path, clock: Clock) -> None:
    """The kernel refuses to let the log grow: ENOSPC's sibling EFBIG."""
    journal = Journal(path, clock=clock)
    journal.save("c1", b"one")
    size = Path(f"{path}-wal").stat().st_size
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 10_000, hard))
    try:
        journal.save("c2", b"x" * 100_000)
        assert journal.fault != ""
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, ignored)
    clock.now += RETRY_SECONDS
    journal.save("c3", b"three")
    assert journal.fault == ""
    assert [call_id for call_id, _ in reopened(path).calls()] == ["c1", "c2", "c3"]
    journal.close()


@pytest.mark.parametrize(
    "damage", [b"this is no database", b"SQLite format 3\0" + b"\xff" * 5000]
)
def test_a_damaged_file_is_put_aside(path: Path, clock: Clock, damage: bytes) -> None:
    path.write_bytes(damage)
    journal = Journal(path, clock=clock)
    assert journal.damaged == path.with_name("journal.sqlite.damaged-1")
    assert journal.damaged.read_bytes() == damage
    journal.save("c1", b"one")
    assert journal.calls() == [("c1", b"one")]
    journal.close()


def test_only_we_may_read_it(path: Path, journal: Journal) -> None:
    journal.save("c1", b"one")
    for file in path.parent.iterdir():
        assert file.stat().st_mode & 0o077 == 0, file


def test_a_checkpoint_empties_the_log_into_the_file(path: Path, journal: Journal) -> None:
    journal.save("c1", b"x" * 100_000)
    before = path.stat().st_size
    journal.checkpoint()
    assert path.stat().st_size > before + 90_000
    database = sqlite3.connect(path)
    assert database.execute("select length(image) from call").fetchone() == (100_000,)
    database.close()


WRITER = """
import sys, time
from pathlib import Path
from b2bua.store.journal import Journal
journal = Journal(Path(sys.argv[1]), clock=time.monotonic)
number = 0
while True:
    number += 1
    with journal.batch():
        journal.save("c", str(number).encode())
        journal.finish(f"r{number}", b"record")
    print(number, flush=True)
"""


def test_kill_9_loses_nothing_that_was_said_to_be_saved(path: Path) -> None:
    root = Path(__file__).parents[2]
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(root)},
        text=True,
    ) as writer:
        assert writer.stdout is not None
        lines = [writer.stdout.readline() for _ in range(200)]
        writer.kill()
        lines += writer.stdout.read().splitlines()
    said = int(lines[-1])
    journal = reopened(path)
    [(_, image)] = journal.calls()
    assert int(image) in (said, said + 1)
    assert journal.waiting() == int(image)
    journal.close()


OPERATIONS = st.lists(
    st.one_of(
        st.tuples(st.just("save"), st.sampled_from("abc"), st.binary(max_size=3)),
        st.tuples(st.just("finish"), st.sampled_from("abc"), st.binary(max_size=3)),
        st.tuples(st.just("delivered"), st.sampled_from("abc"), st.just(b"")),
        st.tuples(st.sampled_from(["full", "free", "reopen"]), st.just(""), st.just(b"")),
    ),
    max_size=25,
)


@settings(max_examples=50, deadline=None)
@given(operations=OPERATIONS)
def test_it_says_the_same_on_a_full_disk_as_on_an_empty_one(
    tmp_path_factory: pytest.TempPathFactory, operations: list[tuple[str, str, bytes]]
) -> None:
    path = tmp_path_factory.mktemp("journal") / "j"
    clock = Clock()
    journal = Journal(path, clock=clock)
    calls: dict[str, bytes] = {}
    records: dict[str, bytes] = {}
    for what, call_id, data in operations:
        clock.now += RETRY_SECONDS
        match what:
            case "save":
                journal.save(call_id, data)
                calls[call_id] = data
            case "finish":
                journal.finish(call_id, data)
                calls.pop(call_id, None)
                records[call_id] = data
            case "delivered":
                journal.delivered([call_id])
                records.pop(call_id, None)
            case "full":
                limit_to_size(journal)
                journal._database.execute("pragma query_only = on").fetchall()
            case "free":
                journal._database.execute("pragma query_only = off").fetchall()
                lift_limit(journal)
            case _:
                journal._database.execute("pragma query_only = off").fetchall()
                lift_limit(journal)
                clock.now += RETRY_SECONDS
                journal.close()
                journal = Journal(path, clock=clock)
        assert dict(journal.calls()) == calls
        assert dict(journal.undelivered(10)) == records
        assert journal.waiting() == len(records)
    journal.close()
