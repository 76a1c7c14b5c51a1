"""Whatever rules say of a call, or of a plan, is said in Chinese on a Chinese page.

The texts are taken from the program itself: every sentence in the rooms that decide and in
those that read plans. What a sentence is made up from in parts is sampled as it is said.
"""

import ast
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from b2bua.service.area import AreaTable, identify
from b2bua.service.flow.decision import World
from b2bua.service.flow.explain import Enquiry, explain
from b2bua.service.plan import Calendar
from b2bua.service.planfile import read_plans
from b2bua.service.planreading import Known
from b2bua.web.words.changes import finding_told
from b2bua.web.words.traces import reason, rule, told
from tests.architecture.sources import ROOT

SERVICE = ROOT / "b2bua" / "service"
DECIDING = (
    *sorted((SERVICE / "flow").glob("*.py")),
    *(SERVICE / f"{name}.py" for name in ("routing", "schedule", "screening", "ivr")),
    *(SERVICE / f"{name}.py" for name in ("duty", "limits", "tariff", "quota", "talks")),
)
READING = (
    *sorted(SERVICE.glob("plan*.py")),
    *(
        SERVICE / f"{name}.py"
        for name in ("lint", "lintways", "coverage", "webhook", "form")
    ),
)
LATIN = re.compile(r"[A-Za-z]{2,}")
NAMES = re.compile(
    r"Asia/Shanghai|Mon-Fri|https?(://\S+)?|2026-11-24T08:00|menu|Webhook|MOS|Q\.850"
)
"""What is no sentence of ours: names, examples of what is to be written."""
SPOKEN = {
    "destination 7": "",
    "group 7": "",
    "menu 7": "",
    "all destinations busy": "all destinations busy",
    "to 7 until 7": "to voicemail until 2026-11-24 08:00: 7",
    "begins 7": "begins 2026-11-24 08:00",
    "ended 7": "ended 2026-11-24 08:00",
    "7 is 7, not 7": "2026-11-24 is a workday, not a day off",
    "a day off": "2026-11-24 is a statutory holiday, not a workday",
    "key 7: to 7": "key 7: to menu 7",
    "7, no try left: 7": "no key came, no try left: to voicemail",
    "forward on 7": "forward on no-answer: 7",
    "7 at 7 if it is a 7": "no route on Mon at 18:00 if it is a day off; add a last route"
    " without conditions",
    "unknown key; ": "",
    "day off": "nobody is on duty on Sun at 00:00 if it is a workday; add a shift",
    "all at once": "all at once: 7",
    "named by the rule": "named by the rule: 7",
    "outside its hours": "outside its hours: 22:00 is not in 09:00-17:59",
    "process ended while 7": "process ended while talking",
    "did you mean 7?": "unknown key; did you mean 7?",
    "write one of: ": "unknown key; write one of: a, b",
    "there is none": "no destination '7'; there is none",
    "7; other addresses must be allowed by the operator": "7 is not on the public Internet;"
    " other addresses must be allowed by the operator",
}
"""Parts, and a sentence that is said with them; empty: the name of a rule or a place."""
UNSPOKEN = (
    "a call to an unknown number has no plan",
    "stored plan",
    "order of",
    "line 7: 7",
)
"""What no page says: errors of our own, keys; where YAML itself is malformed."""


def sample(node: ast.expr) -> str:
    """A text as the program may write it: what it puts in is 7."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=values):
            return "".join(sample(one) for one in values)
        case ast.FormattedValue(conversion=conversion):
            return "'7'" if conversion == ord("r") else "7"
        case _:
            return ""


def said(path: Path) -> Iterator[str]:
    """The sentences of a module: texts of more than a word that are no docstring."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    parts = {
        id(part)
        for node in ast.walk(tree)
        if isinstance(node, ast.JoinedStr)
        for part in ast.walk(node)
        if part is not node
    }
    parts |= {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant | ast.JoinedStr) and id(node) not in parts:
            text = sample(node)
            if re.search(r"[a-z]{2,} [a-z0-9]", text) and text not in UNSPOKEN:
                yield text


def english(text: str) -> list[str]:
    """Latin words of a Chinese sentence that are no names."""
    return LATIN.findall(NAMES.sub("", text))


def sentences(paths: tuple[Path, ...]) -> list[str]:
    found = {SPOKEN.get(text, text) for path in paths for text in said(path)}
    return sorted(found - {""})


@pytest.mark.parametrize("text", sentences(DECIDING))
def test_what_a_call_met_is_told_in_chinese(text: str) -> None:
    ways = [told(text, "zh"), rule(text.removesuffix(" 7"), "zh"), reason(text, "zh")]
    ways += [rule(text, "zh"), finding_told(text, "zh")]
    assert any(not english(way) for way in ways), ways


@pytest.mark.parametrize("text", sentences(READING))
def test_what_is_wrong_with_a_plan_is_told_in_chinese(text: str) -> None:
    assert english(finding_told(text, "zh")) == [], finding_told(text, "zh")


PLAN = """
number: "4006001234"
name: 客服
greeting: welcome
destinations:
  甲: {number: "02088886001", trunk: t, when: {days: Mon-Fri, hours: "09:00-17:59"}}
  乙: {number: "02088886002", trunk: t, when: {workday: true}}
  丙: {number: "13800138000", trunk: t}
screening:
  blacklist: ["13900000000", "0736*"]
  whitelist: ["13911111111"]
  areas: {deny: ["海南", "0571"]}
  anonymous: reject
  frequency: {calls: 3, minutes: 60}
limits: {calls_per_month: 100, calls_per_week: 10, spend_per_month: "5.00"}
forwarding: {busy: [乙], no_answer: [丙], voicemail: true}
recording: {notice: true}
survey: true
groups:
  按比例: {percent: {甲: 60, 乙: 40}}
  同振: {all: [甲, 乙], queue: {max_wait: 60}}
  值班: {roster: [{name: 白班, when: {hours: "09:00-17:59"}, on: [甲]}]}
menus:
  总机: {prompt: menu, keys: {"1": 按比例, "2": 值班, "3": {voicemail: true}, "9": repeat}}
routes:
  - {name: 本地, when: {areas: ["广东"], hours: "09:00-17:59"}, to: 按比例}
  - {name: 节日, when: {workday: false}, to: 值班}
  - {name: 手机, when: {callers: ["138*"]}, to: 同振}
  - {name: 其余, to: {menu: 总机}}
"""
CALLERS = (
    *("02088881234", "13800138000", "13911111111", "13900000000", "", "089866668888"),
    *("01088886666", "07361234567", "0085223456789"),
)
TIMES = ("2026-11-24T10:00+08:00", "2026-11-28T23:00+08:00")


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("at", TIMES)
def test_a_whole_trace_has_no_english_word(caller: str, at: str) -> None:
    read = read_plans(PLAN, "plan", Known())
    assert isinstance(read, tuple), read
    table = AreaTable(
        [("1380013", "010"), ("020", "020"), ("0898", "0898"), ("010", "010")],
        provinces={"020": "广东", "010": "北京", "0898": "海南"},
    )
    world = World(calendar=Calendar(years=frozenset({2026})), own_numbers=frozenset())
    for keys in ((), ("1",), ("2",), ("7", "3")):
        enquiry = Enquiry(
            number="4006001234",
            caller=identify(caller, table),
            at=datetime.fromisoformat(at),
            keys=keys,
        )
        for step in explain(read[0], enquiry, world).trace:
            shown = rule(step.rule, "zh"), told(step.why, "zh")
            assert not english(" ".join(shown)) or shown[1].startswith("振铃时"), shown


def test_english_pages_name_provinces_in_english() -> None:
    assert told("area 020 广东 may call", "en") == "area 020 Guangdong may call"
