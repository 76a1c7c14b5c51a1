"""Two months of calls that nobody made: the same for every run of a day.

Busier on weekday mornings, from four areas, shared 70 to 30 between two destinations.
"""

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Final

from b2bua.service.record import Attempt, CallRecord, ChargeBasis, Outcome, Step

DAYS: Final = 50
LATELY: Final = timedelta(minutes=20)
"""Of today until a little while ago: none of them can still be up."""
AREAS: Final = ("020", "0755", "010", "0736", "021", "")
WEIGHTS: Final = (34, 24, 14, 12, 10, 6)
BY_HOUR: Final = (*[1] * 8, 8, 18, 22, 17, 9, 12, 18, 16, 12, 6, 4, 3, 2, 2, 1, 1)
OUTCOMES: Final = (
    (Outcome.ANSWERED, "caller hung up", 76),
    (Outcome.BUSY, "all destinations busy", 6),
    (Outcome.NO_ANSWER, "nobody answered", 8),
    (Outcome.ABANDONED, "caller gave up", 6),
    (Outcome.REFUSED, "area", 4),
)


def history(number: str, now: datetime, version: int = 1) -> list[CallRecord]:
    """Records of the days before ``now``, oldest first."""
    random = Random(400)
    found: list[CallRecord] = []
    for ago in range(DAYS, -1, -1):
        day = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        day -= timedelta(days=ago)
        weekend = (day + timedelta(hours=8)).weekday() >= 5
        for _ in range(random.randint(8, 16) if weekend else random.randint(40, 70)):
            hour = random.choices(range(24), BY_HOUR)[0] - 8
            at = day + timedelta(hours=hour, seconds=random.randrange(3600))
            if at < now - LATELY:
                found.append(_call(number, at, len(found), random, version))
    return sorted(found, key=lambda one: (one.invite_at, one.id))


def _call(
    number: str, at: datetime, place: int, random: Random, version: int
) -> CallRecord:
    outcome, reason, _ = random.choices(OUTCOMES, [weight for *_, weight in OUTCOMES])[0]
    area = random.choices(AREAS, WEIGHTS)[0]
    answered = outcome is Outcome.ANSWERED
    destination = "wang" if random.random() < 0.68 else "li"
    ring = random.randrange(2000, 14_000)
    talk = random.randrange(15_000, 400_000) if answered else 0
    minutes = -(-talk // 60_000)
    picked = at + timedelta(milliseconds=ring)
    assigned = outcome is not Outcome.REFUSED
    return CallRecord(
        id=f"history-{place:06}",
        node="history",
        number=number,
        caller=f"{area or '00852'}{random.randrange(60_000_000, 60_400_000)}",
        area=area,
        trunk="unicom",
        plan_version=version,
        invite_at=at,
        early_media_at=at + timedelta(milliseconds=20),
        destination_answered_at=picked if answered else None,
        answered_at=picked if answered else None,
        ended_at=picked + timedelta(milliseconds=talk),
        outcome=outcome,
        admitted=assigned,
        end_reason=reason,
        status=200 if answered else 486,
        destination=destination if answered else "",
        route="otherwise" if assigned else "",
        setup_ms=ring,
        talk_ms=talk,
        charge_basis=ChargeBasis.DESTINATION_ANSWER if answered else ChargeBasis.NONE,
        charged_ms=talk,
        fee=400 * minutes,
        caller_fee=220 if answered else 0,
        tariff="standard",
        tariff_version=1,
        attempts=(_attempt(destination, outcome, ring),) if assigned else (),
        trace=(_step(destination),) if assigned else (),
    )


def _attempt(destination: str, outcome: Outcome, ring: int) -> Attempt:
    ended = {Outcome.ABANDONED: "cancelled"}.get(outcome, outcome.value)
    return Attempt(
        destination=destination,
        number="02088887001",
        trunk="unicom",
        outcome=ended,
        ring_ms=ring,
    )


def _step(destination: str) -> Step:
    return Step("group duty", True, f"percent: {destination}")
