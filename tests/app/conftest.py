"""One whole node in a directory of its own, as ``b2bua serve`` runs it, and SIPp peers."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

SCENARIOS = Path(__file__).with_name("scenarios")
HOST = "127.0.71.1"
PLAN = """
number: "{number}"
destinations:
  first:  {{number: "02088886001", trunk: first, ring: 10}}
  second: {{number: "02088886002", trunk: second, ring: 10}}
forwarding: {{busy: [second], max_forwards: 1}}
routes:
  - {{name: all, to: first}}
"""
SETTINGS = f"""
data_dir = "{{data_dir}}"
node = "test"
[sip]
listen = ["udp:{HOST}:5060", "tcp:{HOST}:5060"]
[media]
ports = "30000-30999"
threads = 1
[metrics]
listen = "{HOST}:9400"
[web]
listen = "{HOST}:8400"
[log]
callers = "full"
[[trunk]]
name = "first"
from = ["127.0.72.0/24"]
to = "sip:127.0.72.1:5080"
trusted = true
[[trunk]]
name = "second"
to = "sip:127.0.72.2:5080"
"""


def until(what: Callable[[], Any], seconds: float = 20.0) -> Any:
    """The first true value of ``what``; fails when there is none in time."""
    give_up = time.monotonic() + seconds
    while time.monotonic() < give_up:
        value = what()
        if value:
            return value
        time.sleep(0.05)
    pytest.fail(f"not within {seconds} s: {what}")


class Serving:
    """One ``b2bua serve``."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.data_dir = directory / "var"
        self.config = directory / "b2bua.toml"
        self.config.write_text(SETTINGS.format(data_dir=self.data_dir))
        self.seed = directory / "seed"
        self.seed.mkdir()
        (self.seed / "one.yaml").write_text(PLAN.format(number="4006007771"))
        self.log = directory / "serve.log"
        self.environment = {
            key: value for key, value in os.environ.items() if not key.startswith("B2BUA_")
        }

    def start(self) -> None:
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "b2bua", "serve"),
                    *("--config", str(self.config), "--seed", str(self.seed)),
                ],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=self.environment,
            )
        until(self.ready, 60.0)

    def stop(self, seconds: float = 30.0) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(seconds)

    def ready(self) -> bool:
        assert self.process.poll() is None, self.log.read_text()
        return self.http("readyz") == 200

    def http(self, page: str) -> int:
        try:
            with urllib.request.urlopen(f"http://{HOST}:9400/{page}", timeout=5) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            with error:
                return error.code
        except OSError:
            return 0

    def metrics(self) -> str:
        url = f"http://{HOST}:9400/metrics"
        with urllib.request.urlopen(url, timeout=5) as answer:
            return str(answer.read().decode())

    def command(self, *arguments: str, status: int = 0, given: str = "") -> str:
        done = subprocess.run(
            [sys.executable, "-m", "b2bua", *arguments, "--config", str(self.config)],
            capture_output=True,
            text=True,
            input=given,
            env=self.environment,
            timeout=60,
            check=False,
        )
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout + done.stderr

    def calls(self) -> list[dict[str, Any]]:
        lines = self.command("calls", "--json").splitlines()
        return [json.loads(line) for line in lines]

    def live(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.command("live", "--json").splitlines()]

    def events(self) -> list[dict[str, Any]]:
        lines = self.log.read_text().splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]

    def control(self) -> int:
        return int((self.data_dir / "control.lock").read_text())

    def media(self) -> int:
        """The process that the kernel says listens on the socket."""
        wanted = str(self.data_dir / "media-0.sock")
        for entry in Path("/proc").iterdir():
            try:
                command = (entry / "cmdline").read_text().split("\0")
            except (OSError, UnicodeDecodeError):
                continue
            if "media.worker.main" in command and wanted in command:
                return int(entry.name)
        pytest.fail("no media process")


class Peer:
    """One SIPp that plays a scenario once."""

    def __init__(self, directory: Path, scenario: str, *arguments: str) -> None:
        self.log = directory / f"{scenario}-{time.monotonic_ns()}.log"
        with self.log.open("wb") as output:
            self.process = subprocess.Popen(
                [
                    *("sipp", "-sf", str(SCENARIOS / f"{scenario}.xml"), "-m", "1"),
                    *("-nostdin", "-timeout", "40s", "-timeout_error", *arguments),
                ],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=directory,
            )

    def ended(self, status: int = 0) -> None:
        """It played its part to the end."""
        assert self.process.wait(45) == status, self.log.read_text(errors="replace")[-3000:]


class Peers:
    """The far ends of one test."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._all: list[Peer] = []

    def destination(self, scenario: str, host: str = "127.0.72.1", talk: int = 0) -> Peer:
        return self._play(scenario, "-i", host, "-p", "5080", "-d", str(talk))

    def caller(
        self, scenario: str, number: str = "4006007771", talk: int = 500, *more: str
    ) -> Peer:
        return self._play(
            scenario,
            f"{HOST}:5060",
            *("-i", "127.0.72.9", "-p", "5070", "-s", number, "-d", str(talk), *more),
        )

    def stop(self) -> None:
        for peer in self._all:
            if peer.process.poll() is None:
                peer.process.kill()
            peer.process.wait()

    def _play(self, scenario: str, *arguments: str) -> Peer:
        peer = Peer(self.directory, scenario, *arguments)
        self._all.append(peer)
        return peer


@pytest.fixture(scope="session")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """A node that serves; what a test breaks must come back by itself."""
    node = Serving(tmp_path_factory.mktemp("node"))
    node.start()
    try:
        yield node
    finally:
        if node.process.poll() is None:
            node.process.send_signal(signal.SIGTERM)
            node.process.send_signal(signal.SIGTERM)
            node.process.wait(30)


@pytest.fixture
def peers(tmp_path: Path) -> Iterator[Peers]:
    """Far ends on addresses of their own."""
    found = Peers(tmp_path)
    yield found
    found.stop()
