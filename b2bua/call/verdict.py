"""What a failed attempt means: busy, no answer, or unreachable.

A Q.850 cause outranks the SIP status, as gateways map many causes onto one status
(RFC 3326, ITU-T Q.850 §2.2.7).
"""

from collections.abc import Iterable
from typing import Final

from b2bua.call.events import Verdict
from b2bua.sip.dialog.events import Cause

BUSY_CAUSES: Final = frozenset({17, 21})
NO_ANSWER_CAUSES: Final = frozenset({18, 19})
UNREACHABLE_CAUSES: Final = frozenset({1, 20, 27})
HIGHEST_CAUSE: Final = 127

BUSY_STATUSES: Final = frozenset({486, 600, 603})
NO_ANSWER_STATUSES: Final = frozenset({408, 480})


def q850_of(causes: Iterable[Cause]) -> int:
    """The first Q.850 cause, 0 when there is none; codes beyond seven bits are none."""
    told = (cause.code for cause in causes if cause.protocol.upper() == "Q.850")
    return next((code for code in told if 0 < code <= HIGHEST_CAUSE), 0)


def verdict_of(status: int, q850: int) -> Verdict:
    """What the service's lists take a final response for.

    >>> verdict_of(480, 17)
    <Verdict.BUSY: 'busy'>
    """
    if q850 in BUSY_CAUSES:
        return Verdict.BUSY
    if q850 in NO_ANSWER_CAUSES:
        return Verdict.NO_ANSWER
    if q850 in UNREACHABLE_CAUSES:
        return Verdict.UNREACHABLE
    if status in BUSY_STATUSES:
        return Verdict.BUSY
    if status in NO_ANSWER_STATUSES:
        return Verdict.NO_ANSWER
    return Verdict.UNREACHABLE
