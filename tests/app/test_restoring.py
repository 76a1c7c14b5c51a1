"""What a node makes of a journal that it cannot read."""

from pathlib import Path

import pytest

from b2bua.app.node import Node
from b2bua.app.places import Places
from b2bua.app.storage import storage_of
from b2bua.config.settings import Media, Metrics, Settings, Sip, Trunk
from b2bua.service.record import Outcome
from b2bua.store.encoding import decode_record
from b2bua.store.journal import Journal
from b2bua.store.pool import Database

NOWHERE = "postgresql://b2bua@/b2bua?host=/nonexistent"


def settings(data_dir: Path) -> Settings:
    return Settings(
        data_dir=str(data_dir),
        sip=Sip(listen=("udp:127.0.75.1:5060",)),
        media=Media(ports="31000-31099"),
        metrics=Metrics(listen=""),
        trunk=(Trunk(name="a", to="sip:127.0.75.2"),),
    )


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    places = Places(tmp_path)
    places.make()
    places.snapshot.write_text(
        '{"plans": [], "tariffs": {}, "calendar": {"holidays": [], "workdays": [],'
        ' "years": []}}'
    )
    return tmp_path


async def test_an_unreadable_call_has_its_record_and_the_node_serves(
    data_dir: Path,
) -> None:
    journal = Journal(Places(data_dir).journal, clock=lambda: 0.0)
    journal.save("20260101-bad", b"not an image")
    journal.close()
    database = Database(NOWHERE)
    await database.open()
    node = Node(settings(data_dir), storage_of(database))
    await node.start()  # with neither PostgreSQL nor a media process
    await node.stop()
    await database.close()
    journal = Journal(Places(data_dir).journal, clock=lambda: 0.0)
    assert journal.calls() == []
    [(name, record)] = journal.undelivered(9)
    journal.close()
    assert name == "20260101-bad"
    assert decode_record(record).outcome is Outcome.FAILED
