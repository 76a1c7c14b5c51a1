"""Recordings, messages and queues over the wire: who hears what, and what is kept."""

import asyncio
import resource
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import soundfile  # type: ignore[import-untyped]

from b2bua.service.record import Outcome
from b2bua.store.nodes import Complaint, Nodes
from b2bua.store.pool import Database
from b2bua.store.supervisor import EmbeddedPostgres
from tests.architecture.sources import ROOT
from tests.support.node import Node, until
from tests.support.tones import place_of, samples_of, seconds_of_tone, sine

pytestmark = pytest.mark.wire

HOST = "127.43.0.1"
PROMPTS = ROOT / "prompts" / "zh"
PLANS = """\
number: "4006000001"
destinations: {desk: {number: "02088886001", trunk: unicom}}
recording: {notice: true, legs: both}
routes: [{name: all, to: desk}]
---
number: "4006000002"
destinations: {desk: {number: "02088886001", trunk: unicom}}
announcements: none
forwarding: {voicemail: true}
routes: [{name: all, to: desk}]
---
number: "4006000003"
destinations: {desk: {number: "02088886001", trunk: unicom, concurrent: 1}}
routes: [{name: all, to: {order: [desk], queue: {max_wait: 30}}}]
---
number: "4006000004"
announcements: none
destinations:
  asked: {number: "02088886001", trunk: unicom, accept: true}
  told: {number: "02088886002", trunk: unicom, whisper: whisper}
forwarding: {no_answer: [told]}
routes: [{name: all, to: asked}]
---
number: "4006000005"
destinations: {desk: {number: "02088886001", trunk: unicom}}
survey: true
routes: [{name: all, to: desk}]
---
number: "4006000006"
destinations: {asked: {number: "02088886001", trunk: unicom, accept: true}}
routes: [{name: all, to: asked}]
---
number: "4006000007"
announcements: none
destinations: {desk: {number: "02088886001", trunk: unicom}}
recording: {notice: false, legs: both}
routes: [{name: all, to: desk}]
"""


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    """A node with one trunk and a number for each feature."""
    settings = (
        f'[sip]\nlisten = ["udp:{HOST}:5060"]\n[media]\nports = "20100-20199"\n'
        f'[[trunk]]\nname = "unicom"\nfrom = ["127.0.0.0/8"]\nto = "sip:{HOST}:5080"\n'
        'trusted = true\ncaller_id = "caller"\n'
    )
    served = Node(tmp_path_factory.mktemp("kept"), HOST, settings)
    (served.seed / "plans.yaml").write_text(PLANS, encoding="utf-8")
    served.start()
    try:
        yield served
    finally:
        served.stop()


@contextmanager
def answering(node: Node, *arguments: str) -> Iterator[None]:
    """A ``b2bua answer`` that is ready for calls."""
    process = node.begin("answer", "--listen", f"{HOST}:5080", *arguments)
    try:
        assert process.stdout is not None
        assert "answering on" in process.stdout.readline()
        yield
    finally:
        process.terminate()
        process.communicate()


@pytest.fixture
def voice(tmp_path: Path) -> Path:
    """What the caller says: 600 Hz for half a minute."""
    path = tmp_path / "voice.wav"
    soundfile.write(path, samples_from(sine(600, 30.0)), 8000)
    return path


def samples_from(data: bytes) -> object:
    import numpy as np  # noqa: PLC0415

    return np.frombuffer(data, "<i2")


def test_a_talk_is_announced_to_both_and_kept_in_two_channels(
    node: Node, voice: Path, tmp_path: Path
) -> None:
    heard, other = tmp_path / "heard.wav", tmp_path / "other.wav"
    with answering(node, "--tone", "440", "--record", str(other)):
        dialled = node.run(
            *("dial", f"sip:4006000001@{HOST}", "--send", str(voice), "--seconds", "12"),
            *("--from", "02088881234", "--record", str(heard)),
        )
    assert dialled.returncode == 0, dialled.stdout + dialled.stderr
    notice = samples_of(PROMPTS / "recording-notice.wav")
    for side in (heard, other):
        assert place_of(notice, samples_of(side))[1] > 0.9
    record = node.record("4006000001")
    file = node.data_dir / "recordings" / record.recording
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    both = samples_of(file)
    caller, destination = both[:, 0], both[:, 1]
    assert len(both) / 8 == pytest.approx(record.recording_ms, abs=40)
    assert seconds_of_tone(caller, 600) > 2.0
    assert seconds_of_tone(destination, 440) > 2.0
    assert seconds_of_tone(caller, 440) == seconds_of_tone(destination, 600) == 0.0
    assert f"recordings/{record.recording}" in node.run("call", record.id).stdout
    node.quiet()


def test_a_disk_that_is_full_costs_the_rest_of_the_recording_and_nothing_else(
    node: Node, voice: Path, tmp_path: Path
) -> None:
    heard = tmp_path / "heard.wav"
    limit = resource.RLIMIT_FSIZE
    before = resource.prlimit(media(node), limit, (32_044, resource.RLIM_INFINITY))
    try:
        with answering(node, "--tone", "440"):
            dialled = node.run(
                *("dial", f"sip:4006000007@{HOST}", "--send", str(voice), "--seconds=3"),
                *("--from", "02088881234", "--record", str(heard)),
            )
    finally:
        resource.prlimit(media(node), limit, before)
    assert dialled.returncode == 0, dialled.stdout + dialled.stderr
    assert seconds_of_tone(samples_of(heard), 440) > 2.0
    record = node.record("4006000007")
    assert (record.outcome, record.end_reason) == (Outcome.ANSWERED, "caller hung up")
    assert [step.why for step in record.trace if step.rule == "recording"] == [
        "legs: both",
        "cut short: File too large",
    ]
    assert 0 < record.recording_ms <= 1000
    kept = samples_of(node.data_dir / "recordings" / record.recording)
    assert len(kept) / 8 == pytest.approx(record.recording_ms, abs=1)
    assert node.metric("b2bua_recordings_failed") == 1
    assert "cut 1 recordings short" in node.log.read_text()
    node.quiet()


def media(node: Node) -> int:
    """Process number of the media process."""
    for place in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            words = place.read_bytes().split(b"\0")
            ours = any(str(node.data_dir).encode() in word for word in words)
            if b"media.worker.main" in words and ours:
                return int(place.parent.name)
    pytest.fail("there is no media process")


def test_a_caller_whom_nobody_answers_leaves_a_message(
    node: Node, voice: Path, tmp_path: Path
) -> None:
    heard = tmp_path / "heard.wav"
    with answering(node, "--status", "486", "--after", "0.2"):
        dialled = node.run(
            *("dial", f"sip:4006000002@{HOST}", "--send", str(voice), "--seconds", "14"),
            *("--from", "02088881234", "--record", str(heard)),
        )
    assert dialled.returncode == 0, dialled.stdout + dialled.stderr
    samples = samples_of(heard)
    assert place_of(samples_of(PROMPTS / "voicemail.wav"), samples)[1] > 0.9
    record = node.record("4006000002")
    assert (record.outcome, record.end_reason) == (Outcome.BUSY, "voicemail")
    message = samples_of(node.data_dir / "recordings" / record.voicemail)
    assert seconds_of_tone(message, 600) > 2.0
    assert record.voicemail_ms > 2000
    assert record.fee == 400
    assert "message in recordings/" in node.run("call", record.id).stdout
    node.quiet()
    assert node.faults() == []


def test_a_caller_waits_with_music_until_the_desk_is_free(
    node: Node, tmp_path: Path
) -> None:
    heard = tmp_path / "heard.wav"
    uri = f"sip:4006000003@{HOST}"
    with answering(node, "--tone", "440", "--after", "0.2"):
        first = node.begin("dial", uri, "--seconds", "9", "--from", "02088881111")
        until(lambda: node.metric("b2bua_live_calls") == 1, why="the first call")
        second = node.run(
            *("dial", uri, "--seconds", "14", "--from", "02088882222"),
            *("--record", str(heard)),
        )
        first.communicate()
    assert second.returncode == 0, second.stdout + second.stderr
    until(lambda: len(node.records("4006000003")) == 2, why="both records")
    told = {record.caller: record for record in node.records("4006000003")}
    waited = told["02088882222"]
    assert (waited.outcome, waited.destination) == (Outcome.ANSWERED, "desk")
    samples = samples_of(heard)
    assert place_of(samples_of(PROMPTS / "queue.wav"), samples)[1] > 0.9
    music = samples_of(ROOT / "prompts" / "tones" / "music.wav")[:8000]
    assert place_of(music, samples)[1] > 0.9
    assert seconds_of_tone(samples, 440) > 1.0
    node.quiet()
    assert node.faults() == []


def test_who_does_not_press_one_has_not_answered_and_a_whisper_comes_first(
    node: Node, tmp_path: Path
) -> None:
    heard, other = tmp_path / "heard.wav", tmp_path / "other.wav"
    uri = f"sip:4006000004@{HOST}"
    with answering(node, "--tone", "440", "--after", "0.2", "--record", str(other)):
        dialled = node.run(
            *("dial", uri, "--seconds", "6", "--from", "02088881234"),
            *("--record", str(heard)),
        )
    assert dialled.returncode == 0, dialled.stdout + dialled.stderr
    record = node.record("4006000004")
    assert [(a.destination, a.outcome) for a in record.attempts] == [
        ("asked", "no-answer"),
        ("told", "answered"),
    ]
    assert record.attempts[0].ring_ms > 10_000
    assert seconds_of_tone(samples_of(heard), 440) > 1.0
    told = [samples_of(path) for path in tmp_path.glob("other*.wav")]
    for prompt in ("accept", "whisper"):
        spoken = samples_of(PROMPTS / f"{prompt}.wav")
        assert max(place_of(spoken, samples)[1] for samples in told) > 0.9
        assert place_of(spoken, samples_of(heard))[1] < 0.5
    node.quiet()
    assert node.faults() == []


def test_who_presses_one_is_joined_to_the_caller(node: Node, tmp_path: Path) -> None:
    heard, other = tmp_path / "heard.wav", tmp_path / "other.wav"
    uri = f"sip:4006000006@{HOST}"
    with answering(
        node, "--tone", "440", "--after", "0.2", "--record", str(other), "--keys", "ww1"
    ):
        dialled = node.run(
            *("dial", uri, "--seconds", "5", "--from", "02088881234"),
            *("--record", str(heard)),
        )
    assert dialled.returncode == 0, dialled.stdout + dialled.stderr
    record = node.record("4006000006")
    assert (record.outcome, record.destination) == (Outcome.ANSWERED, "asked")
    assert [(a.destination, a.outcome) for a in record.attempts] == [("asked", "answered")]
    assert place_of(samples_of(PROMPTS / "accept.wav")[:8000], samples_of(other))[1] > 0.9
    assert seconds_of_tone(samples_of(heard), 440) > 1.0
    node.quiet()
    assert node.faults() == []


def test_after_the_talk_the_caller_is_asked_and_a_key_is_kept(
    node: Node, tmp_path: Path
) -> None:
    heard = tmp_path / "heard.wav"
    uri = f"sip:4006000005@{HOST}"
    with answering(node, "--tone", "440", "--after", "0.2", "--seconds", "2"):
        dialled = node.run(
            *("dial", uri, "--seconds", "20", "--from", "02088881234"),
            *("--keys", "wwww4", "--record", str(heard)),
        )
    assert dialled.returncode == 0, dialled.stdout + dialled.stderr
    record = node.record("4006000005")
    assert (record.survey, record.end_reason) == ("4", "destination hung up")
    assert record.charged_ms > record.talk_ms > 1500
    assert place_of(samples_of(PROMPTS / "thanks.wav"), samples_of(heard))[1] > 0.9
    assert "survey 4" in node.run("call", record.id).stdout
    node.quiet()
    assert node.faults() == []


def test_operators_hear_of_a_recording_that_failed(node: Node) -> None:
    async def alarms() -> list[Complaint]:
        database = Database(EmbeddedPostgres(node.data_dir).dsn)
        await database.open()
        try:
            return [alarm.kind for alarm in await Nodes(database).alarms()]
        finally:
            await database.close()

    until(lambda: Complaint.RECORDING in asyncio.run(alarms()), why="an alarm")
