"""What a call of so long costs whom (§7): integer 厘, 0.001 yuan, never floats.

Durations are milliseconds of the monotonic clock, rounded up to started units. The
enterprise pays from the moment that its charge basis names; the caller's share is an
estimate of what the caller's own carrier takes for a local call, shown beside it.
"""

from dataclasses import dataclass
from typing import Final

from b2bua.service.number import Caller, CallerKind
from b2bua.service.plan import Tariff
from b2bua.service.record import ChargeBasis


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalTariff:
    """What a landline caller pays for a local call."""

    first_minutes: int = 3
    first_price: int = 220
    """厘, for all of the first minutes."""
    minute_price: int = 110
    """厘, for each started minute after them."""


LOCAL_CALL: Final = LocalTariff()


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """Both shares of one call, and how they came about."""

    charged_ms: int
    """What the enterprise pays for."""
    fee: int
    """The enterprise's share, 厘."""
    caller_fee: int
    """The caller's share, 厘, an estimate; 0 for callers that are no landlines."""
    tariff: str
    tariff_version: int
    arithmetic: str


def charge(
    *, basis: ChargeBasis, answered_ms: int, talk_ms: int, tariff: Tariff, caller: Caller
) -> Charge:
    """Charge a call that has ended.

    ``answered_ms`` runs from the caller's 200, ``talk_ms`` from the destination's answer;
    each is 0 where there was none.
    """
    charged_ms, start = _charged(basis, answered_ms, talk_ms)
    landline = caller.kind is CallerKind.LANDLINE
    return Charge(
        charged_ms=charged_ms,
        fee=fee(tariff, charged_ms),
        caller_fee=local_fee(answered_ms) if landline else 0,
        tariff=tariff.name,
        tariff_version=tariff.version,
        arithmetic=f"{_enterprise_sentence(tariff, charged_ms, start)}; "
        f"{_caller_sentence(answered_ms, caller)}",
    )


def fee(tariff: Tariff, milliseconds: int) -> int:
    """The enterprise's share of so long a call, 厘."""
    return units(milliseconds, tariff.unit_seconds) * tariff.unit_price


def units(milliseconds: int, unit_seconds: int) -> int:
    """How many units are started in so long; none in no time."""
    return -(-max(0, milliseconds) // (unit_seconds * 1000))


def local_fee(milliseconds: int, local: LocalTariff = LOCAL_CALL) -> int:
    """A landline caller's share, 厘."""
    if milliseconds <= 0:
        return 0
    further = max(0, units(milliseconds, 60) - local.first_minutes)
    return local.first_price + further * local.minute_price


def yuan(li: int) -> str:
    """厘 as a decimal string of yuan: ``0.40``; ``0.405`` where a third digit counts."""
    sign, amount = ("-", -li) if li < 0 else ("", li)
    return f"{sign}{amount // 1000}.{amount % 1000:03d}".removesuffix("0")


def _charged(basis: ChargeBasis, answered_ms: int, talk_ms: int) -> tuple[int, str]:
    """What the enterprise pays for, and from when in words."""
    match basis:
        case ChargeBasis.NONE:
            return 0, ""
        case ChargeBasis.DESTINATION_ANSWER:
            return talk_ms, "the destination's answer"
        case ChargeBasis.ANSWER:
            return answered_ms, "our own answer"


def _enterprise_sentence(tariff: Tariff, milliseconds: int, start: str) -> str:
    if milliseconds <= 0:
        return "enterprise: nothing to charge, 0.00 yuan"
    count = units(milliseconds, tariff.unit_seconds)
    unit = {60: "minute", 1: "second"}.get(
        tariff.unit_seconds, f"unit of {tariff.unit_seconds} s"
    )
    return (
        f"enterprise: {milliseconds} ms from {start} = {count} x started {unit}, "
        f"{count} x {yuan(tariff.unit_price)} = {yuan(fee(tariff, milliseconds))} yuan "
        f"({tariff.name}, version {tariff.version})"
    )


def _caller_sentence(milliseconds: int, caller: Caller) -> str:
    if caller.kind is not CallerKind.LANDLINE:
        return f"caller: {caller.kind.value}, no estimate"
    if milliseconds <= 0:
        return "caller: not answered, 0.00 yuan"
    sum_text = f"{yuan(LOCAL_CALL.first_price)} for {LOCAL_CALL.first_minutes} minutes"
    if further := max(0, units(milliseconds, 60) - LOCAL_CALL.first_minutes):
        sum_text += f" + {further} x {yuan(LOCAL_CALL.minute_price)}"
    return f"caller, estimate: {sum_text} = {yuan(local_fee(milliseconds))} yuan"
