"""Destinations that are asked before they are joined: whisper, and press 1 to accept."""

from dataclasses import replace

import pytest

from b2bua.call.media import (
    AudioBegan,
    CallId,
    HearLeg,
    HearPrompts,
    HearSilence,
    KeyPressed,
    LegId,
)
from b2bua.service.plan import Plan
from b2bua.service.record import ChargeBasis, Outcome
from b2bua.sip.dialog import events as sip
from tests.exchange.scripts import AT_ONCE, Answers, Refuses, Scene, plan
from tests.support.stage import Phone

BOTH = HearPrompts(prompts=("zh/whisper", "zh/accept"), token="told")


def asking(*, accept: bool = True, whisper: str = "whisper") -> Plan:
    """The first destination is asked, the second is not."""
    plan_ = plan()
    first = replace(plan_.destinations["first"], accept=accept, whisper=whisper)
    return replace(plan_, destinations={**plan_.destinations, "first": first})


def legs(scene: Scene) -> tuple[CallId, list[LegId]]:
    """The call, and its open legs: the caller's first."""
    ports = scene.stage.ports.open
    return next(iter(ports.values())), list(ports)


def press(scene: Scene, place: int, digit: str) -> None:
    call, of = legs(scene)
    scene.stage.tell(KeyPressed(call=call, leg=of[place], digit=digit))


def answered(scene: Scene) -> bool:
    return any(isinstance(event, sip.Accepted) for event in scene.caller.told)


def states(scene: Scene) -> list[str]:
    return [live.state for live in scene.stage.exchange.live()]


def test_the_caller_is_answered_when_the_call_is_accepted() -> None:
    """Picked up after 2 s, accepted after 5: charged from then."""
    scene = Scene(asking(), Answers(after=2, talk=60)).run(3)
    _, (_, destination) = legs(scene)
    assert scene.stage.ports.heard == [(destination, BOTH)]
    assert (states(scene), answered(scene)) == (["hunting"], False)
    scene.run(2)
    press(scene, 1, "1")
    scene.run(0.1)
    assert (states(scene), answered(scene)) == (["talking"], True)
    assert {type(hearing) for hearing in scene.stage.ports.hearing.values()} == {HearLeg}
    scene.run(60).assert_nothing_left()
    (record,) = scene.stage.records
    assert record.outcome is Outcome.ANSWERED
    assert record.charge_basis is ChargeBasis.DESTINATION_ANSWER
    assert record.setup_ms == pytest.approx(5000, abs=20)
    assert record.talk_ms == pytest.approx(57_000, abs=50)


@pytest.mark.parametrize("keys", ["", "2", "0#*"])
def test_whoever_does_not_press_one_has_not_answered(keys: str) -> None:
    """Two prompts of two seconds and ten of patience; then the next destination."""
    scene = Scene(asking(), Answers(after=2), Answers(after=1, talk=20)).run(7)
    for digit in keys:
        press(scene, 1, digit)
    scene.run(8.5)
    assert states(scene) == ["hunting"]
    assert not answered(scene)
    scene.run(3).assert_nothing_left()
    (record,) = scene.stage.records
    assert [(a.destination, a.outcome) for a in record.attempts] == [
        ("first", "no-answer"),
        ("second", "answered"),
    ]
    assert record.attempts[0].ring_ms == pytest.approx(16_000, abs=50)
    ended = [e for e in scene.first.told if isinstance(e, sip.Ended)]
    assert [e.reason for e in ended] == [sip.EndReason.HUNG_UP]


def test_a_whisper_alone_asks_for_no_key() -> None:
    scene = Scene(asking(accept=False), Answers(after=2, talk=10)).run(3)
    (heard,) = scene.stage.ports.heard
    assert heard[1] == HearPrompts(prompts=("zh/whisper",), token="told")
    assert not answered(scene)
    press(scene, 1, "1")
    scene.run(0.1)
    assert not answered(scene)
    scene.run(1)
    assert (states(scene), answered(scene)) == (["talking"], True)
    scene.run(10).assert_nothing_left()


def test_prompts_that_cannot_be_played_still_leave_the_question() -> None:
    scene = Scene(asking(), Answers(after=2, talk=30)).run(1)
    scene.stage.ports.mute = True
    scene.run(2)
    assert states(scene) == ["hunting"]
    press(scene, 1, "1")
    scene.run(0.1)
    assert states(scene) == ["talking"]
    scene.assert_nothing_left()


def test_prompts_whose_end_is_not_told_do_not_last_for_ever() -> None:
    scene = Scene(asking(), Answers(after=2), Refuses(486)).run(2.5)
    scene.stage.forget_facts()
    scene.run(38)
    assert states(scene) == ["hunting"]
    scene.run(3).assert_nothing_left()
    assert scene.stage.records[0].attempts[0].outcome == "no-answer"


def test_the_caller_does_not_hear_who_is_asked() -> None:
    """Not even when the caller heard that leg ring: our own ringing tone comes back."""
    scene = Scene(asking(), early_then_answers).run(1)
    call, (caller, destination) = legs(scene)
    scene.stage.tell(AudioBegan(call=call, leg=destination))
    assert scene.stage.ports.hearing[caller] == HearLeg(destination)
    scene.run(2)
    ringback = HearPrompts(prompts=("tones/ringback",), repeat=True)
    assert scene.stage.ports.hearing[caller] == ringback
    scene.stage.tell(AudioBegan(call=call, leg=destination))
    assert scene.stage.ports.hearing[caller] == ringback
    scene.hang_up().assert_nothing_left()
    assert scene.stage.records[0].outcome is Outcome.ABANDONED


def early_then_answers(phone: Phone, event: sip.Event, now: float) -> list[sip.Order]:
    orders = Answers(after=2)(phone, event, now)
    if isinstance(event, sip.Invited):
        answer = phone.answer_to(event.invitation.offer)
        orders = [sip.Ring(session=event.session, status=183, description=answer)]
    return orders


@pytest.mark.parametrize("who", ["caller", "destination", "process"])
def test_whatever_ends_it_while_it_is_asked(who: str) -> None:
    scene = Scene(asking(), Answers(after=1, talk=2 if who == "destination" else None))
    scene.run(2)
    match who:
        case "caller":
            scene.hang_up()
        case "process":
            scene.stage.crash(adopted=False)
            scene.stage.ports.open.clear()
        case _:
            pass
    scene.assert_nothing_left()
    (record,) = scene.stage.records
    outcome = {
        "caller": Outcome.ABANDONED,
        "destination": Outcome.NO_ANSWER,
        "process": Outcome.FAILED,
    }[who]
    assert (record.outcome, record.destination) == (outcome, "")
    assert record.answered_at is None
    assert record.fee == 0


def test_of_two_who_are_asked_at_once_the_first_to_accept_talks() -> None:
    one_asked = asking()
    second = replace(one_asked.destinations["second"], accept=True)
    destinations = {**one_asked.destinations, "second": second}
    plan_ = plan(**{**AT_ONCE, "destinations": destinations})
    scene = Scene(plan_, Answers(after=1), Answers(after=1)).run(4)
    press(scene, 2, "1")
    scene.run(1)
    assert states(scene) == ["talking"]
    press(scene, 0, "1")
    scene.hang_up().assert_nothing_left()
    (record,) = scene.stage.records
    assert record.destination == "second"
    assert {a.destination: a.outcome for a in record.attempts} == {
        "first": "cancelled",
        "second": "answered",
    }


def test_after_the_prompts_the_destination_hears_silence() -> None:
    scene = Scene(asking(), Answers(after=1)).run(6)
    _, (_, destination) = legs(scene)
    assert scene.stage.ports.hearing[destination] == HearSilence()
    scene.hang_up().assert_nothing_left()
