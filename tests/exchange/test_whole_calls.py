"""Whole 400 calls, from INVITE to record, without a socket."""

from dataclasses import replace

import pytest

from b2bua.call.media import AudioBegan, HearLeg, HearPrompts, KeyPressed, LegId
from b2bua.service.plan import Announcements
from b2bua.service.record import ChargeBasis, Outcome
from b2bua.sip.dialog import events as sip
from b2bua.sip.sdp.description import Direction
from b2bua.sip.sdp.negotiation import make_offer
from tests.exchange.scripts import (
    AT_ONCE,
    BLACKLIST,
    WITH_MENU,
    Answers,
    Refuses,
    Scene,
    describes,
    plan,
    rings,
)
from tests.support.stage import CALLER, Phone, Script, audio


def statuses(phone: Phone) -> list[int]:
    """The provisional and final statuses that a calling phone heard."""
    heard = []
    for event in phone.told:
        match event:
            case sip.Progressed(status=status) | sip.Refused(status=status):
                heard.append(status)
            case sip.Accepted():
                heard.append(200)
            case _:
                pass
    return heard


def test_an_answered_call_leaves_one_exact_record() -> None:
    scene = Scene(plan(), Answers(after=2.0, talk=61.0)).run(70)
    scene.assert_nothing_left()
    (record,) = scene.stage.records
    assert record.outcome is Outcome.ANSWERED
    assert record.end_reason == "destination hung up"
    assert record.destination == "first"
    assert record.charge_basis is ChargeBasis.DESTINATION_ANSWER
    assert 60_900 < record.talk_ms < 61_100
    assert record.fee == 800
    assert [a.outcome for a in record.attempts] == ["answered"]
    assert statuses(scene.caller) == [180, 200]
    assert record.ladder[0].leg == "caller"
    assert record.ladder[0].line.startswith("INVITE")


def test_both_legs_hear_each_other() -> None:
    scene = Scene(plan(), Answers()).run(5)
    hearing = scene.stage.ports.hearing
    assert len(hearing) == 2
    (one, other) = hearing
    assert hearing == {one: HearLeg(other), other: HearLeg(one)}
    scene.hang_up().assert_nothing_left()
    assert scene.stage.records[0].end_reason == "caller hung up"


@pytest.mark.parametrize(
    ("first", "outcome"),
    [
        (Refuses(486), "busy"),
        (Refuses(600), "busy"),
        (Refuses(480, q850=17), "busy"),
        (Refuses(480), "no-answer"),
        (Refuses(408), "no-answer"),
        (Refuses(486, q850=19), "no-answer"),
        (Refuses(404), "unreachable"),
        (Refuses(503), "unreachable"),
        (rings, "no-answer"),
    ],
)
def test_a_failed_attempt_is_passed_over(first: Script, outcome: str) -> None:
    scene = Scene(plan(), first, Answers(talk=5)).run(60)
    scene.assert_nothing_left()
    (record,) = scene.stage.records
    assert [a.outcome for a in record.attempts] == [outcome, "answered"]
    assert record.destination == "second"
    assert statuses(scene.caller) == [180, 200]


def test_nobody_answers() -> None:
    scene = Scene(plan(), rings, rings).run(60)
    scene.assert_nothing_left()
    assert scene.stage.records[0].outcome is Outcome.NO_ANSWER
    assert statuses(scene.caller) == [180, 480]
    assert scene.stage.records[0].fee == 0


def test_all_busy_is_spoken_before_it_is_refused() -> None:
    busy = plan(announcements=Announcements.ALL)
    scene = Scene(busy, Refuses(486), Refuses(486)).run(60)
    scene.assert_nothing_left()
    heard = [hearing for _, hearing in scene.stage.ports.heard]
    assert heard == [HearPrompts(prompts=("zh/busy",), token="announced")]
    assert statuses(scene.caller) == [180, 183, 486]
    assert scene.stage.records[0].outcome is Outcome.BUSY


def test_a_greeting_never_answers_and_is_never_interrupted() -> None:
    scene = Scene(plan(greeting="welcome"), Refuses(486), Answers(talk=3)).run(60)
    scene.assert_nothing_left()
    assert statuses(scene.caller) == [183, 200]
    greeting = HearPrompts(prompts=("zh/welcome", "tones/ringback"), repeat=True)
    heard = [hearing for _, hearing in scene.stage.ports.heard]
    assert heard.count(greeting) == 1
    assert scene.stage.records[0].charge_basis is ChargeBasis.DESTINATION_ANSWER


def test_a_menu_answers_at_once_and_is_charged_from_there() -> None:
    scene = Scene(plan(greeting="welcome", **WITH_MENU), Answers(after=3, talk=5)).run(6)
    stage = scene.stage
    assert statuses(scene.caller) == [200]
    asked = stage.ports.heard[0]
    assert asked[1] == HearPrompts(prompts=("zh/welcome", "zh/menu"), token="menu:main:1")
    (call,) = stage.journal
    stage.tell(KeyPressed(call=call, leg=asked[0], digit="1"))
    scene.assert_nothing_left()
    (record,) = stage.records
    assert record.charge_basis is ChargeBasis.ANSWER
    assert record.charged_ms > record.talk_ms > 4900
    assert record.keys == "1"


def test_early_media_is_a_ringing_tone_until_audio_really_comes() -> None:
    scene = Scene(plan(), describes, Answers(talk=1)).run(2)
    ports = scene.stage.ports
    ringing = HearPrompts(prompts=("tones/ringback",), repeat=True)
    (leg,) = ports.hearing
    assert ports.hearing[leg] == ringing
    assert statuses(scene.caller) == [183]
    attempt = next(g for g in ports.open if g != leg)

    scene.stage.tell(AudioBegan(call=ports.open[leg], leg=LegId(attempt)))
    assert ports.hearing[leg] == HearLeg(attempt)
    scene.run(60).assert_nothing_left()
    assert statuses(scene.caller) == [183, 200]


def test_a_blacklisted_caller_reaches_nobody() -> None:
    scene = Scene(plan(**BLACKLIST), Answers()).run(5)
    scene.assert_nothing_left()
    (record,) = scene.stage.records
    assert (record.outcome, record.status, record.q850) == (Outcome.REFUSED, 403, 21)
    assert record.attempts == ()
    assert scene.first.told == []


def test_the_first_to_answer_wins_when_all_ring_at_once() -> None:
    scene = Scene(plan(**AT_ONCE), Answers(after=3), Answers(after=1, talk=4)).run(60)
    scene.assert_nothing_left()
    (record,) = scene.stage.records
    assert record.destination == "second"
    outcomes = {a.destination: a.outcome for a in record.attempts}
    assert outcomes == {"first": "cancelled", "second": "answered"}


@pytest.mark.parametrize("seconds", [0.0, 0.0012, 0.5, 1.0, 1.9995, 2.001, 2.003])
def test_a_caller_may_leave_at_any_moment(seconds: float) -> None:
    scene = Scene(plan(greeting="welcome"), Answers(after=2)).run(seconds)
    scene.hang_up().assert_nothing_left()
    record = scene.stage.records[0]
    assert record.outcome in (Outcome.ABANDONED, Outcome.ANSWERED)


def test_a_hold_is_carried_across() -> None:

    scene = Scene(plan(), Answers()).run(5)
    held = replace(audio(CALLER, version=2), direction=Direction.SENDONLY)
    scene.stage.order(scene.caller, sip.Offer(scene.session, make_offer(held)))
    scene.run(2)
    offers = [e for e in scene.first.told if isinstance(e, sip.Offered)]
    assert len(offers) == 1
    assert offers[0].description is not None
    assert offers[0].description.media[0].direction is Direction.SENDONLY
    scene.hang_up().assert_nothing_left()


def test_a_lost_media_process_ends_its_call_on_both_sides() -> None:
    scene = Scene(plan(), Answers()).run(5)
    scene.stage.lose_media()
    scene.assert_nothing_left()
    record = scene.stage.records[0]
    assert (record.outcome, record.end_reason) == (Outcome.ANSWERED, "media_lost")
