"""``b2bua dial`` and ``b2bua answer`` against each other, without a node between them."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.tones import samples_of, seconds_of_tone

pytestmark = pytest.mark.wire

HOST = "127.43.0.1"


def b2bua(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "b2bua", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def dial(port: int, *arguments: str) -> tuple[int, str]:
    """Dial, and return the exit status and what was printed."""
    process = b2bua("dial", f"sip:02088886001@{HOST}:{port}", *arguments)
    printed, _ = process.communicate(timeout=60)
    return process.returncode, printed


@pytest.fixture
def desk(request: pytest.FixtureRequest) -> Iterator[subprocess.Popen[str]]:
    """A ``b2bua answer`` with the arguments of the test."""
    process = b2bua("answer", *request.param)
    assert process.stdout is not None
    assert "answering on" in process.stdout.readline()
    yield process
    process.terminate()
    process.communicate(timeout=20)


@pytest.mark.parametrize(
    "desk", [("--listen", f"{HOST}:5080", "--after", "0.2", "--tone", "620")], indirect=True
)
def test_a_call_is_answered_and_its_audio_recorded(
    desk: subprocess.Popen[str], tmp_path: Path
) -> None:
    heard = tmp_path / "heard.wav"
    status, printed = dial(5080, "--seconds", "2", "--record", str(heard))
    assert status == 0, printed
    assert "answered" in printed
    assert seconds_of_tone(samples_of(heard), 620) > 1.5


@pytest.mark.parametrize(
    "desk", [("--listen", f"{HOST}:5084", "--after", "0.2", "--calls", "1")], indirect=True
)
def test_who_stops_the_program_hangs_up(desk: subprocess.Popen[str]) -> None:
    caller = b2bua("dial", f"sip:02088886001@{HOST}:5084", "--seconds", "60")
    assert caller.stdout is not None
    while "answered" not in (line := caller.stdout.readline()):
        assert line, "it ended before it was answered"
    caller.terminate()
    caller.communicate(timeout=20)
    printed, _ = desk.communicate(timeout=20)
    assert "ended: hung up" in printed


@pytest.mark.parametrize(
    "desk",
    [("--listen", f"{HOST}:5081", "--after", "0.2", "--status", "486")],
    indirect=True,
)
def test_a_refusal_ends_with_status_1_and_says_why(desk: subprocess.Popen[str]) -> None:
    status, printed = dial(5081)
    assert status == 1
    assert "not answered: busy, 486, Q.850 17" in printed


def test_a_destination_that_is_not_there_is_told_at_once() -> None:
    status, printed = dial(5082)
    assert status == 1
    assert "not answered: unreachable" in printed


def test_what_is_no_uri_is_told_in_a_line() -> None:
    process = b2bua("dial", "4006001234")
    printed, _ = process.communicate(timeout=60)
    assert process.returncode in (1, 2)
    assert "write sip:NUMBER@HOST:PORT" in printed


def media_processes_of(phone: subprocess.Popen[str]) -> list[int]:
    """The processes that a softphone started, by their parent."""
    children = Path(f"/proc/{phone.pid}/task/{phone.pid}/children").read_text()
    return [int(pid) for pid in children.split()]


@pytest.mark.parametrize("desk", [("--listen", f"{HOST}:5083")], indirect=True)
def test_a_phone_that_is_terminated_takes_its_media_process_along(
    desk: subprocess.Popen[str],
) -> None:
    (media,) = media_processes_of(desk)
    desk.terminate()
    desk.communicate(timeout=20)
    assert desk.returncode == 0
    assert not Path(f"/proc/{media}").exists()
