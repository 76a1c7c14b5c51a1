"""Nodes speak, complain, fall silent and say goodbye."""

from dataclasses import replace
from datetime import UTC, datetime

from b2bua.store.nodes import Alarm, Beat, Complaint, Nodes
from b2bua.store.pool import Database
from b2bua.store.trunks import TrunkBoard, TrunkStatus

BEAT = Beat(
    name="n1",
    started_at=datetime(2026, 3, 31, tzinfo=UTC),
    state="serving",
    version="1",
    calls=3,
    waiting=0,
)
DISK = Alarm(kind=Complaint.DISK, subject="/var", detail="1 MB left")


async def told(nodes: Nodes) -> list[tuple[str, Complaint, str, str]]:
    found = await nodes.alarms()
    return [(one.node, one.kind, one.subject, one.detail) for one in found]


async def test_an_alarm_stands_until_it_is_told_no_more(database: Database) -> None:
    nodes = Nodes(database)
    await nodes.tell(BEAT, [DISK, Alarm(kind=Complaint.LAG)])
    since = [one.since for one in await nodes.alarms()]
    await nodes.tell(replace(BEAT, calls=4), [replace(DISK, detail="none left")])
    assert await told(nodes) == [("n1", Complaint.DISK, "/var", "none left")]
    assert (await nodes.alarms())[0].since == since[0], "it is the same alarm"
    assert [(one.name, one.calls, one.silent) for one in await nodes.all()] == [
        ("n1", 4, False)
    ]
    await nodes.tell(BEAT, [])
    assert await told(nodes) == []


async def test_who_is_silent_is_an_alarm_and_who_says_goodbye_is_none(
    database: Database,
) -> None:
    nodes = Nodes(database)
    await nodes.tell(BEAT, [])
    async with database.connection() as connection:
        await connection.execute("update node set seen_at = now() - interval '1 minute'")
    assert await told(nodes) == [("n1", Complaint.NODE, "", "")]
    assert (await nodes.all())[0].silent
    await nodes.farewell("n1")
    assert await told(nodes) == []
    assert await nodes.all() == []


async def test_a_way_that_is_down_is_an_alarm(database: Database) -> None:
    status = TrunkStatus(
        node="n1",
        trunk="unicom",
        address="udp:192.0.2.1:5060",
        state="down",
        since=datetime(2026, 3, 31, tzinfo=UTC),
        detail="no answer",
    )
    await TrunkBoard(database).announce("n1", [status])
    assert await told(Nodes(database)) == [
        ("n1", Complaint.TRUNK, "unicom", "udp:192.0.2.1:5060 no answer")
    ]
    await TrunkBoard(database).announce("n1", [replace(status, state="up")])
    assert await told(Nodes(database)) == []
