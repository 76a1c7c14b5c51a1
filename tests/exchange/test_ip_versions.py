"""Of which IP version a leg's port is: that of its far end, and 488 where there is none."""

from dataclasses import replace

import pytest

from b2bua.call.media import OpenPort
from b2bua.service.record import Outcome
from b2bua.sip.dialog import events as sip
from b2bua.sip.endpoint.endpoint import SipEndpoint
from b2bua.sip.sdp.negotiation import make_offer
from tests.exchange.scripts import Answers, Scene, plan
from tests.exchange.test_whole_calls import statuses
from tests.support.stage import Stage

SIX = "2001:db8::5"


def versions(stage: Stage) -> list[int]:
    return [order.family for order in stage.ports.orders if isinstance(order, OpenPort)]


def test_each_leg_asks_for_the_version_of_its_far_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The caller's by its offer, the destination's by the way to it."""
    towards = {"first": 6}
    monkeypatch.setattr(SipEndpoint, "family_towards", lambda _, name, user: towards[name])
    scene = Scene(plan(), Answers(talk=1.0)).run(20)
    assert versions(scene.stage) == [4, 6]
    assert scene.stage.records[0].outcome is Outcome.ANSWERED


def test_the_callers_own_offer_says_it_whatever_the_signalling_is() -> None:
    """Our stage has no IPv6 port, so the call is refused, and it is said why."""
    scene = Scene(plan(), Answers(talk=1.0), dial=False)
    scene.caller.local = replace(scene.caller.local, address=SIX)
    scene.session = scene.stage.dial(scene.caller)
    scene.run(20)
    assert versions(scene.stage) == [6]
    assert statuses(scene.caller)[-1:] == [488]
    (record,) = scene.stage.records
    assert "IP version" in record.end_reason
    scene.assert_nothing_left()


def test_who_moves_to_the_other_version_stays_where_it_was() -> None:
    scene = Scene(plan(), Answers()).run(5)
    moved = make_offer(replace(scene.caller.local, address=SIX, version=2))
    scene.stage.order(scene.caller, sip.Offer(scene.session, moved))
    scene.run(1)
    assert any(isinstance(event, sip.OfferFailed) for event in scene.caller.told)
    assert len(versions(scene.stage)) == 2
    scene.hang_up().assert_nothing_left()
    assert scene.stage.records[0].outcome is Outcome.ANSWERED
