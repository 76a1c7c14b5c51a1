"""RFC 3261 §17.2.1 and RFC 6026 §7.1, clause by clause."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from b2bua.sip.transaction.invite_server import TRANSITIONS, Input, InviteServer, State
from b2bua.sip.transaction.outputs import (
    Acknowledged,
    Send,
    ServerOutput,
    Terminated,
    TimedOut,
    Unreachable,
)
from tests.support.virtual_time import VirtualTime

TRYING = Send(b"100")
BUSY = Send(b"486")
OK = Send(b"200")


def make(*, reliable: bool = False) -> InviteServer:
    server = InviteServer(reliable=reliable, build_trying=lambda: b"100")
    assert server.start(now=0.0) == []
    return server


def refused(*, reliable: bool = False) -> InviteServer:
    server = make(reliable=reliable)
    assert server.respond(486, b"486", now=0.0) == [BUSY]
    return server


def test_a_user_that_is_silent_for_200_ms_has_100_sent_for_it() -> None:
    """§17.2.1."""
    assert list(VirtualTime(make()).until(60.0)) == [(0.2, TRYING)]


def test_a_user_that_answers_sooner_has_not() -> None:
    server = make()
    assert server.respond(180, b"180", now=0.1) == [Send(b"180")]
    assert server.deadline is None


def test_a_repeated_invite_gets_the_latest_provisional() -> None:
    """§17.2.1: "the most recent provisional response"."""
    server = make()
    assert server.receive(now=0.1) == []
    server.respond(180, b"180", now=0.2)
    server.respond(183, b"183", now=0.3)
    assert server.receive(now=0.5) == [Send(b"183")]


def test_timer_g_repeats_a_failure_up_to_t2_until_timer_h() -> None:
    """§17.2.1: T1 doubling, capped at T2; 64*T1 without an ACK is a failure."""
    trace = list(VirtualTime(refused()).until(3600.0))
    sent = [when for when, output in trace if output == BUSY]
    assert sent == [0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]
    assert trace[-2:] == [(32.0, TimedOut()), (32.0, Terminated())]


def test_over_a_reliable_transport_a_failure_is_not_repeated() -> None:
    """§17.2.1: timer G is not set; timer H is."""
    assert list(VirtualTime(refused(reliable=True)).until(3600.0)) == [
        (32.0, TimedOut()),
        (32.0, Terminated()),
    ]


def test_ack_confirms_and_later_ones_are_absorbed_for_timer_i() -> None:
    """§17.2.1: timer I is T4 over UDP."""
    server = refused()
    assert server.acknowledged(now=1.0) == []
    assert server.deadline == 6.0
    assert server.acknowledged(now=1.1) == []
    assert server.receive(now=1.2) == []
    assert list(VirtualTime(server).until(60.0)) == [(6.0, Terminated())]


def test_ack_over_a_reliable_transport_ends_it() -> None:
    """§17.2.1: timer I is zero."""
    assert refused(reliable=True).acknowledged(now=1.0) == [Terminated()]


def test_a_repeated_invite_gets_the_failure_again() -> None:
    assert refused().receive(now=0.3) == [BUSY]


def test_accepted_absorbs_invites_and_passes_acks_and_2xx_until_timer_l() -> None:
    """RFC 6026 §7.1: the user repeats the 2xx; the INVITE is never new again."""
    server = make()
    assert server.respond(200, b"200", now=1.0) == [OK]
    assert server.receive(now=1.5) == []
    assert server.respond(200, b"200", now=1.5) == [OK]
    assert server.acknowledged(now=1.6) == [Acknowledged()]
    assert list(VirtualTime(server).until(60.0)) == [(33.0, Terminated())]


def test_a_failure_after_a_2xx_is_not_sent() -> None:
    server = make()
    server.respond(200, b"200", now=1.0)
    assert server.respond(487, b"487", now=1.1) == []
    assert server.respond(200, b"200", now=1.5) == [OK]


@pytest.mark.parametrize("status", [180, 200, 486])
def test_a_transport_error_is_told_and_changes_nothing(status: int) -> None:
    """RFC 6026 §7.1."""
    server = make()
    server.respond(status, b"x", now=0.1)
    state, deadline = server.state, server.deadline
    assert server.transport_failed(now=0.2) == [Unreachable()]
    assert (server.state, server.deadline) == (state, deadline)


def test_late_wake_fires_in_order() -> None:
    assert refused().wake(now=100.0) == [BUSY] * 10 + [TimedOut(), Terminated()]


@pytest.mark.parametrize(("state", "given_input"), list(itertools.product(State, Input)))
def test_every_pair_is_an_arrow_or_silence(state: State, given_input: Input) -> None:
    server = make()
    server.state = state
    outputs = server._step(given_input, 0.0)
    if (state, given_input) in TRANSITIONS:
        assert server.state is TRANSITIONS[state, given_input][0]
    else:
        assert (outputs, server.state) == ([], state)


acts = st.sampled_from(["invite", "ack", "failure", "100", "180", "200", "200", "486"])


@given(st.booleans(), st.lists(st.tuples(st.floats(0, 20), acts)))
def test_whatever_happens_one_final_response_wins_and_it_ends_once(
    reliable: bool,
    script: list[tuple[float, str]],
) -> None:
    server = make(reliable=reliable)
    clock = VirtualTime[ServerOutput](server)
    seen: list[ServerOutput] = []
    answered = False
    for wait, act in script:
        seen += [output for _, output in clock.until(clock.now + wait)]
        match act:
            case "invite":
                seen += server.receive(now=clock.now)
            case "ack":
                seen += server.acknowledged(now=clock.now)
            case "failure":
                seen += server.transport_failed(now=clock.now)
            case status:
                answered = answered or int(status) >= 200
                seen += server.respond(int(status), status.encode(), now=clock.now)
    seen += [output for _, output in clock.until(clock.now + 3600.0)]
    assert seen.count(Terminated()) == answered
    assert not {OK, BUSY} <= set(seen)
    if answered:
        assert seen[-1] == Terminated()
        assert server.deadline is None
