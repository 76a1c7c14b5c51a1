"""Calls over IPv6, IPv4 and between the two, with control killed in the middle of some."""

import os
import signal
import wave
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from b2bua.service.record import Outcome
from tests.support.node import Node, until
from tests.support.tones import samples_of, seconds_of_tone, sine

pytestmark = pytest.mark.wire

HOST = "127.40.0.6"
"""What of the node is IPv4."""
TO_SIX, TO_FOUR = "4008600001", "4008600002"
TONES = {TO_SIX: 700, TO_FOUR: 500}
CALLER_TONE = 1100
SETTINGS = f"""\
[sip]
listen = ["udp:[::1]:5460", "tcp:[::1]:5460", "udp:{HOST}:5460"]
[media]
ports = "21500-21599"
threads = 1
[[trunk]]
name = "callers"
from = ["::1/128", "127.0.0.0/8"]
trusted = true
[[trunk]]
name = "six"
to = "sip:[::1]:5480"
[[trunk]]
name = "four"
to = "sip:{HOST}:5480"
"""
PLAN = """\
number: '{number}'
announcements: none
destinations:
  desk: {{number: '02088886001', trunk: {trunk}, ring: 10}}
routes: [{{name: all, to: desk}}]
"""


@dataclass(slots=True)
class Place:
    """A node with a desk of each IP version."""

    node: Node
    voice: Path

    def seconds_at_desk(self, number: str) -> float:
        """For how long the desk of that number heard its last caller."""
        files = self.node.directory.glob(f"{number}*.wav")
        last = max(files, key=lambda file: file.stat().st_mtime)
        return seconds_of_tone(samples_of(last), CALLER_TONE)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with ExitStack() as stack:
        directory = tmp_path_factory.mktemp("mixed")
        node = Node(directory, HOST, SETTINGS)
        place = Place(node, directory / "voice.wav")
        _write(place.voice, sine(CALLER_TONE, 12.0))
        for number, trunk in ((TO_SIX, "six"), (TO_FOUR, "four")):
            text = PLAN.format(number=number, trunk=trunk)
            (node.seed / f"{trunk}.yaml").write_text(text)
        stack.callback(node.stop)
        node.start()
        for number, host in ((TO_SIX, "[::1]"), (TO_FOUR, HOST)):
            desk = node.begin(
                *("answer", f"--listen={host}:5480", f"--tone={TONES[number]}"),
                *("--after=0.2", f"--record={directory / number}.wav"),
            )
            stack.callback(desk.communicate)
            stack.callback(desk.terminate)
            assert desk.stdout is not None
            until(desk.stdout.readline, why="the desk answers calls")
        yield place


def _write(path: Path, samples: bytes) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(samples)


@pytest.mark.parametrize(
    ("host", "transport", "number"),
    [
        ("[::1]", "udp", TO_SIX),
        ("[::1]", "tcp", TO_FOUR),
        (HOST, "udp", TO_SIX),
    ],
    ids=["six to six", "six to four", "four to six"],
)
def test_audio_passes_both_ways(
    place: Place, host: str, transport: str, number: str
) -> None:
    node, heard = place.node, place.node.directory / "heard.wav"
    before = len(node.records(number))
    called = node.run(
        *("dial", f"sip:{number}@{host}:5460;transport={transport}", "--seconds=1.5"),
        *(f"--record={heard}", f"--send={place.voice}"),
    )
    assert called.returncode == 0, called.stdout + called.stderr
    assert seconds_of_tone(samples_of(heard), TONES[number]) > 1.0
    until(lambda: len(node.records(number)) > before, why="its record")
    record = node.records(number)[0]
    assert record.outcome is Outcome.ANSWERED
    assert {one.leg for one in record.quality} == {"caller", "desk"}
    assert all(one.packets_received > 50 for one in record.quality)
    assert place.seconds_at_desk(number) > 1.0


def test_control_is_killed_in_the_middle(place: Place) -> None:
    """Both legs are taken back, each in its own IP version, and audio never stopped."""
    node, heard = place.node, place.node.directory / "killed.wav"
    before = len(node.records(TO_FOUR))
    dialling = node.begin(
        *("dial", f"sip:{TO_FOUR}@[::1]:5460", "--seconds=6"),
        *(f"--record={heard}", f"--send={place.voice}"),
    )
    until(lambda: any(one["state"] == "talking" for one in node.live()), 30.0)
    died = node.control()
    os.kill(died, signal.SIGKILL)
    until(lambda: node.control() != died and node.ready(), 30.0, why="control is back")
    said, _ = dialling.communicate(timeout=30)
    assert dialling.returncode == 0, said
    until(lambda: len(node.records(TO_FOUR)) > before, why="its record")
    record = node.records(TO_FOUR)[0]
    assert (record.outcome, record.end_reason) == (Outcome.ANSWERED, "caller hung up")
    assert record.talk_ms > 5000
    assert all(one.packets_received > 250 for one in record.quality)
    assert seconds_of_tone(samples_of(heard), TONES[TO_FOUR]) > 5.0
    assert place.seconds_at_desk(TO_FOUR) > 5.0
