"""What befalls one leg, or the clock on the wall, and what it does not touch."""

from datetime import timedelta

import pytest

from b2bua.sip.dialog import events as sip
from tests.exchange.scripts import Answers, Scene, plan
from tests.support import stage as support


def test_a_bye_that_nobody_answers_holds_up_nobody() -> None:
    """The caller's BYE is answered at once; the one to the dead destination ends itself."""
    scene = Scene(plan(), Answers(after=1)).run(5)
    scene.stage.phones.pop(scene.first.address)
    scene.hang_up().run(0.5)
    (ended,) = [event for event in scene.caller.told if isinstance(event, sip.Ended)]
    assert ended.reason is sip.EndReason.RELEASED
    assert [record.end_reason for record in scene.stage.records] == ["caller hung up"]
    assert scene.stage.ports.open == {}
    scene.run(20)
    byes = [data for data in scene.stage.post[scene.first.address] if data[:4] == b"BYE "]
    assert len(byes) > 3
    assert scene.stage.exchange.remembered > 0
    scene.run(20)
    assert scene.stage.exchange.remembered == 0


@pytest.mark.parametrize("step", [timedelta(days=-2), timedelta(hours=3)])
def test_the_wall_clock_only_stamps(
    step: timedelta, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A step of it in mid-call changes neither timers nor what the call lasted."""
    scene = Scene(plan(), Answers(after=1)).run(5)
    monkeypatch.setattr(support, "START", support.START + step)
    scene.run(20)
    assert scene.stage.exchange.live()
    scene.hang_up().assert_nothing_left()
    (record,) = scene.stage.records
    assert 23_900 < record.talk_ms < 24_100


def test_a_call_goes_where_its_plan_says_and_nowhere_else() -> None:
    """Numbers in the message are never dialled, whatever is hung on to ours."""
    scene = Scene(plan(), Answers(after=1), dial=False)
    for user in ("0085290000000", "+85290000000", "9008529", "4006001234;phone=00852"):
        scene.stage.dial(scene.caller, user)
    scene.run(10)
    assert scene.stage.post == {}
    rung = [event for event in scene.first.told if isinstance(event, sip.Invited)]
    assert [event.invitation.request_user for event in rung] == ["02088886001"]
    refused = [event for event in scene.caller.told if isinstance(event, sip.Refused)]
    assert [event.status for event in refused] == [404, 404, 404]
