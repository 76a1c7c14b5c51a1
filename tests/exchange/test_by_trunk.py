"""What differs by the trunk that a destination is called by."""

from dataclasses import replace

import pytest

from b2bua.call.media import AudioBegan, HearLeg, HearPrompts
from b2bua.service.plan import TrunkRule
from b2bua.service.record import Outcome
from tests.exchange.scripts import Answers, Refuses, Scene, describes, plan
from tests.exchange.test_whole_calls import statuses
from tests.support.stage import Stage

STANDS_BY = TrunkRule(name="first", trusted=True, overflow="second")
NO_FORWARDING = replace(plan().forwarding, busy=(), no_answer=())


def test_the_next_trunk_calls_the_same_destination() -> None:
    stage = Stage(plan(forwarding=NO_FORWARDING), rules={"first": STANDS_BY})
    scene = Scene(stage.plan, Refuses(503), Answers(talk=5.0), stage=stage).run(20)
    scene.assert_nothing_left()
    (record,) = stage.records
    assert record.outcome is Outcome.ANSWERED
    tried = [(one.destination, one.trunk, one.outcome) for one in record.attempts]
    assert tried == [("first", "first", "unreachable"), ("first", "second", "answered")]
    assert "takes no call: second" in next(
        step.why for step in record.trace if step.rule == "trunk"
    )


@pytest.mark.parametrize("status", [486, 480, 404])
def test_what_the_destination_itself_says_is_final(status: int) -> None:
    stage = Stage(plan(forwarding=NO_FORWARDING), rules={"first": STANDS_BY})
    scene = Scene(stage.plan, Refuses(status), Answers(), stage=stage).run(20)
    assert [one.trunk for one in stage.records[0].attempts] == ["first"]
    scene.assert_nothing_left()


def test_two_trunks_that_stand_by_for_each_other_are_tried_once() -> None:
    other = TrunkRule(name="second", trusted=True, overflow="first")
    rules = {"first": STANDS_BY, "second": other}
    stage = Stage(plan(forwarding=NO_FORWARDING), rules=rules)
    scene = Scene(stage.plan, Refuses(503), Refuses(503), stage=stage).run(20)
    scene.assert_nothing_left()
    (record,) = stage.records
    assert [one.trunk for one in record.attempts] == ["first", "second"]
    assert record.outcome is Outcome.FAILED


@pytest.mark.parametrize(
    ("early_media", "told", "at_once", "heard"),
    [
        ("audible", 183, HearPrompts, True),
        ("passed", 183, HearLeg, True),
        ("own", 180, None, False),
    ],
)
def test_what_is_heard_of_a_trunk_before_the_answer(
    early_media: str, told: int, at_once: type | None, heard: bool
) -> None:
    rule = TrunkRule(name="first", trusted=True, early_media=early_media)
    stage = Stage(plan(), rules={"first": rule})
    scene = Scene(stage.plan, describes, stage=stage).run(2)
    assert statuses(scene.caller) == [told]
    caller, destination = list(stage.ports.open)[:2]
    hearing = stage.ports.hearing.get(caller)
    assert (None if hearing is None else type(hearing)) is at_once
    stage.tell(AudioBegan(call=stage.ports.open[caller], leg=destination))
    scene.run(0.1)
    assert (stage.ports.hearing.get(caller) == HearLeg(destination)) == heard
