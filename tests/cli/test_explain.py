"""``explain``: decisions as the contract prints them."""

import json
from typing import Any

import pytest

from tests.cli.conftest import CONTRACT, Shell

KEYS = {
    *("number", "caller", "area", "at", "outcome", "route", "destinations"),
    *("refusal", "charge_basis", "trace"),
}


@pytest.fixture
def contract(shell: Shell) -> Shell:
    shell.run("apply", shell.file("contract.yaml", CONTRACT))
    return shell


def explained(shell: Shell, *arguments: str) -> dict[str, Any]:
    told = json.loads(shell.run("explain", *arguments, "--json"))
    assert told.keys() == KEYS
    return dict(told)


def test_a_menu_in_office_hours(contract: Shell) -> None:
    told = explained(
        contract, "4006001234", "--from", "02088881234", "--at", "2026-11-23T10:00"
    )
    assert (told["outcome"], told["route"]) == ("menu", "office hours")
    assert told["at"] == "2026-11-23T10:00:00+08:00"  # in the plan's zone
    assert (told["caller"], told["area"]) == ("02088881234", "020")


def test_a_key_chooses(contract: Shell) -> None:
    at = ("--at", "2026-11-23T10:00")
    told = explained(contract, "4006001234", "--from", "02088881234", *at, "--keys", "2")
    assert told["outcome"] == "dial"
    assert told["destinations"][0] == "support"
    assert told["charge_basis"] == "answer"


def test_a_holiday_is_no_workday(contract: Shell) -> None:
    told = explained(
        contract, "4006001234", "--from", "01088881234", "--at", "2026-10-01T10:00"
    )
    assert told["destinations"][0] == "duty"


def test_a_refusal(contract: Shell) -> None:
    told = explained(contract, "4006001234", "--from", "13800138000")
    assert told["outcome"] == "refuse"
    assert told["refusal"] == {"status": 403, "q850": 21, "announcement": "blacklisted"}


def test_an_unknown_number_is_a_decision_too(shell: Shell) -> None:
    told = explained(shell, "4009999999", "--from", "02088881234")
    assert told["refusal"]["status"] == 404


def test_a_draft_is_asked_instead_of_the_published_plan(contract: Shell) -> None:
    draft = contract.file("draft.yaml", CONTRACT.replace('"13800138000", ', ""))
    told = explained(contract, "4006001234", "--from", "13800138000", "--plan", draft)
    assert told["outcome"] != "refuse"
    said = contract.run("explain", "4006009876", "--from", "1", "--plan", draft, status=1)
    assert "there is no plan for 4006009876" in said


def test_in_words(contract: Shell) -> None:
    said = contract.run("explain", "4006001234", "--from", "13800138000")
    assert "refused by blacklist: 403, Q.850 21" in said


def test_a_time_that_is_none(shell: Shell) -> None:
    said = shell.run("explain", "4006001234", "--from", "1", "--at", "noon", status=2)
    assert "'noon' is no time" in said
