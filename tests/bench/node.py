"""A node under load: ``b2bua serve`` with a plan of one destination, in a place of its own.

Nothing of the product is changed for it; its limits are raised, and its processes are put
on the measured core once they run. PostgreSQL stays on the other.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.error import URLError

from tests.bench.measured import GENERATOR_CPU, MEASURED_CPU, children, pin

SERVICE: Final = "4006001234"
DESTINATION: Final = "02088886001"
PATIENCE: Final = 60.0
"""Seconds for a start, which makes a database first."""

SETTINGS: Final = """\
data_dir = "{directory}/data"
[sip]
listen = ["udp:{host}:5060"]
session_interval = {session_interval}
[sip.limits]
sessions = 100000
calls_per_second = 10000.0
source_calls_per_second = 10000.0
[media]
ports = "{ports}"
threads = 1
[metrics]
listen = "{host}:9400"
[log]
level = "{level}"
[[trunk]]
name = "far"
from = ["127.0.0.0/8"]
to = "sip:{destination}"
trusted = true
[[tariff]]
name = "standard"
"""
PLAN: Final = f"""\
number: "{SERVICE}"
name: measured
timezone: Asia/Shanghai
language: en
tariff: standard
destinations:
  only: {{number: "{DESTINATION}", trunk: far}}
routes:
  - {{name: everybody, to: only}}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Addresses of one node and its two sides, all on the loopback network."""

    host: str
    caller: str
    destination: str
    ports: str = "20000-29999"


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A node that serves."""

    place: Place
    directory: Path
    control: int
    """Number of the process, as all of these."""
    media: int
    log: Path

    @property
    def journal(self) -> Path:
        """The file whose log grows with what is written."""
        return self.directory / "data" / "journal.sqlite"


@contextmanager
def node(
    place: Place,
    *,
    plan: str = PLAN,
    settings: str = SETTINGS,
    environment: Mapping[str, str] | None = None,
    level: str = "warning",
    session_interval: int = 1800,
) -> Iterator[Node]:
    """Serve while the body runs. Raises RuntimeError when it does not start."""
    directory = Path(tempfile.mkdtemp(prefix="b2bua-bench-"))
    config, seed = directory / "b2bua.toml", directory / "plan"
    config.write_text(
        settings.format(
            directory=directory,
            host=place.host,
            destination=f"{place.destination}:5060",
            ports=place.ports,
            level=level,
            session_interval=session_interval,
        )
    )
    seed.mkdir()
    (seed / f"{SERVICE}.yaml").write_text(plan)
    log = directory / "serve.log"
    command = [sys.executable, "-m", "b2bua", "serve", "--config", str(config)]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*command, "--seed", str(seed)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, "B2BUA_WEB__LISTEN": "", **(environment or {})},
        )
    pin(process.pid, GENERATOR_CPU)
    try:
        _wait_until_ready(process, place, log)
        started = children(process.pid)
        control, media = started["b2bua.app.run"], started["media.worker.main"]
        pin(control, MEASURED_CPU)
        pin(media, MEASURED_CPU)
        yield Node(place=place, directory=directory, control=control, media=media, log=log)
    finally:
        _end(process)
        shutil.rmtree(directory, ignore_errors=True)


def _wait_until_ready(process: subprocess.Popen[bytes], place: Place, log: Path) -> None:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and process.poll() is None:
        try:
            with urllib.request.urlopen(f"http://{place.host}:9400/readyz", timeout=1):
                return
        except (URLError, OSError):
            time.sleep(0.1)
    raise RuntimeError(f"the node did not start:\n{log.read_text()}")


def _end(process: subprocess.Popen[bytes]) -> None:
    """Drain, then end all calls, then insist."""
    for number in (signal.SIGTERM, signal.SIGTERM, signal.SIGKILL):
        process.send_signal(number)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            continue
        return
    process.wait()
