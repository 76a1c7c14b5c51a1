"""What a final response means to the lists of a plan (§10 of the service)."""

import pytest

from b2bua.call.events import Verdict
from b2bua.call.verdict import q850_of, verdict_of
from b2bua.sip.dialog.events import Cause

BUSY, NO_ANSWER, UNREACHABLE = Verdict.BUSY, Verdict.NO_ANSWER, Verdict.UNREACHABLE


@pytest.mark.parametrize(
    ("status", "q850", "verdict"),
    [
        (486, 0, BUSY),
        (600, 0, BUSY),
        (603, 0, BUSY),
        (408, 0, NO_ANSWER),
        (480, 0, NO_ANSWER),
        (404, 0, UNREACHABLE),
        (410, 0, UNREACHABLE),
        (484, 0, UNREACHABLE),
        (488, 0, UNREACHABLE),
        (500, 0, UNREACHABLE),
        (503, 0, UNREACHABLE),
        (302, 0, UNREACHABLE),
        (480, 17, BUSY),
        (503, 21, BUSY),
        (486, 18, NO_ANSWER),
        (404, 19, NO_ANSWER),
        (486, 1, UNREACHABLE),
        (480, 20, UNREACHABLE),
        (486, 27, UNREACHABLE),
        (486, 16, BUSY),
        (480, 31, NO_ANSWER),
    ],
)
def test_the_cause_outranks_the_status(status: int, q850: int, verdict: Verdict) -> None:
    assert verdict_of(status, q850) is verdict


@pytest.mark.parametrize(
    ("causes", "q850"),
    [
        ((), 0),
        ((Cause("SIP", 486),), 0),
        ((Cause("Q.850", 17),), 17),
        ((Cause("q.850", 18), Cause("Q.850", 17)), 18),
        ((Cause("SIP", 200), Cause("Q.850", 16)), 16),
    ],
)
def test_the_first_q850_cause_counts(causes: tuple[Cause, ...], q850: int) -> None:
    assert q850_of(causes) == q850
