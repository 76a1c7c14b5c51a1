"""``override`` and ``duty``: a temporary way in one command, and who is on duty."""

import itertools
import json

import pytest

from tests.cli.conftest import Shell

NUMBERS = (str(number) for number in itertools.count(4006400000))
PLAN = """\
number: "{number}"
# The people, as the head of the desk wrote them down.
destinations:
  wang: {{number: "13900001111", trunk: unicom, person: 王敏}}
  li: {{number: "13900002222", trunk: unicom}}
menus:
  main: {{prompt: menu, keys: {{"1": wang}}}}
groups:
  desk:                     # who sits there
    roster:
      - {{name: 早班, when: {{hours: "09:00-17:59"}}, on: [wang, li]}}
      - {{name: 夜班, when: {{hours: "20:00-08:59"}}, on: [li]}}
routes:
  - {{name: all, to: desk}}
"""


@pytest.fixture
def number(shell: Shell) -> str:
    number = next(NUMBERS)
    shell.run("apply", shell.file("plan.yaml", PLAN.format(number=number)))
    return number


def trace(shell: Shell, number: str, at: str) -> dict[str, str]:
    said = shell.run("explain", number, "--from", "13800001111", "--at", at, "--json")
    return {step["rule"]: step["why"] for step in json.loads(said)["trace"]}


def test_an_override_begins_and_ends_in_one_command(shell: Shell, number: str) -> None:
    assert "no override" in shell.run("override", number)
    until = "2099-11-24T08:00"
    said = shell.run("override", number, "--to", "li", "--until", until, "--note", "台风")
    assert f"{number}: version 2" in said
    told = f"{number}: to destination li until 2099-11-24 08:00 Asia/Shanghai (台风)"
    assert f"{told}: holds now" in said
    assert f"{told}: holds now" in shell.run("override", number)
    before, after = trace(shell, number, "2099-11-24T07:59"), trace(shell, number, until)
    assert before["override"] == "to destination li until 2099-11-24 08:00: 台风"
    assert "group desk" not in before
    assert after["override"] == "ended 2099-11-24 08:00"
    text = shell.run("export", number)
    assert "# The people, as the head of the desk wrote them down." in text
    assert "# who sits there" in text
    said = shell.run("override", number, "--end")
    assert f"{number}: version 3" in said
    assert "the routes decide" in said
    assert shell.run("export", number) == PLAN.format(number=number)


@pytest.mark.parametrize(
    ("to", "told"),
    [
        ("desk", "to group desk until"),
        ("main", "to menu main until"),
        ("voicemail", "to voicemail until"),
    ],
)
def test_wherever_a_route_may_lead(shell: Shell, number: str, to: str, told: str) -> None:
    assert told in shell.run("override", number, "--to", to, "--until", "+2h")


@pytest.mark.parametrize(
    ("arguments", "status", "told"),
    [
        (("--to", "li"), 2, "say until when"),
        (("--until", "+2h"), 2, "say where calls go"),
        (("--end", "--to", "li"), 2, "--end stands alone"),
        (("--to", "li", "--until", "soon"), 2, "'soon' is no time"),
        (
            ("--to", "lee", "--until", "+2h"),
            1,
            "no destination or group 'lee'; write one of",
        ),
        (("--to", "li", "--until", "2001-01-01"), 1, "is over already"),
        (
            ("--to", "li", "--until", "+1h", "--since", "+2h"),
            1,
            "override.until: it ends before it begins",
        ),
    ],
)
def test_what_is_refused(
    shell: Shell, number: str, arguments: tuple[str, ...], status: int, told: str
) -> None:
    assert told in shell.run("override", number, *arguments, status=status)
    assert "no override" in shell.run("override", number)


def test_a_number_without_a_plan(shell: Shell) -> None:
    for arguments in (("override", "4006999999"), ("duty", "4006999999")):
        assert "4006999999 has no plan" in shell.run(*arguments, status=1)


def test_who_is_on_duty_and_who_is_next(shell: Shell, number: str) -> None:
    said = shell.run("duty", number, "--at", "2026-11-23T10:00")
    assert said.splitlines() == [
        "desk:",
        "  now   Mon 2026-11-23 10:00  wang 王敏 13900001111, li 13900002222 (早班)",
        "  next  Mon 2026-11-23 18:00  nobody",
    ]
    said = shell.run("duty", number, "--at", "2026-11-23T18:30", "--json")
    assert json.loads(said) == {
        "group": "desk",
        "now": {"since": "2026-11-23T18:30:00+08:00", "shifts": [], "on": []},
        "next": {"since": "2026-11-23T20:00:00+08:00", "shifts": ["夜班"], "on": ["li"]},
    }
    steps = trace(shell, number, "2026-11-23T10:00")
    assert steps["duty desk"] == "早班 (wang, li)"
    assert steps["group desk"] == "roster: wang, li"


def test_a_number_without_a_roster(shell: Shell) -> None:
    number = next(NUMBERS)
    text = PLAN.format(number=number)
    text = text[: text.index("groups:")] + "routes: [{name: all, to: wang}]\n"
    shell.run("apply", shell.file("plan.yaml", text))
    assert "has no duty roster" in shell.run("duty", number, status=1)
