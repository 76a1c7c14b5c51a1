"""``b2bua serve`` where it cannot serve: one clear line, status 1, nothing left running."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

HOST = "127.0.76.1"
SETTINGS = f"""
data_dir = "{{data_dir}}"
[sip]
listen = ["udp:{HOST}:5060"]
[media]
ports = "32000-32099"
[web]
listen = ""
[metrics]
listen = "{HOST}:9400"
[[trunk]]
name = "a"
to = "sip:127.0.76.2"
"""


def started(directory: Path, *arguments: str, data_dir: Path | None = None) -> list[str]:
    config = directory / "b2bua.toml"
    config.write_text(SETTINGS.format(data_dir=data_dir or directory / "var"))
    return [sys.executable, "-m", "b2bua", "serve", "--config", str(config), *arguments]


def left_running(directory: Path) -> list[str]:
    """Processes that name the directory."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except (OSError, UnicodeDecodeError):
            continue
        if str(directory) in command and entry.name != str(os.getpid()):
            found.append(command)
    return found


def refused(directory: Path, *arguments: str) -> str:
    done = subprocess.run(
        started(directory, *arguments),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    assert left_running(directory) == []
    return done.stderr


@pytest.mark.parametrize(
    ("kind", "port", "told"),
    [
        (socket.SOCK_DGRAM, 5060, f"sip.listen: udp:{HOST}:5060: "),
        (socket.SOCK_STREAM, 9400, f"metrics.listen: {HOST}:9400: "),
    ],
)
def test_an_address_in_use(
    tmp_path: Path, kind: socket.SocketKind, port: int, told: str
) -> None:
    with socket.socket(socket.AF_INET, kind) as taken:
        taken.bind((HOST, port))
        if kind is socket.SOCK_STREAM:
            taken.listen()
        assert told in refused(tmp_path)


def test_a_seed_with_faults(tmp_path: Path) -> None:
    seed = tmp_path / "seed"
    seed.mkdir()
    (seed / "bad.yaml").write_text('number: "123"\n')
    assert f"{seed / 'bad.yaml'}:1: number: " in refused(tmp_path, "--seed", str(seed))


def test_a_deep_directory_serves_all_the_same(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 60) / ("e" * 60)
    process = subprocess.Popen(
        started(tmp_path, data_dir=deep),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert process.stdout is not None
    try:
        lines = iter(process.stdout.readline, b"")
        assert any(b"b2bua serves calls" in line for line in lines)
    finally:
        process.send_signal(signal.SIGTERM)
        process.stdout.close()
    assert process.wait(30) == 0
    give_up = time.monotonic() + 5
    while left_running(tmp_path) and time.monotonic() < give_up:
        time.sleep(0.05)
    assert left_running(tmp_path) == []
