"""One call's bug ends that call alone: recorded, released, and told of.

The bugs are values that no checked plan holds, and parts that are broken on purpose.
"""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from b2bua.core.clock import Instant
from b2bua.service.flow.flow import CallFlow
from b2bua.service.plan import Plan, Route, Tariff, ToDestination, ToGroup, When
from b2bua.service.record import CallRecord, Outcome
from b2bua.sip.dialog import events as sip
from b2bua.sip.dialog.events import SessionId
from tests.exchange.scripts import Answers, Refuses, Scene, dead, plan
from tests.support.stage import Stage


def only(scene: Scene) -> CallRecord:
    """The one record, when nothing is left of the call but it and the fault."""
    scene.run(120)
    stage = scene.stage
    assert stage.ports.open == {}
    assert stage.journal == {}
    assert stage.exchange.remembered == 0
    assert all(phone.ended() for phone in stage.phones.values())
    assert len(stage.faults) == 1
    (record,) = stage.records
    assert record.fault == stage.faults[0].traceback
    assert "Traceback" in record.fault
    return record


BROKEN: Mapping[str, Plan] = {
    "no such time zone": plan(timezone="Mars/Olympus"),
    "no such destination": plan(
        routes=(Route(name="all", when=When(), to=ToDestination("third")),)
    ),
    "no such group": plan(routes=(Route(name="all", when=When(), to=ToGroup("none")),)),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_plan_that_makes_a_rule_raise(name: str) -> None:
    scene = Scene(BROKEN[name], Answers())
    record = only(scene)
    assert (record.outcome, record.status, record.q850) == (Outcome.FAILED, 500, 41)
    (refused,) = [e for e in scene.caller.told if isinstance(e, sip.Refused)]
    assert refused.status == 500


def test_a_forward_to_nowhere_raises_after_the_first_attempt() -> None:
    broken = plan()
    forwarding = replace(broken.forwarding, busy=("third",))
    scene = Scene(replace(broken, forwarding=forwarding), Refuses(486))
    record = only(scene)
    assert [attempt.outcome for attempt in record.attempts] == ["busy"]


def test_a_price_that_cannot_be_applied_costs_nothing() -> None:
    """The record raises at the end of the call, and so would the record of the fault."""
    stage = Stage(plan(), tariff=Tariff(name="standard", unit_seconds=0))
    scene = Scene(plan(), Answers(after=1, talk=5), stage=stage)
    record = only(scene)
    assert (record.outcome, record.end_reason) == (Outcome.ANSWERED, "destination hung up")
    assert 4900 < record.talk_ms < 5100
    assert record.fee == 0


def test_a_reading_that_raises_is_recorded_too() -> None:
    class Hostile(dict[str, Plan]):
        def get(self, *_: object) -> Plan:
            raise ZeroDivisionError

    scene = Scene(plan(), Answers(), dial=False)
    snapshot = replace(scene.stage.snapshot, plans=Hostile())
    scene.stage.exchange.replan(snapshot)
    scene.session = scene.stage.dial(scene.caller)
    assert only(scene).number == "4006001234"


def test_an_image_that_cannot_be_written_ends_its_call_alone() -> None:
    """And nothing that others said in the same breath is lost."""
    scene = Scene(plan(), Answers()).run(1)
    (flow,) = flows(scene)
    flow.dossier.route = {1j}  # type: ignore[assignment]
    record = only(scene)
    assert record.outcome is Outcome.ANSWERED
    assert record.fault


def test_a_flow_that_raises_twice_is_recorded_once() -> None:
    """The second exception comes while the first is still being cleared up."""
    scene = Scene(plan(), Answers(after=1)).run(5)
    (flow,) = flows(scene)

    class Broken(type(flow.call.hunt)):  # type: ignore[misc]
        @property
        def deadline(self) -> Instant | None:
            raise ZeroDivisionError

    flow.call.hunt.__class__ = Broken
    scene.hang_up()
    record = only(scene)
    assert (record.outcome, record.end_reason) == (Outcome.ANSWERED, "caller hung up")
    assert 3900 < record.talk_ms < 4100
    assert record.fee == 400


def test_a_broken_session_takes_its_call_with_it_and_no_other() -> None:
    scene = Scene(plan(), Answers(after=1)).run(5)
    stage = scene.stage
    other = stage.dial(scene.caller)
    scene.run(3)
    first, second = flows(scene)
    assert first.call.destination is not None
    session = SessionId(first.call.destination.leg)
    entry = stage.exchange._endpoint._board.registry.entries[session]

    class Broken(type(entry.session)):  # type: ignore[misc]
        def receive(self, *_: object) -> list[object]:
            raise ZeroDivisionError

    entry.session.__class__ = Broken
    began = next(e.session for e in scene.first.told if isinstance(e, sip.Invited))
    stage.order(scene.first, sip.HangUp(session=began))
    scene.run(3)
    assert [record.id for record in stage.records] == [first.dossier.id]
    assert [live.id for live in stage.exchange.live()] == [second.dossier.id]
    stage.order(scene.caller, sip.HangUp(session=other))
    scene.run(3)
    assert [record.fault == "" for record in stage.records] == [False, True]


def test_a_trunk_that_is_gone_is_passed_over() -> None:
    """A plan may outlive a trunk: that is no fault, but a destination out of reach."""
    changed = plan()
    lost = replace(changed.destinations["first"], trunk="abolished")
    destinations = {**changed.destinations, "first": lost}
    scene = Scene(replace(changed, destinations=destinations), dead, Answers(talk=5))
    scene.run(20).assert_nothing_left()
    (record,) = scene.stage.records
    assert [a.outcome for a in record.attempts] == ["unreachable", "answered"]


def flows(scene: Scene) -> list[CallFlow]:
    """The calls in progress, oldest first."""
    return list(scene.stage.exchange._calls)
