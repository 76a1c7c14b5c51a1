"""One node for every test of the wire, and SIPp for its peers."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.node import Node
from tests.support.sipp import Stage
from tests.wire.numbers import HOST, LINES, Line, plans, settings

SCENARIOS = Path(__file__).parent


@pytest.fixture(scope="session")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    """A node that serves the numbers of every line."""
    served = Node(tmp_path_factory.mktemp("node"), HOST, settings())
    (served.seed / "lines.yaml").write_text(plans())
    served.start()
    try:
        yield served
    finally:
        served.stop()


@pytest.fixture
def line() -> Line:
    """Addresses and numbers that nobody else uses."""
    return next(LINES)


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """Where SIPp plays."""
    playing = Stage(SCENARIOS, tmp_path)
    yield playing
    playing.stop()
