"""A trunk with two addresses at one of which nobody is, on a node that probes both."""

import json
from collections.abc import Iterator

import pytest

from b2bua.service.record import Outcome
from tests.support.node import Node, until

pytestmark = pytest.mark.wire

HOST, DEAD, ALIVE = "127.40.0.8", "127.40.8.1:5070", "127.40.8.2:5070"
NUMBER = "4008400085"
SETTINGS = f"""
[sip]
listen = ["udp:{HOST}:5060"]
[media]
ports = "24100-24199"
[[trunk]]
name = "callers"
from = ["127.0.0.0/8"]
[[trunk]]
name = "carrier"
to = ["sip:{DEAD}", "sip:{ALIVE}"]
[trunk.health]
probe = 0.5
losses = 2
pause = 0.5
gains = 1
[trunk.rewrite]
called_out = [{{match = "0*", strip = 1, prepend = "+86"}}]
"""
PLAN = f"""
number: "{NUMBER}"
destinations:
  desk: {{number: "02088886085", trunk: carrier}}
routes:
  - {{name: all, to: desk}}
"""


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    node = Node(tmp_path_factory.mktemp("trunks"), HOST, SETTINGS)
    (node.seed / "desk.yaml").write_text(PLAN)
    try:
        node.start()
        yield node
    finally:
        node.stop()


def up(node: Node, address: str) -> float:
    return node.metric(f'b2bua_trunk_up{{address="udp:{address}",trunk="carrier"}}')


def test_calls_go_where_somebody_is(serving: Node) -> None:
    until(lambda: up(serving, DEAD) == 0.0, why="the dead address is found out")
    desk = serving.begin("answer", "--listen", ALIVE, "--calls", "0")
    try:
        until(lambda: up(serving, ALIVE) == 1.0, why="the other answers probes")
        dialled = serving.run("dial", f"sip:{NUMBER}@{HOST}", "--seconds", "1")
        assert dialled.returncode == 0, dialled.stdout + dialled.stderr
        record = serving.record(NUMBER)
        assert record.outcome is Outcome.ANSWERED
        sent = [line.line for line in record.ladder if line.leg == "desk" and line.sent]
        assert sent[0].startswith(f"INVITE sip:+862088886085@{ALIVE} ")
        told = serving.run("trunks", "--json")
        rows = {row["address"]: row for row in map(json.loads, told.stdout.splitlines())}
        assert rows[f"udp:{DEAD}"]["state"] == "down"
        assert rows[f"udp:{ALIVE}"]["state"] == "up"
        assert told.returncode == 1
    finally:
        desk.terminate()
        desk.communicate()
    until(lambda: up(serving, ALIVE) == 0.0, why="who left is found out too")
    assert serving.faults() == []
