"""Messages that callers leave: how they come to it, what they hear, what is charged."""

import pytest

from b2bua.call.media import CallId, HearPrompts, KeyPressed, RecordLeg
from b2bua.service.plan import (
    Announcements,
    Forwarding,
    Route,
    Screening,
    ToVoicemail,
    Voicemail,
    When,
)
from b2bua.service.record import ChargeBasis, Outcome
from b2bua.sip.dialog import events as sip
from tests.exchange.scripts import Answers, Refuses, Scene, plan, rings
from tests.support.stage import Script

LAST_RESORT = {"forwarding": Forwarding(voicemail=True)}
AT_ONCE = {"routes": (Route(name="night", when=When(), to=ToVoicemail()),)}


def press(scene: Scene, digit: str) -> None:
    (leg, call), *_ = scene.stage.ports.open.items()
    scene.stage.tell(KeyPressed(call=call, leg=leg, digit=digit))


def prompts(scene: Scene) -> list[tuple[str, ...]]:
    heard = [hearing for _, hearing in scene.stage.ports.heard]
    return [one.prompts for one in heard if isinstance(one, HearPrompts)]


def test_a_message_from_prompt_to_thanks() -> None:
    """Two prompts of two seconds, a message of five, and a key that ends it."""
    scene = Scene(plan(**AT_ONCE), rings).run(4.5)
    assert prompts(scene) == [("zh/voicemail", "tones/beep")]
    assert len(scene.stage.ports.recording) == 1
    scene.run(2)
    press(scene, "1")
    assert len(scene.stage.ports.recording) == 1
    scene.run(2.5)
    press(scene, "#")
    assert scene.stage.ports.recording == {}
    scene.run(5).assert_nothing_left()
    assert prompts(scene)[1:] == [("zh/thanks",)]
    (record,) = scene.stage.records
    assert record.voicemail == f"{record.id}-message.wav"
    assert record.voicemail_ms == pytest.approx(5000, abs=10)
    assert (record.outcome, record.end_reason) == (Outcome.NO_ANSWER, "voicemail")
    assert (record.status, record.q850, record.destination) == (200, 16, "")
    assert (record.charge_basis, record.fee) == (ChargeBasis.ANSWER, 400)
    assert record.charged_ms == pytest.approx(11_000, abs=50)
    (ended,) = [e for e in scene.caller.told if isinstance(e, sip.Ended)]
    assert ended.reason is sip.EndReason.HUNG_UP


@pytest.mark.parametrize(
    ("first", "outcome"),
    [
        (rings, Outcome.NO_ANSWER),
        (Refuses(486), Outcome.BUSY),
        (Refuses(404), Outcome.FAILED),
    ],
)
def test_whom_nobody_takes_may_leave_a_message(first: Script, outcome: Outcome) -> None:
    scene = Scene(plan(**LAST_RESORT), first).run(22)
    assert [live.state for live in scene.stage.exchange.live()] == ["voicemail"]
    scene.hang_up().assert_nothing_left()
    (record,) = scene.stage.records
    assert (record.outcome, record.end_reason) == (outcome, "voicemail")
    assert record.voicemail_ms > 0
    assert record.answered_at is not None


def test_a_message_has_a_longest_length() -> None:
    scene = Scene(plan(**AT_ONCE, voicemail=Voicemail(seconds=30)), rings).run(40)
    scene.assert_nothing_left()
    (record,) = scene.stage.records
    assert record.voicemail_ms == pytest.approx(30_000, abs=10)


def test_who_hangs_up_before_the_tone_has_left_none() -> None:
    scene = Scene(plan(**AT_ONCE), rings).run(3).hang_up()
    scene.assert_nothing_left()
    (record,) = scene.stage.records
    assert (record.outcome, record.voicemail) == (Outcome.ABANDONED, "")
    assert record.fee == 400


def test_prompts_that_cannot_be_played_leave_the_message_possible() -> None:
    scene = Scene(plan(**AT_ONCE), rings, dial=False)
    scene.stage.ports.mute = True
    scene.session = scene.stage.dial(scene.caller)
    scene.run(5)
    assert len(scene.stage.ports.recording) == 1
    press(scene, "#")
    scene.run(1).assert_nothing_left()
    assert scene.stage.records[0].end_reason == "voicemail"


def test_a_prompt_whose_end_is_not_told_ends_by_itself() -> None:
    scene = Scene(plan(**AT_ONCE), rings).run(1)
    scene.stage.forget_facts()
    scene.run(61)
    assert len(scene.stage.ports.recording) == 1
    scene.hang_up().assert_nothing_left()


def test_a_full_disk_is_said_by_hanging_up() -> None:
    scene = Scene(plan(**AT_ONCE), rings)
    scene.stage.ports.full = True
    scene.run(10).assert_nothing_left()
    (record,) = scene.stage.records
    assert (record.outcome, record.voicemail) == (Outcome.FAILED, "")
    assert record.end_reason == "no recording"


def test_a_node_without_a_place_says_no_as_if_there_were_no_voicemail() -> None:
    scene = Scene(plan(**LAST_RESORT), Refuses(486), dial=False)
    scene.stage.recordings = ""
    scene.stage.crash()
    scene.session = scene.stage.dial(scene.caller)
    scene.run(10).assert_nothing_left()
    (record,) = scene.stage.records
    assert (record.outcome, record.status) == (Outcome.BUSY, 486)
    assert record.answered_at is None


def test_a_refusal_by_a_rule_is_no_reason_for_a_message() -> None:
    barred = plan(
        **LAST_RESORT,
        screening=Screening(blacklist=("13800001111",)),
        announcements=Announcements.NONE,
    )
    scene = Scene(barred, Answers()).run(5)
    scene.assert_nothing_left()
    assert scene.stage.records[0].outcome is Outcome.REFUSED


def test_a_message_that_a_crash_breaks_off_is_named() -> None:
    scene = Scene(plan(**AT_ONCE), rings).run(6)
    (recorded,) = [o for o in scene.stage.ports.orders if isinstance(o, RecordLeg)]
    scene.stage.crash(adopted=False)
    scene.stage.ports.open.clear()
    scene.assert_nothing_left()
    (record,) = scene.stage.records
    assert record.end_reason == "process ended while voicemail"
    assert recorded.path.endswith("/" + record.voicemail)
    assert CallId(record.id) == recorded.call
