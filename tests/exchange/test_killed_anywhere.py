"""The exchange dies after any one of its outputs, and its successor goes on.

The outputs that follow the last one are lost, as they are when a process is killed: in
the middle of a batch, between a journal entry and the message it stands before, between
a BYE and the record. Whatever is lost, each call that was heard of leaves one record, and
a caller who waits is told, so that no retransmission becomes a second call.
"""

from collections.abc import Callable

import pytest

from b2bua.service.plan import Announcements, Caps, Group, Mode, Route, ToGroup, When
from b2bua.service.record import Outcome
from b2bua.sip.dialog import events as sip
from b2bua.sip.dialog.events import Cause
from tests.exchange.scripts import (
    AT_ONCE,
    BLACKLIST,
    WITH_MENU,
    Answers,
    Refuses,
    Scene,
    plan,
)

ONE_CALL = Caps(calls_per_month=1, calls_per_week=50, spend_per_month=90_000)
SCENES: dict[str, Callable[[], Scene]] = {
    "talked": lambda: Scene(plan(), Answers(after=1, talk=3)),
    "forwarded": lambda: Scene(plan(), Refuses(486), Answers(after=1, talk=3)),
    "greeted": lambda: Scene(plan(greeting="welcome"), Answers(after=1, talk=3)),
    "told why": lambda: Scene(
        plan(announcements=Announcements.ALL, **BLACKLIST), Answers()
    ),
    "asked": lambda: Scene(plan(**WITH_MENU), Answers()),
    "capped": lambda: Scene(plan(caps=ONE_CALL), Answers(after=1, talk=3)),
}


def how_many(name: str) -> int:
    return SCENES[name]().run(200).stage.carried


@pytest.mark.parametrize("name", SCENES)
def test_killed_after_any_output(name: str) -> None:
    for outputs in range(1, how_many(name)):
        scene = SCENES[name]()
        scene.stage.die_after = outputs
        scene.run(4)
        scene.hang_up().run(1000)
        stage = scene.stage
        told = scene.caller.told
        heard_of = any(isinstance(e, sip.Progressed | sip.Accepted) for e in told)
        assert stage.journal == {}, outputs
        assert stage.ports.open == {}, outputs
        assert stage.exchange.remembered == 0, outputs
        assert not stage.faults, outputs
        assert len(stage.records) == 1 or (not heard_of and not stage.records), outputs
        assert all(phone.ended() for phone in stage.phones.values()), outputs


def test_killed_after_any_output_the_cap_is_neither_exceeded_nor_lost() -> None:
    """Whatever the store was asked by whom, one call is admitted, and just one."""
    for outputs in range(1, how_many("capped")):
        scene = SCENES["capped"]()
        scene.stage.die_after = outputs
        scene.run(20)
        for _ in range(2):
            scene.stage.dial(scene.caller)
            scene.run(20)
        scene.hang_up().run(700)
        records = scene.stage.records
        assert sum(record.admitted for record in records) == 1, outputs


def test_a_call_that_is_recorded_and_never_told_of_comes_again() -> None:
    """It has no image, so its record comes first: no record would be worse than two."""
    scene = Scene(plan(**BLACKLIST), Answers())
    scene.stage.die_after = 1
    scene.run(100)
    assert [record.end_reason for record in scene.stage.records] == ["blacklist"] * 2
    assert scene.caller.ended()


def test_whoever_waits_when_the_process_dies_is_told() -> None:
    scene = Scene(plan(), Answers(after=5)).run(2)
    scene.stage.crash()
    scene.run(1)
    (refused,) = [e for e in scene.caller.told if isinstance(e, sip.Refused)]
    assert refused.status == 480
    assert refused.causes == (Cause("Q.850", 41),)


def test_who_rings_when_the_process_dies_rings_no_longer() -> None:
    """Told by what the journal holds: neither phone waits for a timer of its own."""
    scene = Scene(plan(**AT_ONCE), Answers(after=50), Answers(after=50)).run(2)
    scene.stage.crash()
    scene.run(1)
    for phone in (scene.first, scene.second):
        (ended,) = [e for e in phone.told if isinstance(e, sip.Ended)]
        assert ended.reason is sip.EndReason.CANCELLED
        assert ended.causes == (Cause("Q.850", 41),)
    scene.run(2)
    assert all(phone.stack.sessions == 0 for phone in (scene.first, scene.second))


def test_killed_after_any_output_a_percentage_counts_a_call_once() -> None:
    """It may begin again as long as it was not assigned, and not any more from then on."""
    shares = Group(name="both", mode=Mode.PERCENT, members=(("first", 70), ("second", 30)))
    shared = plan(
        groups={"both": shares},
        routes=(Route(name="all", when=When(), to=ToGroup("both")),),
    )

    def scene() -> Scene:
        return Scene(shared, Answers(after=1, talk=3), Answers(after=1, talk=3))

    whole = scene().run(200).stage
    begun_again = 0
    for outputs in range(1, whole.carried):
        one = scene()
        one.stage.die_after = outputs
        one.run(20).hang_up().run(200)
        stage = one.stage
        counted = stage.counters == whole.counters
        assert counted or not stage.counters, outputs
        invited = [
            event
            for phone in (one.first, one.second)
            for event in phone.told
            if isinstance(event, sip.Invited)
        ]
        assert len(invited) <= counted, outputs
        assert len(stage.records) == 1, outputs
        begun_again += counted and stage.records[0].outcome is Outcome.ANSWERED
    assert begun_again
