"""Plans from text: what works, what is found, and that nothing makes it raise."""

import json
from dataclasses import replace
from datetime import date

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from b2bua.service.plan import (
    Anonymous,
    Destination,
    Forwarding,
    Frequency,
    Group,
    Mode,
    Plan,
    Route,
    Screening,
    ToDestination,
    ToGroup,
    ToMenu,
    When,
)
from b2bua.service.planfile import (
    Finding,
    MalformedPlan,
    plan_from_mapping,
    plan_to_mapping,
    plan_to_yaml,
    read_plain,
    read_plans,
)
from b2bua.service.planreading import Known
from tests.service.plans import KNOWN, PLAN_TEXT, the_plan


def findings(text: str) -> list[tuple[int, str, str]]:
    """Line, field and message of everything that is found."""
    found = read_plans(text, "plan.yaml", KNOWN)
    assert isinstance(found, list), "nothing was found"
    return [(one.line, one.field, one.message) for one in found]


def test_the_plan_of_the_documentation() -> None:
    plan = the_plan()
    assert plan.number == "4006001234"
    assert plan.greeting == "welcome"
    assert plan.destinations["sales-1"] == Destination(
        name="sales-1", number="02088886001", trunk="unicom", ring=15, concurrent=2
    )
    assert plan.destinations["duty"].number == "13900001111"
    assert plan.screening == Screening(
        blacklist=("13800138000", "0736*"),
        whitelist=("13900009999",),
        deny_areas=("0898",),
    )
    assert (plan.caps.calls_per_month, plan.caps.spend_per_month) == (10_000, 500_000)
    assert plan.forwarding == Forwarding(
        busy=("support", "duty"), no_answer=("duty",), max_forwards=2
    )
    assert plan.menus["main"].keys == {
        "1": ToGroup("sales"),
        "2": ToDestination("support"),
    }
    assert [route.name for route in plan.routes] == ["office hours", "south", "otherwise"]
    assert plan.routes[0] == Route(
        name="office hours",
        when=When(days=frozenset(range(5)), hours=((540, 1079),), workday=True),
        to=ToMenu("main"),
    )
    assert plan.groups["sales"].members == (("sales-1", 70), ("sales-2", 30))
    assert plan.groups["route:south"] == replace(plan.groups["sales"], name="route:south")


@pytest.mark.parametrize(
    ("old", "new", "line", "field", "message"),
    [
        # number
        ('"4006001234"', '"4106001234"', 1, "number", "must be a 400 number"),
        ("number: ", "nummer: ", 1, "nummer", "did you mean number?"),
        # words
        ("language: zh", "language: fr", 4, "language", "write one of: en, zh"),
        ("Asia/Shanghai", "Asia/Shanghigh", 3, "timezone", "no time zone"),
        ("Asia/Shanghai", "../etc/passwd", 3, "timezone", "no time zone"),
        ("tariff: standard", "tariff: gold", 5, "tariff", "write one of: standard"),
        ("greeting: welcome", "greeting: hello", 6, "greeting", "no prompt 'hello'"),
        ("anonymous: accept", "anonymous: maybe", 16, "screening.anonymous", "accept"),
        ("announcements: all", "announcements: some", 18, "announcements", "all, none"),
        # destinations
        ("ring: 15", "ring: 5", 8, "destinations.sales-1.ring", "10 to 60"),
        ("ring: 15", "ring: 61", 8, "destinations.sales-1.ring", "10 to 60"),
        ("ring: 15", "ring: soon", 8, "destinations.sales-1.ring", "whole number"),
        ("ring: 15", "rung: 15", 8, "destinations.sales-1.rung", "did you mean ring?"),
        (
            "concurrent: 2",
            "concurrent: -2",
            8,
            "destinations.sales-1.concurrent",
            "whole number",
        ),
        ("02088886003", "88886003", 10, "destinations.support.number", "area code"),
        ("02088886003", "+85223456789", 10, "destinations.support.number", "operator"),
        ("02088886003", "4006001234", 10, "destinations.support.number", "go round"),
        ("02088886003", "sales", 10, "destinations.support.number", "no mobile"),
        ("02088886003", "", 10, "destinations.support.number", "is empty"),
        (
            '"02088886003", trunk: unicom',
            '"02088886003", trunk: unicorn',
            10,
            "destinations.support.trunk",
            "did you mean unicom?",
        ),
        # screening
        ('"0736*"', '"07*36"', 13, "screening.blacklist[1]", "no number"),
        ('["0898"]', "[深圳]", 15, "screening.areas.deny[0]", "no area code"),
        (
            'deny: ["0898"]',
            'deny: ["0898"], allow: ["0755"]',
            15,
            "screening.areas",
            "not both",
        ),
        ('deny: ["0898"]', "allow: []", 15, "screening.areas.allow", "refuse everyone"),
        ('password: ""', 'password: "123"', 17, "password", "4 to 8 digits"),
        ('password: ""', 'password: "12a4"', 17, "password", "4 to 8 digits"),
        # limits and forwarding
        ('"500.00"', '"500.0001"', 19, "limits.spend_per_month", "yuan"),
        ("10000", "many", 19, "limits.calls_per_month", "whole number"),
        ("max_forwards: 2", "max_forwards: 10", 20, "forwarding.max_forwards", "1 to 9"),
        ("max_forwards: 2", "max_forwards: 0", 20, "forwarding.max_forwards", "1 to 9"),
        ("[support, duty]", "[suport]", 20, "forwarding.busy[0]", "mean support?"),
        # menus
        ("prompt: menu", "prompt: menue", 22, "menus.main.prompt", "no prompt"),
        ("timeout: 5", "timeout: 0", 22, "menus.main.timeout", "1 to 60"),
        ('{"1": sales', '{"x": sales', 22, "menus.main.keys.x", "digits"),
        ('"1": sales', '"1": sails', 22, "menus.main.keys.1", "did you mean sales?"),
        (
            "otherwise: support",
            "otherwise: main",
            22,
            "menus.main.otherwise",
            "{menu: main}",
        ),
        # routes
        ("Mon-Fri", "Mon-Fry", 24, "routes[0].when.days[0]", "no weekday"),
        ("17:59", "24:00", 24, "routes[0].when.hours[0]", "at most 00:00-23:59"),
        ("17:59", "17:5", 24, "routes[0].when.hours[0]", "no hours"),
        ("workday: true", "workday: maybe", 24, "routes[0].when.workday", "true or false"),
        ("{menu: main}", "{menu: mein}", 24, "routes[0].to.menu", "did you mean main?"),
        ("广东", "广冬", 25, "routes[1].when.areas[1]", "no province"),
        (
            "to: {percent: {sales-1: 70, sales-2: 30}}",
            "to: {percent: {sales-1: 70, sales-2: 31}}",
            25,
            "routes[1].to.percent",
            "sum to 101",
        ),
        (
            "name: otherwise, to",
            "name: otherwise, when: {days: Sun}, to",
            26,
            "routes[2].when",
            "the last route must have no conditions",
        ),
        ("sales-2: 30}}}", "sales-2: 29}}}", 25, "routes[1].to.percent", "sum to 99"),
        ("name: otherwise, ", "name: south, ", 26, "routes[2].name", "there already"),
        # groups
        (
            "  sales: {percent",
            "  sales: {parcent",
            28,
            "groups.sales.parcent",
            "did you mean percent?",
        ),
        ("  sales: {percent", "  duty: {percent", 11, "destinations.duty", "same name"),
        ("groups:", "groups: no\nx:", 27, "groups", "must be a mapping"),
    ],
)
def test_each_mistake_is_found_where_it_is(
    old: str, new: str, line: int, field: str, message: str
) -> None:
    assert old in PLAN_TEXT
    found = findings(PLAN_TEXT.replace(old, new, 1))
    fitting = [one for one in found if one[:2] == (line, field)]
    assert any(message in one[2] for one in fitting), found


def test_one_report_names_every_mistake() -> None:
    text = PLAN_TEXT.replace("ring: 15", "ring: 5").replace("Mon-Fri", "Mo")
    fields = [field for _, field, _ in findings(text.replace("17:59", "18:60"))]
    assert fields == [
        "destinations.sales-1.ring",
        "routes[0].when.days[0]",
        "routes[0].when.days",
        "routes[0].when.hours[0]",
    ]


def test_a_finding_reads_like_a_compilers() -> None:
    finding = Finding(file="a.yaml", line=3, field="routes[0].to", message="no such")
    assert str(finding) == "a.yaml:3: routes[0].to: no such"
    whole = Finding(file="a.yaml", line=1, field="", message="there is no plan in it")
    assert str(whole) == "a.yaml:1: there is no plan in it"


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("", 1, "no plan"),
        ("# nothing\n", 1, "no plan"),
        ("- a\n- b\n", 1, "must be a mapping"),
        ("number: [1\n", 2, "not YAML"),
        ("a: b: c\n", 1, "not YAML"),
        ("number: 1\nnumber: 2\n", 2, "twice"),
        ("x: &a [1]\ny: *a\n", 1, "anchors"),
        ("x: 1\ny: !!python/object/apply:os.system [ls]\n", 2, "tags"),
        ("x: " + "[" * 30 + "]" * 30, 1, "nested"),
        ("? [a]\n: b\n", 1, "key"),
        ('x: "\\uD800"\n', 1, ""),
        ('x: "\\UFFFFFFFF"\n', 1, "not YAML"),
        ("%YAML 1." + "9" * 5000 + "\n---\nx: 1\n", 1, "not YAML"),
        ("x: \x00\n", 1, "not YAML"),
        ("x: [" + "1," * 60_000 + "]", 1, "more than"),
        ("#" * 600_000, 1, "longer than"),
    ],
)
def test_text_that_is_no_plan(text: str, line: int, message: str) -> None:
    found = findings(text)
    assert found[0][0] == line
    assert any(message in one[2] for one in found)


def test_a_bomb_of_aliases_is_refused() -> None:
    levels = "".join(f"l{n}: &l{n} [{f'*l{n - 1},' * 9}]\n" for n in range(1, 9))
    assert "anchors" in findings("l0: &l0 [x]\n" + levels)[0][2]


def test_several_plans_in_one_file() -> None:
    second = PLAN_TEXT.replace("4006001234", "4007001234")
    read = read_plans(f"{PLAN_TEXT}---\n{second}", "two.yaml", KNOWN)
    assert isinstance(read, tuple)
    assert [plan.number for plan in read] == ["4006001234", "4007001234"]
    twice = findings(f"{PLAN_TEXT}---\n{PLAN_TEXT}")
    assert twice == [(30, "number", "4006001234 has a plan already, further up")]


def test_numbers_need_no_quotes() -> None:
    text = PLAN_TEXT.replace('deny: ["0898"]', "deny: [0898]")
    text = text.replace('number: "02088886001"', "number: 02088886001")
    text = text.replace('password: ""', "password: 0420")
    read = read_plans(text, "plan.yaml", KNOWN)
    assert isinstance(read, tuple)
    assert read[0].screening.deny_areas == ("0898",)
    assert read[0].destinations["sales-1"].number == "02088886001"
    assert read[0].password == "0420"
    assert "0420" not in repr(read[0])


@pytest.mark.parametrize(
    ("text", "li"), [("500", 500_000), ("500.5", 500_500), ("0.405", 405), ("0", 0)]
)
def test_money_in_yuan(text: str, li: int) -> None:
    read = read_plans(PLAN_TEXT.replace("500.00", text), "plan.yaml", KNOWN)
    assert isinstance(read, tuple)
    assert read[0].caps.spend_per_month == li


def test_the_operator_may_allow_other_destinations() -> None:
    known = replace(KNOWN, allowed_destinations=("8", "00852"))
    for number in ("8001", "+85223456789"):
        text = PLAN_TEXT.replace("02088886003", number)
        assert isinstance(read_plans(text, "plan.yaml", known), tuple)


def test_a_file_beside_the_plan_outranks_the_catalogue() -> None:
    known = replace(KNOWN, own_prompts={"welcome": "4006001234/welcome", "other": "x"})
    read = read_plans(PLAN_TEXT, "plan.yaml", known)
    assert isinstance(read, tuple)
    assert read[0].prompts == {"welcome": "4006001234/welcome"}


def test_the_portal_sends_plain_values() -> None:
    value = yaml.safe_load(PLAN_TEXT)
    assert read_plain(value, "portal", KNOWN) == the_plan()
    value["routes"] = 5
    found = read_plain(value, "portal", KNOWN)
    assert isinstance(found, list)
    assert [(one.line, one.field) for one in found] == [(0, "routes")] * 2


def everything() -> Plan:
    """A plan in which every field differs from its default."""
    plan = the_plan()
    night = When(
        days=frozenset((4, 5)),
        hours=((1320, 360), (720, 779)),
        workday=False,
        areas=("0755", "广东", "unknown"),
        callers=("13712345678", "139*"),
        dates=((date(2026, 10, 1), date(2026, 10, 7)), (date(2026, 5, 1),) * 2),
    )
    duty = replace(plan.destinations["duty"], when=When(hours=((1080, 539),)))
    main = replace(
        plan.menus["main"],
        keys={**plan.menus["main"].keys, "3": ToGroup("menu:main:3"), "*": ToMenu("main")},
        otherwise=None,
    )
    inline = Group(name="menu:main:3", mode=Mode.ALL, members=(("sales-1", 0), ("duty", 0)))
    return replace(
        plan,
        version=7,
        active=False,
        closed_days=frozenset((date(2026, 12, 24),)),
        open_days=frozenset((date(2026, 12, 26),)),
        language="en",
        password="0420",
        destinations={**plan.destinations, "duty": duty},
        screening=replace(
            plan.screening,
            allow_areas=("0755", "1371*"),
            deny_areas=(),
            anonymous=Anonymous.REJECT,
            frequency=Frequency(calls=3, minutes=10),
        ),
        forwarding=replace(plan.forwarding, full_is_busy=True),
        menus={"main": main},
        routes=(Route(name="night", when=night, to=ToDestination("duty")), *plan.routes),
        groups={**plan.groups, "menu:main:3": inline},
        prompts={"welcome": "4006001234/welcome"},
    )


@pytest.mark.parametrize("plan", [the_plan(), everything()])
def test_the_store_loses_nothing(plan: Plan) -> None:
    kept = json.loads(json.dumps(plan_to_mapping(plan)))
    assert plan_from_mapping(kept) == plan


@pytest.mark.parametrize("plan", [the_plan(), everything()])
def test_what_is_exported_can_be_applied(plan: Plan) -> None:
    known = replace(KNOWN, own_prompts={})
    text = plan_to_yaml(plan)
    assert read_plans(text, "x.yaml", known) == (replace(plan, version=0, prompts={}),)
    assert plan_from_mapping(yaml.safe_load(text)) == replace(plan, version=0, prompts={})


@pytest.mark.parametrize(
    "mapping", [{}, {"number": 5}, {"version": "x"}, {"prompts": ["a"]}]
)
def test_what_the_store_gives_back_is_checked(mapping: dict[str, object]) -> None:
    with pytest.raises(MalformedPlan):
        plan_from_mapping(mapping)


@given(st.text(max_size=300))
def test_any_text_gives_plans_or_findings(text: str) -> None:
    found = read_plans(text, "plan.yaml", KNOWN)
    assert found
    assert isinstance(found, list)


@given(st.data())
def test_any_damage_to_a_plan_gives_plans_or_findings(data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(PLAN_TEXT)))
    end = data.draw(st.integers(start, min(len(PLAN_TEXT), start + 20)))
    text = PLAN_TEXT[:start] + data.draw(st.text(max_size=10)) + PLAN_TEXT[end:]
    assert read_plans(text, "plan.yaml", KNOWN)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)
fields = st.sampled_from(sorted(yaml.safe_load(PLAN_TEXT)))


@given(fields, json_values)
def test_any_value_of_a_field_gives_a_plan_or_findings(key: str, value: object) -> None:
    body = {**yaml.safe_load(PLAN_TEXT), key: value}
    read = read_plain(body, "portal", Known())
    if isinstance(read, Plan):
        assert plan_from_mapping(plan_to_mapping(read)) == read
