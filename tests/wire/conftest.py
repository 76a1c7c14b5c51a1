"""One node for every test of the wire, and SIPp for its peers."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.support.node import Node
from tests.support.sipp import Stage
from tests.wire.numbers import HOST, LINES, PATIENT, Line, plans, settings
from tests.wire.waiting import Slow, begin

SCENARIOS = Path(__file__).parent


@pytest.fixture(scope="session")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    """A node that serves the numbers of every line."""
    with _serving(tmp_path_factory.mktemp("node"), HOST) as served:
        yield served


@pytest.fixture(scope="session")
def waiting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Slow]]:
    """Calls that take their time, on a node of their own."""
    with ExitStack() as stack:
        served = stack.enter_context(_serving(tmp_path_factory.mktemp("node"), PATIENT))
        stage = Stage(SCENARIOS, tmp_path_factory.mktemp("waiting"))
        stack.callback(stage.stop)
        yield begin(served, stage, stack)


@pytest.fixture(scope="session", autouse=True)
def _begun(request: pytest.FixtureRequest) -> None:
    """Begin what takes its time first, if anybody will ask for it."""
    if any(
        "waiting" in getattr(item, "fixturenames", ()) for item in request.session.items
    ):
        request.getfixturevalue("waiting")


@contextmanager
def _serving(directory: Path, host: str) -> Iterator[Node]:
    served = Node(directory, host, settings(host))
    (served.seed / "lines.yaml").write_text(plans())
    try:
        served.start()
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
