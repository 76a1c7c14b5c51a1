"""Each feature of the service once over the wire, by real calls of one node.

All stories begin at once, a few at a time; each test waits for its own.
"""

import hashlib
import hmac
import http.server
import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import pytest

from b2bua.service.record import CallRecord, ChargeBasis, Outcome
from tests.architecture.sources import ROOT
from tests.support.desk import Desk
from tests.support.node import Node, until
from tests.support.tones import place_of, samples_of
from tests.wire.features import (
    BOTH_DAYS,
    DESK,
    HOOK,
    HOST,
    LATER,
    NOW,
    SETTINGS,
    THESE_DAYS,
    Plans,
    Told,
    Town,
)

pytestmark = pytest.mark.wire

T = TypeVar("T")
PROMPTS: Final = ROOT / "prompts" / "zh"
AT_ONCE: Final = 6
"""Stories that go on at the same time."""
SECRET: Final = "correct-horse-battery"
FORWARDS: Final = {486: "b", 600: "b", 603: "b", 817: "b", 480: "c", 408: "c", 404: "c"}
"""Answers of the first destination, and who is called next."""
TO_A: Final = "routes: [{name: all, to: a}]\n"


def all_plans(hook: str) -> Plans:
    """A number for every story."""
    plans = Plans()
    plans.add(
        "area",
        "routes:\n"
        '  - {name: prefix, when: {callers: ["0757123*"]}, to: a}\n'
        '  - {name: code, when: {areas: ["0755"]}, to: b}\n'
        "  - {name: province, when: {areas: [广东]}, to: c}\n"
        "  - {name: otherwise, to: d}\n",
        a=200,
        b=200,
        c=200,
        d=200,
    )
    plans.add(
        "hours",
        f"routes:\n  - {{name: later, when: {{{LATER}}}, to: a}}\n"
        f"  - {{name: now, when: {{{NOW}}}, to: b}}\n  - {{name: otherwise, to: c}}\n",
        a=200,
        b=200,
        c=200,
    )
    workday = "routes: [{name: work, when: {workday: true}, to: a}, {name: off, to: b}]\n"
    for name, key in (("closed", "closed"), ("open", "open")):
        plans.add(name, f"calendar: {{{key}: {BOTH_DAYS}}}\n{workday}", a=200, b=200)
    plans.add(
        "dates",
        f'routes: [{{name: fair, when: {{dates: "{THESE_DAYS}"}}, to: a}},'
        " {name: otherwise, to: b}]\n",
        a=200,
        b=200,
    )
    plans.add(
        "shares", "routes: [{name: all, to: {percent: {a: 70, b: 30}}}]\n", a=200, b=200
    )
    _forwarding(plans)
    _screening(plans)
    _caps(plans)
    _answering(plans)
    plans.add(
        "webhook",
        f'webhooks: [{{url: "{hook}", events: [missed], secret: {SECRET}}}]\n{TO_A}',
        a=486,
    )
    return plans


def _forwarding(plans: Plans) -> None:
    for status in FORWARDS:
        plans.add(
            f"forward {status}",
            f"forwarding: {{busy: [b], no_answer: [c]}}\n{TO_A}",
            a=status,
            b=200,
            c=200,
        )
    for most in (1, 2):
        plans.add(
            f"at most {most}",
            f"forwarding: {{busy: [b, c, d], max_forwards: {most}}}\n{TO_A}",
            a=486,
            b=486,
            c=486,
            d=486,
        )


def _screening(plans: Plans) -> None:
    plans.add(
        "denied",
        'screening: {areas: {deny: ["0898"]}, whitelist: ["08988888*"]}\n' + TO_A,
        spoken=True,
        a=200,
    )
    plans.add("allowed", f'screening: {{areas: {{allow: ["0755"]}}}}\n{TO_A}', a=200)
    plans.add(
        "blacklist",
        'screening: {blacklist: ["0736*"], whitelist: ["07361111*"]}\n' + TO_A,
        a=200,
    )
    plans.add("anonymous", f"screening: {{anonymous: reject}}\n{TO_A}", a=200)
    plans.add(
        "frequent",
        f"screening: {{frequency: {{calls: 2, minutes: 10}}}}\n{TO_A}",
        spoken=True,
        a=200,
    )
    plans.add("suspended", f"active: false\n{TO_A}", a=200)
    plans.add("password", f'password: "2580"\n{TO_A}', spoken=True, a=200)


def _caps(plans: Plans) -> None:
    for cap in ('spend_per_month: "0.40"', "calls_per_month: 1", "calls_per_week: 1"):
        plans.add(cap.partition(":")[0], f"limits: {{{cap}}}\n{TO_A}", spoken=True, a=200)
    single = "routes: [{name: all, to: single}]\n"
    plans.add("full", single, spoken=True, single=200)
    plans.add(
        "full is busy",
        f"forwarding: {{busy: [b], full: busy}}\n{single}",
        single=200,
        b=200,
    )


def _answering(plans: Plans) -> None:
    plans.add(
        "greeting",
        f"greeting: welcome\ngreetings: [{{prompt: thanks, when: {{{NOW}}}}}]\n{TO_A}",
        a=201,
    )
    plans.add(
        "menu",
        "menus:\n  main: {prompt: thanks, timeout: 2, retries: 1, operator: d,\n"
        '         keys: {"1": {menu: more}, "8001": b, "*": repeat}}\n'
        '  more: {prompt: thanks, timeout: 2, keys: {"1": a, "#": back}, otherwise: c}\n'
        "routes: [{name: all, to: {menu: main}}]\n",
        a=200,
        b=200,
        c=200,
        d=200,
    )
    plans.add("change", TO_A, a=200, b=200)
    plans.add(
        "duty",
        f"groups: {{desk: {{roster: [{{name: later, when: {{{LATER}}}, on: [a]}},"
        f" {{name: now, when: {{{NOW}}}, on: [b]}}]}}}}\n"
        "routes: [{name: all, to: desk}]\n",
        a=200,
        b=200,
    )
    rotate = "groups: {desk: {rotate: [a, b]}}\nroutes: [{name: all, to: desk}]\n"
    plans.add("rotate", rotate, a=200, b=200)
    plans.add("familiar", rotate.replace("b]}", "b], familiar: 30}"), a=200, b=200)
    plans.add("random", rotate.replace("rotate", "random"), a=200, b=200)
    plans.add(
        "all ring", rotate.replace("rotate: [a, b]", "all: [a, b, c]"), a=0, b=201, c=0
    )
    plans.add(
        "queue",
        'screening: {whitelist: ["02012345678"]}\n'
        "routes: [{name: all, to: {order: [single],"
        " queue: {max_wait: 60, announce: 10, position: true}}}]\n",
        single=200,
    )


class Hook:
    """Takes webhooks."""

    def __init__(self) -> None:
        taken: list[tuple[dict[str, str], bytes]] = []

        class Taking(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                size = int(self.headers["Content-Length"])
                taken.append((dict(self.headers), self.rfile.read(size)))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self.taken = taken
        self.server = http.server.ThreadingHTTPServer((HOOK, 0), Taking)
        self.url = f"http://{HOOK}:{self.server.server_address[1]}/calls"
        self.thread = threading.Thread(target=self.server.serve_forever)


@contextmanager
def listening(hook: Hook) -> Iterator[None]:
    hook.thread.start()
    try:
        yield
    finally:
        hook.server.shutdown()
        hook.thread.join()
        hook.server.server_close()


@dataclass(slots=True)
class Stories:
    """What was begun, and what has come of it."""

    town: Town
    hook: Hook
    begun: dict[Callable[[Town], object], "Future[Any]"]

    def told(self, story: Callable[[Town], T]) -> T:
        result: T = self.begun[story].result(150)
        return result


STORIES: list[Callable[[Town], object]] = []


def story(tell: Callable[[Town], T]) -> Callable[[Town], T]:
    """To be begun with the others."""
    STORIES.append(tell)
    return tell


@pytest.fixture(scope="module")
def stories(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stories]:
    """All calls, on a node of their own."""
    hook = Hook()
    plans = all_plans(hook.url)
    node = Node(tmp_path_factory.mktemp("features"), HOST, SETTINGS)
    (node.seed / "plans.yaml").write_text("---\n".join(plans.texts), encoding="utf-8")
    with listening(hook), Desk(DESK) as desk, ThreadPoolExecutor(AT_ONCE) as pool:
        node.start()
        try:
            town = Town.of(node, desk, plans)
            yield Stories(town, hook, {tell: pool.submit(tell, town) for tell in STORIES})
            pool.shutdown(cancel_futures=True)
        finally:
            node.stop()


def went(town: Town, name: str, caller: str = "", keys: str = "") -> str:
    """Where a call went."""
    told = town.call(name, caller, keys=keys)
    return town.record(name, told).destination


def says(told: Told, prompt: str) -> bool:
    return place_of(samples_of(PROMPTS / f"{prompt}.wav"), told.heard)[1] > 0.9


@story
def waits_in_a_queue(town: Town) -> tuple[list[str], list[Told]]:
    """One talks, one waits, and one of the white list comes last: who was answered when."""
    enough, talks, waits, last = (threading.Event() for _ in range(4))

    def talk() -> None:
        talks.set()
        enough.wait(60)

    with ThreadPoolExecutor(3) as callers:
        first = callers.submit(town.call, "queue", meanwhile=talk)
        assert talks.wait(30)
        patient = callers.submit(town.call, "queue", stay=14.0, meanwhile=waits.set)
        assert waits.wait(30)
        favoured = callers.submit(
            town.call, "queue", "02012345678", stay=8.0, meanwhile=last.set
        )
        assert last.wait(30)
        threading.Timer(6.0, enough.set).start()
        told = [one.result(90) for one in (first, patient, favoured)]
    records = [town.record("queue", one) for one in told]
    in_order = sorted(records, key=lambda one: str(one.destination_answered_at))
    return [one.caller for one in in_order], told


def test_the_white_list_goes_first_in_a_queue(stories: Stories) -> None:
    order, (first, patient, favoured) = stories.told(waits_in_a_queue)
    assert order == [first.caller, favoured.caller, patient.caller]
    assert says(patient, "queue")
    assert says(patient, "place-next")


@story
def says_nothing_in_a_menu(town: Town) -> CallRecord:
    return town.record("menu", town.call("menu", stay=20.0))


@story
def finds_a_menu(town: Town) -> dict[str, str]:
    ways = ("w11", "w8001", "w0", "w1#0", "w*8001")
    return {keys: went(town, "menu", keys=keys) for keys in ways}


def test_menus_within_menus_extensions_and_the_operator(stories: Stories) -> None:
    assert stories.told(finds_a_menu) == {
        "w11": "a",
        "w8001": "b",
        "w0": "d",
        "w1#0": "d",
        "w*8001": "b",
    }
    silent = stories.told(says_nothing_in_a_menu)
    assert (silent.destination, silent.keys) == ("d", "")


@story
def is_changed_while_it_serves(town: Town) -> None:
    number = town.plans.numbers["change"]
    go_to(town, "a")
    town.command("change", "override", "--to", "b", "--until", "+2h")
    go_to(town, "b")
    town.command("change", "override", "--end")
    go_to(town, "a")
    file = town.node.directory / "change.yaml"
    text = next(one for one in town.plans.texts if number in one)
    file.write_text(text.replace("to: a", "to: b"), encoding="utf-8")
    assert "version 4" in town.node.run("apply", str(file)).stdout
    go_to(town, "b")


def go_to(town: Town, place: str) -> None:
    """Calls go there as soon as the node has heard of it."""
    until(lambda: went(town, "change") == place, why=f"calls go to {place}")


def test_a_change_holds_for_the_calls_that_follow(stories: Stories) -> None:
    stories.told(is_changed_while_it_serves)


@story
def is_greeted(town: Town) -> tuple[Told, CallRecord]:
    told = town.call("greeting")
    return told, town.record("greeting", told)


def test_the_greeting_of_the_hour_is_heard_while_it_rings(stories: Stories) -> None:
    told, record = stories.told(is_greeted)
    assert told.early
    assert says(told, "thanks")
    assert not says(told, "welcome")
    assert record.charge_basis is ChargeBasis.DESTINATION_ANSWER


@story
def keys_a_password(town: Town) -> dict[str, tuple[Told, CallRecord]]:
    found = {}
    for keys in ("w2580#", "wwwwwww1111#w2222#w3333#"):
        told = town.call("password", keys=keys, stay=0.3 if "2580" in keys else 20.0)
        found[keys] = told, town.record("password", told)
    return found


def test_only_the_password_lets_in_and_three_tries_are_all(stories: Stories) -> None:
    (_, right), (told, wrong) = stories.told(keys_a_password).values()
    assert right.destination == "a"
    assert (wrong.outcome, wrong.attempts) == (Outcome.REFUSED, ())
    assert "cause=21" in told.reason
    assert says(told, "password")
    assert says(told, "password-failed")
    for record in (right, wrong):
        assert not any(digits in repr(record) for digits in ("2580", "1111", "3333"))


@story
def reaches_a_cap(town: Town) -> dict[str, list[Told]]:
    caps = ("spend_per_month", "calls_per_month", "calls_per_week")
    return {name: [_let_in(town, name), town.call(name)] for name in caps}


def _let_in(town: Town, name: str) -> Told:
    """The first call that is: none is while the store is slow to answer."""
    told = town.call(name)
    return told if told.status == 200 else _let_in(town, name)


def test_the_call_after_the_last_is_told_why(stories: Stories) -> None:
    for name, told in stories.told(reaches_a_cap).items():
        first, second = told
        assert first.status == 200, name
        assert (second.status, second.early) == (403, True), name
        assert "cause=21" in second.reason
        prompt = {"spend": "spend-cap", "calls": f"{name.rpartition('_')[2]}-cap"}
        assert says(second, prompt[name.partition("_")[0]]), name


@story
def fills_a_destination(town: Town) -> dict[str, tuple[Told, CallRecord]]:
    found = {}
    for name in ("full", "full is busy"):
        second: list[Told] = []
        town.call(name, meanwhile=lambda: second.append(town.call(name)))  # noqa: B023
        found[name] = second[0], town.record(name, second[0])
    return found


def test_a_full_destination(stories: Stories) -> None:
    found = stories.told(fills_a_destination)
    told, _ = found["full"]
    assert (told.status, told.early) == (486, True)
    assert "cause=17" in told.reason
    assert says(told, "destination-limit")
    assert found["full is busy"][1].destination == "b"


@story
def is_screened(town: Town) -> dict[str, Told]:
    calls = {
        "denied": ("denied", "089866886666"),
        "white": ("denied", "089888886666"),
        "allowed": ("allowed", "075588886661"),
        "elsewhere": ("allowed", "01088886661"),
        "of no area": ("allowed", "10086"),
        "black": ("blacklist", "073688886666"),
        "both": ("blacklist", "073611112222"),
        "anonymous": ("anonymous", "anonymous"),
        "suspended": ("suspended", ""),
    }
    return {name: town.call(*call) for name, call in calls.items()}


def test_screening(stories: Stories) -> None:
    told = stories.told(is_screened)
    let_in = {name for name, one in told.items() if one.status == 200}
    assert let_in == {"white", "allowed", "both"}
    for name in told.keys() - let_in:
        assert told[name].status == 403, name
        assert "cause=21" in told[name].reason, name
    assert told["denied"].early
    assert says(told["denied"], "area-blocked")
    assert not told["black"].early, "announcements: none"


@story
def calls_too_often(town: Town) -> list[Told]:
    return [town.call("frequent", "02055556666") for _ in range(3)]


def test_who_calls_too_often_is_told(stories: Stories) -> None:
    told = stories.told(calls_too_often)
    assert [one.status for one in told] == [200, 200, 403]
    assert says(told[-1], "too-frequent")


@story
def comes_from_somewhere(town: Town) -> dict[str, str]:
    callers = ("075712345678", "075588886666", "075788886666", "01088886666", "4008001234")
    return {caller: went(town, "area", caller) for caller in callers}


def test_routes_by_prefix_area_code_and_province(stories: Stories) -> None:
    assert list(stories.told(comes_from_somewhere).values()) == ["a", "b", "c", "d", "d"]


@story
def comes_at_some_time(town: Town) -> dict[str, str]:
    return {name: went(town, name) for name in ("hours", "closed", "open", "dates", "duty")}


def test_routes_by_hour_day_and_date_and_who_is_on_duty(stories: Stories) -> None:
    assert stories.told(comes_at_some_time) == {
        "hours": "b",
        "closed": "b",
        "open": "a",
        "dates": "a",
        "duty": "b",
    }


@story
def is_shared_out(town: Town) -> Counter[str]:
    told = [town.call("shares") for _ in range(10)]
    return Counter(town.record("shares", one).destination for one in told)


def test_shares_are_exact(stories: Stories) -> None:
    assert stories.told(is_shared_out) == {"a": 7, "b": 3}


@story
def is_forwarded(town: Town) -> dict[int, list[str]]:
    found = {}
    for status in FORWARDS:
        record = town.record(f"forward {status}", town.call(f"forward {status}"))
        found[status] = [one.destination for one in record.attempts]
    return found


def test_busy_and_no_answer_have_lists_of_their_own(stories: Stories) -> None:
    wanted = {status: ["a", to] for status, to in FORWARDS.items()}
    assert stories.told(is_forwarded) == wanted


@story
def is_forwarded_at_most(town: Town) -> dict[int, tuple[int, int]]:
    found = {}
    for most in (1, 2):
        told = town.call(f"at most {most}")
        attempts = town.record(f"at most {most}", told).attempts
        found[most] = told.status, sum(one.status == 486 for one in attempts)
    return found


def test_so_many_forwards_and_no_more(stories: Stories) -> None:
    assert stories.told(is_forwarded_at_most) == {1: (486, 2), 2: (486, 3)}


@story
def is_offered_in_turn(town: Town) -> dict[str, list[str]]:
    rotated = [went(town, "rotate") for _ in range(3)]
    known = [went(town, "familiar", "02044445555")]
    known += [_second(town, "02044445555"), went(town, "familiar")]
    return {"rotate": rotated, "familiar": known, "random": [went(town, "random")]}


def _second(town: Town, caller: str) -> str:
    """Where the same caller's second call went."""
    told = town.call("familiar", caller)
    until(lambda: len(town.records("familiar", told)) == 2, why="both records")
    return town.records("familiar", told)[0].destination


def test_rotation_chance_and_callers_who_come_back(stories: Stories) -> None:
    told = stories.told(is_offered_in_turn)
    assert told["rotate"] == ["a", "b", "a"]
    assert told["familiar"] == ["a", "a", "b"]
    assert told["random"][0] in ("a", "b")


@story
def rings_everywhere(town: Town) -> tuple[CallRecord, list[bool]]:
    record = town.record("all ring", town.call("all ring"))
    others = [one.number for one in record.attempts if one.destination != "b"]
    return record, [town.desk.told("CANCEL", number) for number in others]


def test_all_ring_and_the_first_to_answer_has_the_call(stories: Stories) -> None:
    record, cancelled = stories.told(rings_everywhere)
    assert record.destination == "b"
    assert cancelled == [True, True]


@story
def is_missed(town: Town) -> CallRecord:
    return town.record("webhook", town.call("webhook"))


def test_a_missed_call_is_told_and_signed(stories: Stories) -> None:
    record = stories.told(is_missed)
    assert record.outcome is Outcome.BUSY
    (headers, body), *more = until(lambda: stories.hook.taken, why="a webhook")
    assert not more
    assert json.loads(body)["call"]["id"] == record.id
    sent, _, signature = headers["X-B2bua-Signature"].removeprefix("t=").partition(",v1=")
    signed = f"{sent}.".encode() + body
    assert signature == hmac.new(SECRET.encode(), signed, hashlib.sha256).hexdigest()


def test_what_a_call_costs_is_on_its_record_with_the_arithmetic(stories: Stories) -> None:
    _, record = stories.told(is_greeted)
    assert (record.fee, record.caller_fee, record.tariff) == (400, 220, "standard")
    assert record.tariff_version > 0
    assert "0.40" in record.arithmetic
    assert "0.22" in record.arithmetic
    assert 0 < record.charged_ms == record.talk_ms
    refused = stories.told(is_missed)
    assert (refused.fee, refused.charged_ms) == (0, 0)


def test_nothing_is_left(stories: Stories) -> None:
    for one in stories.begun.values():
        one.exception(150)
    stories.town.node.quiet()
    assert stories.town.node.faults() == []
