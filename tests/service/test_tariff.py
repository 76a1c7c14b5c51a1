"""§7: the vectors, the charge bases, and the arithmetic in words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from b2bua.service.number import Caller, CallerKind
from b2bua.service.plan import Tariff
from b2bua.service.record import ChargeBasis
from b2bua.service.tariff import Charge, charge, fee, local_fee, yuan
from tests.service.plans import caller_from

STANDARD = Tariff(name="standard")
SIX_SECONDS = Tariff(name="six", unit_seconds=6, unit_price=45)
SECONDS = Tariff(name="second", unit_seconds=1, unit_price=7)
LANDLINE = Caller(number="075588886666", kind=CallerKind.LANDLINE, area="0755")
MOBILE = caller_from()


@pytest.mark.parametrize(
    ("tariff", "milliseconds", "expected"),
    [
        (STANDARD, 0, "0.00"),
        (STANDARD, 1, "0.40"),
        (STANDARD, 59_999, "0.40"),
        (STANDARD, 60_000, "0.40"),
        (STANDARD, 60_001, "0.80"),
        (STANDARD, 3_600_000, "24.00"),
        (SIX_SECONDS, 0, "0.00"),
        (SIX_SECONDS, 1, "0.045"),
        (SIX_SECONDS, 6_000, "0.045"),
        (SIX_SECONDS, 6_001, "0.09"),
        (SIX_SECONDS, 60_000, "0.45"),
        (SECONDS, 0, "0.00"),
        (SECONDS, 1, "0.007"),
        (SECONDS, 999, "0.007"),
        (SECONDS, 1_000, "0.007"),
        (SECONDS, 1_001, "0.014"),
        (SECONDS, 60_001, "0.427"),
    ],
)
def test_the_enterprises_share(tariff: Tariff, milliseconds: int, expected: str) -> None:
    assert yuan(fee(tariff, milliseconds)) == expected


@pytest.mark.parametrize(
    ("milliseconds", "expected"),
    [
        (0, "0.00"),
        (1, "0.22"),
        (180_000, "0.22"),
        (180_001, "0.33"),
        (240_000, "0.33"),
        (240_001, "0.44"),
    ],
)
def test_a_landline_callers_share(milliseconds: int, expected: str) -> None:
    assert yuan(local_fee(milliseconds)) == expected


def bill(basis: ChargeBasis, answered: int, talk: int, caller: Caller = MOBILE) -> Charge:
    return charge(
        basis=basis, answered_ms=answered, talk_ms=talk, tariff=STANDARD, caller=caller
    )


@pytest.mark.parametrize(
    ("basis", "answered", "talk", "charged", "expected"),
    [
        (ChargeBasis.NONE, 0, 0, 0, "0.00"),
        (ChargeBasis.DESTINATION_ANSWER, 61_000, 61_000, 61_000, "0.80"),
        (ChargeBasis.ANSWER, 121_000, 60_000, 121_000, "1.20"),
        (ChargeBasis.ANSWER, 30_000, 0, 30_000, "0.40"),
    ],
)
def test_from_when_the_enterprise_pays(
    basis: ChargeBasis, answered: int, talk: int, charged: int, expected: str
) -> None:
    made = bill(basis, answered, talk)
    assert (made.charged_ms, yuan(made.fee)) == (charged, expected)


def test_only_landline_callers_get_an_estimate() -> None:
    assert bill(ChargeBasis.ANSWER, 180_001, 0, LANDLINE).caller_fee == 330
    assert bill(ChargeBasis.ANSWER, 180_001, 0, MOBILE).caller_fee == 0
    assert bill(ChargeBasis.NONE, 0, 0, LANDLINE).caller_fee == 0


def test_the_arithmetic_is_on_the_record() -> None:
    made = bill(ChargeBasis.DESTINATION_ANSWER, 200_000, 200_000, LANDLINE)
    assert made.arithmetic == (
        "enterprise: 200000 ms from the destination's answer = 4 x started minute, "
        "4 x 0.40 = 1.60 yuan (standard, version 1); "
        "caller, estimate: 0.22 for 3 minutes + 1 x 0.11 = 0.33 yuan"
    )
    assert bill(ChargeBasis.NONE, 0, 0).arithmetic == (
        "enterprise: nothing to charge, 0.00 yuan; caller: mobile, no estimate"
    )


@pytest.mark.parametrize(
    ("li", "text"),
    [(0, "0.00"), (5, "0.005"), (10, "0.01"), (400, "0.40"), (-1250, "-1.25")],
)
def test_money_is_written_in_yuan(li: int, text: str) -> None:
    assert yuan(li) == text


@given(st.integers(1, 10**9), st.sampled_from([STANDARD, SIX_SECONDS, SECONDS]))
def test_a_started_unit_is_a_whole_unit(milliseconds: int, tariff: Tariff) -> None:
    units, left = divmod(fee(tariff, milliseconds), tariff.unit_price)
    assert left == 0
    unit = tariff.unit_seconds * 1000
    assert (units - 1) * unit < milliseconds <= units * unit
