"""Callers who wait while all destinations are busy: music, turns, and how it ends."""

from dataclasses import replace
from pathlib import Path

import pytest

from b2bua.call.media import HearLeg, HearPrompts
from b2bua.service.flow.waiting import place_prompt
from b2bua.service.plan import (
    Destination,
    Forwarding,
    Group,
    Mode,
    Plan,
    Queue,
    Route,
    Screening,
    ToGroup,
    When,
)
from b2bua.service.record import CallRecord, ChargeBasis, Outcome
from b2bua.sip.dialog import events as sip
from b2bua.sip.dialog.events import SessionId
from tests.exchange.scripts import Answers, Refuses, Scene, plan
from tests.support.stage import Phone

FAVOURED = "13900009999"
CATALOGUE = Path(__file__).parents[2] / "prompts"


def queued(queue: Queue | None = None, **changes: object) -> Plan:
    """One desk that takes one call, and a queue before it."""
    desk = Destination(name="desk", number="02088886001", trunk="first", concurrent=1)
    members = (("desk", 0),)
    group = Group(
        name="desks", mode=Mode.ORDER, members=members, queue=queue or Queue(max_wait=60)
    )
    return plan(
        destinations={"desk": desk},
        forwarding=Forwarding(),
        groups={"desks": group},
        routes=(Route(name="all", when=When(), to=ToGroup("desks")),),
        **changes,
    )


def busy_scene(plan_: Plan, talk: float = 20.0) -> Scene:
    """The desk talks to somebody for a while."""
    scene = Scene(plan_, Answers(after=0.1, talk=talk)).run(1)
    assert states(scene) == ["talking"]
    return scene


def states(scene: Scene) -> list[str]:
    return [live.state for live in scene.stage.exchange.live()]


def dial(scene: Scene, caller: str) -> SessionId:
    session = scene.stage.dial(scene.caller, from_user=caller)
    scene.run(0.5)
    return session


def prompts(scene: Scene) -> list[tuple[str, ...]]:
    heard = [hearing for _, hearing in scene.stage.ports.heard]
    return [one.prompts for one in heard if isinstance(one, HearPrompts)]


def records(scene: Scene) -> dict[str, CallRecord]:
    """By caller, after everything is over."""
    scene.run(300)
    stage = scene.stage
    assert not stage.faults
    assert stage.ports.open == {}
    assert stage.journal == {}
    assert stage.exchange.remembered == 0
    assert all(phone.ended() for phone in stage.phones.values())
    return {record.caller: record for record in stage.records}


def test_music_then_the_desk_as_soon_as_it_is_free() -> None:
    """The first talk ends after 20.1 s; the next caller talks a moment later."""
    scene = busy_scene(queued())
    dial(scene, "13800002222")
    assert states(scene) == ["talking", "queue"]
    scene.run(3)
    assert prompts(scene) == [("zh/queue",), ("tones/music",)]
    music = scene.stage.ports.heard[-1][1]
    assert isinstance(music, HearPrompts)
    assert music.repeat
    scene.run(15.8)
    assert states(scene) == ["talking"]
    caller, destination = scene.stage.ports.heard[-2:]
    assert isinstance(caller[1], HearLeg)
    assert isinstance(destination[1], HearLeg)
    record = records(scene)["13800002222"]
    assert (record.outcome, record.destination) == (Outcome.ANSWERED, "desk")
    assert record.charge_basis is ChargeBasis.ANSWER
    assert [s.why for s in record.trace if s.rule == "queue"] == [
        "all are busy: at most 60 s",
        "waited 19 s: answered",
    ]


def test_the_prompt_comes_again_and_own_music_is_played() -> None:
    queue = Queue(music="waltz", max_wait=60, announce=10)
    plan_ = replace(queued(queue), prompts={"waltz": "plan/abc"})
    scene = busy_scene(plan_, talk=100)
    dial(scene, "13800002222")
    scene.run(24)
    assert prompts(scene) == [("zh/queue",), ("plan/abc",)] * 3
    records(scene)


def test_white_listed_callers_first_then_first_come_first_served() -> None:
    scene = busy_scene(queued(screening=Screening(whitelist=(FAVOURED,))), talk=12)
    waiting = ["13800002222", "13800003333", FAVOURED]
    for caller in waiting:
        dial(scene, caller)
    scene.run(60)
    told = records(scene)
    order = sorted(waiting, key=lambda one: told[one].destination_answered_at or 0)
    assert order == [FAVOURED, "13800002222", "13800003333"]
    assert {told[one].outcome for one in waiting} == {Outcome.ANSWERED}


def test_nobody_overtakes_those_who_wait() -> None:
    """A desk that says busy by itself may be free: whoever waits is to find out first."""
    scene = Scene(unlimited(), Refuses(486, after=0.1)).run(1)
    assert states(scene) == ["queue"]
    dial(scene, "13800002222")
    assert states(scene) == ["queue", "queue"]
    invited = [e for e in scene.first.told if isinstance(e, sip.Invited)]
    assert len(invited) == 1
    scene.first.script = Answers(after=0.1, talk=30)
    scene.run(6)
    told = records(scene)
    first = told["13800001111"].destination_answered_at
    second = told["13800002222"].destination_answered_at
    assert first is not None
    assert second is not None
    assert first < second


def unlimited() -> Plan:
    plan_ = queued()
    desk = replace(plan_.destinations["desk"], concurrent=None)
    return replace(plan_, destinations={"desk": desk})


def test_a_desk_that_says_busy_is_tried_again_and_again() -> None:
    scene = Scene(unlimited(), Refuses(486, after=0.1)).run(21)
    invited = [e for e in scene.first.told if isinstance(e, sip.Invited)]
    assert len(invited) == 5
    assert states(scene) == ["queue"]
    records(scene)


def test_patience_ends_in_the_plans_refusal() -> None:
    scene = busy_scene(queued(Queue(max_wait=10)), talk=30)
    session = dial(scene, "13800002222")
    scene.run(11)
    record = records(scene)["13800002222"]
    assert (record.outcome, record.end_reason) == (Outcome.BUSY, "all destinations busy")
    assert (record.status, record.q850, record.fee) == (200, 17, 400)
    assert record.charged_ms == pytest.approx(10_000, abs=50)
    assert causes_of(scene.caller, session) == [17]


def causes_of(phone: Phone, session: SessionId) -> list[int]:
    ended = [e for e in phone.told if isinstance(e, sip.Ended) and e.session == session]
    return [cause.code for event in ended for cause in event.causes]


def test_patience_ends_in_a_message_if_the_plan_takes_any() -> None:
    plan_ = replace(queued(Queue(max_wait=10)), forwarding=Forwarding(voicemail=True))
    scene = busy_scene(plan_, talk=60)
    dial(scene, "13800002222")
    scene.run(15)
    assert states(scene) == ["talking", "voicemail"]
    record = records(scene)["13800002222"]
    assert (record.outcome, record.end_reason) == (Outcome.BUSY, "voicemail")


def test_who_gives_up_leaves_the_line_to_others() -> None:
    scene = busy_scene(queued(), talk=15)
    leaving = dial(scene, "13800002222")
    dial(scene, "13800003333")
    scene.stage.order(scene.caller, sip.HangUp(session=leaving))
    told = records(scene)
    assert told["13800002222"].outcome is Outcome.ABANDONED
    assert told["13800003333"].outcome is Outcome.ANSWERED


def test_a_desk_that_does_not_answer_sends_the_caller_back_to_the_line() -> None:
    scene = Scene(queued(Queue(max_wait=40)), Refuses(486, after=0.1)).run(1)
    scene.first.script = Refuses(480, after=0.1)
    scene.run(20)
    assert states(scene) == ["queue"]
    scene.first.script = Answers(after=0.1, talk=5)
    record = records(scene)["13800001111"]
    assert record.outcome is Outcome.ANSWERED
    assert {attempt.outcome for attempt in record.attempts} == {
        *("busy", "no-answer", "answered")
    }


def test_music_that_cannot_be_played_is_no_reason_to_leave() -> None:
    scene = busy_scene(queued())
    scene.stage.ports.mute = True
    dial(scene, "13800002222")
    scene.run(5)
    assert states(scene) == ["talking", "queue"]
    records(scene)


def test_a_group_without_a_queue_refuses() -> None:
    plan_ = queued()
    group = replace(plan_.groups["desks"], queue=None)
    scene = busy_scene(replace(plan_, groups={"desks": group}))
    dial(scene, "13800002222")
    record = records(scene)["13800002222"]
    assert (record.outcome, record.status) == (Outcome.BUSY, 486)
    assert record.answered_at is None


@pytest.mark.parametrize("language", ["zh", "en"])
def test_callers_hear_how_many_are_ahead(language: str) -> None:
    """Who comes later hears more; who is white-listed goes ahead of all."""
    queue = Queue(max_wait=100, announce=10, position=True)
    white = Screening(whitelist=(FAVOURED,))
    scene = busy_scene(queued(queue, screening=white, language=language), talk=60)
    for caller in ("13800002222", "13800003333", FAVOURED):
        dial(scene, caller)
    places = ["place-next", "place-1", "place-next"]
    heard = [one for one in prompts(scene) if one != ("tones/music",)]
    assert heard == [(f"{language}/queue", f"{language}/{place}") for place in places]
    scene.run(10.2)
    again = [one for one in prompts(scene) if one != ("tones/music",)][3:]
    places = ["place-1", "place-2", "place-next"]
    assert again == [(f"{language}/queue", f"{language}/{place}") for place in places]
    records(scene)


@pytest.mark.parametrize(
    ("ahead", "prompt"),
    [(0, "place-next"), (1, "place-1"), (10, "place-10"), (11, "place-more")],
)
def test_the_place_in_words(ahead: int, prompt: str) -> None:
    assert place_prompt(ahead) == prompt
    assert all((CATALOGUE / folder / f"{prompt}.wav").is_file() for folder in ("zh", "en"))


def test_who_is_being_tried_is_nobody_ahead() -> None:
    """While the next one's destination rings, the one after hears that it is next."""
    queue = Queue(max_wait=100, announce=10, position=True)
    scene = Scene(queued(queue), Refuses(486, after=1.0)).run(3)
    dial(scene, "13800002222")
    scene.run(40)
    assert {one for one in prompts(scene) if "zh/queue" in one} <= {
        ("zh/queue", "zh/place-next"),
        ("zh/queue", "zh/place-1"),
    }
    records(scene)
