"""The earliest of several deadlines."""

from b2bua.core.clock import Instant


def earliest(*instants: Instant | None) -> Instant | None:
    """The first to come; None if there is none."""
    first = None
    for at in instants:
        if at is not None and (first is None or at < first):
            first = at
    return first
