"""``b2bua quota``: what nodes hold of capped periods, and closing one that is gone."""

import itertools
import json
from datetime import UTC, date, datetime

import pytest

from b2bua.app.storage import Storage
from b2bua.service.limits import Period, Unit
from b2bua.service.plan import Counted
from b2bua.service.quota import ReserveQuota, Want
from b2bua.store.nodes import Beat, Nodes
from tests.cli.conftest import CONTRACT, Shell

NUMBERS = (str(number) for number in itertools.count(4006410000))
SINCE = datetime.now(UTC).date().replace(day=1)


def want(unit: Unit, limit: int, need: int, starts: date = SINCE) -> Want:
    return Want(
        period=Period.MONTH,
        starts=starts,
        unit=unit,
        limit=limit,
        used=0,
        keep=0,
        need=need,
        step=1,
    )


@pytest.fixture
def number(shell: Shell) -> str:
    """A number of which two nodes hold something: one that speaks, one long silent."""
    number = next(NUMBERS)
    text = CONTRACT.replace("4006001234", number)
    shell.run("apply", shell.file("capped.yaml", text))

    async def hold(storage: Storage) -> None:
        for node, need in ((f"gone-{number}", 60), (f"here-{number}", 2)):
            wants = (want(Unit.CALLS, 100, need), want(Unit.SPEND, 50_000, 1_200))
            await storage.leases.ask(
                node,
                ReserveQuota(number=number, turn=1, count=Counted.ADMITTED, wants=wants),
            )
            await Nodes(storage.database).tell(
                Beat(
                    name=node,
                    started_at=datetime.now(UTC),
                    state="serving",
                    version="1",
                    calls=0,
                    waiting=0,
                ),
                [],
            )
        async with storage.database.connection() as connection:
            await connection.execute(
                "update node set seen_at = now() - interval '2 days' where name = $1",
                f"gone-{number}",
            )
            await connection.execute(
                "update lease set asked_at = now() - interval '2 days' where node = $1",
                f"gone-{number}",
            )

    shell.ask(hold)
    return number


def holdings(shell: Shell, number: str) -> dict[tuple[str, str], dict[str, object]]:
    rows = map(json.loads, shell.run("quota", number, "--json").splitlines())
    return {(row["node"].split("-")[0], row["unit"]): row for row in rows}


def test_what_each_node_holds_is_listed(shell: Shell, number: str) -> None:
    rows = holdings(shell, number)
    assert set(rows) == set(itertools.product(("gone", "here"), ("calls", "spend")))
    gone = rows["gone", "calls"]
    assert isinstance(gone["granted"], int)
    assert gone["granted"] >= 60
    assert (gone["held"], gone["settled"]) == (gone["granted"], 0)
    assert (gone["number"], gone["period"]) == (number, "month")
    assert gone["since"] == SINCE.isoformat()
    assert gone["silent"]
    assert not rows["here", "calls"]["silent"]
    assert "." in str(rows["here", "spend"]["held"]), "money is in yuan"
    told = shell.run("quota", number).splitlines()
    assert len(told) == 4
    assert (
        f"{number}  month from {SINCE}  gone-{number}: holds {gone['held']} calls"
        in told[0]
    )
    assert told[0].endswith(", silent")
    assert f"gone-{number}" in shell.run("quota", "--json")


def test_a_node_that_is_gone_is_closed(shell: Shell, number: str) -> None:
    gone = f"gone-{number}"
    assert f"note quota of {gone}: not heard since" in shell.run("doctor")
    assert "never come back" in shell.run("quota", "--close", gone, given="n\n", status=130)
    assert holdings(shell, number)["gone", "calls"]["held"] != 0
    said = shell.run("quota", "--close", gone, given="y\n")
    assert f"{gone} holds" in said
    assert f"{gone}: closed" in said
    assert holdings(shell, number)["gone", "calls"]["held"] == 0
    assert f"quota of {gone}" not in shell.run("doctor")
    assert f"{gone} holds no quota" in shell.run("quota", "--close", gone, status=1)


def test_a_node_that_lives_is_not_closed(shell: Shell, number: str) -> None:
    here = f"here-{number}"
    before = holdings(shell, number)["here", "calls"]["held"]
    said = shell.run("quota", "--close", here, "--yes", status=1)
    assert f"{here} is serving and spoke at" in said
    assert holdings(shell, number)["here", "calls"]["held"] == before


def test_what_is_misused(shell: Shell) -> None:
    assert "is no 400 number" in shell.run("quota", "12345", status=2)
    said = shell.run("quota", "4006001234", "--close", "n9", "--yes", status=2)
    assert "leave NUMBER out" in said
    assert "no node holds quota" in shell.run("quota", "4006999999")
