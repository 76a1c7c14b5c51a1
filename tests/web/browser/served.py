"""A node as ``make run`` serves it, with its portal, after some real calls."""

import asyncio
import re
import urllib.request
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

from b2bua.service.record import CallRecord
from b2bua.store.pool import Database
from b2bua.store.records import Records
from b2bua.store.supervisor import EmbeddedPostgres
from tests.architecture.sources import ROOT
from tests.support.node import Node, until

HOST = "127.48.0.1"
NUMBER = "4006007000"
"""Of our own: it records, takes messages, has a roster and a menu."""
DEMO = ("4006001234", "4006005678", "4006009000")
POST = f"{HOST}:2525"
"""Where our mail server is, if there is one."""
MAIL = {"server": POST, "security": "none", "from": "Reports <reports@example.com>"}
PLAN = f"""\
number: "{NUMBER}"
name: 常德博易客服中心
greeting: welcome
destinations:
  wang:  {{number: "02088887001", trunk: unicom, ring: 15, concurrent: 4, person: 王敏}}
  li:    {{number: "02088887002", trunk: mobile, ring: 15, person: 李强}}
  night: {{number: "13900007003", trunk: unicom, person: 值班手机}}
screening:
  blacklist: ["13800138000", "0736*"]
  areas: {{deny: ["0898"]}}
limits: {{calls_per_month: 2000, calls_per_week: 800, spend_per_month: "5000.00"}}
forwarding: {{busy: [wang], no_answer: [night], max_forwards: 2, voicemail: true}}
voicemail: {{seconds: 20}}
recording: {{notice: false}}
groups:
  duty: {{order: [li, wang]}}
routes:
  - {{name: south, when: {{areas: ["广东"]}}, to: duty}}
  - {{name: message, when: {{callers: ["0571*"]}}, to: {{voicemail: true}}}}
  - {{name: otherwise, to: li}}
"""
CALLS = (
    ("02088881234", "6"),
    ("13600001111", "5"),
    ("057188886666", "9"),
    ("13800138000", "4"),
    ("089866668888", "4"),
)
"""From 广东 to the roster, whose first is busy; to the busy one and on; a message; two that
are screened. Caller, and seconds until it hangs up."""


class Portal:
    """The portal of a node, as tests speak of it."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self.url = f"http://{node.host}:8400"

    @property
    def password(self) -> str:
        """Of every demo number, and of :data:`NUMBER`."""
        return (self.node.data_dir / "demo-password").read_text("ascii").strip()

    def answers(self) -> bool:
        """Whether pages are served."""
        try:
            with urllib.request.urlopen(f"{self.url}/sign-in", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def records(self, number: str = NUMBER) -> list[CallRecord]:
        """As the database has them, newest first; read apart from the browser's loop."""
        with ThreadPoolExecutor(1) as apart:
            return apart.submit(self.node.records, number).result()

    def remember(self, records: Sequence[CallRecord]) -> None:
        """Put records into the database that no call left."""

        async def add() -> None:
            database = Database(EmbeddedPostgres(self.node.data_dir).dsn)
            await database.open()
            try:
                for page in batched(records, 500):
                    await Records(database).add(page)
            finally:
                await database.close()

        with ThreadPoolExecutor(1) as apart:
            apart.submit(asyncio.run, add()).result()

    @contextmanager
    def destination(self, port: int, *options: str) -> Iterator[None]:
        """Somebody who answers on a trunk: 5080 is ``unicom``, 5081 ``mobile``."""
        listen = f"{self.node.host}:{port}"
        process = self.node.begin("answer", "--listen", listen, *options)
        try:
            assert process.stdout is not None
            assert "answering on" in process.stdout.readline()
            yield
        finally:
            process.terminate()
            process.communicate()

    @contextmanager
    def call(self, number: str, caller: str, *options: str) -> Iterator[None]:
        """A call that is up while the block runs."""
        uri = f"sip:{number}@{self.node.host}"
        process = self.node.begin("dial", uri, "--from", caller, *options)
        try:
            yield
        finally:
            process.terminate()
            process.communicate()


@contextmanager
def serving(directory: Path, host: str = HOST) -> Iterator[Portal]:
    """A node that serves the demo numbers and one of our own."""
    settings = (ROOT / "config" / "b2bua.toml").read_text(encoding="utf-8")
    for key, value in MAIL.items():
        settings = re.sub(rf'^{key} = "[a-z]*"', f'{key} = "{value}"', settings, flags=re.M)
    node = Node(directory, host, settings.replace("127.0.0.1", host), portal=True)
    for plan in (ROOT / "config" / "demo").glob("*.yaml"):
        (node.seed / plan.name).write_text(plan.read_text(encoding="utf-8"))
    (node.seed / "own.yaml").write_text(PLAN, encoding="utf-8")
    try:
        node.start()
        portal = Portal(node)
        until(portal.answers, why="the portal answers")
        yield portal
    finally:
        node.stop()


def batched(records: Sequence[CallRecord], size: int) -> Iterator[Sequence[CallRecord]]:
    """Pages of so many."""
    for start in range(0, len(records), size):
        yield records[start : start + size]


def place_calls(portal: Portal) -> None:
    """The calls of :data:`CALLS`, all at once, until each has its record."""
    with ExitStack() as ending:
        ending.enter_context(portal.destination(5080, "--after", "0.5", "--tone", "440"))
        ending.enter_context(portal.destination(5081, "--after", "0.3", "--status", "486"))
        uri = f"sip:{NUMBER}@{portal.node.host}"
        dialled = [
            portal.node.begin("dial", uri, "--from", caller, "--seconds", seconds)
            for caller, seconds in CALLS
        ]
        for process in dialled:
            process.communicate(timeout=60)
        until(lambda: len(portal.records()) == len(CALLS), why="the records")
