"""What ``b2bua check`` says of plan files, each finding with its line and a way out."""

from datetime import UTC, date, datetime

import pytest

from b2bua.service.lint import Around, check
from b2bua.service.plan import Calendar
from b2bua.service.planreading import Known

KNOWN = Known(trunks=("unicom",), tariffs=("standard",), prompts=("welcome", "menu"))
UNCHECKED = Known(trunks=("unicom",), tariffs=("standard",))
"""As a stored plan is read: its prompts may be gone since."""
AROUND = Around(
    calendar=Calendar(years=frozenset((2026,))),
    today=date(2026, 12, 2),
    now=datetime(2026, 12, 2, 10, tzinfo=UTC),
    own_numbers=("4007001234",),
    prompts=("welcome", "menu"),
)
BASE = """\
number: "4006001234"
destinations:
  wang: {number: "13900001111", trunk: unicom}
  li: {number: "13900002222", trunk: unicom, when: {days: Mon-Fri}}
"""
FIRST = BASE.count("\n") + 1
"""The line that comes behind it."""
ALL = "routes: [{name: all, to: wang}]\n"


def said(text: str, known: Known = KNOWN) -> list[tuple[int, str, str]]:
    found = check(BASE + text, "plan.yaml", known, AROUND)
    return [(one.line, one.field, one.message) for one in found]


@pytest.mark.parametrize(
    ("text", "line", "field", "message"),
    [
        (
            "override: {to: li, until: 2026-12-02T17:59}\n" + ALL,
            0,
            "override.until",
            "ended 2026-12-02 17:59 and decides nothing; take it out, or run b2bua "
            "override 4006001234 --end",
        ),
        (
            "menus:\n  main: {prompt: menu, keys: {'1': li}}\n" + ALL,
            1,
            "menus.main",
            "nothing leads here; let a route or a key do so, or take it out",
        ),
        (
            "groups:\n  desk: {order: [li]}\n" + ALL,
            1,
            "groups.desk",
            "nothing leads here; let a route or a key do so, or take it out",
        ),
        (
            "groups:\n  duty:\n    roster:\n"
            "      - {name: day, when: {hours: '09:00-17:59'}, on: wang}\n"
            "      - {name: night, when: {hours: '20:00-08:59'}, on: wang}\n"
            "routes: [{name: all, to: duty}]\n",
            2,
            "groups.duty.roster",
            "nobody is on duty on Mon at 18:00 if it is a workday; add a shift",
        ),
        (
            "routes:\n  - {name: day, when: {days: Sat, hours: '09:00-17:59'}, to: li}\n"
            "  - {name: all, to: wang}\n",
            1,
            "routes[0].to",
            "everybody is outside their hours on Sat at 09:00 if it is a workday; widen "
            "them, forward on no_answer, or let callers leave a message",
        ),
        (
            "routes:\n  - {name: day, when: {workday: true}, to: wang}\n"
            "  - {name: all, to: wang}\n",
            1,
            "routes[0].when",
            "the calendar has no holidays for 2027: weekdays alone decide; bring it up to "
            "date with b2bua calendar import",
        ),
        (
            "greetings:\n  - {prompt: welcome, when: {workday: false}}\n" + ALL,
            1,
            "greetings[0].when",
            "the calendar has no holidays for 2027: weekdays alone decide; bring it up to "
            "date with b2bua calendar import",
        ),
        (
            "routes:\n  - {name: a, to: wang}\n  - {name: b, to: wang}\n",
            2,
            "routes[1]",
            "'b' is never reached: 'a' takes all its calls; move it further up",
        ),
        (
            "menus:\n  main: {prompt: menu, keys: {'1': li}, otherwise: {menu: main}}\n"
            "routes: [{name: all, to: {menu: main}}]\n",
            1,
            "menus.main.otherwise",
            "a silent caller comes back to the same menu; let one of them lead on to a "
            "destination",
        ),
    ],
)
def test_what_is_legal_and_hardly_meant(
    text: str, line: int, field: str, message: str
) -> None:
    assert said(text) == [(FIRST + line, field, message)]


@pytest.mark.parametrize(
    ("text", "line", "field", "message"),
    [
        (
            "routes: [{name: a, to: {percent: {wang: 70, li: 40}}}]\n",
            0,
            "routes[0].to.percent",
            "the shares sum to 110, make them sum to 100",
        ),
        (
            "routes:\n  - {name: a, when: {days: Mon}, to: wang}\n",
            1,
            "routes[0].when",
            "the last route must have no conditions",
        ),
        (
            "  fee: {number: '0085223456789', trunk: unicom}\n" + ALL,
            0,
            "destinations.fee.number",
            "must be allowed by the operator",
        ),
        (
            "  me: {number: '4006001234', trunk: unicom}\n" + ALL,
            0,
            "destinations.me.number",
            "the call would go round",
        ),
        (
            "groups: {d: {roster: [{name: a, on: lee}]}}\n" + ALL,
            0,
            "groups.d.roster[0].on[0]",
            "no destination 'lee'; write one of: li, wang",
        ),
        ("greeting: hello\n" + ALL, 0, "greeting", "put an audio file of that name beside"),
    ],
)
def test_what_is_wrong(text: str, line: int, field: str, message: str) -> None:
    ((at, where, told),) = said(text)
    assert (at, where) == (FIRST + line, field)
    assert message in told


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("greeting: gone\n" + ALL, "greeting"),
        ("greetings: [{prompt: gone}]\n" + ALL, "greetings[0].prompt"),
        ("voicemail: {prompt: gone}\n" + ALL, "voicemail.prompt"),
        (
            "  x: {number: '13900003333', trunk: unicom, whisper: gone}\n" + ALL,
            "destinations.x.whisper",
        ),
        (
            "groups: {d: {order: [wang], queue: {music: gone}}}\n"
            "routes: [{name: all, to: d}]\n",
            "groups.d.queue.music",
        ),
        (
            "routes: [{name: all, to: {order: [wang], queue: {music: gone}}}]\n",
            "routes[0].to.queue.music",
        ),
        (
            "menus: {m: {prompt: gone, keys: {'1': wang}}}\n"
            "routes: [{name: all, to: {menu: m}}]\n",
            "menus.m.prompt",
        ),
    ],
)
def test_every_prompt_that_is_gone(text: str, field: str) -> None:
    assert said(text, UNCHECKED) == [
        (
            FIRST,
            field,
            "no prompt 'gone': put an audio file of that name beside the plan, or name one "
            "of the catalogue",
        )
    ]


@pytest.mark.parametrize(
    "text",
    [
        "override: {to: li, until: 2026-12-03T00:00}\n" + ALL,
        "menus: {m: {prompt: menu, keys: {'1': {menu: n}}}, n: {prompt: menu, keys: "
        "{'1': wang}}}\nroutes: [{name: all, to: {menu: m}}]\n",
        "override: {to: {menu: m}, until: 2027-01-01}\n"
        "menus: {m: {prompt: menu, keys: {'1': wang}}}\n" + ALL,
        "groups: {d: {roster: [{name: day, when: {hours: '09:00-17:59'}, on: wang}]}}\n"
        "routes:\n  - {name: day, when: {hours: '09:00-17:59'}, to: d}\n"
        "  - {name: all, to: wang}\n",
        "forwarding: {no_answer: [wang]}\nroutes: [{name: all, to: li}]\n",
        "forwarding: {voicemail: true}\nroutes: [{name: all, to: li}]\n",
        "routes: [{name: all, to: {order: [li, wang]}}]\n",
        "routes:\n  - {name: weekend, when: {days: 'Sat,Sun'}, to: wang}\n"
        "  - {name: all, to: li}\n",
    ],
)
def test_what_is_meant(text: str) -> None:
    assert said(text) == []
