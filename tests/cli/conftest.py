"""The command line in a directory of its own, on a PostgreSQL that is up already."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest

from b2bua.app.storage import Storage, opened_storage
from b2bua.config.load import load
from b2bua.store.supervisor import EmbeddedPostgres

T = TypeVar("T")

SETTINGS = """
data_dir = "{data_dir}"
[sip]
listen = ["udp:127.0.73.1:5060"]
[metrics]
listen = "127.0.73.1:9400"
[[trunk]]
name = "unicom"
from = ["127.0.73.0/24"]
to = "sip:127.0.73.2:5080"
"""
CONTRACT = """\
number: "4006001234"
name: 常德博易
timezone: Asia/Shanghai
language: zh                          # of the system announcements; en too
tariff: standard                      # 0.40 yuan per started minute
greeting: welcome                     # while ringing
destinations:
  sales-1:   {number: "02088886001", trunk: unicom, ring: 15, concurrent: 2}
  sales-2:   {number: "02088886002", trunk: unicom}
  support:   {number: "02088886003", trunk: unicom}
  duty:      {number: "13900001111", trunk: unicom}
screening:
  blacklist: ["13800138000", "0736*"]
  whitelist: ["13900009999"]
  areas: {deny: ["0898"]}             # or allow: [...]; area codes or provinces
  anonymous: accept                   # or reject
password: ""                          # 4 to 8 digits
announcements: all                    # or none: refusals go straight to the final response
limits: {calls_per_month: 10000, calls_per_week: 3000, spend_per_month: "500.00"}
forwarding: {busy: [support, duty], no_answer: [duty], max_forwards: 2}
menus:
  main: {prompt: menu, timeout: 5, retries: 2, keys: {"1": sales, "2": support}, \
otherwise: support}
routes:                               # first match wins; the last has no conditions
  - {name: office hours, when: {days: Mon-Fri, hours: "09:00-17:59", workday: true}, \
to: {menu: main}}
  - {name: south, when: {areas: ["0755", "广东"]}, \
to: {percent: {sales-1: 70, sales-2: 30}}}
  - {name: otherwise, to: duty}
groups:
  sales: {percent: {sales-1: 70, sales-2: 30}}      # or order: [...], rotate:, \
random:, all:
"""
"""The plan that the contract says must work as it stands."""


class Shell:
    """One directory with settings, and commands run in it."""

    def __init__(self, directory: Path, data_dir: Path) -> None:
        self.directory = directory
        self.config = directory / "b2bua.toml"
        self.config.write_text(SETTINGS.format(data_dir=data_dir))
        self.environment = {
            key: value for key, value in os.environ.items() if not key.startswith("B2BUA_")
        }

    def run(self, *arguments: str, status: int = 0, given: str = "") -> str:
        """What a command said; it must end with ``status``."""
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
        assert "Traceback" not in done.stderr
        return done.stdout + done.stderr

    def file(self, name: str, text: str) -> str:
        """A file of that text; its path."""
        path = self.directory / name
        path.write_text(text)
        return str(path)

    def ask(self, work: Callable[[Storage], Awaitable[T]]) -> T:
        """Look into the store behind the commands' back."""

        async def look() -> T:
            async with opened_storage(load(self.config, {})) as storage:
                return await work(storage)

        return asyncio.run(look())


@pytest.fixture(scope="session")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A data directory whose PostgreSQL is up, so that commands join it."""
    directory = tmp_path_factory.mktemp("cli")
    postgres = EmbeddedPostgres(directory, durable=False)
    asyncio.run(postgres.start())
    yield directory
    assert asyncio.run(postgres.stop())


@pytest.fixture
def shell(tmp_path: Path, data_dir: Path) -> Shell:
    return Shell(tmp_path, data_dir)
