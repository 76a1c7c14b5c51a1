"""Records by the thousand, made of a seed."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Final

from b2bua.report.figures import Subject
from b2bua.report.month import Month, Period
from b2bua.service.plan import Plan
from b2bua.service.planfile import read_plans
from b2bua.service.planreading import Known
from b2bua.service.record import Attempt, CallRecord, ChargeBasis, Outcome, Step

SOURCE: Final = """\
number: "4006001234"
name: 常德博易
destinations:
  sales-1: {number: "02088886001", trunk: unicom, ring: 15, concurrent: 2}
  sales-2: {number: "02088886002", trunk: unicom, concurrent: 1}
  support: {number: "02088886003", trunk: unicom, concurrent: 1}
forwarding: {busy: [support], no_answer: [support], max_forwards: 2}
menus:
  main:
    prompt: menu
    keys: {"1": sales, "2": support, "3": {menu: more}}
    otherwise: support
  more: {prompt: menu, keys: {"1": support, "9": sales}, otherwise: support}
routes:
  - {name: open, when: {days: Mon-Fri, hours: "09:00-17:59"}, to: {menu: main}}
  - {name: south, when: {areas: ["0755", "广东"], days: Sat}, to: sales}
  - {name: otherwise, to: support}
groups:
  sales: {percent: {sales-1: 70, sales-2: 30}}
"""
NOVEMBER: Final = Month(2026, 11)
AFTERWARDS: Final = datetime(2026, 12, 20, tzinfo=UTC)
AREAS: Final = ("010", "020", "0755", "0736", "021", "")
OUTCOMES: Final = (
    (Outcome.ANSWERED, 60),
    (Outcome.BUSY, 10),
    (Outcome.NO_ANSWER, 10),
    (Outcome.ABANDONED, 8),
    (Outcome.REFUSED, 9),
    (Outcome.FAILED, 3),
)
REASONS: Final = {
    Outcome.ANSWERED: ("caller hung up", "destination hung up"),
    Outcome.BUSY: ("all destinations busy", "destination limit"),
    Outcome.NO_ANSWER: ("nobody answered",),
    Outcome.ABANDONED: ("caller gave up",),
    Outcome.REFUSED: ("blacklist", "area", "no route", "month cap", "menu"),
    Outcome.FAILED: ("every outbound trunk failed", "media_lost"),
}


def plan(version: int = 1) -> Plan:
    read = read_plans(SOURCE, "plan.yaml", Known())
    assert isinstance(read, tuple), [str(finding) for finding in read]
    return replace(read[0], version=version)


def subject(period: Period = NOVEMBER, at: datetime = AFTERWARDS) -> Subject:
    current = plan()
    provinces = {
        "010": "北京",
        "020": "广东",
        "0755": "广东",
        "0736": "湖南",
        "021": "上海",
    }
    return Subject(
        number=current.number,
        period=period,
        at=at,
        plan=current,
        plans={1: current},
        province_of=lambda area: provinces.get(area, ""),
    )


def record(
    at: datetime, outcome: Outcome = Outcome.ANSWERED, **changes: object
) -> CallRecord:
    """A plain call; a minute of talk after five seconds if it was answered."""
    answered = outcome is Outcome.ANSWERED
    plain = CallRecord(
        id=f"c{at.timestamp()}",
        node="n1",
        number="4006001234",
        caller="13800138000",
        area="010",
        trunk="unicom",
        plan_version=1,
        invite_at=at,
        ended_at=at + timedelta(seconds=65 if answered else 5),
        outcome=outcome,
        end_reason=REASONS[outcome][0],
        setup_ms=5_000,
        talk_ms=60_000 if answered else 0,
        fee=400 if answered else 0,
        destination="sales-1" if answered else "",
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def random_records(
    random: Random, count: int, since: datetime, until: datetime
) -> list[CallRecord]:
    """So many calls at random times, in their order."""
    seconds = (until - since).total_seconds()
    moments = sorted(random.random() * seconds for _ in range(count))
    return [
        _random_record(random, f"c{index}", since + timedelta(seconds=moment))
        for index, moment in enumerate(moments)
    ]


def _random_record(random: Random, call_id: str, at: datetime) -> CallRecord:
    outcome = random.choices(*zip(*OUTCOMES, strict=True))[0]
    answered = outcome is Outcome.ANSWERED
    setup, talk = random.randrange(40_000), random.randrange(1, 900_000) * answered
    attempts = tuple(_attempts(random, outcome))
    keys = random.choice(("", "", "1", "2", "3,9", "3", "7"))
    trace = [Step("number", True, "4006001234")]
    if attempts and attempts[0].destination.startswith("sales"):
        trace.append(Step("group sales", True, f"percent: {attempts[0].destination}"))
    return CallRecord(
        id=call_id,
        node="n1",
        number="4006001234",
        caller=random.choice(("", f"139{random.randrange(4000):08}")),
        caller_private=random.random() < 0.05,
        area=random.choice(AREAS),
        trunk="unicom",
        plan_version=random.choice((1, 1, 1, 2)),
        invite_at=at,
        destination_answered_at=at + timedelta(milliseconds=setup) if answered else None,
        ended_at=at + timedelta(milliseconds=setup + talk),
        outcome=outcome,
        end_reason=random.choice(REASONS[outcome]),
        destination=attempts[-1].destination if answered else "",
        route=random.choice(("open", "south", "")),
        keys=keys,
        setup_ms=setup,
        talk_ms=talk,
        charge_basis=ChargeBasis.DESTINATION_ANSWER if answered else ChargeBasis.NONE,
        charged_ms=talk,
        fee=-(-talk // 60_000) * 400,
        caller_fee=random.choice((0, 220)) * answered,
        attempts=attempts,
        trace=tuple(trace),
    )


def _attempts(random: Random, outcome: Outcome) -> Iterator[Attempt]:
    if outcome is Outcome.REFUSED:
        return
    names = random.sample(("sales-1", "sales-2", "support"), random.randint(1, 3))
    last = {
        Outcome.ANSWERED: "answered",
        Outcome.BUSY: "busy",
        Outcome.NO_ANSWER: "no-answer",
        Outcome.ABANDONED: "cancelled",
        Outcome.FAILED: "unreachable",
    }[outcome]
    before = ("busy", "no-answer", "unreachable", "skipped")
    for place, name in enumerate(names, 1):
        how = last if place == len(names) else random.choice(before)
        yield Attempt(
            destination=name,
            number="02088886001",
            trunk="unicom",
            outcome=how,
            ring_ms=0 if how == "skipped" else random.randrange(20_000),
        )
