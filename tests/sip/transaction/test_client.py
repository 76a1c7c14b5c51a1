"""RFC 3261 §17.1.2, clause by clause."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from b2bua.sip.transaction.client import TRANSITIONS, Client, Input, State
from b2bua.sip.transaction.outputs import (
    ClientOutput,
    Deliver,
    Send,
    Terminated,
    TimedOut,
    Unreachable,
)
from tests.support.virtual_time import VirtualTime

BYE = Send(b"BYE")


def make(*, reliable: bool = False) -> Client:
    return Client(b"BYE", reliable=reliable)


def test_timer_e_doubles_up_to_t2_until_timer_f_gives_up() -> None:
    """§17.1.2.2: T1, 2*T1, 4*T1, then every T2; timer F at 64*T1."""
    client = make()
    assert client.start(now=0.0) == [BYE]

    trace = list(VirtualTime(client).until(3600.0))

    sent = [when for when, output in trace if output == BYE]
    assert sent == [0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]
    assert trace[-2:] == [(32.0, TimedOut()), (32.0, Terminated())]


def test_reliable_transport_never_retransmits() -> None:
    """§17.1.2.2: timer E runs over unreliable transports alone."""
    client = make(reliable=True)
    client.start(now=0.0)
    assert list(VirtualTime(client).until(3600.0)) == [
        (32.0, TimedOut()),
        (32.0, Terminated()),
    ]


def test_after_a_provisional_it_repeats_every_t2_and_still_times_out() -> None:
    """§17.1.2.2: in Proceeding timer E is reset to T2; timer F runs on."""
    client = make()
    client.start(now=0.0)
    assert client.receive(100, now=0.2) == [Deliver(100)]

    trace = list(VirtualTime(client).until(3600.0))

    sent = [when for when, output in trace if output == BYE]
    assert sent == [0.5, 4.5, 8.5, 12.5, 16.5, 20.5, 24.5, 28.5]
    assert trace[-2:] == [(32.0, TimedOut()), (32.0, Terminated())]


def test_final_response_is_delivered_once_and_absorbed_for_timer_k() -> None:
    """§17.1.2.2: timer K is T4 over UDP."""
    client = make()
    client.start(now=0.0)
    assert client.receive(200, now=1.0) == [Deliver(200)]
    assert client.receive(200, now=1.5) == []
    assert list(VirtualTime(client).until(60.0)) == [(6.0, Terminated())]


def test_final_response_over_a_reliable_transport_ends_at_once() -> None:
    """§17.1.2.2: timer K is zero."""
    client = make(reliable=True)
    client.start(now=0.0)
    assert client.receive(481, now=1.0) == [Deliver(481), Terminated()]


@pytest.mark.parametrize("status", [None, 100])
def test_transport_error_ends_it_in_any_state_that_waits(status: int | None) -> None:
    """§17.1.4."""
    client = make()
    client.start(now=0.0)
    if status is not None:
        client.receive(status, now=0.1)
    assert client.transport_failed(now=0.2) == [Unreachable(), Terminated()]
    assert client.deadline is None


@pytest.mark.parametrize(("state", "given_input"), list(itertools.product(State, Input)))
def test_every_pair_is_an_arrow_or_silence(state: State, given_input: Input) -> None:
    client = make()
    client.state = state
    outputs = client._step(given_input, 0.0)
    if (state, given_input) in TRANSITIONS:
        assert outputs
        assert client.state is TRANSITIONS[state, given_input][0]
    else:
        assert (outputs, client.state) == ([], state)


inputs = st.sampled_from([100, 180, 200, 302, 486, 603, None])


@given(st.booleans(), st.lists(st.tuples(st.floats(0, 40), inputs)))
def test_whatever_arrives_it_ends_exactly_once_and_then_is_silent(
    reliable: bool,
    script: list[tuple[float, int | None]],
) -> None:
    client = make(reliable=reliable)
    client.start(now=0.0)
    clock = VirtualTime[ClientOutput](client)
    seen: list[ClientOutput] = []
    for wait, status in script:
        seen += [output for _, output in clock.until(clock.now + wait)]
        seen += (
            client.transport_failed(now=clock.now)
            if status is None
            else client.receive(status, now=clock.now)
        )
    seen += [output for _, output in clock.until(clock.now + 3600.0)]
    assert seen.count(Terminated()) == 1
    assert seen[-1] == Terminated()
    assert client.deadline is None
    finals = [o for o in seen if isinstance(o, Deliver) and o.status >= 200]
    told = len(finals) + seen.count(TimedOut()) + seen.count(Unreachable())
    assert told == 1
