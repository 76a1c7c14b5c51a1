"""Every script runs on both engines."""

from collections.abc import Iterator

import pytest

from tests.media.engine.rigs import LoopbackRig, Rig, VirtualRig


@pytest.fixture(params=[VirtualRig, LoopbackRig], ids=["reference", "compiled"])
def rig(request: pytest.FixtureRequest) -> Iterator[Rig]:
    made: Rig = request.param()
    yield made
    made.stop()
