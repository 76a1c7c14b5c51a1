"""Plans and records to store."""

from dataclasses import replace
from datetime import UTC, datetime

from b2bua.service.plan import Plan
from b2bua.service.planfile import read_plans
from b2bua.service.planreading import Known
from b2bua.service.record import (
    Attempt,
    CallRecord,
    ChargeBasis,
    LadderLine,
    LegQuality,
    Outcome,
    Step,
)

SOURCE = """\
number: "4006001234"
name: 常德博易
password: "1234"
destinations:
  one: {number: "02088886001", trunk: unicom}
  two: {number: "13900001111", trunk: unicom, ring: 20}
forwarding: {busy: [two], no_answer: [two], max_forwards: 2}
routes:
  - name: south
    when: {areas: ["0755", "广东"], days: Mon-Fri}
    to: {percent: {one: 70, two: 30}}
  - {name: otherwise, to: one}
"""


def plan(number: str = "4006001234", **changes: object) -> Plan:
    read = read_plans(SOURCE, "plan.yaml", Known())
    assert isinstance(read, tuple), [str(finding) for finding in read]
    return replace(read[0], number=number, **changes)  # type: ignore[arg-type]


RECORD = CallRecord(
    id="c0",
    node="n1",
    number="4006001234",
    caller="13800138000",
    area="010",
    trunk="unicom",
    plan_version=1,
    invite_at=datetime(2026, 3, 31, 15, 59, 59, tzinfo=UTC),
    answered_at=datetime(2026, 3, 31, 16, 0, 5, 250000, tzinfo=UTC),
    ended_at=datetime(2026, 3, 31, 16, 1, 5, tzinfo=UTC),
    outcome=Outcome.ANSWERED,
    end_reason="caller hung up",
    status=200,
    destination="one",
    talk_ms=60_000,
    charge_basis=ChargeBasis.DESTINATION_ANSWER,
    charged_ms=60_000,
    fee=400,
    attempts=(
        Attempt(
            destination="one", number="02088886001", trunk="unicom", outcome="answered"
        ),
    ),
    trace=(Step("route south", False, "area 010 is not among 0755, 广东"),),
    ladder=(LadderLine(at_ms=0, leg="caller", sent=False, line="INVITE (1 INVITE)"),),
    quality=(
        LegQuality(
            leg="caller",
            packets_received=3000,
            packets_sent=2999,
            packets_lost=1,
            packets_dropped=0,
            jitter_ms=0.5,
            remote_lost=0,
            remote_jitter_ms=1.25,
            round_trip_ms=None,
            mos=4.4,
        ),
    ),
)


def record(call_id: str, **changes: object) -> CallRecord:
    return replace(RECORD, id=call_id, **changes)  # type: ignore[arg-type]
