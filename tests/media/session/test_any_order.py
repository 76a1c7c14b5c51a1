"""Whatever is ordered, in whatever order: nothing leaks and every promise is kept."""

from collections import Counter
from collections.abc import Callable
from typing import TypeVar

from hypothesis import given, settings
from hypothesis import strategies as st

from media.control.messages import (
    Adopt,
    Close,
    Closed,
    CloseSession,
    Connect,
    Extend,
    Fact,
    Feed,
    FromNothing,
    FromPort,
    FromPrompts,
    FromSilence,
    Open,
    Opened,
    Order,
    Played,
    Record,
    Recorded,
    Remote,
    SendDigits,
    StopRecording,
)
from media.engine import plan as engine
from media.engine.plan import PortPlan, PortStatistics, Sending
from media.session.outputs import (
    Arrange,
    Fetch,
    FinishRecording,
    GiveBack,
    Lend,
    Output,
    PressKeys,
    Say,
    StartRecording,
)
from media.session.process import Lent, Policy
from media.session.quality import statistics
from media.session.sessions import Sessions

Step = Callable[["House"], list[Output]]


class House:
    """An engine that checks what it is asked, and answers now, later or never well.

    Numbers are reused as soon as they are given back, the smallest first: the worst case.
    """

    def __init__(self) -> None:
        self.sessions = Sessions(Policy(ports_per_session=3))
        self.now = 0.0
        self.plans: dict[int, PortPlan] = {}
        self.recording: set[int] = set()
        self.unanswered: list[Lend | Fetch] = []
        self.said: list[tuple[int, Fact]] = []
        self.answers_late = False

    def do(self, outputs: list[Output]) -> None:
        waiting = list(outputs)
        while waiting:
            waiting += self._one(waiting.pop(0))

    def _one(self, output: Output) -> list[Output]:
        match output:
            case Lend() | Fetch():
                if self.answers_late:
                    self.unanswered.append(output)
                    return []
                return self.answer(output)
            case Arrange(number, plan):
                assert number in self.plans
                if plan.sending == Sending.PEER:
                    assert plan.peer in self.plans
                self.plans[number] = plan
            case PressKeys(number=number):
                assert number in self.plans
            case StartRecording(number=number):
                assert number not in self.recording
                self.recording.add(number)
            case FinishRecording(number=number, owner=owner):
                self.recording.remove(number)
                if owner is not None:
                    self._tell(
                        owner,
                        Recorded(
                            session=output.session,
                            port=output.port,
                            path=output.path,
                            milliseconds=0,
                        ),
                    )
            case GiveBack(number=number, owner=owner):
                assert number not in self.recording
                del self.plans[number]
                if owner is not None:
                    closed = Closed(
                        session=output.session,
                        port=output.port,
                        statistics=statistics(PortStatistics()),
                    )
                    self._tell(owner, closed)
            case Say(client, fact):
                self._tell(client, fact)
        return []

    def answer(self, question: Lend | Fetch, well: bool = True) -> list[Output]:
        sessions = self.sessions
        match question:
            case Lend(session, port) if not well:
                return sessions.not_lent(session, port, "none left")
            case Lend(session, port):
                number = next(n for n in range(1000) if n not in self.plans)
                self.plans[number] = PortPlan()
                lent = Lent(number=number, address="127.0.0.1", rtp_port=2, rtcp_port=3)
                return sessions.lent(session, port, lent)
            case Fetch(session=session, port=port, epoch=epoch) if not well:
                return sessions.not_fetched(session, port, epoch, "missing")
            case Fetch(session=session, port=port, epoch=epoch):
                return sessions.fetched(session, port, epoch, (1,))

    def _tell(self, client: int, fact: Fact) -> None:
        self.said.append((client, fact))


names = st.sampled_from(["s", "t"])
ports = st.sampled_from(["a", "b", "c", "d"])
clients = st.sampled_from([1, 2])
remotes = st.builds(
    Remote,
    address=st.sampled_from(["192.0.2.1", "0.0.0.0", "nonsense"]),
    rtp_port=st.just(4000),
    rtcp_port=st.just(4001),
    codec=st.just("PCMA"),
    payload_type=st.just(8),
    accepts=st.just({8: "PCMA"}),
    sending=st.booleans(),
    receiving=st.booleans(),
)
sources = st.one_of(
    st.builds(FromPort, ports),
    st.builds(
        FromPrompts,
        prompts=st.just(("x",)),
        token=st.uuids().map(str),
        repeat=st.booleans(),
    ),
    st.builds(FromSilence),
    st.builds(FromNothing),
)
lifetimes = st.floats(0.1, 100)
orders: st.SearchStrategy[Order] = st.one_of(
    st.builds(Open, session=names, port=ports, lifetime=lifetimes),
    st.builds(Open, session=names, port=ports, lifetime=lifetimes),
    st.builds(Connect, session=names, port=ports, remote=remotes),
    st.builds(Feed, session=names, port=ports, source=sources),
    st.builds(Feed, session=names, port=ports, source=sources),
    st.builds(SendDigits, session=names, port=ports, digits=st.just("1")),
    st.builds(Record, session=names, port=ports, path=st.just("/r.wav")),
    st.builds(StopRecording, session=names, port=ports),
    st.builds(Close, session=names, port=ports),
    st.builds(CloseSession, session=names),
    st.builds(Extend, session=names, lifetime=lifetimes),
    st.builds(Adopt, st.lists(names).map(tuple)),
)


def disconnect(client: int) -> Step:
    def step(house: House) -> list[Output]:
        house.sessions.disconnected(client)
        return []

    return step


def give(client: int, order: Order) -> Step:
    return lambda house: house.sessions.receive(client, order, house.now)


def end_of_prompts(number: int, epoch: int) -> Step:
    return lambda house: house.sessions.hear(engine.Played(number, epoch))


def answer(position: int, well: bool) -> Step:
    def step(house: House) -> list[Output]:
        if not house.unanswered:
            return []
        question = house.unanswered.pop(position % len(house.unanswered))
        return house.answer(question, well)

    return step


def wait(seconds: float) -> Step:
    def step(house: House) -> list[Output]:
        house.now += seconds
        return house.sessions.wake(house.now)

    return step


steps = st.one_of(
    st.builds(give, st.just(1), orders),
    st.builds(give, clients, orders),
    st.builds(answer, st.integers(0, 9), st.booleans()),
    st.builds(end_of_prompts, st.integers(0, 5), st.integers(0, 4)),
    st.builds(disconnect, clients),
    st.builds(wait, st.floats(0, 60)),
)


def settle(house: House) -> None:
    """Let every lifetime end and every question be answered."""
    house.do(house.sessions.wake(house.now + 1e6))
    while house.unanswered:
        house.do(house.answer(house.unanswered.pop(0)))


@settings(max_examples=300, deadline=None)
@given(st.lists(steps, max_size=60), st.booleans())
def test_every_port_comes_back_whatever_was_ordered(
    script: list[Step], answers_late: bool
) -> None:
    house = House()
    house.answers_late = answers_late
    for step in script:
        house.do(step(house))
    settle(house)
    assert (house.plans, house.recording) == ({}, set())
    assert (len(house.sessions), house.sessions.ports) == (0, 0)
    assert house.sessions.deadline is None
    assert house.sessions.prompts == set()


Kind = TypeVar("Kind")


def of(house: House, kind: type[Kind]) -> list[Kind]:
    return [fact for _, fact in house.said if isinstance(fact, kind)]


@settings(max_examples=300, deadline=None)
@given(st.lists(orders, max_size=60), st.booleans())
def test_one_owner_hears_the_end_of_all_it_began(
    script: list[Order], answers_late: bool
) -> None:
    """Tokens, ports and recordings are each answered once."""
    house = House()
    house.answers_late = answers_late
    begun: list[str] = []
    recordings = 0
    for order in script:
        outputs = house.sessions.receive(1, order, house.now)
        if isinstance(order, Feed) and isinstance(order.source, FromPrompts):
            begun += [order.source.token for o in outputs if isinstance(o, Fetch)]
        recordings += sum(isinstance(output, StartRecording) for output in outputs)
        house.do(outputs)
    settle(house)
    assert Counter(played.token for played in of(house, Played)) == Counter(begun)
    assert len(of(house, Recorded)) == recordings
    assert len(of(house, Closed)) >= len(of(house, Opened))
