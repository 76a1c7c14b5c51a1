"""Calls over TLS with sealed audio, and ``kill -9`` of control under one of them.

The caller is ``b2bua dial``, the destination Debian's baresip, the certificates are each
side's own. The trunk is known by its certificate alone.
"""

import os
import signal
import wave
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from b2bua.net.tls import own_credential
from b2bua.service.record import CallRecord, Outcome
from tests.support.baresip import Baresip
from tests.support.node import Node, until
from tests.support.tones import RATE, samples_of, seconds_of_tone, sine

pytestmark = pytest.mark.wire

HOST = "127.40.0.5"
BARESIP = "127.0.0.1"
"""The one address of the loopback that it knows."""
NUMBER = "4008500001"
CALLER_TONE, CALLED_TONE = 500.0, 700.0
SETTINGS = """\
[sip]
listen = ["udp:{host}:5060", "tls:{host}:5061"]
[sip.tls]
ca = "{trusted}"
[media]
ports = "21400-21499"
threads = 1
[[trunk]]
name = "callers"
from = ["127.0.0.0/8"]
srtp = "required"
[[trunk]]
name = "desk"
certificate = ["{baresip}"]
to = "sips:{baresip}:5088"
srtp = "required"
"""
PLAN = """\
number: '4008500001'
announcements: none
destinations:
  desk: {number: '02088886004', trunk: desk, ring: 10}
routes: [{name: all, to: desk}]
"""


@dataclass(frozen=True, slots=True)
class Stage:
    node: Node
    baresip: Baresip
    caller: Path
    """What the caller hears."""
    voice: Path

    @property
    def certificate(self) -> str:
        """The node's own, which the caller must trust."""
        return str(self.node.data_dir / "tls" / "certificate.pem")


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    directory = tmp_path_factory.mktemp("secure")
    theirs = own_credential(directory / "tls", [BARESIP], datetime.now(UTC))
    pem = directory / "both.pem"
    pem.write_bytes(theirs.certificate.read_bytes() + theirs.key.read_bytes())
    voice = directory / "voice.wav"
    with wave.open(str(voice), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(sine(CALLER_TONE, 30.0))
    with ExitStack() as stack:
        home = directory / "baresip"
        home.mkdir()
        baresip = Baresip(
            home, "02088886004", host=BARESIP, port=5087, hertz=CALLED_TONE, pem=pem
        )
        stack.callback(baresip.stop)
        text = SETTINGS.format(host=HOST, trusted=theirs.certificate, baresip=BARESIP)
        node = Node(directory, HOST, text)
        (node.seed / "plan.yaml").write_text(PLAN)
        stack.callback(node.stop)
        node.start()
        yield Stage(node, baresip, directory / "heard.wav", voice)


@pytest.fixture(scope="module")
def record(stage: Stage) -> CallRecord:
    """One call, from whose middle on control is another process."""
    dialling = stage.node.begin(
        "dial",
        f"sips:{NUMBER}@{HOST}:5061",
        f"--ca={stage.certificate}",
        "--srtp=required",
        f"--send={stage.voice}",
        f"--record={stage.caller}",
        "--seconds=9",
    )
    until(lambda: any(one["state"] == "talking" for one in stage.node.live()), 30.0)
    died = stage.node.control()
    os.kill(died, signal.SIGKILL)
    until(lambda: stage.node.control() != died and stage.node.ready(), 30.0, why="back")
    said, _ = dialling.communicate(timeout=30)
    assert dialling.returncode == 0, said + stage.baresip.story()
    found = stage.node.record(NUMBER)
    stage.baresip.stop()
    return found


def test_both_are_heard_before_and_after(stage: Stage, record: CallRecord) -> None:
    assert record.outcome is Outcome.ANSWERED
    assert "SRTP is Enabled (cryptosuite=AES_CM_128_HMAC_SHA1_80)" in stage.baresip.story()
    assert seconds_of_tone(samples_of(stage.caller), CALLED_TONE) > 7.0
    assert seconds_of_tone(samples_of(stage.baresip.heard), CALLER_TONE) > 7.0


def test_the_call_ends_as_any_other(stage: Stage, record: CallRecord) -> None:
    assert record.end_reason == "caller hung up"
    assert {one.leg for one in record.quality} == {"caller", "desk"}
    assert all(one.packets_received > 350 for one in record.quality)
    assert all(one.packets_lost < 5 for one in record.quality)
    stage.node.quiet()


def test_keys_are_in_no_log_and_no_record(stage: Stage, record: CallRecord) -> None:
    assert "inline:" not in stage.node.log.read_text()
    for log in (stage.node.data_dir / "log").iterdir():
        assert "inline:" not in log.read_text(), log
    assert "crypto" not in repr(record)


@pytest.mark.parametrize(
    ("uri", "options", "why"),
    [
        # It wants sealed audio, which is no secret over UDP.
        (f"sip:{NUMBER}@{HOST}:5060", (), "488"),
        (f"sips:{NUMBER}@{HOST}:5061", ("--srtp=never",), "488"),
    ],
)
def test_audio_in_the_clear_is_refused(
    stage: Stage, uri: str, options: tuple[str, ...], why: str
) -> None:
    called = stage.node.run("dial", uri, f"--ca={stage.certificate}", *options)
    assert called.returncode == 1
    assert why in called.stdout


def test_a_caller_who_does_not_trust_us_does_not_call(stage: Stage) -> None:
    called = stage.node.run("dial", f"sips:{NUMBER}@{HOST}:5061")
    assert called.returncode == 1
    assert "its certificate is not trusted" in called.stderr
