"""A node tells an enterprise of a call while it goes on, and of one that was missed."""

import asyncio
from pathlib import Path

import pytest

from tests.app.conftest import PLAN, Peers, Serving, until
from tests.support.receiver import Receiver

pytestmark = pytest.mark.wire

NUMBER = "4006007772"
HOOKS = """
webhooks:
  - {{url: "{url}", events: [answered, missed, ended], secret: "correct-horse-battery"}}
"""


async def test_a_call_is_told_while_it_goes_on_and_a_missed_one_at_its_end(
    serving: Serving, peers: Peers, tmp_path: Path
) -> None:
    file = tmp_path / "hooked.yaml"
    async with Receiver("127.0.72.20") as receiver:
        file.write_text(PLAN.format(number=NUMBER) + HOOKS.format(url=receiver.url()))
        await asyncio.to_thread(serving.command, "apply", str(file))
        await asyncio.to_thread(until, lambda: "b2bua_numbers 2.0" in serving.metrics())
        far = peers.destination("destination_waits")
        caller = peers.caller("caller_hangs_up", NUMBER, 4000)
        await receiver.wait_for(1)
        assert caller.process.poll() is None, "it is told of while it goes on"
        await receiver.wait_for(2)
        for peer in (far, caller):
            await asyncio.to_thread(peer.ended)
        busy = [
            peers.destination("destination_busy", host)
            for host in ("127.0.72.1", "127.0.72.2")
        ]
        peers.caller("caller_hangs_up", NUMBER, 100)
        await receiver.wait_for(4)
        for peer in busy:
            await asyncio.to_thread(peer.ended)
    answered, ended, missed, over = (one.told for one in receiver.received)
    call = answered["call"]["id"]
    assert [one["id"] for one in (answered, ended)] == [f"{call}:answered", f"{call}:ended"]
    assert (answered["call"]["caller"], answered["call"]["destination"]) == (
        "02088881234",
        "first",
    )
    told = "destination_answered_at"
    assert answered["call"][told] == ended["call"][told] == answered["at"]
    assert (missed["event"], over["event"]) == ("missed", "ended")
    assert missed["call"]["outcome"] == "busy"
    assert [one["outcome"] for one in missed["call"]["attempts"]] == ["busy", "busy"]
    assert "correct-horse" not in serving.log.read_text()
