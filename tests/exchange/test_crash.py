"""The exchange is killed in mid-call, and the next one goes on from the journal."""

from datetime import timedelta

import pytest

from b2bua.exchange.recovery import SOON
from b2bua.service.record import Outcome
from b2bua.sip.dialog import events as sip
from b2bua.sip.dialog.events import SessionId
from tests.exchange.scripts import Answers, Scene, plan


def established() -> Scene:
    scene = Scene(plan(), Answers()).run(5)
    assert [live.state for live in scene.stage.exchange.live()] == ["talking"]
    scene.stage.crash()
    assert [live.state for live in scene.stage.exchange.live()] == ["talking"]
    return scene


def ended(phone_told: list[sip.Event]) -> list[sip.Ended]:
    return [event for event in phone_told if isinstance(event, sip.Ended)]


def test_the_caller_hangs_up_after_a_restart() -> None:
    scene = established().run(10)
    scene.hang_up().assert_nothing_left()
    (record,) = scene.stage.records
    assert (record.outcome, record.end_reason) == (Outcome.ANSWERED, "caller hung up")
    assert 12_900 < record.talk_ms < 13_100
    assert ended(scene.first.told)[0].reason is sip.EndReason.HUNG_UP


def test_the_destination_hangs_up_after_a_restart() -> None:
    scene = established().run(10)
    (session,) = {event.session for event in scene.first.told}
    scene.stage.order(scene.first, sip.HangUp(session=SessionId(session)))
    scene.assert_nothing_left()
    assert scene.stage.records[0].end_reason == "destination hung up"
    assert ended(scene.caller.told)[0].reason is sip.EndReason.HUNG_UP


def test_a_call_outlives_many_restarts_and_is_charged_once() -> None:
    scene = established()
    for _ in range(5):
        scene.run(20)
        scene.stage.crash()
    scene.run(1).hang_up().assert_nothing_left()
    (record,) = scene.stage.records
    assert 103_900 < record.talk_ms < 104_100
    assert record.fee == 800


def test_a_call_whose_media_is_gone_is_released_on_both_sides() -> None:
    scene = Scene(plan(), Answers()).run(5)
    scene.stage.crash(adopted=False)
    scene.stage.ports.open.clear()
    scene.assert_nothing_left()
    assert scene.stage.records[0].outcome is Outcome.ANSWERED


@pytest.mark.parametrize("after", [2.0005, 2.0011, 2.0015, 2.0021, 2.0031, 2.5])
def test_killed_around_the_answer(after: float) -> None:
    """Whatever was on its way: one record, and nothing left of the call."""
    scene = Scene(plan(), Answers()).run(after)
    scene.stage.crash()
    scene.run(3).hang_up()
    scene.run(600)
    assert len(scene.stage.records) == 1
    assert scene.stage.journal == {}
    assert scene.stage.ports.open == {}


@pytest.mark.parametrize("after", [0.0011, 0.0017])
@pytest.mark.parametrize("deaths", [1, 3])
def test_killed_before_anybody_was_chosen(after: float, deaths: int) -> None:
    """Such a call begins again with its INVITE, under its name and as of when it came."""
    scene = Scene(plan(greeting="welcome"), Answers(talk=3)).run(after)
    (name,) = scene.stage.journal
    for _ in range(deaths):
        scene.stage.crash()
    scene.run(20)
    (record,) = scene.stage.records
    assert (record.id, record.outcome) == (name, Outcome.ANSWERED)
    assert record.invite_at == scene.stage.start + timedelta(seconds=0.001)
    assert len([e for e in scene.first.told if isinstance(e, sip.Invited)]) == 1
    scene.assert_nothing_left()


def test_a_call_that_waited_for_too_long_does_not_begin_again() -> None:
    scene = Scene(plan(), Answers()).run(0.0011)
    scene.stage.now += SOON
    scene.stage.crash()
    scene.run(1)
    (record,) = scene.stage.records
    assert record.end_reason == "process ended while opening"
    (refused,) = [e for e in scene.caller.told if isinstance(e, sip.Refused)]
    assert refused.status == 480


@pytest.mark.parametrize("after", [0.5, 1.0, 1.9])
def test_killed_before_the_answer(after: float) -> None:
    """Such a call cannot go on, but its record is written."""
    scene = Scene(plan(greeting="welcome"), Answers()).run(after)
    scene.stage.crash()
    scene.run(1)
    (record,) = scene.stage.records
    assert record.outcome is Outcome.FAILED
    assert record.end_reason.startswith("process ended while")
    assert scene.stage.journal == {}
