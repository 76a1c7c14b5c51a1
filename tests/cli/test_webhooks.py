"""``b2bua webhooks``: what waits, what was given up, and sending it again."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from b2bua.app.storage import Storage
from b2bua.service.record import Outcome
from tests.cli.conftest import CONTRACT, Shell
from tests.store.builders import record

NUMBER = "4006001234"
HOOKS = """\
webhooks:
  - {url: "https://crm.example.com/calls?key=hidden", events: [missed], \
secret: "correct-horse-battery"}
"""


@pytest.fixture
def missed(shell: Shell) -> Iterator[str]:
    """The id of a message that was given up."""
    said = shell.run("apply", shell.file("hooked.yaml", CONTRACT + HOOKS))
    assert "correct-horse" not in said
    call = f"hook-{datetime.now(UTC).timestamp()}"

    async def miss(storage: Storage) -> None:
        await storage.records.add(
            [record(call, number=NUMBER, outcome=Outcome.BUSY, fee=0)]
        )
        (message,) = await storage.outbox.claim(10, busy={}, of_one_origin=10)
        await storage.outbox.failed(message.seq, "answered 500", 1.0, dead=True)

    shell.ask(miss)
    yield f"{call}:missed"
    shell.run("apply", shell.file("contract.yaml", CONTRACT))


def test_messages_are_listed_without_keys(shell: Shell, missed: str) -> None:
    said = shell.run("webhooks", "--number", NUMBER, "--json")
    messages = [json.loads(line) for line in said.splitlines()]
    (message,) = [one for one in messages if one["id"] == missed]
    assert (message["state"], message["attempts"]) == ("dead", 1)
    assert message["said"] == "answered 500"
    assert message["url"] == "https://crm.example.com/calls?…"
    assert "hidden" not in said
    assert "correct-horse" not in said
    assert "dead" in shell.run("webhooks", "--state", "dead")
    assert missed not in shell.run("webhooks", "--state", "pending", "--json")
    assert "no webhooks" in shell.run("webhooks", "--number", "4006999999")


def test_what_was_given_up_is_sent_again(shell: Shell, missed: str) -> None:
    assert "is sent again" in shell.run("webhooks", "--retry", missed)
    assert missed in shell.run("webhooks", "--state", "pending", "--json")
    assert "no message nothing" in shell.run("webhooks", "--retry", "nothing", status=1)


def test_a_state_that_is_none(shell: Shell) -> None:
    assert "is none of" in shell.run("webhooks", "--state", "lost", status=2)
