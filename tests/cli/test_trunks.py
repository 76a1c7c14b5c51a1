"""``b2bua trunks`` and ``b2bua phone``: what they say, and with which status."""

import json
from datetime import UTC, datetime

from b2bua.app.storage import Storage
from b2bua.store.trunks import TrunkStatus
from tests.cli.conftest import Shell

SINCE = datetime(2026, 3, 31, 12, 0, tzinfo=UTC)
UP = TrunkStatus(
    node="n1", trunk="unicom", address="udp:127.0.73.2:5060", state="up", since=SINCE
)
DOWN = TrunkStatus(
    node="n1",
    trunk="unicom",
    address="udp:127.0.73.3:5060",
    state="down",
    since=SINCE,
    detail="no answer to OPTIONS",
    calls=1,
)


def announce(shell: Shell, *rows: TrunkStatus) -> None:
    async def tell(storage: Storage) -> None:
        await storage.trunks.announce("n1", rows)

    shell.ask(tell)


PHONES = '[phones]\nfrom = ["127.0.73.0/24"]\n'


def test_what_each_node_told_of_its_trunks(shell: Shell) -> None:
    announce(shell, UP)
    said = shell.run("trunks")
    assert "unicom       udp:127.0.73.2:5060" in said
    announce(shell, UP, DOWN)
    first, second = map(json.loads, shell.run("trunks", "--json", status=1).splitlines())
    assert (first["state"], second["state"]) == ("up", "down")
    assert (second["calls"], second["detail"]) == (1, "no answer to OPTIONS")
    found = shell.run("doctor", status=1)
    assert "BAD  trunk unicom on n1: udp:127.0.73.3:5060 takes no calls" in found
    announce(shell)


def test_phones_come_and_go(shell: Shell) -> None:
    add = ("phone", "add", "801", "--stdin", "--name", "前台")
    assert "phones.from: empty" in shell.run(*add, given="correct horse", status=1)
    shell.config.write_text(shell.config.read_text() + PHONES)
    said = shell.run(*add, given="correct horse")
    assert "801: added, realm b2bua" in said
    assert "correct" not in said
    assert "801      house      前台" in shell.run("phone", "list")
    shell.run("phone", "remove", "801")
    assert "there is no phone 801" in shell.run("phone", "remove", "801", status=1)


def test_a_plan_may_ring_a_phone_that_registers(shell: Shell) -> None:
    plan = (
        'number: "4006001299"\ndestinations:\n'
        '  desk: {number: "801", trunk: phones}\nroutes:\n  - {name: all, to: desk}\n'
    )
    shell.config.write_text(shell.config.read_text() + PHONES)
    shell.run("phone", "add", "801", "--stdin", given="correct horse")
    shell.run("apply", shell.file("desk.yaml", plan))
    said = shell.run("explain", "4006001299", "--from", "13800138000", "--json")
    assert json.loads(said)["destinations"] == ["desk"]
