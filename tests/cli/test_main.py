"""The command line itself: statuses, help, settings that cannot be used; ``doctor``."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Shell

COMMANDS = {
    "serve": [],
    "apply": ["x.yaml"],
    "export": ["4006001234"],
    "check": ["x.yaml"],
    "explain": ["4006001234", "--from", "1"],
    "calls": [],
    "call": ["x"],
    "live": [],
    "override": ["4006001234"],
    "duty": ["4006001234"],
    "quota": [],
    "replay": ["--plan", "x.yaml", "--number", "4006001234", "--since", "2026-11-01"],
    "report": ["4006001234", "--month", "2026-11"],
    "bans": [],
    "webhooks": [],
    "dial": ["sip:1@127.0.0.1"],
    "answer": ["--listen", "127.0.0.1:5080"],
    "password": ["4006001234", "--stdin"],
    "doctor": [],
    "trunks": [],
}


def b2bua(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "b2bua", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        stdin=subprocess.DEVNULL,
    )


def test_help_names_every_command() -> None:
    done = b2bua("--help")
    assert done.returncode == 0
    assert all(command in done.stdout for command in COMMANDS)


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_command_has_help_and_takes_settings(command: str) -> None:
    done = b2bua(command, "--help")
    assert done.returncode == 0
    assert "--config" in done.stdout


@pytest.mark.parametrize("arguments", [["fly"], ["apply"], ["calls", "--wings"], ["dial"]])
def test_bad_usage(arguments: list[str]) -> None:
    done = b2bua(*arguments)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", sorted(COMMANDS.keys() - {"dial", "answer"}))
def test_settings_that_cannot_be_used(shell: Shell, command: str) -> None:
    shell.config.write_text("data_dir = 3\n[sip]\nlisten = 5060\n")
    said = shell.run(command, *COMMANDS[command], status=1)
    assert f"{shell.config}:1: data_dir: " in said
    assert f"{shell.config}:3: sip.listen: " in said


def test_nothing_heavy_is_imported_for_help() -> None:
    heavy = {"asyncpg", "uvloop", "yaml", "prometheus_client", "b2bua.exchange"}
    code = (
        "import sys\nfrom b2bua.cli.main import main\nsys.argv = ['b2bua', '--help']\n"
        f"main()\nprint('heavy', sorted(set(sys.modules) & {heavy}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert "heavy []" in done.stdout


def test_a_reader_that_goes_away_gets_no_traceback(shell: Shell) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-m", "b2bua", "live", "--config", str(shell.config)],
        stdout=writing,
        stderr=subprocess.PIPE,
        timeout=60,
        check=False,
    )
    os.close(writing)
    assert b"Traceback" not in done.stderr


def test_doctor_finds_nothing_wrong(shell: Shell) -> None:
    said = shell.run("doctor")
    for part in ("python", "engine", "prompts", "areas", "postgresql", "trunk unicom"):
        assert part in said
    assert "everything is well" in said


def test_doctor_finds_what_is_wrong(shell: Shell, tmp_path: Path) -> None:
    text = shell.config.read_text()
    text = text.replace("sip:127.0.73.2:5080", "sip:no.such.host.invalid")
    shell.config.write_text(
        text + '[service]\narea_file = "/nowhere"\n[media]\nprompts = "/nowhere"\n'
    )
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.73.1", 5060))
        said = shell.run("doctor", status=1)
    assert "BAD  sip udp:127.0.73.1:5060: cannot listen: Address already in use" in said
    assert "BAD  areas: no area table at /nowhere" in said
    assert "BAD  prompts: no prompt catalogue in /nowhere" in said
    assert "BAD  trunk unicom: sip:no.such.host.invalid: no address" in said
    assert "4 to be put right" in said
