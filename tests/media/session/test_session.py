"""One call's media, order by order, on a virtual clock."""

import pytest

from media.control.messages import (
    Adopt,
    Adopted,
    Close,
    Closed,
    CloseSession,
    Connect,
    Expired,
    Extend,
    Feed,
    FellSilent,
    FromNothing,
    FromPort,
    FromPrompts,
    FromSilence,
    Heard,
    Open,
    Opened,
    OpenFailed,
    Order,
    Played,
    Pressed,
    Record,
    Refused,
    Remote,
    SendDigits,
    Source,
    Statistics,
    StopRecording,
)
from media.engine import plan as engine
from media.engine.plan import Codec, PortPlan, Sending
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
from media.session.sessions import Sessions
from tests.support.virtual_time import VirtualTime

CONTROL = 1
OTHER = 2
CALLER = 10
CALLED = 11


def remote(port: int = 4000, /, **changes: object) -> Remote:
    fields: dict[str, object] = {
        "address": "192.0.2.1",
        "rtp_port": port,
        "rtcp_port": port + 1,
        "codec": "PCMA",
        "payload_type": 8,
        "accepts": {8: "PCMA", 0: "PCMU"},
        "events_payload_type": 101,
    }
    return Remote(**{**fields, **changes})  # type: ignore[arg-type]


def lent(number: int) -> Lent:
    return Lent(
        number=number,
        address="192.0.2.9",
        rtp_port=20000 + 2 * number,
        rtcp_port=20001 + 2 * number,
    )


class Desk:
    """Sessions, and a hand that gives them orders about the call ``s``."""

    def __init__(self, **policy: object) -> None:
        self.sessions = Sessions(Policy(**policy))  # type: ignore[arg-type]

    def order(self, order: Order, now: float = 0.0, client: int = CONTROL) -> list[Output]:
        return self.sessions.receive(client, order, now)

    def open(self, port: str, number: int, lifetime: float = 60.0) -> None:
        opening = self.order(Open(session="s", port=port, lifetime=lifetime))
        assert opening == [Lend("s", port)]
        self.sessions.lent("s", port, lent(number))

    def connect(self, port: str, to: Remote) -> PortPlan:
        return arranged(self.order(Connect(session="s", port=port, remote=to)))

    def feed(self, port: str, source: Source) -> list[Output]:
        return self.order(Feed(session="s", port=port, source=source))


@pytest.fixture
def desk() -> Desk:
    """Two ports, open and connected."""
    desk = Desk()
    desk.open("caller", CALLER)
    desk.open("called", CALLED)
    desk.connect("caller", remote(4000))
    desk.connect("called", remote(5000, codec="PCMU", payload_type=0))
    return desk


def arranged(outputs: list[Output]) -> PortPlan:
    """The one plan among the outputs."""
    (plan,) = [output.plan for output in outputs if isinstance(output, Arrange)]
    return plan


def said(fact: object) -> Say:
    return Say(CONTROL, fact)  # type: ignore[arg-type]


def prompts(token: str = "t", repeat: bool = False) -> FromPrompts:
    return FromPrompts(prompts=("zh/welcome",), token=token, repeat=repeat)


def played(token: str = "t", *, completed: bool, reason: str = "") -> Say:
    return said(
        Played(session="s", port="caller", token=token, completed=completed, reason=reason)
    )


def play(desk: Desk, token: str = "t", repeat: bool = False) -> PortPlan:
    """Feed the caller a prompt that the engine knows by the number 7."""
    (fetch,) = [
        output
        for output in desk.feed("caller", prompts(token, repeat))
        if isinstance(output, Fetch)
    ]
    return arranged(desk.sessions.fetched("s", "caller", fetch.epoch, (7,)))


# Opening and connecting.


def test_opening_lends_a_pair_and_tells_where_it_is() -> None:
    desk = Desk()
    opening = desk.order(Open(session="s", port="caller", lifetime=60.0))
    assert opening == [Lend("s", "caller")]
    assert desk.sessions.lent("s", "caller", lent(CALLER)) == [
        said(
            Opened(
                session="s",
                port="caller",
                address="192.0.2.9",
                rtp_port=20020,
                rtcp_port=20021,
            )
        )
    ]


SIX = Lent(number=7, address="2001:db8::9", rtp_port=20000, rtcp_port=20001)


def test_a_pair_is_asked_for_in_the_ip_version_of_the_far_end() -> None:
    desk = Desk()
    opening = desk.order(Open(session="s", port="six", lifetime=60.0, family=6))
    assert opening == [Lend("s", "six", 6)]
    desk.sessions.lent("s", "six", SIX)
    plan = desk.connect("six", remote(4000, address="2001:db8::1"))
    assert plan.remote == ("2001:db8::1", 4000)
    refused = desk.order(Connect(session="s", port="six", remote=remote(4000)))
    why = "address 192.0.2.1 is not of IPv6"
    assert refused == [said(Refused(session="s", port="six", reason=why))]


def test_a_far_end_named_before_the_pair_is_lent_is_looked_at_then() -> None:
    desk = Desk()
    desk.order(Open(session="s", port="six", lifetime=60.0, family=6))
    assert desk.order(Connect(session="s", port="six", remote=remote(4000))) == []
    _, refused = desk.sessions.lent("s", "six", SIX)
    why = "address 192.0.2.1 is not of IPv6"
    assert refused == said(Refused(session="s", port="six", reason=why))


@pytest.mark.parametrize("nobody", ["0.0.0.0", "::"])
def test_hold_in_the_old_way_is_of_no_ip_version(desk: Desk, nobody: str) -> None:
    assert desk.connect("caller", remote(4000, address=nobody)).remote is None


def test_opening_fails_when_there_is_no_pair_and_leaves_nothing() -> None:
    desk = Desk()
    desk.order(Open(session="s", port="caller", lifetime=60.0))
    failed = OpenFailed(session="s", port="caller", reason="all lent")
    assert desk.sessions.not_lent("s", "caller", "all lent") == [said(failed)]
    assert (len(desk.sessions), desk.sessions.deadline) == (0, None)


@pytest.mark.parametrize("lifetime", [0.0, -1.0, float("nan"), float("inf"), 1e9])
def test_a_lifetime_that_is_none_is_refused(lifetime: float) -> None:
    desk = Desk()
    outputs = desk.order(Open(session="s", port="caller", lifetime=lifetime))
    assert [type(output.fact) for output in outputs if isinstance(output, Say)] == [
        OpenFailed
    ]
    assert len(desk.sessions) == 0


def test_a_port_opens_once_and_a_session_has_so_many() -> None:
    desk = Desk(ports_per_session=2)
    desk.open("caller", CALLER)
    desk.open("called", CALLED)
    again = desk.order(Open(session="s", port="called", lifetime=60.0))
    third = desk.order(Open(session="s", port="third", lifetime=60.0))
    assert [type(o.fact) for o in again + third if isinstance(o, Say)] == [OpenFailed] * 2
    assert desk.sessions.ports == 2


def test_connecting_gives_the_engine_the_whole_plan() -> None:
    desk = Desk(silence_after=30.0)
    desk.open("caller", CALLER)
    outputs = desk.order(Connect(session="s", port="caller", remote=remote(4000)))
    assert outputs == [
        Arrange(
            CALLER,
            PortPlan(
                remote=("192.0.2.1", 4000),
                remote_rtcp=("192.0.2.1", 4001),
                latch_epoch=1,
                codec=Codec.PCMA,
                payload_type=8,
                accepts=((8, Codec.PCMA), (0, Codec.PCMU)),
                events_payload_type=101,
                silence_after_ms=30000,
            ),
        )
    ]


def test_each_connect_unlocks_the_latch(desk: Desk) -> None:
    assert desk.connect("caller", remote(4000)).latch_epoch == 2


def test_a_far_end_on_hold_is_sent_nothing_and_its_silence_is_expected(desk: Desk) -> None:
    desk.feed("caller", FromPort("called"))
    held = desk.connect("caller", remote(sending=False, receiving=False))
    assert (held.sending, held.receives, held.silence_after_ms) == (
        Sending.NOTHING,
        False,
        0,
    )
    resumed = desk.connect("caller", remote())
    assert (resumed.sending, resumed.peer) == (Sending.PEER, CALLED)


@pytest.mark.parametrize("address", ["0.0.0.0", "192.0.2.1"])
def test_a_far_end_that_names_no_place_is_not_sent_to(desk: Desk, address: str) -> None:
    """The old way to hold: address 0.0.0.0, or port 0."""
    port = 4000 if address == "0.0.0.0" else 0
    held = desk.connect("caller", remote(address=address, rtp_port=port))
    assert (held.remote, held.remote_rtcp) == (None, None)


@pytest.mark.parametrize(
    "change",
    [
        {"address": "example.com"},
        {"address": "224.0.0.1"},
        {"address": "2001:db8::1"},
        {"address": "255.255.255.255"},
        {"rtp_port": 65536},
        {"rtcp_port": -1},
        {"codec": "G729"},
        {"payload_type": 128},
        {"accepts": {200: "PCMA"}},
        {"accepts": {8: "opus"}},
        {"events_payload_type": -1},
        {"trusted": ("192.0.2.0/33",)},
        {"trusted": ("192.0.2.0/24",) * 17},
    ],
)
def test_an_unfit_far_end_is_refused_and_the_old_one_stays(
    desk: Desk, change: dict[str, object]
) -> None:
    order = Connect(session="s", port="caller", remote=remote(4000, **change))
    (outcome,) = desk.order(order)
    assert isinstance(outcome, Say)
    assert isinstance(outcome.fact, Refused)
    assert outcome.fact.reason
    after = arranged(desk.feed("caller", FromSilence()))
    assert after.remote == ("192.0.2.1", 4000)


# What is heard.


def test_two_ports_hear_each_other(desk: Desk) -> None:
    one = arranged(desk.feed("caller", FromPort("called")))
    other = arranged(desk.feed("called", FromPort("caller")))
    assert (one.sending, one.peer) == (Sending.PEER, CALLED)
    assert (other.sending, other.peer) == (Sending.PEER, CALLER)


def test_feeding_the_same_twice_changes_nothing(desk: Desk) -> None:
    desk.feed("caller", FromPort("called"))
    assert desk.feed("caller", FromPort("called")) == []


@pytest.mark.parametrize("peer", ["caller", "nobody"])
def test_a_port_hears_another_that_exists(desk: Desk, peer: str) -> None:
    (outcome,) = desk.feed("caller", FromPort(peer))
    assert isinstance(outcome, Say)
    assert isinstance(outcome.fact, Refused)


def test_a_peer_that_closes_leaves_silence_before_its_number_is_free(desk: Desk) -> None:
    desk.feed("caller", FromPort("called"))
    silenced, back = desk.order(Close(session="s", port="called"))
    assert isinstance(silenced, Arrange)
    assert (silenced.plan.sending, silenced.plan.peer) == (Sending.SILENCE, None)
    assert back == GiveBack(session="s", port="called", number=CALLED, owner=CONTROL)


def test_a_peer_that_is_still_being_opened_is_heard_once_it_is_there() -> None:
    desk = Desk()
    desk.open("caller", CALLER)
    desk.connect("caller", remote())
    desk.order(Open(session="s", port="called", lifetime=60.0))
    waiting = arranged(desk.feed("caller", FromPort("called")))
    assert waiting.sending == Sending.SILENCE
    joined = arranged(desk.sessions.lent("s", "called", lent(CALLED)))
    assert (joined.sending, joined.peer) == (Sending.PEER, CALLED)


# Prompts.


def test_prompts_are_fetched_then_played(desk: Desk) -> None:
    (fetch,) = desk.feed("caller", prompts())
    assert fetch == Fetch(session="s", port="caller", epoch=1, prompts=("zh/welcome",))
    plan = arranged(desk.sessions.fetched("s", "caller", 1, (7,)))
    assert (plan.sending, plan.prompts, plan.play_epoch) == (Sending.PROMPTS, (7,), 1)
    assert desk.sessions.prompts == {7}


def test_the_end_of_prompts_is_said_once_and_leaves_silence(desk: Desk) -> None:
    play(desk)
    ended, silence = desk.sessions.hear(engine.Played(CALLER, 1))
    assert ended == played(completed=True)
    assert isinstance(silence, Arrange)
    assert silence.plan.sending == Sending.SILENCE
    assert desk.sessions.hear(engine.Played(CALLER, 1)) == []
    assert desk.feed("caller", FromSilence()) == []


def test_replaced_prompts_say_so_and_their_late_end_is_not_the_next_ones(
    desk: Desk,
) -> None:
    play(desk, "first")
    outputs = desk.feed("caller", prompts("second"))
    assert outputs[0] == played("first", completed=False)
    assert desk.sessions.hear(engine.Played(CALLER, 1)) == []
    assert desk.sessions.fetched("s", "caller", 1, (7,)) == []
    assert arranged(desk.sessions.fetched("s", "caller", 2, (7,))).play_epoch == 2
    assert desk.sessions.hear(engine.Played(CALLER, 2))[0] == played(
        "second", completed=True
    )


@pytest.mark.parametrize("source", [FromPort("called"), FromSilence(), FromNothing()])
def test_whatever_replaces_prompts_ends_them(desk: Desk, source: Source) -> None:
    play(desk, repeat=True)
    assert desk.feed("caller", source)[0] == played(completed=False)
    assert desk.sessions.prompts == set()


def test_a_missing_prompt_ends_at_once_and_says_why(desk: Desk) -> None:
    desk.feed("caller", prompts())
    ended, silence = desk.sessions.not_fetched("s", "caller", 1, "no prompt zh/welcome")
    assert ended == played(completed=False, reason="no prompt zh/welcome")
    assert isinstance(silence, Arrange)
    assert silence.plan.sending == Sending.SILENCE


@pytest.mark.parametrize("count", [0, 65])
def test_no_prompts_and_too_many_are_refused(desk: Desk, count: int) -> None:
    (outcome,) = desk.feed("caller", FromPrompts(prompts=("x",) * count, token="t"))
    assert isinstance(outcome, Say)
    assert isinstance(outcome.fact, Refused)


def test_prompts_wait_for_the_far_end_and_go_on_after_a_hold(desk: Desk) -> None:
    play(desk)
    held = desk.connect("caller", remote(sending=False))
    resumed = desk.connect("caller", remote())
    assert (held.sending, resumed.sending) == (Sending.NOTHING, Sending.PROMPTS)
    assert held.play_epoch == resumed.play_epoch == 1


def test_closing_ends_prompts(desk: Desk) -> None:
    play(desk)
    outputs = desk.order(Close(session="s", port="caller"))
    assert outputs[0] == played(completed=False)


# Digits, recordings, events.


def test_digits_are_pressed(desk: Desk) -> None:
    order = SendDigits(session="s", port="caller", digits="1w2*#D")
    assert desk.order(order) == [
        PressKeys(session="s", port="caller", number=CALLER, digits="1w2*#D")
    ]


@pytest.mark.parametrize("digits", ["", "x", "1 2", "\uff11", "1" * 65])
def test_other_digits_are_refused(desk: Desk, digits: str) -> None:
    (outcome,) = desk.order(SendDigits(session="s", port="caller", digits=digits))
    assert isinstance(outcome, Say)
    assert isinstance(outcome.fact, Refused)


def test_a_recording_is_finished_by_order_or_by_the_end_of_the_port(desk: Desk) -> None:
    record = Record(session="s", port="caller", path="/r/1.wav", both=True)
    finished = FinishRecording(
        session="s", port="caller", number=CALLER, path="/r/1.wav", owner=CONTROL
    )
    assert desk.order(record) == [
        StartRecording(
            session="s", port="caller", number=CALLER, path="/r/1.wav", both=True
        )
    ]
    assert desk.order(StopRecording(session="s", port="caller")) == [finished]
    desk.order(record)
    assert desk.order(Close(session="s", port="caller"))[0] == finished


@pytest.mark.parametrize("path", ["r/1.wav", "", "/r/\0.wav"])
def test_a_recording_needs_an_absolute_path(desk: Desk, path: str) -> None:
    (outcome,) = desk.order(Record(session="s", port="caller", path=path))
    assert isinstance(outcome, Say)
    assert isinstance(outcome.fact, Refused)


def test_one_recording_at_a_time_and_none_to_stop_without_one(desk: Desk) -> None:
    desk.order(Record(session="s", port="caller", path="/r/1.wav"))
    again = desk.order(Record(session="s", port="caller", path="/r/2.wav"))
    desk.sessions.not_recorded("s", "caller", "disk full")
    stop = desk.order(StopRecording(session="s", port="caller"))
    for (outcome,) in (again, stop):
        assert isinstance(outcome, Say)
        assert isinstance(outcome.fact, Refused)


def test_what_the_engine_hears_is_said_by_name(desk: Desk) -> None:
    hear = desk.sessions.hear
    assert hear(engine.Heard(CALLED)) == [said(Heard(session="s", port="called"))]
    assert hear(engine.Pressed(CALLER, "5", 120)) == [
        said(Pressed(session="s", port="caller", digit="5", duration_ms=120))
    ]
    assert hear(engine.FellSilent(CALLER)) == [
        said(FellSilent(session="s", port="caller", seconds=30.0))
    ]
    assert hear(engine.Unreachable(CALLER)) == []
    assert hear(engine.Heard(99)) == []


# Ends.


def test_closing_a_session_gives_each_port_back_and_forgets_it(desk: Desk) -> None:
    desk.feed("caller", FromPort("called"))
    assert desk.order(CloseSession(session="s")) == [
        GiveBack(session="s", port="caller", number=CALLER, owner=CONTROL),
        GiveBack(session="s", port="called", number=CALLED, owner=CONTROL),
    ]
    assert (len(desk.sessions), desk.sessions.ports, desk.sessions.deadline) == (0, 0, None)


def test_a_session_is_over_with_its_last_port(desk: Desk) -> None:
    desk.order(Close(session="s", port="caller"))
    assert len(desk.sessions) == 1
    desk.order(Close(session="s", port="called"))
    assert len(desk.sessions) == 0


def test_a_port_closed_while_it_is_opened_goes_back_when_it_comes() -> None:
    desk = Desk()
    desk.order(Open(session="s", port="caller", lifetime=60.0))
    closing = desk.order(Close(session="s", port="caller"))
    closed = Closed(session="s", port="caller", statistics=Statistics())
    assert closing == [said(closed)]
    assert desk.sessions.lent("s", "caller", lent(CALLER)) == [
        GiveBack(session="s", port="caller", number=CALLER, owner=None)
    ]


def test_a_session_expires_unless_extended() -> None:
    desk = Desk()
    desk.open("caller", CALLER, lifetime=60.0)
    clock = VirtualTime[Output](desk.sessions)
    assert list(clock.until(50.0)) == []
    desk.order(Extend(session="s", lifetime=60.0), now=50.0)
    assert list(clock.until(1000.0)) == [
        (110.0, GiveBack(session="s", port="caller", number=CALLER, owner=CONTROL)),
        (110.0, said(Expired(session="s"))),
    ]
    assert desk.sessions.deadline is None


def test_a_late_wake_expires_all_that_is_due_earliest_first() -> None:
    desk = Desk()
    for number, (name, lifetime) in enumerate([("a", 30.0), ("b", 10.0), ("c", 99.0)]):
        desk.order(Open(session=name, port="p", lifetime=lifetime))
        desk.sessions.lent(name, "p", lent(number))
    outputs = desk.sessions.wake(50.0)
    assert [o.session for o in outputs if isinstance(o, GiveBack)] == ["b", "a"]
    assert desk.sessions.deadline == 99.0


def test_an_unknown_session_or_port_is_refused_by_name(desk: Desk) -> None:
    assert desk.order(Close(session="x", port="p")) == [
        said(Refused(session="x", port="p", reason="unknown session"))
    ]
    assert desk.order(CloseSession(session="x")) == [
        said(Refused(session="x", port="", reason="unknown session"))
    ]
    assert desk.order(Close(session="s", port="p")) == [
        said(Refused(session="s", port="p", reason="unknown port"))
    ]


# Owners.


def test_a_stranger_is_refused(desk: Desk) -> None:
    reason = "the session is not yours"
    assert desk.order(Close(session="s", port="caller"), client=OTHER) == [
        Say(OTHER, Refused(session="s", port="caller", reason=reason))
    ]
    assert desk.order(Open(session="s", port="x", lifetime=9.0), client=OTHER) == [
        Say(OTHER, OpenFailed(session="s", port="x", reason=reason))
    ]


def test_an_orphan_lives_on_unheard_until_it_is_adopted(desk: Desk) -> None:
    desk.sessions.disconnected(CONTROL)
    assert desk.sessions.hear(engine.Heard(CALLER)) == []
    assert desk.order(Adopt(("s", "gone")), client=OTHER) == [
        Say(OTHER, Adopted(sessions={"s": ("caller", "called")}))
    ]
    assert desk.sessions.hear(engine.Heard(CALLER)) == [
        Say(OTHER, Heard(session="s", port="caller"))
    ]
    arranged(
        desk.order(Feed(session="s", port="caller", source=FromSilence()), client=OTHER)
    )


def test_orphans_that_nobody_adopts_are_closed_and_owned_sessions_are_not(
    desk: Desk,
) -> None:
    desk.order(Open(session="mine", port="p", lifetime=60.0), client=OTHER)
    desk.sessions.lent("mine", "p", lent(1))
    desk.sessions.disconnected(CONTROL)
    outputs = desk.order(Adopt(()), client=3)
    assert outputs == [
        GiveBack(session="s", port="caller", number=CALLER, owner=None),
        GiveBack(session="s", port="called", number=CALLED, owner=None),
        Say(3, Adopted(sessions={})),
    ]
    assert desk.sessions.ports == 1


def test_what_one_control_left_is_not_closed_by_another() -> None:
    """Two share the process; each has a name that outlives it."""
    desk = Desk()
    desk.order(Adopt((), "one"))
    desk.order(Adopt((), "two"), client=OTHER)
    desk.open("p", CALLER)
    desk.sessions.disconnected(CONTROL)
    assert desk.order(Adopt((), "two"), client=OTHER) == [Say(OTHER, Adopted(sessions={}))]
    assert desk.sessions.ports == 1
    outputs = desk.order(Adopt((), "one"), client=3)
    assert [type(output) for output in outputs] == [GiveBack, Say]


def test_what_belongs_to_another_who_is_there_is_not_given_away() -> None:
    desk = Desk()
    desk.order(Adopt((), "one"))
    desk.open("p", CALLER)
    assert desk.order(Adopt(("s",), "two"), client=OTHER) == [
        Say(OTHER, Adopted(sessions={}))
    ]
    desk.sessions.disconnected(CONTROL)
    adopted = Adopted(sessions={"s": ("p",)})
    # Renamed, it still finds what is in its journal; and from then on it is its own.
    assert desk.order(Adopt(("s",), "two"), client=OTHER) == [Say(OTHER, adopted)]
    assert desk.order(Adopt((), "one"), client=3) == [Say(3, Adopted(sessions={}))]


def test_a_restarted_control_may_be_faster_than_the_end_of_its_old_connection(
    desk: Desk,
) -> None:
    desk.order(Adopt(("s",)), client=OTHER)
    desk.sessions.disconnected(CONTROL)
    assert desk.sessions.hear(engine.Heard(CALLER)) == [
        Say(OTHER, Heard(session="s", port="caller"))
    ]


def test_an_orphan_expires_in_silence(desk: Desk) -> None:
    desk.sessions.disconnected(CONTROL)
    outputs = desk.sessions.wake(60.0)
    assert [type(output) for output in outputs] == [GiveBack, GiveBack]
