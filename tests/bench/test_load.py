"""The load proof in short: a whole node, real packets, nothing lost."""

import pytest

from tests.bench.load import described, load
from tests.bench.node import Place

PLACE = Place(
    host="127.0.94.1",
    caller="127.0.94.2",
    destination="127.0.94.3",
    ports="15000-15999",
)

pytestmark = pytest.mark.wire


async def test_twenty_calls_lose_no_packet() -> None:
    result = await load(20, 10.0, print, PLACE)
    assert result.faults == [], described(result)
    assert result.sent == 20 * 2 * 10 * 50
    assert result.intruded > 0
