"""The proof of percentages in short: over the wire, and control killed amid the calls."""

import pytest

from tests.bench.node import Place
from tests.bench.shares import described, shares
from tests.bench.sipp import Load

PLACE = Place(host="127.0.96.1", caller="127.0.96.2", destination="127.0.96.3")

pytestmark = pytest.mark.wire


def test_two_hundred_calls_are_shared_exactly_though_control_is_killed() -> None:
    result = shares(Load(rate=25.0, calls=200, hold_ms=300), PLACE)
    assert result.faults == [], described(result)
