"""The driver with an engine that fails on purpose."""

import asyncio
import errno
import os
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest

from media.audio.prompts import Prompts
from media.control.messages import (
    Adopt,
    Adopted,
    Closed,
    Connect,
    Counted,
    Expired,
    Fact,
    Open,
    Opened,
    OpenFailed,
    Record,
    Refused,
    Remote,
    SendDigits,
)
from media.engine.plan import Event, Heard, PortPlan, PortStatistics, Pressed
from media.session.process import Policy
from media.session.sessions import Sessions
from media.worker.ports import PortPairs
from media.worker.process import Means, MediaProcess, Place

ADDRESS = "127.0.0.4"


class FailingEngine:
    """Holds descriptors; fails where it is told to."""

    def __init__(self) -> None:
        self.fails: set[str] = set()
        self.sockets: dict[int, tuple[int, int]] = {}
        self.heard: list[Event] = []
        self.full = False
        self.recordings_failed = self.events_lost = 0
        self._readable, self._wakes = os.pipe2(os.O_NONBLOCK)

    def _may_fail(self, act: str) -> None:
        if act in self.fails:
            raise RuntimeError(f"no {act} today")

    def say(self, event: Event) -> None:
        self.heard.append(event)
        os.write(self._wakes, b"!")

    def open(self, rtp_fd: int, rtcp_fd: int, *_: int) -> int:
        self._may_fail("open")
        number = next(n for n in range(100) if n not in self.sockets)
        self.sockets[number] = (rtp_fd, rtcp_fd)
        return number

    def arrange(self, port: int, plan: PortPlan) -> None:
        self._may_fail("arrange")

    def send_digits(self, port: int, digits: str) -> None:
        if self.full:
            raise ValueError("more than 64 would wait")

    def record(self, port: int, fd: int, both: bool) -> None:
        if self.full:
            raise OSError(errno.ENOSPC, "No space left on device")
        self._may_fail("record")
        os.close(fd)

    def stop_recording(self, port: int) -> tuple[int, int]:
        return 0, 0

    def load(self, samples: bytes) -> int:
        return 1

    def unload(self, prompt: int) -> None:
        pass

    def statistics(self, port: int) -> PortStatistics:
        return PortStatistics()

    def close(self, port: int) -> PortStatistics:
        for descriptor in self.sockets.pop(port):
            os.close(descriptor)
        self._may_fail("close")
        return PortStatistics()

    def fail(self, *, recordings: int = 0, events: int = 0) -> None:
        self.recordings_failed += recordings
        self.events_lost += events
        os.write(self._wakes, b"!")

    def fileno(self) -> int:
        return self._readable

    def events(self) -> list[Event]:
        with suppress(BlockingIOError):
            os.read(self._readable, 4096)
        heard, self.heard = self.heard, []
        return heard

    def stop(self) -> None:
        os.close(self._readable)
        os.close(self._wakes)
        assert self.sockets == {}


class Floor:
    """A process in this process."""

    def __init__(self) -> None:
        self.engine = FailingEngine()
        self.said: list[tuple[int, Fact]] = []
        self.incidents: list[str] = []
        self.idle = False
        means = Means(
            engine=self.engine,
            places=(
                Place(
                    family=4,
                    pairs=PortPairs(ADDRESS, range(23500, 23520), quarantine=0.0),
                    advertise="192.0.2.9",
                ),
            ),
            prompts=Prompts([], self.engine.load, self.engine.unload),
            say=lambda client, fact: self.said.append((client, fact)),
            log=lambda incident, **_: self.incidents.append(incident),
            idle=self._note_idle,
        )
        self.process = MediaProcess(Sessions(Policy()), means)
        self.process.start()
        self.process.connected(1)

    def _note_idle(self, idle: bool) -> None:
        self.idle = idle

    def open(self, session: str) -> None:
        order = Open(session=session, port="p", lifetime=60.0)
        self.process.received(1, order)

    def connect(self, session: str) -> None:
        far = Remote(
            address="192.0.2.1",
            rtp_port=4000,
            rtcp_port=4001,
            codec="PCMA",
            payload_type=8,
            accepts={8: "PCMA"},
        )
        self.process.received(1, Connect(session=session, port="p", remote=far))

    def facts(self) -> list[type[Fact]]:
        """What was said since the last time."""
        said, self.said = self.said, []
        return [type(fact) for _, fact in said]


@pytest.fixture
async def floor() -> AsyncIterator[Floor]:
    floor = Floor()
    yield floor
    floor.engine.fails.clear()
    floor.process.stop()


async def test_advertised_is_what_far_ends_are_told(floor: Floor) -> None:
    floor.open("s")
    ((_, opened),) = floor.said
    assert isinstance(opened, Opened)
    assert opened.address == "192.0.2.9"


async def test_a_failing_order_ends_its_session_alone(floor: Floor) -> None:
    floor.open("good")
    floor.open("bad")
    floor.facts()
    floor.engine.fails.add("arrange")
    floor.connect("bad")
    assert floor.facts() == [Closed, Expired]
    assert floor.incidents == ["order failed"]
    floor.engine.fails.clear()
    floor.connect("good")
    assert floor.facts() == []
    assert len(floor.engine.sockets) == 1


async def test_an_engine_that_opens_nothing_keeps_no_socket(floor: Floor) -> None:
    before = len(os.listdir("/proc/self/fd"))
    floor.engine.fails.add("open")
    floor.open("s")
    assert len(os.listdir("/proc/self/fd")) == before
    assert Expired in floor.facts()
    floor.engine.fails.clear()
    floor.open("s")
    assert floor.facts() == [Opened]


async def test_a_failing_close_does_not_loop(floor: Floor) -> None:
    floor.open("s")
    floor.facts()
    floor.engine.fails.add("close")
    floor.process.disconnected(1, "gone")
    floor.process.connected(2)
    floor.process.received(2, Adopt(()))
    assert floor.facts() == [Adopted]
    assert floor.idle is False


async def test_a_recording_that_fails_in_the_engine_ends_the_session(
    floor: Floor, tmp_path: Path
) -> None:
    floor.open("s")
    floor.facts()
    floor.engine.fails.add("record")
    before = len(os.listdir("/proc/self/fd"))
    path = str(tmp_path / "x.wav")
    floor.process.received(1, Record(session="s", port="p", path=path))
    assert Expired in floor.facts()
    assert len(os.listdir("/proc/self/fd")) == before - 2


async def test_a_full_disk_is_told_and_ends_nothing(floor: Floor, tmp_path: Path) -> None:
    floor.open("s")
    floor.facts()
    floor.engine.full = True
    before = len(os.listdir("/proc/self/fd"))
    path = str(tmp_path / "x.wav")
    floor.process.received(1, Record(session="s", port="p", path=path))
    why = f"{path}: No space left on device"
    assert floor.said == [
        (1, Counted(recordings_failed=1)),
        (1, Refused(session="s", port="p", reason=why)),
    ]
    assert len(os.listdir("/proc/self/fd")) == before
    assert len(floor.engine.sockets) == 1


async def test_what_no_order_answers_for_is_told_to_all(floor: Floor) -> None:
    floor.process.connected(2)
    assert floor.said == []
    floor.engine.fail(recordings=1, events=3)
    await asyncio.sleep(0.05)
    counted = Counted(recordings_failed=1, events_lost=3)
    assert sorted(floor.said) == [(1, counted), (2, counted)]
    floor.process.connected(3)
    assert floor.said[2:] == [(3, counted)]
    assert floor.incidents == ["losses"]


async def test_digits_that_do_not_fit_any_more_are_refused(floor: Floor) -> None:
    floor.open("s")
    floor.connect("s")
    floor.engine.full = True
    floor.process.received(1, SendDigits(session="s", port="p", digits="1"))
    assert floor.facts() == [Opened, Refused]


async def test_events_reach_the_owner(floor: Floor) -> None:
    floor.open("s")
    floor.facts()
    floor.engine.say(Pressed(0, "5", 80))
    await asyncio.sleep(0.05)
    assert len(floor.facts()) == 1


async def test_what_a_port_said_before_it_closed_is_not_the_next_ones(
    floor: Floor,
) -> None:
    """The engine gives a number out again; its old events may not come along."""
    floor.open("s")
    floor.connect("s")
    floor.engine.say(Heard(0))
    floor.process.disconnected(1, "")
    floor.process.connected(2)
    floor.process.received(2, Adopt(()))
    floor.process.received(2, Open(session="t", port="p", lifetime=60.0))
    floor.facts()
    await asyncio.sleep(0.05)
    assert floor.facts() == []


async def test_it_is_idle_without_client_and_session(floor: Floor) -> None:
    assert floor.idle is False
    floor.open("s")
    floor.process.disconnected(1, "")
    assert floor.idle is False
    floor.process.connected(2)
    floor.process.received(2, Adopt(()))
    floor.process.disconnected(2, "")
    assert floor.idle is True


async def test_no_ports_left_is_told_and_noted(floor: Floor) -> None:
    for number in range(11):
        floor.open(str(number))
    assert floor.facts() == [Opened] * 10 + [OpenFailed]
    assert floor.incidents == ["no ports"]


async def test_an_order_that_is_refused_ends_nothing(floor: Floor) -> None:
    floor.open("s")
    floor.process.received(1, Record(session="s", port="p", path="relative"))
    assert floor.facts() == [Opened, Refused]
