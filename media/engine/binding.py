"""Opens the compiled engine; its plans and events are those of :mod:`media.engine.plan`."""

from media.engine.plan import Engine


def open_engine(threads: int) -> Engine:
    """Start the compiled engine with so many packet threads (1 to 64).

    Raises:
        RuntimeError: the extension has not been built.

    """
    try:
        from media.engine import core  # noqa: PLC0415 - may not have been built
    except ImportError as error:
        raise RuntimeError(
            f"the media engine is not built ({error}): run 'make'"
        ) from error
    return core.Engine(threads)
