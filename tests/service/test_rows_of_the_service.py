"""The nineteen rows of the service, as a telephone person tells them.

Each row has a plan and lines of what happens in it::

    caller        when              keys / what is up     -> what becomes of the call

``when`` is a day and an hour of a week in November 2026 (Monday is the 16th), or a date.
Keys are what the caller presses; ``busy NAME`` and ``used N`` say what is up already. On
the right stands the outcome with the destinations in the order of trying, or the rule that
refuses, and behind it, if it matters, from when the enterprise pays.
"""

import re
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

import pytest

from b2bua.report.analysis import analyse
from b2bua.service.area import AreaTable, identify
from b2bua.service.callevent import call_told
from b2bua.service.flow.decision import World
from b2bua.service.flow.explain import Enquiry, Explanation, Fate, explain
from b2bua.service.ivr import PasswordCheck, Rejected
from b2bua.service.limits import Usage
from b2bua.service.number import Caller, CallerKind
from b2bua.service.plan import Calendar, Plan, Tariff
from b2bua.service.planfile import read_plans
from b2bua.service.planreading import Known
from b2bua.service.record import ChargeBasis, Outcome
from b2bua.service.routing import Rotor, turn
from b2bua.service.tariff import charge
from tests.report.builders import record, subject
from tests.service.plans import at

WEEK: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
DAYS: Final = {name: 16 + place for place, name in enumerate(WEEK)}
CALENDAR: Final = Calendar(
    holidays=frozenset((date(2026, 10, 1),)),
    workdays=frozenset((date(2026, 10, 10),)),
    years=frozenset((2026,)),
)
AREAS: Final = AreaTable(provinces={"0755": "广东", "010": "北京", "0898": "海南"})
WHEN = re.compile(r"([A-Z][a-z]{2}|\d{4}-\d\d-\d\d) (\d\d:\d\d)")
DESKS: Final = """\
number: "4006001234"
destinations:
  wang:  {number: "13900001111", trunk: t}
  li:    {number: "13900002222", trunk: t}
  zhao:  {number: "02088886003", trunk: t, concurrent: 1}
  night: {number: "02088886004", trunk: t}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of the table."""

    number: int
    name: str
    plan: str
    calls: str

    def __str__(self) -> str:
        return f"{self.number} {self.name}"


ROWS: Final = (
    Row(
        number=1,
        name="one number, many destinations 唯一号码",
        plan="routes: [{name: all, to: {order: [wang, li, zhao]}}]\n"
        "forwarding: {busy: [night], max_forwards: 9}",
        calls="13800001111  Mon 10:00  -  -> dial wang li zhao night",
    ),
    Row(
        number=2,
        name="by caller location 按主叫位置",
        plan="""\
routes:
  - {name: one customer, when: {callers: ["075588886666"]}, to: night}
  - {name: exchange, when: {callers: ["07558888*"]}, to: zhao}
  - {name: area code, when: {areas: ["0755"]}, to: li}
  - {name: province, when: {areas: [北京]}, to: wang}
  - {name: nobody knows, when: {areas: [unknown]}, to: zhao}
  - {name: others, to: night}""",
        calls="""\
075588886666  Mon 10:00  -  -> dial night
075588881234  Mon 10:00  -  -> dial zhao
075512345678  Mon 10:00  -  -> dial li
01088886666   Mon 10:00  -  -> dial wang
13712345678   Mon 10:00  -  -> dial zhao
089888886666  Mon 10:00  -  -> dial night""",
    ),
    Row(
        number=3,
        name="by time 按时间",
        plan="""\
routes:
  - {name: party, when: {dates: 2026-11-18}, to: zhao}
  - {name: office, when: {days: Mon-Fri, hours: "09:00-17:59", workday: true}, to: wang}
  - {name: friday night, when: {days: Fri, hours: "22:00-06:00"}, to: li}
  - {name: closed, to: night}""",
        calls="""\
13800001111  Mon 08:59         -  -> dial night
13800001111  Mon 09:00         -  -> dial wang
13800001111  Mon 17:59         -  -> dial wang
13800001111  Mon 18:00         -  -> dial night
13800001111  Wed 10:00         -  -> dial zhao
13800001111  Fri 23:00         -  -> dial li
13800001111  Sat 06:00         -  -> dial li
13800001111  Sat 06:01         -  -> dial night
13800001111  2026-10-01 10:00  -  -> dial night
13800001111  2026-10-10 10:00  -  -> dial wang""",
    ),
    Row(
        number=4,
        name="by percentage 按比例",
        plan="routes: [{name: all, to: {percent: {wang: 70, zhao: 30}}}]",
        calls="""\
13800001111  Mon 10:00  -          -> dial wang
13800001111  Mon 10:00  busy zhao  -> dial wang""",
    ),
    Row(
        number=5,
        name="forward on busy and on no answer 遇忙/无应答转移",
        plan="routes: [{name: all, to: zhao}]\n"
        "forwarding: {busy: [wang, li], no_answer: [li, night], full: busy, "
        "max_forwards: 4}",
        calls="""\
13800001111  Mon 10:00  -          -> dial zhao wang li night
13800001111  Mon 10:00  busy zhao  -> dial wang li night
13900001111  Mon 10:00  -          -> dial zhao li night""",
    ),
    Row(
        number=6,
        name="at most so many forwards",
        plan="routes: [{name: all, to: zhao}]\n"
        "forwarding: {busy: [wang, li], no_answer: [night]}",
        calls="13800001111  Mon 10:00  -  -> dial zhao wang li",
    ),
    Row(
        number=7,
        name="call blocking by area 呼叫阻截",
        plan="routes: [{name: all, to: wang}]\n"
        'screening: {areas: {deny: ["0898", 北京, "1377*"]}}',
        calls="""\
089888886666  Mon 10:00  -  -> refuse area 403 21
01088886666   Mon 10:00  -  -> refuse area 403 21
13771234567   Mon 10:00  -  -> refuse area 403 21
075588886666  Mon 10:00  -  -> dial wang
13800001111   Mon 10:00  -  -> dial wang""",
    ),
    Row(
        number=8,
        name="blacklist and white list 黑名单/白名单",
        plan="routes: [{name: all, to: wang}]\n"
        'screening: {blacklist: ["13800138000", "0755*"], whitelist: ["075588886666"],\n'
        '  areas: {allow: ["010"]}}',
        calls="""\
13800138000   Mon 10:00  -  -> refuse blacklist 403 21
075512345678  Mon 10:00  -  -> refuse blacklist 403 21
075588886666  Mon 10:00  -  -> dial wang
01088886666   Mon 10:00  -  -> dial wang
13712345678   Mon 10:00  -  -> refuse area 403 21""",
    ),
    Row(
        number=9,
        name="dedicated password 密码接入",
        plan='routes: [{name: all, to: wang}]\npassword: "20264"',
        calls="13800001111  Mon 10:00  -  -> dial wang, paid from our answer",
    ),
    Row(
        number=10,
        name="cost sharing 话费分摊",
        plan="routes: [{name: all, to: wang}]\ngreeting: welcome",
        calls="13800001111  Mon 10:00  -  -> dial wang, paid from the destination's answer",
    ),
    Row(
        number=11,
        name="expense cap 费用控制",
        plan='routes: [{name: all, to: wang}]\nlimits: {spend_per_month: "10.00"}',
        calls="""\
13800001111  Mon 10:00  spent 9.99   -> dial wang
13800001111  Mon 10:00  spent 10.00  -> refuse spend cap 403 21""",
    ),
    Row(
        number=12,
        name="call-count cap 次数限制",
        plan="routes: [{name: all, to: wang}]\n"
        "limits: {calls_per_month: 100, calls_per_week: 200}",
        calls="""\
13800001111  Mon 10:00  used 99   -> dial wang
13800001111  Mon 10:00  used 100  -> refuse month cap 403 21""",
    ),
    Row(
        number=13,
        name="concurrent calls per destination 同时呼叫限制",
        plan="routes: [{name: all, to: zhao}]",
        calls="""\
13800001111  Mon 10:00  -          -> dial zhao
13800001111  Mon 10:00  busy zhao  -> refuse destination limit 486 17""",
    ),
    Row(
        number=14,
        name="greeting 企业彩铃",
        plan="routes: [{name: all, to: wang}]\ngreeting: welcome\n"
        'greetings: [{prompt: evening, when: {hours: "18:00-08:59"}}]',
        calls="""\
13800001111  Mon 10:00  -  -> dial wang, hears welcome
13800001111  Mon 18:00  -  -> dial wang, hears evening""",
    ),
    Row(
        number=15,
        name="voice navigation 语音导航",
        plan="""\
routes: [{name: all, to: {menu: main}}]
menus:
  main: {prompt: menu, keys: {"1": wang, "2": {menu: more}, "8001": zhao}, operator: night}
  more: {prompt: menu, retries: 0, keys: {"1": li, "#": back, "*": repeat}}""",
        calls="""\
13800001111  Mon 10:00  -          -> menu, paid from our answer
13800001111  Mon 10:00  1          -> dial wang, paid from our answer
13800001111  Mon 10:00  2,1        -> dial li
13800001111  Mon 10:00  2,*,#,1    -> dial wang
13800001111  Mon 10:00  8001       -> dial zhao
13800001111  Mon 10:00  0          -> dial night
13800001111  Mon 10:00  9,9,9      -> dial night
13800001111  Mon 10:00  2,9        -> refuse menu 403 21""",
    ),
    Row(
        number=16,
        name="call list 清单查询",
        plan="routes: [{name: all, to: wang}]",
        calls="13800001111  Mon 10:00  -  -> dial wang",
    ),
    Row(
        number=17,
        name="call analysis 话务分析",
        plan="routes: [{name: all, to: wang}]",
        calls="13800001111  Mon 10:00  -  -> dial wang",
    ),
    Row(
        number=18,
        name="change the answering number, duty roster 更改接听号码, 值班",
        plan="""\
override: {to: zhao, since: 2026-11-20T18:00, until: 2026-11-21T08:00}
routes: [{name: all, to: duty}]
groups:
  duty:
    roster:
      - {name: 早班, when: {days: Mon-Fri, hours: "09:00-17:59"}, on: [wang, li]}
      - {name: 夜班, when: {hours: "18:00-08:59"}, on: night}""",
        calls="""\
13800001111  Mon 10:00  -  -> dial wang li
13800001111  Mon 18:00  -  -> dial night
13800001111  Sat 10:00  -  -> refuse destination hours 403 21
13800001111  Fri 17:59  -  -> dial wang li
13800001111  Fri 18:00  -  -> dial zhao
13800001111  Sat 07:59  -  -> dial zhao
13800001111  Sat 08:00  -  -> dial night""",
    ),
    Row(
        number=19,
        name="never busy 永不占线",
        plan="routes: [{name: all, to: {order: [zhao], queue: {position: true}}}]",
        calls="""\
13800001111  Mon 10:00  -          -> dial zhao
13800001111  Mon 10:00  busy zhao  -> queue, paid from our answer""",
    ),
)


def plan_of(row: Row) -> Plan:
    known = Known(prompts=("welcome", "evening", "menu"))
    read = read_plans(DESKS + row.plan, "row.yaml", known)
    assert isinstance(read, tuple), [str(finding) for finding in read]
    return read[0]


def told(row: Row, caller: str, when: str, state: str) -> Explanation:
    """The explanation of one line."""
    moment = WHEN.fullmatch(when)
    assert moment is not None, when
    day = f"2026-11-{DAYS[moment[1]]}" if moment[1] in DAYS else moment[1]
    kind, _, figure = state.partition(" ")
    world = World(calendar=CALENDAR)
    if kind == "busy":
        world = replace(world, live_calls=lambda one: int(one.name == figure))
    elif kind == "used":
        used = int(figure)
        usage = Usage(calls_this_month=used, calls_this_week=used)
        world = replace(world, usage=lambda: usage)
    elif kind == "spent":
        spent = round(float(figure) * 1000)
        usage = Usage(spent_this_month=spent)
        world = replace(world, usage=lambda: usage)
    keyed = () if figure or state == "-" else tuple(state.split(","))
    plan = plan_of(row)
    enquiry = Enquiry(
        number=plan.number,
        caller=identify(caller, AREAS, ""),
        at=at(f"{day} {moment[2]}"),
        keys=keyed,
    )
    return explain(plan, enquiry, world)


def in_words(said: Explanation, wanted: str) -> str:
    """What became of the call, as exactly as ``wanted`` tells it."""
    words = [said.outcome.value]
    if said.refusal is not None:
        refusal = said.refusal
        words += [refusal.rule, str(refusal.status), str(refusal.q850)]
    elif said.outcome is Fate.DIAL:
        words += said.destinations
    text = " ".join(words)
    if "hears" in wanted:
        heard = next(step.why for step in said.trace if step.rule == "greeting")
        text += ", hears " + heard.split()[1]
    if "paid" in wanted:
        basis = {
            ChargeBasis.ANSWER: "our answer",
            ChargeBasis.DESTINATION_ANSWER: "the destination's answer",
            ChargeBasis.NONE: "nothing",
        }
        text += f", paid from {basis[said.charge_basis]}"
    return text


LINES: Final = [
    pytest.param(row, line, id=f"{row.number}: {' '.join(line.split())}")
    for row in ROWS
    for line in row.calls.splitlines()
]


@pytest.mark.parametrize(("row", "line"), LINES)
def test_what_becomes_of_the_call(row: Row, line: str) -> None:
    call, wanted = (side.strip() for side in line.split("->"))
    caller, when, state = re.split(r"\s{2,}", call)
    assert in_words(told(row, caller, when, state), wanted) == wanted


def test_every_row_of_the_service_is_here_once() -> None:
    assert [row.number for row in ROWS] == list(range(1, 20))
    assert all(row.calls for row in ROWS)


def test_row_4_is_exact_in_every_hundred_and_within_a_call_at_any_moment() -> None:
    rotor, got = Rotor(), {"wang": 0, "zhao": 0}
    for call in range(1, 1001):
        chosen, rotor = turn(rotor, {"wang": 70, "zhao": 30})
        assert chosen is not None
        got[chosen] += 1
        assert abs(got["wang"] - call * 0.7) < 1
        if call % 100 == 0:
            assert got == {"wang": call * 7 // 10, "zhao": call * 3 // 10}


def test_row_9_three_wrong_passwords_are_enough() -> None:
    check = PasswordCheck("20264")
    check.start(0.0)
    said = [check.press(key, 0.0) for key in "1111#2222#3333#"]
    assert said[-1] == [Rejected()]


@pytest.mark.parametrize(
    ("milliseconds", "yuan"),
    [(0, 0), (1, 400), (59_999, 400), (60_000, 400), (60_001, 800)],
)
def test_row_10_a_started_minute_is_a_minute(milliseconds: int, yuan: int) -> None:
    bill = charge(
        basis=ChargeBasis.DESTINATION_ANSWER,
        answered_ms=milliseconds,
        talk_ms=milliseconds,
        tariff=Tariff(name="standard"),
        caller=Caller(number="075588886666", kind=CallerKind.LANDLINE, area="0755"),
    )
    assert bill.fee == yuan
    assert "enterprise" in bill.arithmetic
    assert "caller" in bill.arithmetic


def test_row_16_a_call_in_the_list() -> None:
    listed = call_told(record(at("2026-11-16 10:00"), talk_ms=60_001))
    asked = {"id", "number", "caller", "area", "invite_at", "outcome", "destination"}
    assert set(listed) >= asked | {"talk_ms", "charged_ms", "fee", "attempts"}


def test_row_17_the_figures_of_a_month() -> None:
    start = at("2026-11-16 10:00")
    outcomes = (Outcome.ANSWERED, Outcome.BUSY, Outcome.NO_ANSWER, Outcome.ABANDONED)
    figures = analyse([record(start, outcome=one) for one in outcomes], subject())
    totals = figures.totals
    assert totals.calls == 4
    counted = (totals.answered, totals.busy, totals.no_answer, totals.abandoned)
    assert counted == (1, 1, 1, 1)
