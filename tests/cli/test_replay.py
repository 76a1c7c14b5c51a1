"""``b2bua replay``: what a draft would have meant for the calls that were made."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from b2bua.app.storage import Storage
from b2bua.service.record import Outcome
from tests.cli.conftest import Shell
from tests.store.builders import record

NUMBER = "4006301234"
PLAN = f"""\
number: "{NUMBER}"
destinations:
  one: {{number: "02088886001", trunk: unicom}}
  two: {{number: "13900001111", trunk: unicom}}
routes:
  - {{name: south, when: {{areas: ["0755"]}}, to: {{percent: {{one: 70, two: 30}}}}}}
  - {{name: rest, to: one}}
"""


@pytest.fixture
def recorded(shell: Shell) -> str:
    """Ten calls from the south and five from elsewhere, one of them of last year."""
    shell.run("apply", shell.file("plan.yaml", PLAN))
    now = datetime.now(UTC)

    async def fill(storage: Storage) -> None:
        calls = [
            record(
                f"replay-{count}",
                number=NUMBER,
                invite_at=now - timedelta(minutes=60 - count),
                area="0755" if count < 10 else "010",
                route="south" if count < 10 else "rest",
                outcome=Outcome.ANSWERED,
            )
            for count in range(15)
        ]
        old = record("replay-old", number=NUMBER, invite_at=now - timedelta(days=400))
        await storage.records.add([*calls, old])

    shell.ask(fill)
    return f"{now.astimezone() - timedelta(days=1):%Y-%m-%dT%H:%M}"


def test_which_calls_would_go_elsewhere(shell: Shell, recorded: str) -> None:
    draft = shell.file("draft.yaml", PLAN.replace("rest, to: one", "rest, to: two"))
    asked = ("replay", "--plan", draft, "--number", NUMBER, "--since", recorded)
    lines = [json.loads(line) for line in shell.run(*asked, "--json").splitlines()]
    summary = lines.pop()["summary"]
    assert {line["id"] for line in lines} == {f"replay-{count}" for count in range(10, 15)}
    assert lines[0]["before"] == "one (02088886001)"
    assert lines[0]["after"] == "two (13900001111)"
    assert lines[0]["why"] == "route rest: to destination two"
    assert (summary["calls"], summary["elsewhere"], summary["same"]) == (15, 5, 10)
    assert summary["changes"] == [
        {"before": "one (02088886001)", "after": "two (13900001111)", "calls": 5}
    ]
    said = shell.run(*asked)
    assert "5 of 15 calls would go elsewhere" in said
    assert "route rest: to destination two" in said


def test_other_shares_move_a_part(shell: Shell, recorded: str) -> None:
    draft = shell.file("draft.yaml", PLAN.replace("one: 70, two: 30", "one: 50, two: 50"))
    said = shell.run("replay", "--plan", draft, "--number", NUMBER, "--since", recorded)
    assert "0 of 15 calls would go elsewhere" in said
    assert "10 would be shared otherwise: about 2 of them move" in said


def test_what_cannot_be_replayed(shell: Shell, recorded: str) -> None:
    draft = shell.file("draft.yaml", PLAN)
    asked = ("replay", "--plan", draft, "--number")
    assert "no plan for" in shell.run(*asked, "4006309999", "--since", recorded, status=1)
    assert "is no 400 number" in shell.run(*asked, "1", "--since", recorded, status=2)
    assert "is no time" in shell.run(*asked, NUMBER, "--since", "soon", status=2)
    said = shell.run(*asked, NUMBER, "--since", "2999-01-01", status=1)
    assert "still to come" in said
    broken = shell.file("broken.yaml", PLAN.replace("to: one}", "to: nobody}"))
    said = shell.run(
        *("replay", "--plan", broken, "--number", NUMBER, "--since", recorded), status=1
    )
    assert "nobody" in said
