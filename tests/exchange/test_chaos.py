"""Whole calls over a bad wire that loses, doubles and reorders, with hang-ups anywhere."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from b2bua.sip.dialog import events as sip
from tests.exchange.scripts import (
    AT_ONCE,
    FIRST,
    SECOND,
    WITH_MENU,
    Answers,
    Refuses,
    describes,
    plan,
    quiet,
    rings,
)
from tests.support.stage import CALLER, Script, Stage
from tests.support.wire import Faults

BEHAVIOURS: dict[str, Script] = {
    "answers": Answers(after=1.5, talk=5),
    "answers at once": Answers(after=0.0, talk=3),
    "busy": Refuses(486),
    "gone": Refuses(404, after=0.0),
    "rings": rings,
    "describes": describes,
}
PLANS = {
    "plain": plan(),
    "greeting": plan(greeting="welcome"),
    "menu": plan(**WITH_MENU),
    "at once": plan(**AT_ONCE),
}


BAD = Faults(loss=0.15, doubling=0.15, delay=(0.001, 0.3))


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(
    seed=st.integers(0, 2**20),
    chosen=st.sampled_from(sorted(PLANS)),
    first=st.sampled_from(sorted(BEHAVIOURS)),
    second=st.sampled_from(sorted(BEHAVIOURS)),
    leaves=st.none() | st.floats(0, 12),
)
def test_every_call_ends_once_and_leaves_nothing(
    seed: int, chosen: str, first: str, second: str, leaves: float | None
) -> None:
    stage = Stage(PLANS[chosen], seed=seed, faults=BAD)
    caller = stage.phone(CALLER, quiet, trunk="in")
    stage.phone(FIRST, BEHAVIOURS[first], trunk="first")
    stage.phone(SECOND, BEHAVIOURS[second], trunk="second")
    session = stage.dial(caller)
    if leaves is not None:
        stage.run(leaves)
        stage.order(caller, sip.HangUp(session=session))
    stage.run(700)
    assert not stage.faults
    invited = any(isinstance(e, sip.Progressed | sip.Accepted) for e in caller.told)
    assert len(stage.records) <= 1
    assert len(stage.records) == 1 or not invited
    assert stage.ports.open == {}
    assert stage.journal == {}
    assert stage.exchange.live() == []
    assert all(phone.ended() for phone in stage.phones.values())
    assert stage.exchange.remembered == 0


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(
    seed=st.integers(0, 2**20),
    chosen=st.sampled_from(sorted(PLANS)),
    answers=st.tuples(*[st.sampled_from(sorted(BEHAVIOURS))] * 2),
    leaves=st.none() | st.floats(0, 12),
    dies=st.integers(1, 45),
)
def test_so_it_is_when_the_process_dies_on_the_way(
    seed: int, chosen: str, answers: tuple[str, str], leaves: float | None, dies: int
) -> None:
    """A caller whose INVITE was not answered may come again, and is another call then."""
    stage = Stage(PLANS[chosen], seed=seed, faults=BAD)
    caller = stage.phone(CALLER, quiet, trunk="in")
    stage.phone(FIRST, BEHAVIOURS[answers[0]], trunk="first")
    stage.phone(SECOND, BEHAVIOURS[answers[1]], trunk="second")
    stage.die_after = dies
    session = stage.dial(caller)
    if leaves is not None:
        stage.run(leaves)
        stage.order(caller, sip.HangUp(session=session))
    stage.run(1200)
    assert not stage.faults
    assert len({record.id for record in stage.records}) == len(stage.records) <= 2
    assert stage.ports.open == {}
    assert stage.journal == {}
    assert stage.exchange.remembered == 0
    assert all(phone.ended() for phone in stage.phones.values())
