"""Calls that come round in a circle: by the numbers that sent them on (RFC 5806)."""

import pytest

from b2bua.service.record import Outcome
from b2bua.sip.dialog.events import Invite, SessionId
from b2bua.sip.sdp.negotiation import make_offer
from tests.exchange.scripts import Answers, Scene, plan


@pytest.mark.parametrize(
    ("sent_on_by", "goes_round"),
    [("4006001234", True), ("+864006001234", True), ("4006005678", False), ("", False)],
)
def test_a_number_that_has_sent_the_call_on_is_not_called_again(
    sent_on_by: str, goes_round: bool
) -> None:
    scene = Scene(plan(), Answers(talk=5.0), dial=False)
    invite = Invite(
        session=SessionId("again"),
        trunk="node",
        user="4006001234",
        from_user="13800001111",
        diverted_from=sent_on_by,
        offer=make_offer(scene.caller.local),
    )
    scene.stage.order(scene.caller, invite)
    scene.run(20).assert_nothing_left()
    (record,) = scene.stage.records
    if not goes_round:
        assert record.outcome is Outcome.ANSWERED
        return
    assert (record.outcome, record.end_reason) == (Outcome.REFUSED, "loop")
    assert [step.why for step in record.trace] == ["4006001234 itself has sent it on"]
    assert record.attempts == ()
