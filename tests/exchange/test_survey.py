"""The question after the talk: who is asked, what counts, and what it costs."""

import pytest

from b2bua.call.media import HearPrompts, KeyPressed
from b2bua.service.plan import Recording
from b2bua.service.record import ChargeBasis, Outcome, Step
from b2bua.sip.dialog import events as sip
from tests.exchange.scripts import Answers, Scene, plan

TALK = Answers(after=1, talk=30)


def press(scene: Scene, digit: str) -> None:
    (leg, call), *_ = scene.stage.ports.open.items()
    scene.stage.tell(KeyPressed(call=call, leg=leg, digit=digit))


def prompts(scene: Scene) -> list[tuple[str, ...]]:
    heard = [hearing for _, hearing in scene.stage.ports.heard]
    return [one.prompts for one in heard if isinstance(one, HearPrompts)]


def states(scene: Scene) -> list[str]:
    return [live.state for live in scene.stage.exchange.live()]


def test_a_key_after_the_talk_is_kept_and_thanked_for() -> None:
    """Thirty seconds of talk, a prompt of two, a key three seconds after, thanks of two."""
    scene = Scene(plan(survey=True), TALK).run(32)
    assert states(scene) == ["survey"]
    scene.run(4)
    press(scene, "5")
    press(scene, "1")
    scene.run(5).assert_nothing_left()
    assert prompts(scene) == [("zh/survey",), ("zh/thanks",)]
    (record,) = scene.stage.records
    assert record.survey == "5"
    assert (record.outcome, record.end_reason) == (Outcome.ANSWERED, "destination hung up")
    assert record.talk_ms == pytest.approx(30_000, abs=20)
    assert record.charge_basis is ChargeBasis.ANSWER
    assert record.charged_ms == pytest.approx(37_000, abs=50)
    assert Step("survey", True, "5") in record.trace
    (ended,) = [e for e in scene.caller.told if isinstance(e, sip.Ended)]
    assert ended.reason is sip.EndReason.HUNG_UP


@pytest.mark.parametrize("keys", ["", "0", "69*#"])
def test_who_presses_no_such_key_is_let_go(keys: str) -> None:
    scene = Scene(plan(survey=True), TALK).run(35)
    for digit in keys:
        press(scene, digit)
    scene.run(7.9)
    assert states(scene) == ["survey"]
    scene.run(0.5)
    assert states(scene) == []
    (record,) = scene.stage.records
    assert record.survey == ""
    assert Step("survey", False, "no key pressed") in record.trace


def test_who_hangs_up_first_is_not_asked() -> None:
    scene = Scene(plan(survey=True), TALK).run(10).hang_up()
    scene.assert_nothing_left()
    (record,) = scene.stage.records
    assert (record.end_reason, prompts(scene)) == ("caller hung up", [])
    assert record.charge_basis is ChargeBasis.DESTINATION_ANSWER


def test_who_hangs_up_instead_of_pressing_is_charged_until_then() -> None:
    scene = Scene(plan(survey=True), TALK).run(34).hang_up()
    scene.assert_nothing_left()
    (record,) = scene.stage.records
    assert (record.survey, record.end_reason) == ("", "destination hung up")
    assert record.talk_ms == pytest.approx(30_000, abs=20)
    assert record.charged_ms == pytest.approx(33_000, abs=50)


def test_a_prompt_that_cannot_be_played_still_leaves_the_keys() -> None:
    scene = Scene(plan(survey=True), TALK).run(20)
    scene.stage.ports.mute = True
    scene.run(12)
    press(scene, "3")
    scene.run(1)
    assert scene.stage.records[0].survey == "3"


def test_a_prompt_whose_end_is_not_told_does_not_keep_the_caller() -> None:
    scene = Scene(plan(survey=True), TALK).run(31.5)
    scene.stage.forget_facts()
    scene.run(39)
    assert states(scene) == ["survey"]
    scene.run(2).assert_nothing_left()


def test_the_recording_ends_with_the_talk() -> None:
    plan_ = plan(survey=True, recording=Recording(notice=False))
    scene = Scene(plan_, TALK).run(40).hang_up()
    scene.assert_nothing_left()
    (record,) = scene.stage.records
    assert record.recording_ms == pytest.approx(30_000, abs=20)


def test_without_a_survey_the_caller_goes_with_the_destination() -> None:
    scene = Scene(plan(), TALK).run(40)
    scene.assert_nothing_left()
    assert prompts(scene) == []
