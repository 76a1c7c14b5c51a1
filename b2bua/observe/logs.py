"""Structured records: one JSON object a line on standard error.

What may not be logged is taken out here, whoever logs it: secrets always, and caller
numbers but for their ends unless the operator wants them whole.
"""

import sys
from collections.abc import Mapping, MutableMapping
from typing import Any, Final, TextIO

import structlog

LEVELS: Final[Mapping[str, int]] = {"debug": 10, "info": 20, "warning": 30, "error": 40}
SECRET: Final = frozenset(("password", "dsn", "authorization", "digits", "hash"))
NUMBERS: Final = frozenset(("caller", "from_user", "asserted"))


class Unbreakable:
    """A stream whose reader may go away: what cannot be written is lost, nothing else."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        try:
            return self._stream.write(text)
        except (OSError, ValueError):
            return 0

    def flush(self) -> None:
        try:
            self._stream.flush()
        except (OSError, ValueError):
            return


def configure(level: str, *, whole_numbers: bool = False) -> None:
    """Send every event from ``level`` up to standard error."""

    def without_secrets(
        _logger: object, _method: str, event: MutableMapping[str, Any]
    ) -> MutableMapping[str, Any]:
        for key in event.keys() & SECRET:
            event[key] = "…"
        if not whole_numbers:
            for key in event.keys() & NUMBERS:
                event[key] = masked(str(event[key]))
        return event

    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            without_secrets,
            structlog.processors.JSONRenderer(default=str, ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        logger_factory=structlog.WriteLoggerFactory(Unbreakable(sys.stderr)),  # type: ignore[arg-type]
        cache_logger_on_first_use=True,
    )


def masked(number: str) -> str:
    """A number of which only the ends are shown: ``138****8000``."""
    if len(number) < 8:
        return "*" * len(number)
    return f"{number[:3]}{'*' * (len(number) - 7)}{number[-4:]}"
