"""Calls over IPv6 alone: signalling by UDP and TCP, audio both ways."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from b2bua.service.record import Outcome
from tests.support.node import Node, until
from tests.support.tones import samples_of, seconds_of_tone

pytestmark = pytest.mark.wire

HOST = "127.40.0.6"
"""Of the metrics; all else is at ::1."""
NUMBER, TONE = "4008600001", 700
SETTINGS = """\
[sip]
listen = ["udp:[::1]:5460", "tcp:[::1]:5460"]
[media]
ports = "21500-21599"
threads = 1
[[trunk]]
name = "callers"
from = ["::1/128"]
trusted = true
[[trunk]]
name = "desk"
to = "sip:[::1]:5480"
"""
PLAN = f"""\
number: '{NUMBER}'
announcements: none
destinations:
  desk: {{number: '02088886001', trunk: desk, ring: 10}}
routes: [{{name: all, to: desk}}]
"""


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    with ExitStack() as stack:
        node = Node(tmp_path_factory.mktemp("six"), HOST, SETTINGS)
        (node.seed / "plan.yaml").write_text(PLAN)
        stack.callback(node.stop)
        node.start()
        desk = node.begin("answer", "--listen=[::1]:5480", f"--tone={TONE}", "--after=0.2")
        stack.callback(desk.communicate)
        stack.callback(desk.terminate)
        assert desk.stdout is not None
        until(desk.stdout.readline, why="the desk answers calls")
        yield node


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_a_call_over_ipv6(node: Node, transport: str) -> None:
    heard = node.directory / f"{transport}.wav"
    before = len(node.records(NUMBER))
    uri = f"sip:{NUMBER}@[::1]:5460;transport={transport}"
    called = node.run("dial", uri, "--seconds=1.5", f"--record={heard}")
    assert called.returncode == 0, called.stdout + called.stderr
    assert seconds_of_tone(samples_of(heard), TONE) > 1.0
    until(lambda: len(node.records(NUMBER)) > before, why="its record")
    record = node.records(NUMBER)[0]
    assert record.outcome is Outcome.ANSWERED
    assert {one.leg for one in record.quality} == {"caller", "desk"}
    assert all(one.packets_received > 50 for one in record.quality)
