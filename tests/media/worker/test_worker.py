"""The real process with the compiled engine: real sockets, real packets."""

import asyncio
import os
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import soundfile  # type: ignore[import-untyped]

from media.audio.wav import file_of
from media.control.messages import (
    Adopt,
    Adopted,
    Close,
    Closed,
    CloseSession,
    Expired,
    Extend,
    FellSilent,
    FromPort,
    FromPrompts,
    FromSilence,
    Heard,
    Open,
    OpenFailed,
    Played,
    Pressed,
    Record,
    Recorded,
    Refused,
    SendDigits,
    StopRecording,
)
from tests.media.worker.running import (
    Control,
    FarEnd,
    Worker,
    start_in_vain,
    strength,
    tone,
    worker,
)

PORTS = "--ports=23000-23099"


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Worker]:
    prompts = tmp_path / "prompts" / "tones"
    prompts.mkdir(parents=True)
    (prompts / "high.wav").write_bytes(file_of(tone(tmp_path, 1000, 0.4)))
    (prompts / "low.wav").write_bytes(file_of(tone(tmp_path, 500, 0.4)))
    async with worker(
        tmp_path / "media.sock",
        PORTS,
        f"--prompts={prompts.parent}",
        "--silence-after=0.5",
        "--quarantine=0.1",
    ) as started:
        yield started


@pytest.fixture
async def control(running: Worker) -> AsyncIterator[Control]:
    control = await Control.of(running.path)
    yield control
    control.close()


@pytest.fixture
async def call(control: Control) -> AsyncIterator[tuple[FarEnd, FarEnd]]:
    """Caller and called, connected to the ports of the session ``s``."""
    ends = await FarEnd.at(), await FarEnd.at("127.0.0.2")
    for end, name in zip(ends, ("caller", "called"), strict=True):
        end.connect(control, "s", await control.open("s", name))
    yield ends
    for end in ends:
        end.close()


Call = tuple[FarEnd, FarEnd]


async def test_the_socket_is_ours_alone(running: Worker) -> None:
    assert stat.S_IMODE(running.path.stat().st_mode) == 0o600


async def test_ports_are_a_pair_in_the_range(control: Control) -> None:
    opened = await control.open("s", "caller")
    assert opened.address == "127.0.0.1"
    assert opened.rtp_port % 2 == 0
    assert 23000 <= opened.rtp_port < opened.rtcp_port <= 23099
    assert opened.rtcp_port == opened.rtp_port + 1


async def test_audio_passes_both_ways(control: Control, call: Call, tmp_path: Path) -> None:
    caller, called = call
    control.feed("s", "caller", FromPort("called"))
    control.feed("s", "called", FromPort("caller"))
    await asyncio.gather(
        caller.speak(tone(tmp_path, 700, 0.6)), called.speak(tone(tmp_path, 1300, 0.6))
    )
    by_called = await called.listen(lambda audio: len(audio) >= 3200)
    by_caller = await caller.listen(lambda audio: len(audio) >= 3200)
    assert strength(tmp_path, by_called[-2400:], 700) > 0.9
    assert strength(tmp_path, by_caller[-2400:], 1300) > 0.9
    assert {(await control.hear(Heard)).port for _ in call} == {"caller", "called"}


async def test_prompts_are_heard_one_after_the_other_and_their_end_is_told(
    control: Control, call: Call, tmp_path: Path
) -> None:
    caller, _ = call
    both = FromPrompts(prompts=("tones/high", "tones/low"), token="greeting")
    control.feed("s", "caller", both)
    ended = await control.hear(Played)
    assert (ended.token, ended.completed) == ("greeting", True)
    audio = await caller.listen(lambda heard: len(heard) >= 6000)
    assert strength(tmp_path, audio[400:2800], 1000) > 0.9
    assert strength(tmp_path, audio[3600:6000], 500) > 0.9


async def test_repeated_prompts_go_on_until_replaced(control: Control, call: Call) -> None:
    caller, _ = call
    again = FromPrompts(prompts=("tones/high",), token="ring", repeat=True)
    control.feed("s", "caller", again)
    await caller.listen(lambda heard: len(heard) > 2 * 3200)
    control.feed("s", "caller", FromSilence())
    ended = await control.hear(Played)
    assert (ended.token, ended.completed) == ("ring", False)


async def test_a_prompt_that_changed_on_disk_is_heard_as_it_is_now(
    control: Control, call: Call, tmp_path: Path
) -> None:
    caller, _ = call
    control.feed("s", "caller", FromPrompts(prompts=("tones/low",), token="1"))
    await control.hear(Played)
    (tmp_path / "prompts/tones/low.wav").write_bytes(file_of(tone(tmp_path, 2000, 0.5)))
    caller.heard.clear()
    control.feed("s", "caller", FromPrompts(prompts=("tones/low",), token="2"))
    await control.hear(Played)
    audio = await caller.listen(lambda heard: len(heard) >= 3200)
    assert strength(tmp_path, audio[800:2800], 2000) > 0.9


@pytest.mark.parametrize("name", ["tones/none", "../media", "/etc/passwd", "a\0b", "."])
async def test_a_prompt_that_is_not_there_ends_at_once(
    control: Control, call: Call, name: str
) -> None:
    control.feed("s", "caller", FromPrompts(prompts=(name,), token="t"))
    ended = await control.hear(Played)
    assert not ended.completed
    assert ended.reason


async def test_keys_are_heard_and_pressed(control: Control, call: Call) -> None:
    caller, called = call
    caller.press(5)
    assert (await control.hear(Pressed)).digit == "5"
    control.feed("s", "called", FromSilence())
    control.send(SendDigits(session="s", port="called", digits="#"))
    assert await called.key() == 11


async def test_a_recording_has_both_directions(
    control: Control, call: Call, tmp_path: Path
) -> None:
    caller, _ = call
    path = tmp_path / "call.wav"
    control.feed("s", "caller", FromPrompts(prompts=("tones/low",), token="t", repeat=True))
    control.send(Record(session="s", port="caller", path=str(path), both=True))
    await caller.speak(tone(tmp_path, 1500, 0.6))
    control.send(StopRecording(session="s", port="caller"))
    recorded = await control.hear(Recorded)
    audio, rate = soundfile.read(path, always_2d=True)
    assert (rate, audio.shape[1]) == (8000, 2)
    assert recorded.milliseconds == pytest.approx(1000 * len(audio) / rate, abs=1)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


async def test_a_recording_that_cannot_be_made_is_refused(
    control: Control, call: Call, tmp_path: Path
) -> None:
    for path in (tmp_path / "none" / "x.wav", tmp_path, Path("/dev/null")):
        control.send(Record(session="s", port="caller", path=str(path)))
        assert str(path) in (await control.hear(Refused)).reason


async def test_a_fifo_does_not_stall_the_process(
    control: Control, call: Call, tmp_path: Path
) -> None:
    os.mkfifo(tmp_path / "pipe")
    control.send(Record(session="s", port="caller", path=str(tmp_path / "pipe")))
    assert "regular" in (await control.hear(Refused)).reason


async def test_closing_tells_what_was_carried(
    control: Control, call: Call, tmp_path: Path
) -> None:
    caller, _ = call
    await caller.speak(tone(tmp_path, 700, 0.3))
    control.send(CloseSession(session="s"))
    closed = {
        fact.port: fact.statistics for fact in [await control.hear(Closed) for _ in call]
    }
    assert closed["caller"].packets_received == 15
    assert closed["caller"].packets_lost == 0
    score = closed["caller"].mos
    assert score is not None
    assert score > 4.0
    assert closed["called"].mos is None


async def test_silence_is_told(control: Control, call: Call, tmp_path: Path) -> None:
    caller, _ = call
    await caller.speak(tone(tmp_path, 700, 0.1))
    fell = await control.hear(FellSilent, lambda fact: fact.port == "caller")
    assert fell.seconds == 0.5


async def test_ports_run_out_and_come_back(tmp_path: Path) -> None:
    path = tmp_path / "few.sock"
    async with worker(path, "--ports=23200-23203", "--quarantine=0.2") as _:
        control = await Control.of(path)
        first = await control.open("s", "a")
        await control.open("s", "b")
        control.send(Open(session="s", port="c", lifetime=9.0))
        assert "no pair" in (await control.hear(OpenFailed)).reason
        control.send(Close(session="s", port="a"))
        await control.hear(Closed)
        control.send(Open(session="s", port="c", lifetime=9.0))
        await control.hear(OpenFailed)
        await asyncio.sleep(0.25)
        assert (await control.open("s", "c")).rtp_port == first.rtp_port
        control.close()


async def test_a_session_outlives_its_control_and_is_adopted(
    running: Worker, control: Control, call: Call, tmp_path: Path
) -> None:
    caller, called = call
    control.feed("s", "called", FromPort("caller"))
    await control.open("t", "forgotten")
    await caller.speak(tone(tmp_path, 700, 0.1))
    control.close()
    called.heard.clear()
    await caller.speak(tone(tmp_path, 700, 0.4))
    audio = await called.listen(lambda heard: len(heard) >= 1600)
    assert strength(tmp_path, audio, 700) > 0.9
    restarted = await Control.of(running.path)
    restarted.send(Adopt(("s", "never")))
    assert (await restarted.hear(Adopted)).sessions == {"s": ("caller", "called")}
    caller.press(7)
    assert (await restarted.hear(Pressed)).digit == "7"
    restarted.send(CloseSession(session="t"))
    assert (await restarted.hear(Refused)).reason == "unknown session"
    restarted.close()


async def test_a_session_expires_unless_extended(control: Control) -> None:
    await control.open("s", "a", lifetime=0.3)
    control.send(Extend(session="s", lifetime=0.6))
    loop = asyncio.get_running_loop()
    began = loop.time()
    await control.hear(Closed)
    await control.hear(Expired)
    assert 0.5 < loop.time() - began < 5.0


async def test_rubbish_costs_its_sender_the_connection_and_nobody_else(
    running: Worker, control: Control
) -> None:
    reader, writer = await asyncio.open_unix_connection(str(running.path))
    writer.write(b"\xff" * 100)
    assert await asyncio.wait_for(reader.read(), 5.0) == b""
    writer.close()
    await writer.wait_closed()
    await control.open("s", "a")


async def test_ports_are_lent_in_the_ip_version_that_is_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "both.sock"
    told = ("--address", "::1", "127.0.0.7", "--advertise", "192.0.2.7")
    async with worker(path, PORTS, *told):
        control = await Control.of(path)
        lent = [
            await control.open("s", f"v{family}", family=family) for family in (0, 4, 6)
        ]
        assert [one.address for one in lent] == ["::1", "192.0.2.7", "::1"]
        control.close()


async def test_who_has_no_address_of_an_ip_version_lends_what_there_is(
    control: Control,
) -> None:
    assert (await control.open("s", "a", family=6)).address == "127.0.0.1"


async def test_sigterm_closes_everything_and_says_so(
    running: Worker, control: Control
) -> None:
    await control.open("s", "a")
    assert await running.end() == 0
    await control.hear(Closed)
    assert await asyncio.wait_for(control.lost, 5.0) == ""
    assert not running.path.exists()


async def test_it_ends_by_itself_when_nobody_needs_it(tmp_path: Path) -> None:
    path = tmp_path / "idle.sock"
    async with worker(path, PORTS, "--idle-exit=0.5") as started:
        control = await Control.of(path)
        await control.open("s", "a", lifetime=0.8)
        control.close()
        await asyncio.sleep(0.6)
        assert started.process.returncode is None
        assert await asyncio.wait_for(started.process.wait(), 10.0) == 0


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        (["--address=0.0.0.0"], b"needs --advertise"),
        (["--address=localhost"], b"no IP address"),
        (["--address", "::1", "127.0.0.1", "::2"], b"--address: ::2 is the second of IPv6"),
        (["--address", "127.0.0.1", "::", "--advertise", "127.0.0.1"], b"needs --adv"),
        (["--prompts=/nowhere"], b"no such directory"),
        (["--ports=30000-20000"], b"no range of ports"),
        (["--ports=20000"], b"FIRST-LAST"),
    ],
)
async def test_misuse_is_told_in_a_line(
    tmp_path: Path, options: list[str], fault: bytes
) -> None:
    status, told = await start_in_vain(tmp_path / "media.sock", *options)
    assert (status, fault in told) == (2, True)


async def test_a_second_process_does_not_take_a_socket_that_is_served(
    running: Worker, control: Control
) -> None:
    status, told = await start_in_vain(running.path)
    assert (status, b"another process answers" in told) == (1, True)
    await control.open("s", "a")


async def test_the_socket_of_a_dead_process_is_taken_over(
    running: Worker,
) -> None:
    running.process.kill()
    await running.process.wait()
    assert running.path.exists()
    async with worker(running.path, PORTS):
        (await Control.of(running.path)).close()
