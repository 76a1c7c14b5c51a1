"""Reason header fields (RFC 3326) from and to causes."""

from functools import lru_cache

from b2bua.sip.dialog.events import Cause
from b2bua.sip.message.fields import ReasonValue
from b2bua.sip.message.message import Request, Response


def causes_of(message: Request | Response) -> tuple[Cause, ...]:
    """What the far end gave as Reason, without values that name no cause."""
    return tuple(
        Cause(value.protocol, value.cause, value.text)
        for value in message.reasons
        if value.cause is not None
    )


@lru_cache(maxsize=256)
def reason_headers(causes: tuple[Cause, ...]) -> tuple[tuple[str, str], ...]:
    """Reason headers that say ``causes``."""
    return tuple(
        (
            "Reason",
            str(ReasonValue(protocol=cause.protocol, cause=cause.code, text=cause.text)),
        )
        for cause in causes
    )
