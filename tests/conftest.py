"""What holds for every test."""

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with those that wait for real peers: the others fill the time beside them."""
    items.sort(key=lambda item: item.get_closest_marker("wire") is None)
