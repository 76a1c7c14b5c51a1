"""Each fuzzer for a moment: it still bites, and finds nothing."""

import pytest

from tests.fuzz import control, dns, endpoint, engine, framing, message, rtp, sdp
from tests.fuzz.fuzzing import Target, search

TARGETS = {
    one.TARGET: inputs
    for one, inputs in (
        (message, 2500),
        (sdp, 2500),
        (framing, 600),
        (rtp, 4000),
        (control, 2000),
        (dns, 4000),
        (endpoint, 150),
        (engine, 2000),
    )
}


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_nothing_is_found(target: Target) -> None:
    found = search(target, seconds=30.0, inputs=TARGETS[target], seed=1)
    assert found.faults == []
    assert found.inputs == TARGETS[target]
    assert found.outcomes > 3


def test_a_fault_is_found_once_for_each_place_with_what_caused_it() -> None:
    def feed(data: bytes) -> str:
        return data.decode("ascii")[:1]

    found = search(
        Target(name="bad", feed=feed, seeds=(b"abc",)), seconds=9.0, inputs=500, seed=1
    )
    (fault,) = found.faults
    assert "UnicodeDecodeError" in fault.fault
    assert not fault.data.isascii()
