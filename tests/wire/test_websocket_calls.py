"""A caller in a browser, and a destination that is an ordinary phone."""

import pytest

from b2bua.service.record import Outcome
from tests.support.browser import Browser
from tests.support.node import Node, until
from tests.support.phone import Phone
from tests.wire.numbers import HOST, Line

pytestmark = pytest.mark.wire


@pytest.mark.parametrize("caller_ends", [True, False])
def test_a_call_by_websocket(node: Node, line: Line, caller_ends: bool) -> None:
    with (
        Browser(line.address, HOST, 500.0) as caller,
        Phone(line.first, HOST, 700.0) as desk,
    ):
        caller.send(caller.invitation(line.direct, line.caller))
        desk.take()
        answer = caller.answered()
        assert ";transport=ws" in answer.value("Contact")
        until(lambda: caller.audio.heard and desk.audio.heard, why="speech both ways")
        if caller_ends:
            caller.hang_up()
            desk.hear_the_end()
        else:
            desk.hang_up()
            caller.hear_the_end()
    record = node.record(line.direct)
    assert record.outcome is Outcome.ANSWERED
    ended = "caller hung up" if caller_ends else "destination hung up"
    assert record.end_reason == ended
