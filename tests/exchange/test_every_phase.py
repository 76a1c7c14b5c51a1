"""Every phase of a call, and everything that can end it there: what the record says."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

import pytest

from b2bua.call.media import CallId, KeyPressed, MediaLost
from b2bua.service.plan import Announcements, Plan, Recording, Screening
from b2bua.service.record import CallRecord, Outcome
from b2bua.sip.dialog import events as sip
from tests.exchange.scripts import (
    BLACKLIST,
    FAMILIAR,
    TO_VOICEMAIL,
    WITH_MENU,
    WITH_QUEUE,
    Answers,
    Refuses,
    Scene,
    plan,
    rings,
)
from tests.support.stage import Script

SPOKEN: Final = {"announcements": Announcements.ALL}

PHASES: Mapping[str, tuple[Plan, Script, float]] = {
    "opening": (plan(greeting="welcome"), rings, 0.0012),
    "announcing": (plan(**BLACKLIST, **SPOKEN), rings, 1.0),
    "password": (plan(password="1234"), rings, 1.0),
    "menu": (plan(**WITH_MENU), rings, 1.0),
    "recalling": (plan(**FAMILIAR), rings, 0.006),
    "hunting": (plan(), rings, 1.0),
    "queue": (WITH_QUEUE, Refuses(486, after=0.1), 1.0),
    "notice": (plan(recording=Recording()), Answers(after=0.5), 1.0),
    "talking": (plan(), Answers(after=0.5), 1.0),
    "survey": (plan(survey=True), Answers(after=0.5, talk=1.0), 2.0),
    "voicemail": (plan(**TO_VOICEMAIL), rings, 5.0),
}
TALKED: Final = {"notice", "talking", "survey"}
ANSWERED: Final = {"password", "menu", "queue", "voicemail", *TALKED}


def scene_in(phase: str) -> Scene:
    plan_, first, seconds = PHASES[phase]
    scene = Scene(plan_, first).run(seconds)
    assert [live.state for live in scene.stage.exchange.live()] == [phase]
    return scene


def call_of(scene: Scene) -> CallId:
    return CallId(scene.stage.exchange.live()[0].id)


def leaves(scene: Scene) -> None:
    scene.hang_up()


def operator(scene: Scene) -> None:
    stage = scene.stage
    stage.carry_out(stage.exchange.hang_up(call_of(scene), stage.now, stage.at))


def media_dies(scene: Scene) -> None:
    lost = MediaLost(call_of(scene))
    scene.stage.ports.open.clear()
    scene.stage.tell(lost)


def process_dies(scene: Scene) -> None:
    scene.stage.crash(adopted=False)
    scene.stage.ports.open.clear()


EVENTS: Mapping[str, Callable[[Scene], None]] = {
    "the caller leaves": leaves,
    "the operator hangs up": operator,
    "the media is lost": media_dies,
    "the process dies": process_dies,
}

WHAT_FOLLOWS: Mapping[tuple[str, str], tuple[Outcome, str, int, int]] = {
    ("opening", "the caller leaves"): (Outcome.ABANDONED, "caller gave up", 487, 16),
    ("announcing", "the caller leaves"): (Outcome.ABANDONED, "caller gave up", 487, 16),
    ("password", "the caller leaves"): (Outcome.ABANDONED, "caller gave up", 200, 16),
    ("menu", "the caller leaves"): (Outcome.ABANDONED, "caller gave up", 200, 16),
    ("recalling", "the caller leaves"): (Outcome.ABANDONED, "caller gave up", 487, 16),
    ("hunting", "the caller leaves"): (Outcome.ABANDONED, "caller gave up", 487, 16),
    ("queue", "the caller leaves"): (Outcome.ABANDONED, "caller gave up", 200, 16),
    ("notice", "the caller leaves"): (Outcome.ANSWERED, "caller hung up", 200, 16),
    ("talking", "the caller leaves"): (Outcome.ANSWERED, "caller hung up", 200, 16),
    ("survey", "the caller leaves"): (Outcome.ANSWERED, "destination hung up", 200, 16),
    ("voicemail", "the caller leaves"): (Outcome.NO_ANSWER, "voicemail", 200, 16),
    ("opening", "the operator hangs up"): (Outcome.FAILED, "operator", 480, 41),
    ("announcing", "the operator hangs up"): (Outcome.REFUSED, "blacklist", 403, 21),
    ("password", "the operator hangs up"): (Outcome.FAILED, "operator", 200, 41),
    ("menu", "the operator hangs up"): (Outcome.FAILED, "operator", 200, 41),
    ("recalling", "the operator hangs up"): (Outcome.FAILED, "operator", 480, 41),
    ("hunting", "the operator hangs up"): (Outcome.FAILED, "operator", 480, 41),
    ("queue", "the operator hangs up"): (Outcome.FAILED, "operator", 200, 41),
    ("notice", "the operator hangs up"): (Outcome.ANSWERED, "operator", 200, 41),
    ("talking", "the operator hangs up"): (Outcome.ANSWERED, "operator", 200, 41),
    ("survey", "the operator hangs up"): (Outcome.ANSWERED, "operator", 200, 41),
    ("voicemail", "the operator hangs up"): (Outcome.FAILED, "operator", 200, 41),
    ("opening", "the media is lost"): (Outcome.FAILED, "media_lost", 480, 41),
    ("announcing", "the media is lost"): (Outcome.REFUSED, "blacklist", 403, 21),
    ("password", "the media is lost"): (Outcome.FAILED, "media_lost", 200, 41),
    ("menu", "the media is lost"): (Outcome.FAILED, "media_lost", 200, 41),
    ("recalling", "the media is lost"): (Outcome.FAILED, "media_lost", 480, 41),
    ("hunting", "the media is lost"): (Outcome.FAILED, "media_lost", 480, 41),
    ("queue", "the media is lost"): (Outcome.FAILED, "media_lost", 200, 41),
    ("notice", "the media is lost"): (Outcome.ANSWERED, "media_lost", 200, 41),
    ("talking", "the media is lost"): (Outcome.ANSWERED, "media_lost", 200, 41),
    ("survey", "the media is lost"): (Outcome.ANSWERED, "media_lost", 200, 41),
    ("voicemail", "the media is lost"): (Outcome.FAILED, "media_lost", 200, 41),
    **{
        (phase, "the process dies"): (
            Outcome.ANSWERED if phase in TALKED else Outcome.FAILED,
            f"process ended while {phase}",
            200 if phase in ANSWERED else 480,
            41,
        )
        for phase in PHASES
    },
    # Nobody was chosen: the next process begins such a call again.
    ("opening", "the process dies"): (Outcome.NO_ANSWER, "nobody answered", 480, 19),
    ("announcing", "the process dies"): (Outcome.REFUSED, "blacklist", 403, 21),
    ("recalling", "the process dies"): (Outcome.NO_ANSWER, "nobody answered", 480, 19),
}


def told(record: CallRecord) -> tuple[Outcome, str, int, int]:
    return record.outcome, record.end_reason, record.status, record.q850


@pytest.mark.parametrize("event", EVENTS)
@pytest.mark.parametrize("phase", PHASES)
def test_what_ends_a_call_in_each_phase(phase: str, event: str) -> None:
    scene = scene_in(phase)
    EVENTS[event](scene)
    scene.assert_nothing_left()
    (record,) = scene.stage.records
    assert told(record) == WHAT_FOLLOWS[phase, event]
    assert (record.answered_at is not None) == (phase in ANSWERED)
    assert (record.fee > 0) == (phase in ANSWERED)
    assert scene.stage.exchange.remembered == 0


@pytest.mark.parametrize("first", ["the caller leaves", "the media is lost"])
@pytest.mark.parametrize("phase", PHASES)
def test_a_call_that_ends_is_not_ended_again(phase: str, first: str) -> None:
    """Whoever comes second, in the moment before the record, changes nothing of it."""
    scene = scene_in(phase)
    stage, name = scene.stage, call_of(scene)
    EVENTS[first](scene)
    for _ in range(100):
        if [live.state for live in stage.exchange.live()] in (["ending"], []):
            break
        scene.run(0.0001)
    assert [live.state for live in stage.exchange.live()] in (["ending"], [])
    stage.carry_out(stage.exchange.hang_up(name, stage.now, stage.at))
    stage.carry_out(stage.exchange.hang_up_all("down", stage.now, stage.at))
    stage.carry_out(stage.exchange.hear_of(MediaLost(name), stage.now, stage.at))
    scene.assert_nothing_left()
    (record,) = stage.records
    assert told(record) == WHAT_FOLLOWS[phase, first]


@pytest.mark.parametrize(
    ("phase", "seconds", "what"),
    [
        ("password", 400, (Outcome.REFUSED, "password", 200, 21)),
        ("menu", 400, (Outcome.REFUSED, "menu", 200, 21)),
        ("announcing", 20, (Outcome.REFUSED, "blacklist", 403, 21)),
        ("queue", 61, (Outcome.BUSY, "all destinations busy", 200, 17)),
        ("notice", 4 * 3600 + 20, (Outcome.ANSWERED, "talk limit", 200, 41)),
        ("talking", 4 * 3600 + 1, (Outcome.ANSWERED, "talk limit", 200, 41)),
        ("survey", 15, (Outcome.ANSWERED, "destination hung up", 200, 16)),
        ("voicemail", 125, (Outcome.NO_ANSWER, "voicemail", 200, 16)),
    ],
)
def test_every_phase_has_its_limit(
    phase: str, seconds: float, what: tuple[Outcome, str, int, int]
) -> None:
    scene = scene_in(phase).run(seconds)
    scene.assert_nothing_left()
    assert told(scene.stage.records[0]) == what


def test_a_port_that_never_comes() -> None:
    scene = Scene(plan(greeting="welcome"), rings, dial=False)
    scene.stage.ports.lost = True
    scene.session = scene.stage.dial(scene.caller)
    scene.run(100).assert_nothing_left()
    assert told(scene.stage.records[0]) == (Outcome.FAILED, "no port in time", 480, 41)


@pytest.mark.parametrize("phase", ["hunting", "menu"])
def test_whoever_rings_for_too_long_in_all_is_nobody(phase: str) -> None:
    """Ring times add up to more than the call may wait: its own limit ends it."""
    slow = plan(**(WITH_MENU if phase == "menu" else {}))
    slow = _ring_for(slow, 80)
    scene = Scene(slow, rings, rings).run(4)
    if phase == "menu":
        (leg, call), *_ = scene.stage.ports.open.items()
        scene.stage.tell(KeyPressed(call=call, leg=leg, digit="1"))
    scene.run(95)
    scene.assert_nothing_left()
    (record,) = scene.stage.records
    assert record.outcome is Outcome.NO_ANSWER
    assert [a.outcome for a in record.attempts] == ["no-answer", "no-answer"]


def _ring_for(plan_: Plan, seconds: int) -> Plan:
    destinations = {
        name: replace(one, ring=seconds) for name, one in plan_.destinations.items()
    }
    return replace(plan_, destinations=destinations)


@pytest.mark.parametrize("spoken", [Announcements.ALL, Announcements.NONE])
def test_a_refusal_stands_when_there_is_no_port_to_speak_it(spoken: Announcements) -> None:
    """503 would bring the call in again, by another of the carrier's ways."""
    scene = Scene(plan(**BLACKLIST, announcements=spoken), rings, dial=False)
    scene.stage.ports.refused = True
    scene.session = scene.stage.dial(scene.caller)
    scene.run(5).assert_nothing_left()
    assert told(scene.stage.records[0]) == (Outcome.REFUSED, "blacklist", 403, 21)


def test_without_a_port_the_carrier_is_sent_elsewhere() -> None:
    scene = Scene(plan(), rings, dial=False)
    scene.stage.ports.refused = True
    scene.session = scene.stage.dial(scene.caller)
    scene.run(0.5)
    (record,) = scene.stage.records
    assert told(record) == (Outcome.FAILED, "no port is free", 503, 42)
    (refused,) = [e for e in scene.caller.told if isinstance(e, sip.Refused)]
    assert refused.status == 503


def test_a_destination_without_a_port_is_passed_over() -> None:
    scene = Scene(plan(), rings, Answers(talk=3), dial=False)
    scene.session = scene.stage.dial(scene.caller)
    scene.run(0.0015)
    scene.stage.ports.refused = True
    scene.run(0.0012)
    scene.stage.ports.refused = False
    scene.run(20).assert_nothing_left()
    (record,) = scene.stage.records
    assert [a.outcome for a in record.attempts][-1] == "answered"


def test_prompts_that_cannot_be_played_keep_nobody_waiting() -> None:
    scene = Scene(plan(**BLACKLIST, **SPOKEN), rings, dial=False)
    scene.stage.ports.mute = True
    scene.session = scene.stage.dial(scene.caller)
    scene.run(0.5)
    assert [told(r) for r in scene.stage.records] == [
        (Outcome.REFUSED, "blacklist", 403, 21)
    ]


def test_a_silent_menu_still_takes_keys_and_gives_up_in_time() -> None:
    scene = Scene(plan(**WITH_MENU), rings, dial=False)
    scene.stage.ports.mute = True
    scene.session = scene.stage.dial(scene.caller)
    scene.run(30)
    (record,) = scene.stage.records
    assert (record.outcome, record.end_reason) == (Outcome.REFUSED, "menu")


def test_an_unknown_number_is_refused_and_recorded() -> None:
    scene = Scene(plan(), rings, dial=False)
    scene.session = scene.stage.dial(scene.caller, "4009999999")
    scene.run(5).assert_nothing_left()
    (record,) = scene.stage.records
    assert told(record) == (Outcome.REFUSED, "number unknown", 404, 1)
    assert (record.number, record.plan_version) == ("4009999999", 0)
    heard = [hearing for _, hearing in scene.stage.ports.heard]
    assert [h.prompts for h in heard] == [("zh/number-unknown",)]  # type: ignore[union-attr]


def test_a_lost_ack_is_told_in_the_record() -> None:
    scene = Scene(plan(screening=Screening()), Answers(after=1))
    scene.stage.deaf.add((scene.caller.address, b"ACK "))
    scene.run(60)
    (record,) = scene.stage.records
    assert (record.outcome, record.end_reason) == (Outcome.ANSWERED, "caller lost: no ACK")
    ended = [e for e in scene.first.told if isinstance(e, sip.Ended)]
    assert len(ended) == 1


def test_draining_ends_with_the_last_call() -> None:
    scene = scene_in("talking")
    stage = scene.stage
    stage.carry_out(stage.exchange.drain())
    stage.dial(scene.caller)
    scene.run(1)
    (refused,) = [e for e in scene.caller.told if isinstance(e, sip.Refused)]
    assert (refused.status, stage.drained) == (503, False)
    scene.hang_up().run(1)
    assert (len(stage.records), stage.drained) == (1, True)
