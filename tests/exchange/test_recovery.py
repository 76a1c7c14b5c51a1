"""What a new process makes of the journal: good images, bad ones, and what they count."""

import json
from dataclasses import replace

import pytest

from b2bua.call.media import CallId, KeyPressed
from b2bua.service.flow.dossier import Moment
from b2bua.service.limits import Usage
from b2bua.service.plan import Forwarding, Group, Mode, Route, ToGroup, When
from b2bua.service.record import ChargeBasis, Outcome
from b2bua.sip.dialog import events as sip
from tests.exchange.scripts import (
    BLACKLIST,
    WITH_MENU,
    Answers,
    Refuses,
    Scene,
    plan,
    rings,
)
from tests.support.stage import Stage

SHARES = (("first", 70), ("second", 30))
SHARED: dict[str, object] = {
    "groups": {"both": Group(name="both", mode=Mode.PERCENT, members=SHARES)},
    "routes": (Route(name="all", when=When(), to=ToGroup("both")),),
}


def damage(stage: Stage, name: CallId, how: str) -> None:
    image = json.loads(stage.journal[name])
    match how:
        case "no JSON":
            stage.journal[name] = b"\x00garbage"
            return
        case "a list":
            image = [image]
        case "no flow":
            del image["flow"]
        case "a dossier of another version":
            image["flow"]["dossier"] = {"id": 7}
        case "talk of another version":
            image["flow"]["talk"] = {"caller": 1}
        case "one dialog of another version":
            image["sessions"][0] = {"session": 1}
        case "an unknown transport":
            image["sessions"][0]["transport"] = "pigeon"
        case _:
            raise AssertionError(how)
    stage.journal[name] = json.dumps(image).encode()


WHOLE = ("talk of another version", "one dialog of another version", "an unknown transport")


@pytest.mark.parametrize(
    "how",
    ["no JSON", "a list", "no flow", "a dossier of another version", *WHOLE],
)
def test_an_unreadable_image_stops_nobody(how: str) -> None:
    scene = Scene(plan(), Answers(after=0.5)).run(3)
    stage = scene.stage
    other = stage.dial(scene.caller)
    scene.run(3)
    bad, good = stage.journal
    damage(stage, bad, how)
    stage.crash()
    scene.run(2)
    assert [live.id for live in stage.exchange.live()] == [good]
    (record,) = stage.records
    assert [fault.call for fault in stage.faults] == [bad]
    assert record.id == bad
    assert record.fault
    if how in WHOLE:
        assert (record.outcome, record.number) == (Outcome.ANSWERED, "4006001234")
        assert 5000 < record.talk_ms < 6000
        assert record.fee == 400
    else:
        assert (record.outcome, record.end_reason) == (Outcome.FAILED, "unreadable image")
    if how == "talk of another version":
        ended = [e for e in scene.caller.told if isinstance(e, sip.Ended)]
        assert [e.session for e in ended] == [scene.session]
    stage.order(scene.caller, sip.HangUp(session=other))
    scene.run(100)
    assert [record.id for record in stage.records] == [bad, good]
    assert stage.journal == {}
    assert stage.exchange.remembered == 0


def test_a_call_restored_twice_is_one_call() -> None:
    scene = Scene(plan(), Answers(after=0.5)).run(3)
    stage = scene.stage
    images = dict(stage.journal)
    stage.crash()
    stage.carry_out(stage.exchange.restore(images.items(), images, stage.now, stage.at))
    assert len(stage.exchange.live()) == 1
    scene.run(1).hang_up().assert_nothing_left()


def test_a_menu_that_dies_is_charged_for_what_was_used() -> None:
    scene = Scene(plan(**WITH_MENU), Answers()).run(4)
    scene.stage.crash()
    scene.run(1)
    (record,) = scene.stage.records
    assert record.charge_basis is ChargeBasis.ANSWER
    assert 3900 < record.charged_ms < 4100
    assert record.fee == 400
    (ended,) = [e for e in scene.caller.told if isinstance(e, sip.Ended)]
    assert ended.reason is sip.EndReason.HUNG_UP


def test_a_menu_that_dies_while_it_hunts_keeps_its_keys() -> None:
    scene = Scene(plan(**WITH_MENU), rings).run(1)
    (leg, call), *_ = scene.stage.ports.open.items()
    scene.stage.tell(KeyPressed(call=call, leg=leg, digit="1"))
    scene.run(1)
    scene.stage.crash()
    scene.run(1)
    assert scene.stage.records[0].outcome is Outcome.FAILED


def test_a_thousand_calls_are_shared_exactly_over_a_restart() -> None:
    stage, no = Stage(plan(**SHARED, forwarding=Forwarding())), Refuses(603, after=0.0)
    scene = Scene(plan(), no, no, stage=stage, dial=False)
    asked: list[str] = []
    for number in range(1000):
        if number == 456:
            stage.crash()
        stage.dial(scene.caller)
        stage.run(0.05)
        asked.append(stage.records[-1].attempts[0].destination)
        if number % 100 == 99:
            assert asked[-100:].count("first") == 70, number
        for phone in stage.phones.values():
            phone.told.clear()
    assert (asked.count("first"), asked.count("second")) == (700, 300)


@pytest.mark.parametrize("crash", [False, True])
def test_a_destinations_limit_holds_for_callers_at_the_same_time(crash: bool) -> None:
    limited = plan(**SHARED)
    destinations = {
        name: replace(one, concurrent=2) for name, one in limited.destinations.items()
    }
    stage = Stage(replace(limited, destinations=destinations))
    scene = Scene(plan(), Answers(after=0.2), Answers(after=0.2), stage=stage, dial=False)
    for _ in range(7):
        stage.dial(scene.caller)
    stage.run(1)
    if crash:
        stage.crash()
        for _ in range(3):
            stage.dial(scene.caller)
        stage.run(1)
    live = [live.destination for live in stage.exchange.live()]
    assert sorted(live) == ["first", "first", "second", "second"]
    refused = [record.outcome for record in stage.records]
    assert refused == [Outcome.BUSY] * (6 if crash else 3)


def test_a_restored_call_counts_and_its_fee_does_too() -> None:
    scene = Scene(plan(), Answers(after=0.5)).run(3)
    stage = scene.stage
    stage.crash()
    assert usage(stage) == Usage(calls_this_month=1, calls_this_week=1)
    scene.hang_up().run(3)
    assert usage(stage) == Usage(
        calls_this_month=1, calls_this_week=1, spent_this_month=400
    )
    assert stage.records[0].fee == 400


def test_a_call_that_died_counts_with_its_fee() -> None:
    scene = Scene(plan(), Answers(after=0.5)).run(3)
    scene.stage.crash(adopted=False)
    assert usage(scene.stage).spent_this_month == 400


def usage(stage: Stage) -> Usage:
    outlook = stage.exchange._outlook
    return outlook.ledger.usage(stage.plan, Moment(stage.now, stage.at))


def test_a_record_says_whether_the_call_passed_screening() -> None:
    passed = Scene(plan(**SHARED), Refuses(486), Refuses(486)).run(5)
    assert [record.admitted for record in passed.stage.records] == [True]
    stopped = Scene(plan(**BLACKLIST), Answers()).run(5)
    assert [record.admitted for record in stopped.stage.records] == [False]
    died = Scene(plan(), rings).run(1)
    died.stage.crash()
    assert [record.admitted for record in died.stage.records] == [True]
