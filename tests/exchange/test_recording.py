"""Talks that are recorded: who is told, what is kept, and what the record says of it."""

from dataclasses import replace

import pytest

from b2bua.call.media import (
    HearLeg,
    HearPrompts,
    LetHear,
    MediaOrder,
    PortFailed,
    RecordLeg,
)
from b2bua.service.plan import Legs, Recording
from b2bua.service.record import Outcome, Step
from tests.exchange.scripts import Answers, Scene, plan
from tests.support.stage import RECORDINGS

NOTICE = HearPrompts(prompts=("zh/recording-notice",), token="notice")


def recordings(scene: Scene) -> list[RecordLeg]:
    return [one for one in scene.stage.ports.orders if isinstance(one, RecordLeg)]


def place_of(scene: Scene, wanted: MediaOrder) -> int:
    return scene.stage.ports.orders.index(wanted)


def test_both_are_told_then_joined_and_recorded() -> None:
    scene = Scene(plan(recording=Recording()), Answers(after=2, talk=12)).run(3)
    ports = scene.stage.ports
    assert [hearing for _, hearing in ports.heard] == [NOTICE, NOTICE]
    assert recordings(scene) == []
    scene.run(2)
    (recorded,) = recordings(scene)
    caller, destination = ports.hearing
    assert ports.hearing == {caller: HearLeg(destination), destination: HearLeg(caller)}
    assert (recorded.leg, recorded.both) == (caller, True)
    last = LetHear(call=recorded.call, leg=caller, hearing=HearLeg(destination))
    assert place_of(scene, last) < place_of(scene, recorded)
    scene.run(15).assert_nothing_left()
    (record,) = scene.stage.records
    assert record.outcome is Outcome.ANSWERED
    assert record.recording == f"{record.id}.wav"
    assert recorded.path == f"{RECORDINGS}/{record.recording}"
    assert record.recording_ms == ports.recorded[recorded.path]
    assert record.recording_ms == pytest.approx(10_000, abs=100)
    assert record.talk_ms > 11_900
    assert Step("recording", True, "legs: both") in record.trace


@pytest.mark.parametrize(
    ("legs", "of_caller", "both"),
    [
        (Legs.BOTH, True, True),
        (Legs.CALLER, True, False),
        (Legs.DESTINATION, False, False),
    ],
)
def test_without_notice_whose_voice_is_recorded(
    legs: Legs, of_caller: bool, both: bool
) -> None:
    recorded_plan = plan(recording=Recording(notice=False, legs=legs))
    scene = Scene(recorded_plan, Answers(after=2)).run(2.5)
    (recorded,) = recordings(scene)
    first_heard = scene.stage.ports.heard[0][0]
    assert (recorded.leg == first_heard, recorded.both) == (of_caller, both)
    assert all(isinstance(hearing, HearLeg) for _, hearing in scene.stage.ports.heard)
    scene.hang_up().assert_nothing_left()
    assert scene.stage.records[0].recording_ms > 0


def test_a_notice_that_cannot_be_heard_does_not_keep_them_apart() -> None:
    scene = Scene(plan(recording=Recording()), Answers(after=2)).run(1)
    scene.stage.ports.mute = True
    scene.run(1.5)
    assert [live.state for live in scene.stage.exchange.live()] == ["talking"]
    scene.hang_up().assert_nothing_left()


def test_a_notice_whose_end_is_not_told_ends_by_itself() -> None:
    scene = Scene(plan(recording=Recording()), Answers(after=2)).run(2.5)
    scene.stage.forget_facts()
    scene.run(10)
    assert [live.state for live in scene.stage.exchange.live()] == ["notice"]
    scene.run(6)
    assert [live.state for live in scene.stage.exchange.live()] == ["talking"]
    scene.hang_up().assert_nothing_left()


def test_a_full_disk_costs_the_recording_and_not_the_call() -> None:
    scene = Scene(plan(recording=Recording(notice=False)), Answers(after=2, talk=5))
    scene.stage.ports.full = True
    scene.run(20).assert_nothing_left()
    (record,) = scene.stage.records
    assert (record.outcome, record.recording) == (Outcome.ANSWERED, "")
    assert [s.passed for s in record.trace if s.rule == "recording"] == [True, False]


def test_a_disk_that_fills_up_costs_the_rest_of_the_recording() -> None:
    scene = Scene(plan(recording=Recording(notice=False)), Answers(after=2)).run(5)
    scene.stage.ports.shortfall = "No space left on device"
    scene.hang_up().assert_nothing_left()
    (record,) = scene.stage.records
    assert (record.outcome, record.recording) == (Outcome.ANSWERED, f"{record.id}.wav")
    assert record.recording_ms > 0
    last = [step for step in record.trace if step.rule == "recording"][-1]
    assert last == Step("recording", False, "cut short: No space left on device")


def test_another_order_that_fails_does_not_cost_the_recording() -> None:
    scene = Scene(plan(recording=Recording(notice=False)), Answers(after=2)).run(3)
    (recorded,) = recordings(scene)
    fact = PortFailed(call=recorded.call, leg=recorded.leg, reason="digits 'x'")
    scene.stage.tell(fact)
    scene.hang_up().assert_nothing_left()
    assert scene.stage.records[0].recording


@pytest.mark.parametrize("seconds", [2.5, 6.0])
def test_a_crash_goes_on_with_the_recording(seconds: float) -> None:
    """Told or already talking: the next process joins, records once, and says so."""
    scene = Scene(plan(recording=Recording()), Answers(after=2, talk=20)).run(seconds)
    scene.stage.crash()
    scene.run(30).assert_nothing_left()
    assert len(recordings(scene)) == 1
    (record,) = scene.stage.records
    assert record.outcome is Outcome.ANSWERED
    assert record.recording_ms > 10_000


def test_the_record_of_a_broken_call_names_its_recording() -> None:
    scene = Scene(plan(recording=Recording(notice=False)), Answers(after=2)).run(5)
    scene.stage.crash(adopted=False)
    scene.stage.ports.open.clear()
    scene.assert_nothing_left()
    (record,) = scene.stage.records
    assert (record.recording, record.recording_ms) == (f"{record.id}.wav", 0)


def test_a_node_without_a_place_records_nothing() -> None:
    scene = Scene(plan(recording=Recording()), Answers(after=2, talk=3), dial=False)
    scene.stage.recordings = ""
    scene.stage.crash()
    scene.session = scene.stage.dial(scene.caller)
    scene.run(10).assert_nothing_left()
    (record,) = scene.stage.records
    assert recordings(scene) == []
    assert record.recording == ""
    assert Step("recording", False, "legs: both") in record.trace


def test_a_plan_without_recording_records_nothing() -> None:
    scene = Scene(replace(plan(), recording=None), Answers(after=2, talk=3)).run(10)
    scene.assert_nothing_left()
    assert recordings(scene) == []
