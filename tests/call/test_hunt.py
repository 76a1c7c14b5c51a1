"""Attempts of one call: rung out, refused, won and given up."""

import pytest

from b2bua.call.events import Answered, Failed, Verdict
from b2bua.call.hunt import Hunt
from b2bua.call.media import ClosePort, LegId, OpenPort
from b2bua.sip.dialog import events as sip
from b2bua.sip.dialog.events import Cause, SessionId
from tests.call.builders import answer, hunt, opened, target


def call(hunting: Hunt, name: str, now: float = 0.0, ring: float = 15.0) -> LegId:
    """Begin an attempt, and give its port when it has asked."""
    (order,) = hunting.call(
        target(name, ring), codecs=("PCMA",), session_id=1, lifetime=60.0, now=now
    )
    assert isinstance(order, OpenPort)
    hunting.legs[order.leg].hear_of(opened(order.leg), now)
    return order.leg


def accept(hunting: Hunt, name: LegId, now: float) -> list[object]:
    leg = hunting.legs[name]
    offered = leg.audio.ours
    assert offered is not None
    event = sip.Accepted(session=SessionId(name), description=answer(offered), fork="a")
    return list(hunting.watch(leg.receive(event, now), now))


def tried(hunting: Hunt) -> list[tuple[str, Verdict | None, int]]:
    return [(one.target.name, one.verdict, one.ring_ms) for one in hunting.tried]


def test_one_that_rings_for_too_long_is_given_up() -> None:
    hunting = hunt()
    call(hunting, "desk", ring=12.0)
    assert hunting.deadline == 12.0
    assert hunting.wake(11.9) == []
    hang_up, close, failed = hunting.wake(12.0)
    assert isinstance(hang_up, sip.HangUp)
    assert isinstance(close, ClosePort)
    assert isinstance(failed, Failed)
    assert tried(hunting) == [("desk", Verdict.NO_ANSWER, 12000)]
    assert hunting.exhausted
    assert hunting.deadline is None


def test_the_first_to_answer_wins_and_the_others_are_told_why() -> None:
    hunting = hunt()
    slow, quick = call(hunting, "slow"), call(hunting, "quick")
    outputs = accept(hunting, quick, 3.0)
    assert Answered(quick) in outputs
    (hang_up,) = [one for one in outputs if isinstance(one, sip.HangUp)]
    assert hang_up.session == SessionId(slow)
    assert hang_up.causes == (Cause("SIP", 200, "Call completed elsewhere"),)
    assert tried(hunting) == [("quick", None, 3000), ("slow", Verdict.CANCELLED, 3000)]
    assert not hunting.exhausted
    assert hunting.winner is hunting.legs[quick]
    assert accept(hunting, slow, 3.1) == []


@pytest.mark.parametrize("verdict", [Verdict.CANCELLED, Verdict.NO_ANSWER])
def test_all_are_given_up_together(verdict: Verdict) -> None:
    hunting = hunt()
    call(hunting, "one")
    call(hunting, "two", now=1.0)
    hunting.stop(4.0, verdict=verdict)
    assert tried(hunting) == [("one", verdict, 4000), ("two", verdict, 3000)]
    assert hunting.running == frozenset()


def test_one_without_a_port_is_neither_invited_nor_hung_up() -> None:
    hunting = hunt()
    hunting.call(target(), codecs=("PCMA",), session_id=1, lifetime=60.0, now=0.0)
    outputs = hunting.stop(1.0)
    assert [type(one) for one in outputs] == [ClosePort, Failed]


def test_nobody_tried_is_nobody_left() -> None:
    assert hunt().exhausted
    assert hunt().deadline is None
