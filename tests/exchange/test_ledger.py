"""Every admitted call counts once: up, ended here, or in the store's figures."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from b2bua.exchange.ledger import Ledger
from b2bua.exchange.outputs import CapNearing
from b2bua.service.flow.dossier import Conclusion, Dossier, Moment
from b2bua.service.limits import Cap, Period, PeriodUsage, Standing, Usage, period_start
from b2bua.service.number import Caller, CallerKind
from b2bua.service.plan import Caps, Plan, Tariff
from b2bua.service.record import CallRecord, Outcome
from tests.exchange.scripts import Answers, Refuses, Scene, plan, rings
from tests.support.stage import Stage

BOOK: Plan = plan(caps=Caps(calls_per_month=50, calls_per_week=20, spend_per_month=9000))
NUMBER = BOOK.number
NOON = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)
"""A Friday; the month began on the 1st, the week on the 16th."""
NOVEMBER, DECEMBER = date(2026, 11, 1), date(2026, 12, 1)


def dossier(name: str, at: datetime = NOON, tariff: Tariff | None = None) -> Dossier:
    return Dossier(
        id=name,
        node="n1",
        number=NUMBER,
        caller=Caller(number="13800138000", kind=CallerKind.MOBILE, area="010"),
        private=False,
        trunk="in",
        plan_version=1,
        tariff=tariff or Tariff(name="standard"),
        invited=Moment(0.0, at),
        admitted=True,
    )


def ended(opened: Dossier, now: float) -> CallRecord:
    return opened.record(
        Conclusion(
            ended=Moment(now, opened.invited.at + timedelta(seconds=now)),
            outcome=Outcome.ANSWERED,
            end_reason="caller hung up",
            status=200,
            q850=16,
        )
    )


def month(admitted: int, spend: int, starts: date = NOVEMBER) -> PeriodUsage:
    return PeriodUsage(
        number=NUMBER, period=Period.MONTH, starts=starts, admitted=admitted, spend=spend
    )


def held(ledger: Ledger, at: datetime = NOON, now: float = 0.0) -> tuple[int, int, int]:
    usage = ledger.usage(BOOK, Moment(now, at))
    return usage.calls_this_month, usage.spent_this_month, usage.reserved


def test_a_call_over_the_months_end_moves_nothing_of_the_new_month() -> None:
    old = datetime(2026, 11, 30, 15, 59, tzinfo=UTC)
    new = old + timedelta(minutes=2)
    ledger = Ledger(Standing(usage=(month(50, 9000),)))
    late = dossier("late", old)
    ledger.admit(BOOK, late, Moment(0.0, old))
    assert held(ledger, old) == (51, 9000, 400)
    for name in "abc":
        ledger.admit(BOOK, dossier(name, new), Moment(0.0, new))
    late.answered = late.destination_answered = late.invited
    ledger.settle(ended(late, 61.0), BOOK)
    assert held(ledger, new) == (3, 0, 1200)
    assert held(ledger, old) == (51, 9800, 0)


def test_what_the_store_knew_of_last_month_is_not_this_months() -> None:
    ledger = Ledger(Standing(usage=(month(50, 9000),)))
    after = datetime(2026, 11, 30, 16, 0, tzinfo=UTC)
    assert ledger.usage(BOOK, Moment(0.0, after)) == Usage()


def test_the_week_and_the_month_end_on_their_own() -> None:
    ledger = Ledger()
    for name, day in (("a", 29), ("b", 30)):
        at = datetime(2026, 11, day, 4, 0, tzinfo=UTC)
        ledger.admit(BOOK, dossier(name, at), Moment(0.0, at))
    # Monday the 30th began a week; the 1st begins a month within it.
    first = ledger.usage(BOOK, Moment(0.0, datetime(2026, 12, 1, 4, 0, tzinfo=UTC)))
    assert (first.calls_this_month, first.calls_this_week) == (0, 1)


def test_versions_of_a_plan_share_one_count() -> None:
    ledger = Ledger()
    ledger.admit(BOOK, dossier("a"), Moment(0.0, NOON))
    newer = replace(BOOK, version=7)
    ledger.admit(newer, dossier("b"), Moment(0.0, NOON))
    assert ledger.usage(newer, Moment(0.0, NOON)).calls_this_month == 2
    assert ledger.usage(BOOK, Moment(0.0, NOON)).calls_this_month == 2


def test_the_hold_grows_with_the_call_and_is_settled_by_the_fee() -> None:
    ledger, call = Ledger(), dossier("a")
    ledger.admit(BOOK, call, Moment(0.0, NOON))
    assert held(ledger, now=50.0) == (1, 0, 400)
    call.answered = call.destination_answered = Moment(50.0, NOON)
    assert held(ledger, now=110.0) == (1, 0, 400)
    assert held(ledger, now=110.001) == (1, 0, 800)
    assert held(ledger, now=650.0) == (1, 0, 4000)
    ledger.settle(ended(call, 650.0), BOOK)
    assert held(ledger, now=650.0) == (1, 4000, 0)


def test_a_call_keeps_the_price_that_it_began_with() -> None:
    ledger = Ledger()
    six = Tariff(name="six", version=2, unit_seconds=6, unit_price=45)
    call = dossier("a", tariff=six)
    ledger.admit(BOOK, call, Moment(0.0, NOON))
    call.answered = call.destination_answered = Moment(0.0, NOON)
    assert held(ledger, now=12.5) == (1, 0, 135)
    record = ended(call, 12.5)
    assert (record.fee, record.tariff, record.tariff_version) == (135, "six", 2)


def test_figures_may_arrive_in_any_order() -> None:
    ledger = Ledger()
    ledger.learn(Standing(usage=(month(7, 700),)))
    ledger.learn(Standing(usage=(month(5, 500),)))
    assert held(ledger) == (7, 700, 0)


def test_old_periods_are_forgotten() -> None:
    ledger = Ledger()
    for number in range(1, 13):
        ledger.learn(Standing(usage=(month(1, 1, date(2026, number, 1)),)))
    assert len(ledger._stored) == 2


class OneCount(RuleBasedStateMachine):
    """Calls begin, end, are delivered and learnt of, with crashes between any two."""

    def __init__(self) -> None:
        super().__init__()
        self.names = 0
        self.begun: set[str] = set()
        self.up: dict[str, Dossier] = {}
        self.journal: dict[str, CallRecord] = {}
        self.store: dict[str, CallRecord] = {}
        self.asked: list[Standing] = []
        self.ledger = Ledger()

    def standing(self, names: list[str]) -> Standing:
        known = tuple(name for name in names if name in self.store)
        spend = sum(record.fee for record in self.store.values())
        return Standing(usage=(month(len(self.store), spend),), known=known)

    @rule()
    def begin(self) -> None:
        self.names += 1
        call = self.up[f"c{self.names}"] = dossier(f"c{self.names}")
        self.ledger.admit(BOOK, call, Moment(0.0, NOON))

    @precondition(lambda self: self.up)
    @rule(data=st.data())
    def end(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(sorted(self.up)))
        call = self.up.pop(name)
        call.answered = call.destination_answered = Moment(0.0, NOON)
        self.journal[name] = ended(call, data.draw(st.sampled_from([1.0, 61.0, 600.0])))
        self.ledger.settle(self.journal[name], BOOK)

    @rule(answered=st.booleans())
    def deliver(self, answered: bool) -> None:
        """The store commits; its answer may be lost, and is then asked for again."""
        batch = dict(list(self.journal.items())[:3])
        self.store |= batch
        if answered:
            self.ledger.learn(self.standing(list(batch)))
            for name in batch:
                del self.journal[name]

    @rule()
    def refresh(self) -> None:
        self.ledger.learn(self.standing(self.ledger.unconfirmed))

    @rule()
    def ask(self) -> None:
        """The same, with an answer that comes late."""
        self.asked.append(self.standing(self.ledger.unconfirmed))

    @precondition(lambda self: self.asked)
    @rule()
    def hear(self) -> None:
        self.ledger.learn(self.asked.pop(0))

    @rule()
    def crash(self) -> None:
        """Nothing but journal and store is left; the calls that were up go on."""
        self.asked.clear()
        standing = self.standing(list(self.journal))
        self.ledger = Ledger(standing)
        for name in self.journal.keys() - set(standing.known):
            self.ledger.enter(BOOK, self.journal[name])
        for call in self.up.values():
            self.ledger.resume(BOOK, call, 0.0)

    @invariant()
    def never_too_few(self) -> None:
        calls = {*self.up, *self.journal, *self.store}
        assert held(self.ledger)[0] >= len(calls)

    @invariant()
    def each_once_when_the_store_was_heard(self) -> None:
        self.ledger.learn(self.standing(self.ledger.unconfirmed))
        records = self.journal | self.store
        fees = sum(record.fee for record in records.values())
        assert held(self.ledger)[:2] == (len(self.up) + len(records), fees)

    def teardown(self) -> None:
        for call in list(self.up.values()):
            self.ledger.settle(ended(call, 1.0), BOOK)
            self.journal[call.id] = ended(call, 1.0)
        self.store |= self.journal
        self.ledger.learn(self.standing(self.ledger.unconfirmed))
        assert self.ledger._own == {}
        assert self.ledger._ended == {}
        assert self.ledger._up == {}


TestOneCount = OneCount.TestCase
TestOneCount.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)


def capped(caps: Caps) -> Stage:
    return Stage(plan(caps=caps))


def test_two_hundred_callers_at_once_and_a_restart_admit_exactly_fifty() -> None:
    stage = capped(Caps(calls_per_month=50))
    scene = Scene(stage.plan, rings, stage=stage, dial=False)
    for number in range(200):
        stage.dial(scene.caller)
        stage.run(0.02)  # as fast as one source may call
        if number in {20, 110}:
            stage.run(0.3)
            stage.crash()
        if number == 160:
            stage.run(0.3)
    stage.run(200)
    reasons = Counter(record.end_reason for record in stage.records)
    assert reasons["month cap"] == 150
    assert sum(record.admitted for record in stage.records) == 50


def test_the_next_call_is_refused_while_those_up_have_used_the_money() -> None:
    stage = capped(Caps(spend_per_month=1000))
    scene = Scene(stage.plan, Answers(after=0.5), stage=stage, dial=False)
    stage.dial(scene.caller)
    stage.run(70)
    # 0.80 yuan are held for the second minute: one more call fits below one yuan.
    stage.dial(scene.caller)
    stage.run(1)
    stage.dial(scene.caller)
    stage.run(1)
    assert [record.end_reason for record in stage.records] == ["spend cap"]
    assert len(stage.exchange.live()) == 2


def test_somebody_is_told_once_for_each_step_and_period_also_over_a_restart() -> None:
    stage = capped(Caps(calls_per_month=10))
    scene = Scene(stage.plan, Refuses(603), Refuses(603), stage=stage, dial=False)
    for number in range(12):
        stage.dial(scene.caller)
        stage.run(3)
        if number in {7, 9}:
            stage.crash()
    told = [(alert.percent, alert.used, alert.limit) for alert in stage.alerts]
    assert told == [(80, 8, 10), (90, 9, 10), (100, 10, 10)]
    assert stage.alerts[0] == CapNearing(
        number=NUMBER,
        cap=Cap.CALLS_PER_MONTH,
        percent=80,
        used=8,
        limit=10,
        starts=NOVEMBER,
    )


def test_the_next_month_is_told_of_anew() -> None:
    stage = capped(Caps(calls_per_month=1))
    scene = Scene(stage.plan, Refuses(603), Refuses(603), stage=stage, dial=False)
    stage.dial(scene.caller)
    stage.run(12 * 24 * 3600)
    stage.dial(scene.caller)
    stage.run(3)
    assert [alert.starts for alert in stage.alerts] == [NOVEMBER, DECEMBER]
    assert period_start(Period.MONTH, stage.at, "Asia/Shanghai") == DECEMBER
