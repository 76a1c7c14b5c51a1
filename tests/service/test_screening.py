"""§2 and §3: who may call."""

import pytest

from b2bua.service.number import Caller, CallerKind
from b2bua.service.plan import Anonymous, Frequency, Screening
from b2bua.service.screening import (
    anonymous_rejected,
    area_blocked,
    blacklisted,
    described,
    too_frequent,
    whitelisted,
)
from tests.service.plans import caller_from

HAIKOU = caller_from("0898", "海南")
SHENZHEN = caller_from("0755", "广东")
NOWHERE = caller_from()
HIDDEN = Caller(number="", kind=CallerKind.ANONYMOUS)

DENY_CODE = Screening(deny_areas=("0898",))
DENY_PROVINCE = Screening(deny_areas=("广东",))
DENY_PREFIX = Screening(deny_areas=("1371234*",))
DENY_UNKNOWN = Screening(deny_areas=("unknown",))
ALLOW_CODE = Screening(allow_areas=("0755",))
ALLOW_PROVINCE = Screening(allow_areas=("海南", "广东"))
ALLOW_UNKNOWN = Screening(allow_areas=("0755", "unknown"))


@pytest.mark.parametrize(
    ("rule", "caller", "blocked"),
    [
        (DENY_CODE, HAIKOU, True),
        (DENY_CODE, SHENZHEN, False),
        (DENY_CODE, NOWHERE, False),
        (DENY_CODE, HIDDEN, False),
        (DENY_PROVINCE, SHENZHEN, True),
        (DENY_PROVINCE, HAIKOU, False),
        (DENY_PREFIX, SHENZHEN, True),
        (DENY_UNKNOWN, NOWHERE, True),
        (DENY_UNKNOWN, SHENZHEN, False),
        (ALLOW_CODE, SHENZHEN, False),
        (ALLOW_CODE, HAIKOU, True),
        (ALLOW_CODE, NOWHERE, True),
        (ALLOW_CODE, HIDDEN, True),
        (ALLOW_PROVINCE, SHENZHEN, False),
        (ALLOW_PROVINCE, HAIKOU, False),
        (ALLOW_UNKNOWN, NOWHERE, False),
        (Screening(), NOWHERE, False),
    ],
)
def test_areas(rule: Screening, caller: Caller, blocked: bool) -> None:
    """A deny-list does not match an unknown area; an allow-list fails closed."""
    assert bool(area_blocked(rule, caller)) is blocked


def test_lists_hold_numbers_and_prefixes() -> None:
    rule = Screening(blacklist=("13712345678", "0736*"), whitelist=("1371*",))
    assert blacklisted(rule, SHENZHEN) == "13712345678"
    assert blacklisted(rule, caller_from(number="07367123456")) == "0736*"
    assert blacklisted(rule, caller_from(number="13712345679")) == ""
    assert blacklisted(rule, HIDDEN) == ""
    assert whitelisted(rule, SHENZHEN) == "1371*"


def test_anonymous_callers() -> None:
    assert anonymous_rejected(Screening(anonymous=Anonymous.REJECT), HIDDEN)
    assert not anonymous_rejected(Screening(anonymous=Anonymous.REJECT), NOWHERE)
    assert not anonymous_rejected(Screening(), HIDDEN)


def test_the_call_after_the_last_allowed_is_too_frequent() -> None:
    rule = Screening(frequency=Frequency(calls=3, minutes=10))
    assert [too_frequent(rule, calls) for calls in (0, 2, 3)] == [False, False, True]
    assert not too_frequent(Screening(), 1000)


def test_a_caller_in_words_hides_the_number() -> None:
    assert described(SHENZHEN) == "mobile 137****5678, area 0755 广东"
    assert described(HIDDEN) == "anonymous caller"
