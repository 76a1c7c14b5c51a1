"""RFC 3261 §17.2.2, clause by clause."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from b2bua.sip.transaction.outputs import Send, ServerOutput, Terminated, Unreachable
from b2bua.sip.transaction.server import TRANSITIONS, Input, Server, State
from tests.support.virtual_time import VirtualTime

OK = b"200"


def make(*, reliable: bool = False) -> Server:
    server = Server(reliable=reliable)
    assert server.start(now=0.0) == []
    return server


def test_before_any_response_a_repeated_request_is_discarded() -> None:
    """§17.2.2: "Trying" absorbs retransmissions in silence."""
    assert make().receive(now=0.5) == []


def test_a_repeated_request_gets_the_latest_provisional_again() -> None:
    server = make()
    assert server.respond(100, b"100", now=0.1) == [Send(b"100")]
    assert server.receive(now=0.5) == [Send(b"100")]


def test_a_repeated_request_gets_the_final_response_until_timer_j() -> None:
    """§17.2.2: timer J is 64*T1 over UDP."""
    server = make()
    assert server.respond(200, OK, now=1.0) == [Send(OK)]
    assert server.receive(now=10.0) == [Send(OK)]
    assert list(VirtualTime(server).until(60.0)) == [(33.0, Terminated())]
    assert server.receive(now=60.0) == []


def test_a_second_final_response_is_discarded() -> None:
    """§17.2.2: any other final response in Completed is discarded."""
    server = make()
    server.respond(200, OK, now=1.0)
    assert server.respond(500, b"500", now=1.1) == []
    assert server.receive(now=1.5) == [Send(OK)]


def test_over_a_reliable_transport_the_final_response_ends_it() -> None:
    """§17.2.2: timer J is zero."""
    assert make(reliable=True).respond(200, OK, now=1.0) == [Send(OK), Terminated()]


def test_a_user_that_never_answers_does_not_keep_it_alive() -> None:
    """RFC 4320 §4.2: after the client's timer F no answer is of use."""
    server = make()
    assert list(VirtualTime(server).until(60.0)) == [(32.0, Terminated())]


@pytest.mark.parametrize("status", [None, 100, 200])
def test_a_transport_error_is_told_and_changes_nothing(status: int | None) -> None:
    server = make()
    if status is not None:
        server.respond(status, b"%d" % status, now=0.1)
    state, deadline = server.state, server.deadline
    assert server.transport_failed(now=0.2) == [Unreachable()]
    assert (server.state, server.deadline) == (state, deadline)


@pytest.mark.parametrize(("state", "given_input"), list(itertools.product(State, Input)))
def test_every_pair_is_an_arrow_or_silence(state: State, given_input: Input) -> None:
    server = make()
    server.state = state
    outputs = server._step(given_input, 0.0)
    if (state, given_input) in TRANSITIONS:
        assert outputs
        assert server.state is TRANSITIONS[state, given_input][0]
    else:
        assert (outputs, server.state) == ([], state)


acts = st.sampled_from(["request", "100", "200", "500", "failure"])


@given(st.booleans(), st.lists(st.tuples(st.floats(0, 40), acts)))
def test_whatever_happens_it_ends_once_and_sends_one_final_response(
    reliable: bool,
    script: list[tuple[float, str]],
) -> None:
    server = make(reliable=reliable)
    clock = VirtualTime[ServerOutput](server)
    seen: list[ServerOutput] = []
    for wait, act in script:
        seen += [output for _, output in clock.until(clock.now + wait)]
        match act:
            case "request":
                seen += server.receive(now=clock.now)
            case "failure":
                seen += server.transport_failed(now=clock.now)
            case status:
                seen += server.respond(int(status), status.encode(), now=clock.now)
    seen += [output for _, output in clock.until(clock.now + 3600.0)]
    assert seen.count(Terminated()) == 1
    assert seen[-1] == Terminated()
    assert not {Send(b"200"), Send(b"500")} <= set(seen)
