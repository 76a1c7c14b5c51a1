"""A call that every rule lets pass, and for which there is no quota."""

from dataclasses import replace

from b2bua.service.flow.decision import CAP_UNKNOWN, CAPS, Admission
from b2bua.service.quota import Shortage
from b2bua.service.record import Step

LATE = "no quota came in time"


def refused_for(shortage: Shortage, admission: Admission) -> Admission:
    """Refuse an admission for the cap of which nothing could be had.

    Nobody is told that a cap is reached as long as only the store could know.
    """
    refusal = CAPS[shortage.cap] if shortage.known else CAP_UNKNOWN
    step = Step(shortage.cap.value, False, shortage.why or LATE)
    return replace(admission, refusal=refusal, trace=(*admission.trace, step))
