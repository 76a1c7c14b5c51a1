"""A cap of which nobody can say whether it is reached: the caller is told to try later."""

import pytest

from b2bua.call.media import HearPrompts
from b2bua.service.plan import Announcements, Caps, Counted
from b2bua.service.quota import Granted, ReserveQuota
from b2bua.service.record import Outcome, Step
from tests.exchange.scripts import Answers, Scene, plan
from tests.support.quota_store import QuotaStore
from tests.support.stage import Stage

CAPS = Caps(calls_per_month=5, count=Counted.OFFERED)


class Hoarding(QuotaStore):
    """Another node holds all there is, and never gives it back."""

    def ask(self, node: str, question: ReserveQuota) -> Granted:
        return Granted(
            number=question.number, turn=question.turn, short=True, elsewhere=True
        )


class Late(QuotaStore):
    """Its answers are to questions that nobody asked."""

    def ask(self, node: str, question: ReserveQuota) -> Granted:
        return Granted(number=question.number, turn=-1)


def calling(store: QuotaStore, **changes: object) -> Scene:
    wanted = plan(caps=CAPS, **changes)
    stage = Stage(wanted, store=store)
    script = Answers(after=0.5, talk=1)
    return Scene(wanted, script, stage=stage, dial=False)


def reasons(scene: Scene, calls: int) -> list[str]:
    for _ in range(calls):
        scene.stage.dial(scene.caller)
        scene.stage.run(5)
    return [record.end_reason for record in scene.stage.records]


@pytest.mark.parametrize(
    ("store", "why"),
    [
        (QuotaStore(away=True), "the store does not answer: away"),
        (Late(), "no quota came in time"),
        (Hoarding(), "the rest is held by nodes that do not give it back"),
    ],
)
def test_nobody_says_that_a_cap_is_reached_who_cannot_know(
    store: QuotaStore, why: str
) -> None:
    scene = calling(store)
    assert reasons(scene, 1) == ["cap unknown"]
    (record,) = scene.stage.records
    # It is our failure, and no rule of the enterprise's.
    assert (record.outcome, record.admitted) == (Outcome.FAILED, False)
    assert (record.status, record.q850) == (403, 41)
    assert record.trace[-1] == Step("calls_per_month", False, why)


def test_the_store_comes_back_and_such_a_call_has_used_nothing() -> None:
    store = QuotaStore(away=True, count=Counted.OFFERED)
    scene = calling(store)
    assert reasons(scene, 1) == ["cap unknown"]
    store.away = False
    assert reasons(scene, 6)[1:] == [*["destination hung up"] * 5, "month cap"]


def test_the_caller_hears_to_try_again_later() -> None:
    scene = calling(QuotaStore(away=True), announcements=Announcements.ALL)
    reasons(scene, 1)
    said = [h.prompts for _, h in scene.stage.ports.heard if isinstance(h, HearPrompts)]
    assert said == [("zh/overloaded",)]
