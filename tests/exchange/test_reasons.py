"""Why a call ends, told to the other side: Reason (RFC 3326) through both legs."""

import pytest

from b2bua.sip.dialog import events as sip
from b2bua.sip.dialog.events import Cause
from tests.exchange.scripts import Answers, Refuses, Scene, plan, quiet

PREEMPTED = Cause("Q.850", 8)


def ends(told: list[sip.Event]) -> list[sip.Ended]:
    return [event for event in told if isinstance(event, sip.Ended)]


@pytest.mark.parametrize("answered", [True, False])
def test_why_the_caller_leaves_is_told_to_the_destination(answered: bool) -> None:
    """By the Reason of its BYE, or of its CANCEL."""
    scene = Scene(plan(), Answers(talk=600) if answered else quiet).run(4)
    leave = sip.HangUp(session=scene.session, causes=(PREEMPTED,))
    scene.stage.order(scene.caller, leave)
    scene.run(2)
    (ended,) = ends(scene.first.told)
    assert ended.causes == (PREEMPTED,)
    scene.assert_nothing_left()
    assert scene.stage.records[0].q850 == 8


def test_why_the_destination_leaves_is_told_to_the_caller() -> None:
    scene = Scene(plan(), Answers(talk=600)).run(4)
    session = next(one.session for one in scene.first.told)
    scene.stage.order(scene.first, sip.HangUp(session=session, causes=(PREEMPTED,)))
    scene.run(2)
    (ended,) = ends(scene.caller.told)
    assert ended.causes == (PREEMPTED,)
    scene.assert_nothing_left()


def test_a_refusal_says_what_it_means_to_the_caller() -> None:
    """Busy everywhere: 486 with the cause of the service's table, whoever said what."""
    scene = Scene(plan(), Refuses(600), Refuses(486)).run(30)
    (refused,) = [one for one in scene.caller.told if isinstance(one, sip.Refused)]
    assert refused.status == 486
    assert [(one.protocol, one.code) for one in refused.causes] == [("Q.850", 17)]
    scene.assert_nothing_left()
