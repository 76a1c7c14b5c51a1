"""The store's side of quota, without a store: the same arithmetic over dictionaries."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date

from b2bua.exchange.ledger import counts
from b2bua.exchange.quota import Slot
from b2bua.service.limits import Lease, Period, PeriodUsage, Standing, Unit, period_start
from b2bua.service.plan import Counted, Plan
from b2bua.service.quota import Granted, Others, ReserveQuota, allot
from b2bua.service.record import CallRecord


@dataclass(slots=True)
class Row:
    """One node's lease of one slot."""

    turn: int = 0
    granted: int = 0
    settled: int = 0
    spare: int = 0

    @property
    def held(self) -> int:
        return max(0, self.granted - self.settled)


@dataclass(slots=True)
class QuotaStore:
    """What PostgreSQL would hold."""

    rows: dict[tuple[Slot, str], Row] = field(default_factory=dict)
    records: dict[str, CallRecord] = field(default_factory=dict)
    count: Counted = Counted.ADMITTED
    recalled: list[tuple[str, str]] = field(default_factory=list)
    """Numbers that nodes were short of, and which nodes, oldest first."""
    away: bool = False

    def ask(self, node: str, question: ReserveQuota) -> Granted:
        """Act on a question."""
        if self.away:
            return Granted(number=question.number, turn=question.turn, fault="away")
        leases, short, elsewhere = [], False, False
        for want in question.wants:
            slot = Slot(question.number, want.period, want.starts, want.unit)
            row = self.rows.setdefault((slot, node), Row())
            kin = [r for (s, n), r in self.rows.items() if s == slot and n != node]
            reserve = 0
            if row.turn < question.turn:
                others = Others(
                    counted=self.counted(slot),
                    leased=sum(r.held for r in kin),
                    nodes=1 + len(kin),
                )
                allotment = allot(want, row.granted, row.settled, others)
                row.turn, row.granted = question.turn, allotment.granted
                row.spare, reserve = allotment.spare, allotment.reserve
                if allotment.short:
                    short = True
                    elsewhere = elsewhere or any(r.spare > 0 for r in kin)
            leases.append(replace(self._lease(slot, node, row), reserve=reserve))
        if elsewhere:
            self.recalled.append((question.number, node))
        return Granted(
            number=question.number,
            turn=question.turn,
            leases=tuple(leases),
            short=short,
            elsewhere=elsewhere,
        )

    def deliver(self, plan: Plan, node: str, records: Iterable[CallRecord]) -> Standing:
        """Store records, and move the leases that they used."""
        given = list(records)
        for record in given:
            if record.id in self.records:
                continue
            self.records[record.id] = record
            for slot in slots(plan, record):
                row = self.rows.get((slot, record.node))
                if row is not None:
                    row.settled += amount(slot, record, plan.caps.count)
        return self.standing(plan, node, [record.id for record in given])

    def standing(self, plan: Plan, node: str, names: Iterable[str]) -> Standing:
        """What is held at this moment."""
        periods: dict[tuple[Period, date], list[CallRecord]] = {}
        for record in self.records.values():
            for period in Period:
                starts = period_start(period, record.invite_at, plan.timezone)
                periods.setdefault((period, starts), []).append(record)
        usage = tuple(
            PeriodUsage(
                number=plan.number,
                period=period,
                starts=starts,
                admitted=sum(counts(one, Counted.ADMITTED) for one in of),
                offered=sum(counts(one, Counted.OFFERED) for one in of),
                answered=sum(counts(one, Counted.ANSWERED) for one in of),
                spend=sum(one.fee for one in of),
            )
            for (period, starts), of in periods.items()
        )
        leases = tuple(
            self._lease(slot, n, row) for (slot, n), row in self.rows.items() if n == node
        )
        known = tuple(name for name in names if name in self.records)
        return Standing(usage=usage, known=known, leases=leases)

    def counted(self, slot: Slot) -> int:
        """What the delivered records of a slot came to."""
        return sum(
            amount(slot, record, self.count)
            for record in self.records.values()
            if record.number == slot.number
            and period_start(slot.period, record.invite_at, "Asia/Shanghai") == slot.starts
        )

    def _lease(self, slot: Slot, node: str, row: Row) -> Lease:
        return Lease(
            number=slot.number,
            period=slot.period,
            starts=slot.starts,
            unit=slot.unit,
            turn=row.turn,
            granted=row.granted,
            settled=row.settled,
            node=node,
        )


def slots(plan: Plan, record: CallRecord) -> list[Slot]:
    """What a record moves."""
    return [
        Slot(
            plan.number,
            period,
            period_start(period, record.invite_at, plan.timezone),
            unit,
        )
        for period in Period
        for unit in Unit
    ]


def amount(slot: Slot, record: CallRecord, count: Counted) -> int:
    """By how much a record moves a slot."""
    return record.fee if slot.unit is Unit.SPEND else int(counts(record, count))
