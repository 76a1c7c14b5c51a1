"""``calls``, ``call``, ``live`` and ``password``."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from b2bua.service.record import Attempt, CallRecord, LadderLine, Outcome, Step
from b2bua.store.live import LiveCall
from tests.cli.conftest import CONTRACT, Shell

KEYS = [
    *("id", "number", "caller", "area", "invite_at", "answered_at", "ended_at", "outcome"),
    *("destination", "talk_ms", "charged_ms", "fee", "caller_fee", "end_reason"),
    "attempts",
]
NOW = datetime.now(UTC)


def record(call_id: str, *, ago: timedelta, number: str, **rest: Any) -> CallRecord:
    fields: dict[str, Any] = {
        "node": "n",
        "caller": "02088881234",
        "area": "020",
        "trunk": "unicom",
        "outcome": Outcome.ANSWERED,
        "end_reason": "caller hung up",
        "destination": "desk",
        "talk_ms": 61_000,
        "charged_ms": 61_000,
        "fee": 800,
        "caller_fee": 220,
        "attempts": (
            Attempt(
                destination="desk",
                number="02088886001",
                trunk="unicom",
                outcome="answered",
                status=200,
                ring_ms=1500,
            ),
        ),
        "trace": (Step("number", True, "it is ours"),),
        "ladder": (LadderLine(at_ms=0, leg="caller", sent=False, line="INVITE sip:a (1)"),),
    }
    began = NOW - ago
    return CallRecord(
        id=call_id,
        number=number,
        invite_at=began,
        answered_at=began + timedelta(seconds=1),
        ended_at=began + timedelta(seconds=62),
        **(fields | rest),
    )


def add(shell: Shell, *records: CallRecord) -> None:
    shell.ask(lambda storage: storage.records.add(records))


def test_calls_as_the_contract_prints_them(shell: Shell) -> None:
    add(shell, record("20260101-json", ago=timedelta(hours=1), number="4006200001"))
    [line] = shell.run("calls", "--number", "4006200001", "--json").splitlines()
    told = json.loads(line)
    assert list(told) == KEYS
    assert (told["fee"], told["caller_fee"]) == ("0.80", "0.22")
    assert told["outcome"] == "answered"
    assert told["attempts"] == [
        {
            "destination": "desk",
            "outcome": "answered",
            "status": 200,
            "q850": 0,
            "ring_ms": 1500,
        }
    ]
    assert datetime.fromisoformat(told["invite_at"]).tzinfo is not None


def test_calls_since_and_limit(shell: Shell) -> None:
    for hours in (1, 3, 30):
        call_id = f"20260101-since{hours}"
        add(shell, record(call_id, ago=timedelta(hours=hours), number="4006200002"))

    def ids(*arguments: str) -> list[str]:
        said = shell.run("calls", "--number", "4006200002", "--json", *arguments)
        return [
            json.loads(line)["id"].removeprefix("20260101-since")
            for line in said.splitlines()
        ]

    assert ids() == ["1", "3", "30"]
    assert ids("--since", "2h") == ["1"]
    assert ids("--since", (NOW - timedelta(hours=4)).isoformat()) == ["1", "3"]
    assert ids("--limit", "1") == ["1"]
    assert "no time" in shell.run("calls", "--since", "yesterday", status=2)


def test_a_caller_who_wished_not_to_be_known_is_not_shown(shell: Shell) -> None:
    private = record(
        "20260101-private", ago=timedelta(0), number="4006200003", caller_private=True
    )
    add(shell, private)
    for command in (("calls", "--number", "4006200003"), ("call", "20260101-private")):
        assert "02088881234" not in shell.run(*command)
        assert "02088881234" not in shell.run(*command, "--json")


def test_a_listing_shows_whole_ids(shell: Shell) -> None:
    call_id = "20260101-abcdefghijklmnop"
    add(shell, record(call_id, ago=timedelta(0), number="4006200004"))
    assert call_id in shell.run("calls", "--number", "4006200004")
    assert shell.run("calls", "--number", "4006200009").strip() == "no calls"


def test_one_call_whole(shell: Shell) -> None:
    add(shell, record("20260101-whole", ago=timedelta(0), number="4006200005"))
    said = shell.run("call", "20260101-whole")
    for part in ("desk: answered, 200, rang 1500 ms", "+ number: it is ours", "INVITE (1)"):
        assert part in said
    told = json.loads(shell.run("call", "20260101-whole", "--json"))
    assert {*KEYS, "trace", "ladder", "quality", "arithmetic"} <= told.keys()
    assert "there is no record" in shell.run("call", "nothing", status=1)


def test_live_calls(shell: Shell) -> None:
    assert "no calls are up" in shell.run("live")
    call = LiveCall(
        id="20260101-up",
        node="n",
        number="4006200006",
        caller="02088881234",
        state="talking",
        since=NOW,
        destination="desk",
    )
    shell.ask(lambda storage: storage.live.announce("n", [call]))
    told = json.loads(shell.run("live", "--json"))
    wanted = {"id", "number", "caller", "state", "since", "destination"}
    assert wanted <= told.keys()
    assert call.id in shell.run("live")
    shell.ask(lambda storage: storage.live.announce("n", []))


def test_hanging_up_what_is_not_up(shell: Shell) -> None:
    assert "is not up" in shell.run("live", "--hangup", "nothing", status=1)


def test_a_password_is_set_and_checked(shell: Shell) -> None:
    shell.run("apply", shell.file("contract.yaml", CONTRACT))
    shell.run("password", "4006001234", "--stdin", given="correct horse\n")
    assert shell.ask(lambda storage: storage.accounts.verify("4006001234", "correct horse"))


@pytest.mark.parametrize(
    ("number", "given", "status", "told"),
    [
        ("4006001234", "abc\n", 1, "6 to 128 characters"),
        ("4006299999", "correct horse\n", 1, "has no plan"),
        ("12345", "correct horse\n", 2, "is no 400 number"),
    ],
)
def test_a_password_that_is_refused(
    shell: Shell, number: str, given: str, status: int, told: str
) -> None:
    shell.run("apply", shell.file("contract.yaml", CONTRACT))
    assert told in shell.run("password", number, "--stdin", status=status, given=given)
