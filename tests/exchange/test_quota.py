"""Caps over several nodes: never exceeded whatever happens, and nothing of them is lost."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from b2bua.exchange.ledger import Ledger
from b2bua.exchange.outputs import SaveCounter
from b2bua.exchange.quota import PAUSE
from b2bua.service.flow.dossier import Conclusion, Dossier, Moment
from b2bua.service.number import Caller, CallerKind
from b2bua.service.plan import Caps, Counted, Plan, Tariff
from b2bua.service.quota import Granted, ReserveQuota
from b2bua.service.record import CallRecord, Outcome
from tests.exchange.scripts import plan
from tests.support.quota_store import QuotaStore

NOON = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)
PRICE = 400


class Node:
    """What an exchange and its ring make of a ledger, without calls."""

    def __init__(self, name: str, plan_: Plan, store: QuotaStore) -> None:
        self.name, self.plan, self.store = name, plan_, store
        self.now = 0.0
        self.count = 0
        self.up: dict[str, Dossier] = {}
        self.waiting: dict[str, Dossier] = {}
        self.refused = 0
        self.journal: dict[str, str] = {}
        self.ended: dict[str, CallRecord] = {}
        self.asked: list[ReserveQuota] = []
        """Questions on their way; they outlive the process."""
        self.answers: list[Granted] = []
        self.ledger = Ledger()
        self.crash()

    def crash(self) -> None:
        """Nothing but the journal is left; the calls that were up go on."""
        self.answers.clear()
        self.waiting.clear()
        self.ledger = Ledger()
        self.ledger.quota.restore(self.journal)
        known: tuple[str, ...] = ()
        if not self.store.away:
            standing = self.store.standing(self.plan, self.name, self.ended)
            known = standing.known
            self.put(self.ledger.learn(standing))
        for name, record in self.ended.items():
            if name not in known:
                self.ledger.enter(self.plan, record)
        for call in self.up.values():
            self.ledger.resume(self.plan, call, self.now)

    def put(self, outputs: Iterable[SaveCounter | ReserveQuota]) -> None:
        for output in outputs:
            match output:
                case SaveCounter(key, state):
                    self.journal[key] = state
                case ReserveQuota():
                    self.asked.append(output)

    def arrive(self) -> None:
        self.count += 1
        call = Dossier(
            id=f"{self.name}-{self.count}",
            node=self.name,
            number=self.plan.number,
            caller=Caller(number="", kind=CallerKind.UNKNOWN),
            private=False,
            trunk="in",
            plan_version=1,
            tariff=Tariff(name="standard", unit_price=PRICE),
            invited=Moment(self.now, NOON),
            admitted=True,
        )
        self.look(call)

    def look(self, call: Dossier) -> None:
        quota = self.ledger.quota
        shortage = quota.shortage(self.plan, call, self.now)
        if shortage is None:
            self.waiting.pop(call.id, None)
            self.ledger.admit(self.plan, call, Moment(self.now, NOON))
            self.up[call.id] = call
        elif shortage.final:
            self.waiting.pop(call.id, None)
            quota.forget(self.plan.number, call.id)
            self.refused += 1
        elif call.id not in self.waiting:
            self.waiting[call.id] = call
            self.put(quota.ask(self.plan, call, self.now))
        self.put(quota.tidy(self.plan.number, self.now))

    def give_up(self, name: str) -> None:
        """The flow's own limit, or the caller's patience, is over."""
        del self.waiting[name]
        self.ledger.quota.forget(self.plan.number, name)
        self.put(self.ledger.quota.tidy(self.plan.number, self.now))

    def end(self, name: str, answered: bool) -> None:
        call = self.up.pop(name)
        if answered:
            call.answered = call.destination_answered = Moment(self.now, NOON)
        record = call.record(
            Conclusion(
                ended=Moment(self.now + answered, NOON + timedelta(seconds=1)),
                outcome=Outcome.ANSWERED if answered else Outcome.NO_ANSWER,
                end_reason="",
                status=200,
                q850=16,
            )
        )
        self.ended[name] = record
        self.ledger.settle(record, self.plan)
        self.put(self.ledger.quota.tidy(self.plan.number, self.now))

    def deliver(self, heard: bool) -> None:
        standing = self.store.deliver(self.plan, self.name, self.ended.values())
        if heard:
            self.put(self.ledger.learn(standing))
            self.ended.clear()
            self.put(self.ledger.quota.tidy(self.plan.number, self.now))

    def refresh(self) -> None:
        asked = self.ledger.unconfirmed
        standing = self.store.standing(self.plan, self.name, asked)
        self.put(self.ledger.learn(standing))
        self.put(self.ledger.quota.review(self.now))

    def transmit(self) -> None:
        """The store acts on the oldest question; its answer is on its way."""
        self.answers.append(self.store.ask(self.name, self.asked.pop(0)))

    def hear(self) -> None:
        answer = self.answers.pop(0)
        saved, names = self.ledger.quota.hear(answer, self.now)
        self.put(saved)
        for name in names:
            if name in self.waiting:
                self.look(self.waiting[name])
        self.put(self.ledger.quota.tidy(self.plan.number, self.now))

    def pass_time(self, seconds: float) -> None:
        self.now += seconds
        due = self.ledger.quota.deadline
        if due is not None and due <= self.now:
            self.put(self.ledger.quota.wake(self.ledger.running, self.now))


def rest(nodes: list[Node], store: QuotaStore) -> None:
    """Let everything that is on its way arrive."""
    for node in nodes:
        node.refresh()
    for _ in range(400):
        busy = False
        for node in nodes:
            while node.asked:
                node.transmit()
                busy = True
            while node.answers:
                node.hear()
                busy = True
            busy = busy or bool(node.waiting)
            node.pass_time(0.05)
        while store.recalled:
            number, asker = store.recalled.pop(0)
            busy = True
            for node in nodes:
                if node.name != asker:
                    node.put(node.ledger.quota.recall(number, node.now))
        if not busy:
            for node in nodes:
                node.refresh()
            if not any(node.asked for node in nodes):
                return
    raise AssertionError("no rest")


class ManyNodes(RuleBasedStateMachine):
    """Nodes that share a cap, on a bad line to a store that goes away, and that die."""

    nodes: list[Node]

    @initialize(
        limit=st.integers(0, 40),
        count=st.sampled_from([Counted.ADMITTED, Counted.ANSWERED]),
        week=st.booleans(),
        size=st.integers(1, 3),
    )
    def begin(self, limit: int, count: Counted, week: bool, size: int) -> None:
        caps = Caps(
            calls_per_month=limit,
            calls_per_week=limit + 2 if week else None,
            spend_per_month=limit * PRICE + 100,
            count=count,
        )
        self.limit, self.counted = limit, count
        self.plan = plan(caps=caps)
        self.store = QuotaStore(count=count)
        self.nodes = [Node(f"n{n}", self.plan, self.store) for n in range(size)]

    def node(self, data: st.DataObject) -> Node:
        return data.draw(st.sampled_from(self.nodes))

    @rule(data=st.data(), many=st.integers(1, 8))
    def arrive(self, data: st.DataObject, many: int) -> None:
        node = self.node(data)
        for _ in range(many):
            node.arrive()

    @rule(data=st.data(), answered=st.booleans())
    def end(self, data: st.DataObject, answered: bool) -> None:
        node = self.node(data)
        if node.up:
            node.end(data.draw(st.sampled_from(sorted(node.up))), answered)

    @rule(data=st.data())
    def give_up(self, data: st.DataObject) -> None:
        node = self.node(data)
        if node.waiting:
            node.give_up(next(iter(node.waiting)))

    @rule(data=st.data(), heard=st.booleans())
    def deliver(self, data: st.DataObject, heard: bool) -> None:
        if not self.store.away:
            self.node(data).deliver(heard)

    @rule(data=st.data())
    def refresh(self, data: st.DataObject) -> None:
        if not self.store.away:
            self.node(data).refresh()

    @rule(data=st.data(), late=st.booleans())
    def transmit(self, data: st.DataObject, late: bool) -> None:
        """Questions may overtake each other, as they do after a crash."""
        node = self.node(data)
        if node.asked:
            if late:
                node.asked.append(node.asked.pop(0))
            node.transmit()

    @rule(data=st.data(), lost=st.booleans())
    def hear(self, data: st.DataObject, lost: bool) -> None:
        node = self.node(data)
        if node.answers and lost:
            answer = node.answers[0]
            fault = Granted(number=answer.number, turn=answer.turn, fault="cut")
            node.answers[0] = fault
        if node.answers:
            node.hear()

    @rule(data=st.data())
    def recall(self, data: st.DataObject) -> None:
        node = self.node(data)
        node.put(node.ledger.quota.recall(self.plan.number, node.now))

    @rule(data=st.data())
    def crash(self, data: st.DataObject) -> None:
        self.node(data).crash()

    @rule()
    def store_goes_or_comes(self) -> None:
        self.store.away = not self.store.away

    @rule(data=st.data(), seconds=st.sampled_from([0.06, 1.0, 6.0]))
    def pass_time(self, data: st.DataObject, seconds: float) -> None:
        self.node(data).pass_time(seconds)

    def used(self) -> int:
        """Calls that count, and those that may yet."""
        names = {name for node in self.nodes for name in node.up}
        records = dict(self.store.records)
        for node in self.nodes:
            records |= node.ended
        answered = self.counted is Counted.ANSWERED
        over = {
            name
            for name, record in records.items()
            if not answered or record.outcome is Outcome.ANSWERED
        }
        return len(names | over)

    @invariant()
    def no_cap_is_exceeded(self) -> None:
        if not hasattr(self, "nodes"):
            return
        assert self.used() <= self.limit

    def teardown(self) -> None:
        """At the end all that is left of the cap can be used, by any one node."""
        if not hasattr(self, "nodes"):
            return
        self.store.away = False
        for node in self.nodes:
            node.pass_time(40.0)
            rest(self.nodes, self.store)
            for name in list(node.up):
                node.end(name, answered=True)
            node.deliver(heard=True)
            rest(self.nodes, self.store)
        last = self.nodes[0]
        # It may have heard just now that the store was silent once.
        last.pass_time(PAUSE + 0.1)
        for _ in range(self.limit + 1):
            last.arrive()
            rest(self.nodes, self.store)
        assert self.used() == self.limit
        assert last.ledger.quota.waiting == 0


TestManyNodes = ManyNodes.TestCase
TestManyNodes.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
