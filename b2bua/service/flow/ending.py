"""How calls end, as their records tell it: one function for each kind of end.

========================  ========================================  =================
the call ended            outcome                                   status, Q.850
========================  ========================================  =================
by a rule's refusal       refused, busy, no answer or failed, by    the rule's
                          the refusal's cause
by the caller, waiting    abandoned                                 487, theirs or 16
with a message            busy, if that is why, else no answer      16
by either, talking        answered                                  487, theirs or 16
by something that broke   answered if they talked, else failed      480, 41
by our own fault          the same                                  500, 41
with its process          the same                                  480, 41
========================  ========================================  =================

The status is what a caller who was not answered gets; others get BYE with the cause.
"""

from typing import Final

from b2bua.call.events import Ended, Release
from b2bua.call.verdict import q850_of
from b2bua.service.flow.decision import Refusal
from b2bua.service.flow.dossier import Conclusion, Moment
from b2bua.service.record import Outcome

OUTCOMES: Final = {17: Outcome.BUSY, 19: Outcome.NO_ANSWER, 41: Outcome.FAILED}
"""By the Q.850 cause of a refusal; every other refusal is a rule's."""

NORMAL: Final = 16
"""Q.850: normal call clearing."""
TEMPORARY_FAILURE: Final = 41


def by_refusal(refusal: Refusal, moment: Moment) -> Conclusion:
    """A rule said no, or nobody could be reached."""
    return Conclusion(
        ended=moment,
        outcome=OUTCOMES.get(refusal.q850, Outcome.REFUSED),
        end_reason=refusal.rule,
        status=refusal.status,
        q850=refusal.q850,
    )


def by_message(instead: Refusal, moment: Moment) -> Conclusion:
    """The caller left a message, where ``instead`` would have been said otherwise.

    Nobody answered: whoever counts missed calls counts this one.
    """
    return Conclusion(
        ended=moment,
        outcome=OUTCOMES.get(instead.q850, Outcome.NO_ANSWER),
        end_reason="voicemail",
        status=instead.status,
        q850=NORMAL,
    )


def by_leaving(ended: Ended, who: str, moment: Moment, *, talked: bool) -> Conclusion:
    """One side is gone: it hung up, gave up, or was lost."""
    match ended.release:
        case Release.UNACKNOWLEDGED | Release.EXPIRED:
            return by_failure(f"{who} lost: {ended.release.value}", moment, talked=talked)
        case Release.LOST:
            return by_failure(f"{who} lost", moment, talked=talked)
        case Release.HUNG_UP | Release.GAVE_UP | Release.RELEASED:
            return Conclusion(
                ended=moment,
                outcome=Outcome.ANSWERED if talked else Outcome.ABANDONED,
                end_reason=f"{who} hung up" if talked else "caller gave up",
                status=487,
                q850=q850_of(ended.causes) or NORMAL,
            )


def by_failure(  # noqa: PLR0913 (what a conclusion holds)
    reason: str,
    moment: Moment,
    *,
    talked: bool,
    status: int = 480,
    q850: int = TEMPORARY_FAILURE,
    fault: str = "",
) -> Conclusion:
    """Something broke that is neither side's and no rule's."""
    return Conclusion(
        ended=moment,
        outcome=Outcome.ANSWERED if talked else Outcome.FAILED,
        end_reason=reason,
        status=status,
        q850=q850,
        fault=fault,
    )


def by_fault(moment: Moment, fault: str, *, talked: bool) -> Conclusion:
    """Our own code raised; ``fault`` is its traceback."""
    return by_failure("our fault", moment, talked=talked, status=500, fault=fault)
