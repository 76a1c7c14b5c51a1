"""What the README promises a newcomer: a call with commands of our own at every end."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.architecture.sources import ROOT
from tests.support.node import Node
from tests.support.tones import place_of, samples_of, seconds_of_tone

pytestmark = pytest.mark.wire

HOST = "127.41.0.1"
PROMPTS = ROOT / "prompts" / "zh"


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    """The node of ``make run``, at an address of its own."""
    settings = (ROOT / "config" / "b2bua.toml").read_text(encoding="utf-8")
    served = Node(
        tmp_path_factory.mktemp("demo"), HOST, settings.replace("127.0.0.1", HOST)
    )
    for plan in (ROOT / "config" / "demo").glob("*.yaml"):
        (served.seed / plan.name).write_text(plan.read_text(encoding="utf-8"))
    try:
        served.start()
        yield served
    finally:
        served.stop()


@contextmanager
def answering(node: Node, *arguments: str) -> Iterator[None]:
    """A ``b2bua answer`` that is ready for calls."""
    process = node.begin("answer", *arguments)
    try:
        assert process.stdout is not None
        assert "answering on" in process.stdout.readline()
        yield
    finally:
        process.terminate()
        process.communicate()


@pytest.fixture(scope="module")
def heard(demo: Node, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The README's call, and what its caller heard."""
    path = tmp_path_factory.mktemp("heard") / "heard.wav"
    with (
        answering(demo, "--listen", f"{HOST}:5080", "--status", "486", "--after", "0.2"),
        answering(demo, "--listen", f"{HOST}:5081", "--tone", "440"),
    ):
        uri = f"sip:4006001234@{HOST}"
        dialled = demo.run(
            *("dial", uri, "--keys", "1", "--record", str(path)),
            *("--seconds", "13", "--from", "02088881234"),
        )
    assert dialled.returncode == 0, dialled.stdout + dialled.stderr
    assert "pressing 1" in dialled.stdout
    return path


def test_greeting_menu_and_the_second_destination_are_heard(heard: Path) -> None:
    samples = samples_of(heard)
    greeting, like_greeting = place_of(samples_of(PROMPTS / "welcome.wav"), samples)
    menu, like_menu = place_of(samples_of(PROMPTS / "menu.wav"), samples)
    assert like_greeting > 0.95
    assert like_menu > 0.95
    assert greeting < menu
    assert seconds_of_tone(samples, 440) > 1.0
    spoken = samples[: int((menu + 1.0) * 8000)]
    assert seconds_of_tone(spoken, 440) == 0.0
    assert seconds_of_tone(samples, 600) == 0.0


def test_one_record_tells_of_both_attempts(demo: Node, heard: Path) -> None:
    assert heard.exists()
    demo.record("4006001234")
    lines = demo.run("calls", "--number", "4006001234", "--json").stdout.splitlines()
    assert len(lines) == 1
    call: dict[str, Any] = json.loads(lines[0])
    told = [(a["destination"], a["outcome"], a["status"]) for a in call["attempts"]]
    assert told == [("sales-1", "busy", 486), ("sales-2", "answered", 200)]
    assert (call["outcome"], call["destination"]) == ("answered", "sales-2")
    assert (call["caller"], call["area"]) == ("02088881234", "020")
    assert call["end_reason"] == "caller hung up"
    assert call["charged_ms"] >= call["talk_ms"] > 0
    assert call["fee"] == "0.40"
    table = demo.run("calls").stdout
    assert call["id"] in table
    demo.quiet()


def test_the_record_is_told_with_its_ladder(demo: Node, heard: Path) -> None:
    assert heard.exists()
    record = demo.record("4006001234")
    story = demo.run("call", record.id).stdout
    for line in (
        *("INVITE", "486", "200", "ACK", "BYE"),
        *("sales-1: busy", "sales-2: answered"),
        *("Why", "menu", "Audio"),
    ):
        assert line in story, story
    assert story.count("INVITE") >= 3


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    """A node whose only trunk is ``unicom``, and that has no plan yet."""
    host = "127.42.0.1"
    settings = (
        f'[sip]\nlisten = ["udp:{host}:5060"]\n[media]\nports = "20000-20099"\n'
        f'[[trunk]]\nname = "unicom"\nfrom = ["127.0.0.0/8"]\nto = "sip:{host}:5080"\n'
        'trusted = true\ncaller_id = "caller"\n'
    )
    served = Node(tmp_path_factory.mktemp("bare"), host, settings)
    try:
        served.start()
        yield served
    finally:
        served.stop()


PROMISED = Path(__file__).with_name("promised.yaml")
"""A plan that other programs were promised to be taken as it stands."""


@pytest.fixture(scope="module")
def promised(bare: Node) -> "subprocess.CompletedProcess[str]":
    """The promised plan, applied."""
    return bare.run("apply", str(PROMISED))


def test_the_promised_plan_serves_a_call_at_any_time(
    bare: Node, promised: "subprocess.CompletedProcess[str]", tmp_path: Path
) -> None:
    """In office hours the caller meets the menu, else the greeting alone."""
    assert promised.returncode == 0, promised.stderr
    path = tmp_path / "heard.wav"
    with answering(bare, "--listen", f"{bare.host}:5080", "--after", "1"):
        uri = f"sip:4006001234@{bare.host}"
        dialled = bare.run(
            *("dial", uri, "--keys", "1", "--record", str(path)),
            *("--seconds", "12", "--from", "13900009999"),
        )
    assert dialled.returncode == 0, dialled.stdout + dialled.stderr
    record = bare.record("4006001234")
    at = record.invite_at.isoformat()
    asked = bare.run(
        *("explain", "4006001234", "--from", "13900009999", "--at", at),
        *("--keys", "1", "--json"),
    )
    said = json.loads(asked.stdout)
    assert record.route == said["route"]
    assert record.destination in {"office hours": {"sales-1", "sales-2"}}.get(
        said["route"], {"duty"}
    )
    samples = samples_of(path)
    welcome = samples_of(PROMPTS / "welcome.wav")[:7200]
    assert place_of(welcome, samples)[1] > 0.9
    assert seconds_of_tone(samples, 440) > 1.0
    bare.quiet()


@dataclass(frozen=True, slots=True)
class Wrong:
    """A mistake in the promised plan, and where it is to be found."""

    right: str
    wrong: str
    line: int
    field: str


@pytest.mark.parametrize(
    "mistake",
    [
        Wrong("name: 常德博易", "name: [常德博易", 3, ""),
        Wrong('003", trunk: unicom', '003", trunk: telecom', 10, "trunk"),
        Wrong(
            "sales: {percent: {sales-1: 70", "sales: {percent: {sales-1: 69", 28, "percent"
        ),
        Wrong("greeting: welcome ", "greeting: torn.wav ", 6, "greeting"),
    ],
    ids=["bad YAML", "unknown trunk", "a sum of 99", "an unreadable prompt"],
)
def test_a_wrong_plan_is_refused_in_one_line(
    bare: Node, tmp_path: Path, mistake: Wrong
) -> None:
    """It names file, line and field; a good plan beside it is not applied either."""
    plan = PROMISED.read_text(encoding="utf-8")
    (tmp_path / "torn.wav").write_bytes(b"RIFF\x10\0\0\0WAVEfmt ")
    good, bad = tmp_path / "good.yaml", tmp_path / "bad.yaml"
    good.write_text(plan.replace("4006001234", "4006004321"), encoding="utf-8")
    assert mistake.right in plan
    bad.write_text(plan.replace(mistake.right, mistake.wrong), encoding="utf-8")
    applied = bare.run("apply", str(good), str(bad))
    assert applied.returncode == 1
    assert applied.stdout == ""
    said = [one for one in applied.stderr.splitlines() if str(bad) in one]
    assert len(said) == 1, applied.stderr
    assert said[0].startswith(f"{bad}:{mistake.line}:"), said[0]
    assert mistake.field in said[0]
    assert "Traceback" not in applied.stderr


def test_wrong_plans_changed_nothing(
    bare: Node, promised: "subprocess.CompletedProcess[str]"
) -> None:
    """What was applied is exported as it was written, and nothing else is there."""
    assert promised.returncode == 0
    exported = bare.run("export", "4006001234").stdout
    assert exported.strip() == PROMISED.read_text(encoding="utf-8").strip()
    assert bare.run("export", "4006004321").returncode == 1
