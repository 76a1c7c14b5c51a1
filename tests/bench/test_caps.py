"""The proof of caps over the wire: two nodes, and the control of one killed."""

import pytest

from tests.bench.caps import caps, described

pytestmark = pytest.mark.wire


def test_two_nodes_admit_exactly_what_is_left() -> None:
    result = caps(calls=120, left=30)
    assert result.faults == [], described(result)
