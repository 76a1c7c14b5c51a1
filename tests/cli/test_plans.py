"""``apply``, ``export`` and ``check``."""

import itertools
from pathlib import Path

import numpy as np
import pytest
import soundfile  # type: ignore[import-untyped]

from tests.cli.conftest import CONTRACT, Shell

NUMBERS = (str(number) for number in itertools.count(4006100000))
PLAN = """\
number: "{number}"
greeting: {greeting}
destinations:
  desk: {{number: "02088886001", trunk: {trunk}, ring: {ring}}}
routes:
  - {{name: all, to: desk}}
"""


def plan(
    number: str, greeting: str = "welcome", trunk: str = "unicom", ring: int = 15
) -> str:
    return PLAN.format(number=number, greeting=greeting, trunk=trunk, ring=ring)


def sound(path: Path, rate: int = 16000) -> None:
    wave = np.sin(np.arange(rate // 2) * 2 * np.pi * 440 / rate) * 0.3
    soundfile.write(path, wave, rate)


@pytest.fixture
def number() -> str:
    return next(NUMBERS)


def test_the_plan_of_the_contract_works_as_it_stands(shell: Shell) -> None:
    file = shell.file("contract.yaml", CONTRACT)
    said = shell.run("apply", file)
    assert "4006001234: " in said
    assert "version 1" in said
    assert shell.run("export", "4006001234") == CONTRACT
    assert "unchanged" in shell.run("apply", file)


def test_a_change_is_a_version_and_is_named(shell: Shell, number: str) -> None:
    shell.run("apply", shell.file("a.yaml", plan(number)))
    said = shell.run("apply", shell.file("a.yaml", plan(number, ring=20)))
    assert f"{number}: version 2" in said
    assert "destinations.desk.ring: 15 -> 20" in said


def test_all_or_nothing_and_every_fault_with_its_line(shell: Shell, number: str) -> None:
    good = shell.file("good.yaml", plan(number))
    bad = shell.file("bad.yaml", plan(next(NUMBERS), trunk="telecom", ring=5))
    said = shell.run("apply", good, bad, status=1)
    assert f"{bad}:4: destinations.desk.trunk: " in said
    assert f"{bad}:4: destinations.desk.ring: " in said
    assert "nothing was published" in said
    assert "has no plan" in shell.run("export", number, status=1)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("number: [\n", ":2: not YAML"),
        ("\n", ":1: there is no plan in it"),
        ("number: '123'\n", ":1: number: "),
    ],
)
def test_files_that_are_no_plans(shell: Shell, text: str, told: str) -> None:
    file = shell.file("bad.yaml", text)
    assert f"{file}{told}" in shell.run("apply", file, status=1)


def test_a_file_that_is_not_there_or_not_text(shell: Shell) -> None:
    missing = str(shell.directory / "none.yaml")
    assert f"{missing}:1: cannot be read" in shell.run("apply", missing, status=1)
    binary = shell.directory / "binary.yaml"
    binary.write_bytes(b"\xff\xfe\x00")
    assert f"{binary}:1: not UTF-8" in shell.run("apply", str(binary), status=1)


def test_one_number_in_two_files(shell: Shell, number: str) -> None:
    first, second = (shell.file(name, plan(number)) for name in ("a.yaml", "b.yaml"))
    said = shell.run("apply", first, second, status=1)
    assert f"{second}:1: number: {number} has a plan in {first} already" in said


@pytest.mark.parametrize("name", ["hello", "hello.flac"])
def test_a_prompt_beside_the_plan_is_converted_and_stored(
    shell: Shell, number: str, name: str
) -> None:
    sound(shell.directory / "hello.flac")
    shell.run("apply", shell.file("a.yaml", plan(number, greeting=name)))
    prompts = shell.ask(lambda storage: storage.plans.prompts(number))
    [(stored, content)] = prompts.items()
    assert stored.startswith("plan/")
    assert content.startswith(b"RIFF")
    snapshot = shell.ask(lambda storage: storage.plans.snapshot({}))
    assert snapshot.plans[number].prompts == {name: stored}
    assert f"{number}: unchanged" in shell.run("apply", str(shell.directory / "a.yaml"))


def test_a_file_beside_the_plan_wins_over_the_catalogue(shell: Shell, number: str) -> None:
    sound(shell.directory / "welcome.ogg", 48000)
    shell.run("apply", shell.file("a.yaml", plan(number)))
    assert shell.ask(lambda storage: storage.plans.prompts(number))


def test_a_prompt_that_is_no_audio_is_named_where_the_plan_names_it(
    shell: Shell, number: str
) -> None:
    (shell.directory / "hello.mp3").write_bytes(b"not audio at all")
    file = shell.file("a.yaml", plan(number, greeting="hello"))
    said = shell.run("apply", file, status=1)
    assert f"{file}:2: greeting: " in said
    assert "hello.mp3" in said


def test_a_prompt_that_is_nowhere(shell: Shell, number: str) -> None:
    file = shell.file("a.yaml", plan(number, greeting="nowhere"))
    assert f"{file}:2: greeting: " in shell.run("apply", file, status=1)


def test_several_plans_in_one_file_are_exported_alone(shell: Shell) -> None:
    first, second = next(NUMBERS), next(NUMBERS)
    file = shell.file("two.yaml", f"{plan(first)}---\n{plan(second)}")
    shell.run("apply", file)
    alone = shell.run("export", second)
    assert first not in alone
    assert f"{second}: unchanged" in shell.run("apply", shell.file("b.yaml", alone))


def test_a_directory_stands_for_its_plans(shell: Shell) -> None:
    demo = Path(__file__).parents[2] / "config" / "demo"
    shell.config.write_text(
        shell.config.read_text() + '[[trunk]]\nname = "mobile"\nto = "sip:127.0.73.3"\n'
    )
    said = shell.run("check", str(demo))
    assert all(name in said for name in ("4006001234", "4006005678", "4006009000"))


def test_check_finds_what_is_hardly_meant(shell: Shell, number: str) -> None:
    file = shell.file("shadow.yaml", plan(number) + "  - {name: late, to: desk}\n")
    said = shell.run("check", file, status=1)
    assert f"{file}:7: routes[1]: 'late' is never reached" in said
    assert f"{number}: new" in shell.run("apply", file)  # a remark keeps nothing back
    assert shell.run("check", shell.file("fine.yaml", plan(number)))


def test_export_takes_a_number_as_people_write_it(shell: Shell, number: str) -> None:
    shell.run("apply", shell.file("a.yaml", plan(number)))
    assert shell.run("export", f"{number[:3]}-{number[3:6]}-{number[6:]}") == plan(number)
