"""A whole node in a directory of its own, run as ``b2bua serve`` runs it."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest

from b2bua.service.record import CallRecord
from b2bua.store.pool import Database
from b2bua.store.records import Records
from b2bua.store.supervisor import EmbeddedPostgres

T = TypeVar("T")


def until(what: Callable[[], T], seconds: float = 20.0, *, why: str = "") -> T:
    """The first true value of ``what``; fails when there is none in time."""
    give_up = time.monotonic() + seconds
    while True:
        value = what()
        if value:
            return value
        if time.monotonic() > give_up:
            pytest.fail(f"not within {seconds} s: {why or what}; last {value!r}")
        time.sleep(0.05)


class Node:
    """One ``b2bua serve`` on ``host``."""

    def __init__(
        self, directory: Path, host: str, settings: str, *, portal: bool = False
    ) -> None:
        """``settings`` are whole but for the files, the metrics and the log."""
        self.directory = directory
        self.host = host
        self.data_dir = directory / "var"
        self.config = directory / "b2bua.toml"
        self.seed = directory / "seed"
        self.seed.mkdir()
        self.log = directory / "serve.log"
        self.config.write_text(settings)
        ours = {
            "B2BUA_DATA_DIR": str(self.data_dir),
            "B2BUA_METRICS__LISTEN": f"{host}:9400",
            "B2BUA_LOG__CALLERS": "full",
            "B2BUA_WEB__LISTEN": f"{host}:8400" if portal else "",
        }
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("B2BUA_")}
        self._environment = inherited | ours

    def start(self) -> None:
        """Start, and wait until it serves."""
        assert not self._answers(), f"somebody serves on {self.host} already"
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                self._command("serve", "--seed", str(self.seed)),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=self._environment,
            )
        until(self.ready, 60.0, why="the node serves")

    def stop(self) -> None:
        """Stop at once, whatever calls there are."""
        while self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            time.sleep(0.2)

    def ready(self) -> bool:
        """Whether it serves calls now."""
        assert self.process.poll() is None, self.log.read_text()[-3000:]
        return self._answers()

    def metric(self, name: str) -> float:
        """One figure, labels included in its name."""
        with self._page("metrics") as answer:
            lines = answer.read().decode().splitlines()
        found = [line.split()[-1] for line in lines if line.startswith(f"{name} ")]
        return float(found[0]) if found else 0.0

    def run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """A command on this node's settings."""
        return subprocess.run(
            self._command(*arguments),
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            env=self._environment,
            timeout=60,
            check=False,
        )

    def begin(self, *arguments: str) -> "subprocess.Popen[str]":
        """A command that goes on for a while; what it prints can be read."""
        return subprocess.Popen(
            self._command(*arguments),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            stdin=subprocess.DEVNULL,
            env=self._environment,
        )

    def records(self, number: str) -> list[CallRecord]:
        """Every record of a number, newest first."""

        async def read() -> list[CallRecord]:
            database = Database(EmbeddedPostgres(self.data_dir).dsn)
            await database.open()
            try:
                return [one async for one in Records(database).calls(number)]
            finally:
                await database.close()

        return asyncio.run(read())

    def record(self, number: str, seconds: float = 10.0) -> CallRecord:
        """The one record of a number that was called once."""
        found = until(lambda: self.records(number), seconds, why=f"a record of {number}")
        assert len(found) == 1
        return found[0]

    def live(self) -> list[dict[str, Any]]:
        """The calls now up, as the command line tells them."""
        return [json.loads(line) for line in self.run("live", "--json").stdout.splitlines()]

    def media_sockets(self) -> list[int]:
        """Ports that the media process has open, from the kernel's own list."""
        wanted = "".join(f"{int(part):02X}" for part in reversed(self.host.split(".")))
        lines = Path("/proc/net/udp").read_text().splitlines()[1:]
        local = [line.split()[1].split(":") for line in lines]
        ports = [int(port, 16) for address, port in local if address == wanted]
        return [port for port in ports if port != 5060]

    def quiet(self, seconds: float = 8.0) -> None:
        """Every call is over, and every media port is back."""
        until(lambda: self.metric("b2bua_live_calls") == 0, seconds, why="no live calls")
        until(lambda: not self.media_sockets(), seconds, why="no media ports")

    def faults(self) -> list[str]:
        """What the node's log says of exceptions."""
        return [
            line
            for line in self.log.read_text().splitlines()
            if "Traceback" in line or '"level": "critical"' in line
        ]

    def control(self) -> int:
        """Process number of control."""
        return int((self.data_dir / "control.lock").read_text())

    def _answers(self) -> bool:
        try:
            with self._page("readyz"):
                return True
        except urllib.error.HTTPError as error:
            error.close()
        except OSError:
            pass
        return False

    def _command(self, *arguments: str) -> list[str]:
        name, *rest = arguments
        return [sys.executable, "-m", "b2bua", name, "--config", str(self.config), *rest]

    def _page(self, name: str) -> Any:
        return urllib.request.urlopen(f"http://{self.host}:9400/{name}", timeout=5)
