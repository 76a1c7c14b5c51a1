"""Callers who come back are offered whom they talked with, if the store says so in time."""

from dataclasses import replace
from datetime import timedelta

import pytest

from b2bua.exchange.talks import MOST_CALLERS, Talks
from b2bua.service.plan import (
    Forwarding,
    Group,
    Mode,
    Plan,
    Queue,
    Route,
    ToGroup,
    When,
)
from b2bua.service.record import CallRecord, Outcome
from b2bua.service.talks import LookUpTalk, Talked
from tests.exchange.scripts import FIRST, SECOND, Answers, Refuses, Scene, plan, rings
from tests.support.stage import START, Stage

CALLER = "13800001111"
HIT = "talked with second on 2026-11-18"


def desks(
    mode: Mode = Mode.PERCENT, *, days: int | None = 30, queue: Queue | None = None
) -> Plan:
    weights = (100, 0) if mode is Mode.PERCENT else (0, 0)
    group = Group(
        name="desks",
        mode=mode,
        members=tuple(zip(("first", "second"), weights, strict=True)),
        familiar=days,
        queue=queue,
    )
    return plan(
        forwarding=Forwarding(),
        groups={"desks": group},
        routes=(Route(name="all", when=When(), to=ToGroup("desks")),),
    )


def scene(plan_: Plan, *, second: object = None, days_ago: float | None = 2) -> Scene:
    """A caller who talked with the second some days ago."""
    stage = Stage(plan_)
    if days_ago is not None:
        stage.talks = [Talked("second", START - timedelta(days=days_ago))]
    answers = Answers(after=1.0, talk=5.0)
    return Scene(plan_, answers, second or answers, stage=stage, dial=False)  # type: ignore[arg-type]


def call(scene_: Scene, caller: str = CALLER) -> CallRecord:
    before = len(scene_.stage.records)
    scene_.stage.dial(scene_.caller, from_user=caller)
    scene_.run(60)
    assert not scene_.stage.faults
    assert scene_.stage.ports.open == {}
    (record,) = scene_.stage.records[before:]
    return record


def told(record: CallRecord) -> list[tuple[bool, str]]:
    return [(step.passed, step.why) for step in record.trace if step.rule == "familiar"]


@pytest.mark.parametrize("mode", [Mode.PERCENT, Mode.ORDER, Mode.ROTATE, Mode.RANDOM])
def test_whom_the_caller_knows_comes_first(mode: Mode) -> None:
    record = call(scene(desks(mode)))
    assert record.destination == "second"
    assert told(record) == [(True, HIT)]


def test_the_percentage_does_not_move_for_a_familiar_caller() -> None:
    one = scene(desks())
    assert call(one).destination == "second"
    assert one.stage.counters == {}
    assert call(one, caller="anonymous").destination == "first"
    assert list(one.stage.counters) == ["4006001234/0/desks"]


def test_a_stranger_is_served_as_usual() -> None:
    record = call(scene(desks(), days_ago=None))
    assert record.destination == "first"
    assert told(record) == [(False, "no talk with a member in 30 days")]


def test_an_old_talk_does_not_count() -> None:
    assert call(scene(desks(), days_ago=31)).destination == "first"


def test_an_answer_that_is_late_prefers_nobody() -> None:
    one = scene(desks())
    one.stage.talk_seconds = 0.5
    record = call(one)
    assert record.destination == "first"
    assert told(record) == [(False, "not known in time")]
    assert record.setup_ms < 2000


def test_who_does_not_want_it_does_not_ask() -> None:
    record = call(scene(desks(days=None)))
    assert (record.destination, told(record)) == ("first", [])


@pytest.mark.parametrize("refuses", [Refuses(486), Refuses(480), rings])
@pytest.mark.parametrize("mode", [Mode.PERCENT, Mode.ORDER, Mode.ROTATE])
def test_then_the_group_chooses_as_usual(mode: Mode, refuses: object) -> None:
    one = scene(desks(mode), second=refuses)
    record = call(one)
    assert record.destination == "first"
    assert [attempt.destination for attempt in record.attempts] == ["second", "first"]
    assert bool(one.stage.counters) is (mode is not Mode.ORDER)


def test_this_node_remembers_what_the_store_does_not_know_yet() -> None:
    one = scene(desks(), days_ago=None)
    plan_ = one.stage.plan
    one.stage.talks = [Talked("second", START - timedelta(days=1))]
    assert call(one).destination == "second"
    one.stage.talks = []
    record = call(one)
    assert record.destination == "second"
    assert told(record) == [(True, "talked with second on 2026-11-20")]
    assert one.stage.plan is plan_


def test_a_caller_who_waits_was_asked_about_once() -> None:
    busy = scene(desks(Mode.ORDER, queue=Queue(max_wait=30)), second=Refuses(486))
    busy.stage.phones[FIRST].script = Refuses(486)
    record = call(busy)
    assert busy.stage.phones[SECOND].told
    assert told(record)[0] == (True, HIT)
    assert record.end_reason == "all destinations busy"


def test_a_caller_may_leave_while_the_store_is_asked() -> None:
    one = scene(desks())
    one.stage.talk_seconds = 0.2
    one.session = one.stage.dial(one.caller, from_user=CALLER)
    one.run(0.1).hang_up().assert_nothing_left()
    assert one.stage.records[0].attempts == ()


def test_the_crash_of_a_node_that_asks_loses_no_call() -> None:
    one = scene(desks())
    one.stage.talk_seconds = 0.2
    one.session = one.stage.dial(one.caller, from_user=CALLER)
    one.run(0.1)
    assert [live.state for live in one.stage.exchange.live()] == ["recalling"]
    one.stage.crash()
    one.assert_nothing_left()
    assert one.stage.records[0].outcome is Outcome.ANSWERED


def test_memory_is_of_talks_alone_and_has_an_end() -> None:
    talks, record = Talks(), call(scene(desks()))
    question = LookUpTalk(
        call="x", number=record.number, caller=CALLER, members=("second",), since=START
    )
    for silent in (replace(record, talk_ms=0), replace(record, caller="")):
        talks.add(silent)
    assert talks.latest(question, None) is None
    talks.add(record)
    assert talks.latest(question, None) == Talked("second", record.invite_at)
    later = Talked("second", record.invite_at + timedelta(seconds=1))
    assert talks.latest(question, later) == later
    assert talks.latest(replace(question, members=("first",)), None) is None
    for caller in range(MOST_CALLERS):
        talks.add(replace(record, caller=str(caller)))
    assert talks.latest(question, None) is None
