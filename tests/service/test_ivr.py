"""Menus and passwords, key by key on a virtual clock."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from b2bua.service.ivr import (
    BETWEEN_DIGITS,
    FIRST_DIGIT,
    LONGEST_PROMPT,
    MOST_QUESTIONS,
    Accepted,
    Ask,
    Chose,
    GaveUp,
    Hush,
    MenuOutput,
    MenuWalk,
    PasswordCheck,
    PasswordOutput,
    Rejected,
)
from b2bua.service.plan import Back, Menu, Repeat, ToDestination, ToGroup, ToMenu
from b2bua.service.record import Step

SALES, SUPPORT = ToGroup("sales"), ToDestination("support")
MENUS = {
    "main": Menu(
        name="main",
        prompt="menu",
        timeout=5,
        retries=2,
        keys={"1": SALES, "2": SUPPORT, "3": ToMenu("more"), "*": ToMenu("main")},
        otherwise=SUPPORT,
    ),
    "more": Menu(name="more", prompt="more", retries=0, keys={"0": ToMenu("main")}),
    "extensions": Menu(
        name="extensions",
        prompt="extensions",
        retries=1,
        keys={"0": SUPPORT, "801": SALES, "8012": SUPPORT, "9": SALES},
    ),
}


class Caller:
    """Keys, listens, waits; notes what the machine said."""

    def __init__(self, walk: MenuWalk | PasswordCheck) -> None:
        self.now = 0.0
        self.walk = walk
        self.heard: list[MenuOutput | PasswordOutput] = []
        self.steps: list[tuple[str, bool, str]] = []
        self.take(walk.start(0.0))

    def take(self, outputs: Sequence[MenuOutput | PasswordOutput]) -> None:
        for output in outputs:
            if isinstance(output, Step):
                self.steps.append((output.rule, output.passed, output.why))
            else:
                self.heard.append(output)

    def keys(self, keys: str) -> "Caller":
        for key in keys:
            self.take(self.walk.press(key, self.now))
        return self

    def listens(self) -> "Caller":
        asked = [output for output in self.heard if isinstance(output, Ask)]
        self.take(self.walk.prompt_ended(asked[-1].token, self.now))
        return self

    def waits(self, seconds: float) -> "Caller":
        end = self.now + seconds
        while (due := self.walk.deadline) is not None and due <= end:
            self.now = due
            self.take(self.walk.wake(due))
        self.now = end
        return self

    @property
    def prompts(self) -> list[tuple[str, ...]]:
        return [output.prompts for output in self.heard if isinstance(output, Ask)]

    @property
    def last(self) -> MenuOutput | PasswordOutput:
        return self.heard[-1]


def in_menu(name: str = "main") -> Caller:
    return Caller(MenuWalk(MENUS, name))


def test_a_key_interrupts_the_prompt_and_chooses() -> None:
    caller = in_menu().keys("1")
    assert caller.heard == [Ask(("menu",), "menu:main:1"), Chose(SALES, "1")]
    assert caller.walk.deadline is None


def test_a_key_after_the_prompt_chooses_too() -> None:
    assert in_menu().listens().waits(4.9).keys("2").last == Chose(SUPPORT, "2")


def test_silence_repeats_the_prompt_and_then_gives_up() -> None:
    caller = in_menu().listens().waits(4.9)
    assert caller.prompts == [("menu",)]
    caller.waits(0.1)
    assert caller.prompts[1:] == [("no-key", "menu")]
    caller.listens().waits(5).listens().waits(5)
    assert caller.prompts[2:] == [("no-key", "menu")]
    assert caller.last == GaveUp(SUPPORT, "")
    assert caller.walk.deadline is None


def test_wrong_keys_repeat_the_prompt_and_then_give_up() -> None:
    caller = in_menu().keys("78")
    assert caller.prompts[1:] == [("invalid-key", "menu")] * 2
    assert caller.keys("9").last == GaveUp(SUPPORT, "")


def test_a_wrong_key_does_not_spoil_a_right_one() -> None:
    assert in_menu().keys("71").last == Chose(SALES, "1")


def test_nested_menus_and_the_way_back() -> None:
    caller = in_menu().keys("3")
    assert caller.prompts[-1] == ("more",)
    assert caller.keys("01").last == Chose(SALES, "3,0,1")


def test_each_visit_of_a_menu_has_its_own_retries() -> None:
    caller = in_menu().keys("77" + "30" + "77")
    assert caller.prompts[-1] == ("invalid-key", "menu")
    assert caller.keys("1").last == Chose(SALES, "3,0,1")


def test_a_menu_without_default_refuses() -> None:
    assert in_menu("more").listens().waits(5).last == GaveUp(None, "")


def test_a_prompt_whose_end_nobody_tells_ends_by_itself() -> None:
    caller = in_menu().waits(LONGEST_PROMPT + 4.9)
    assert len(caller.prompts) == 1
    assert caller.waits(0.1).prompts[1:] == [("no-key", "menu")]


def test_the_end_of_an_earlier_prompt_means_nothing() -> None:
    caller = in_menu().keys("7")
    caller.walk.prompt_ended("menu:main:1", caller.now)
    assert caller.waits(LONGEST_PROMPT - 0.1).prompts == [
        ("menu",),
        ("invalid-key", "menu"),
    ]


@pytest.mark.parametrize(
    ("keys", "wait", "expected"),
    [
        ("0", BETWEEN_DIGITS, Chose(SUPPORT, "0")),
        ("0#", 0.0, Chose(SUPPORT, "0")),
        ("801", BETWEEN_DIGITS, Chose(SALES, "801")),
        ("801#", 0.0, Chose(SALES, "801")),
        ("8012", 0.0, Chose(SUPPORT, "8012")),
        ("9", BETWEEN_DIGITS, Chose(SALES, "9")),
    ],
)
def test_extensions(keys: str, wait: float, expected: Chose) -> None:
    caller = in_menu("extensions").keys(keys).waits(wait)
    assert caller.last == expected


def test_all_digits_of_a_wrong_extension_cost_one_retry() -> None:
    caller = in_menu("extensions").keys("777").waits(BETWEEN_DIGITS)
    assert caller.prompts[1:] == [("invalid-key", "extensions")]
    assert caller.keys("80#").last == GaveUp(None, "")


def test_the_first_digit_of_several_hushes_the_prompt_once() -> None:
    assert in_menu("extensions").keys("801").heard[1:] == [Hush()]


def test_going_round_for_ever_ends() -> None:
    caller = in_menu().keys("*" * (MOST_QUESTIONS + 5))
    assert len(caller.prompts) == MOST_QUESTIONS
    assert isinstance(caller.last, GaveUp)


def test_a_late_wake_is_as_good_as_many() -> None:
    walk = MenuWalk(MENUS, "more")
    outputs = [*walk.start(0.0), *walk.wake(10_000.0)]
    heard = [output for output in outputs if not isinstance(output, Step)]
    assert heard == [Ask(("more",), "menu:more:1"), GaveUp(None, "")]


def before_password() -> Caller:
    return Caller(PasswordCheck("20264"))


def test_the_right_password_ended_by_hash_or_by_time() -> None:
    assert before_password().keys("20264#").last == Accepted()
    assert before_password().keys("20264").waits(BETWEEN_DIGITS).last == Accepted()


def test_digits_beyond_the_longest_password_make_it_wrong() -> None:
    caller = Caller(PasswordCheck("12345678")).keys("123456781#")
    assert caller.prompts[1:] == [("password-wrong",)]
    assert caller.keys("12345678#").last == Accepted()


@pytest.mark.parametrize("wrong", ["20265#", "2026#", "202644#", "123456789#"])
def test_a_wrong_password_may_be_tried_again(wrong: str) -> None:
    caller = before_password().keys(wrong)
    assert caller.prompts == [("password",), ("password-wrong",)]
    assert caller.keys("*20264#").last == Accepted()


def test_the_third_wrong_password_is_the_last() -> None:
    caller = before_password().keys("1111#2222#3333#")
    assert caller.last == Rejected()
    assert caller.walk.deadline is None
    assert caller.keys("20264#").last == Rejected()


def test_silence_counts_as_a_try() -> None:
    caller = before_password()
    for _ in range(3):
        caller.listens().waits(FIRST_DIGIT)
    assert caller.prompts == [("password",), ("password-wrong",), ("password-wrong",)]
    assert caller.last == Rejected()


def test_hash_alone_is_no_try_and_star_begins_anew() -> None:
    assert before_password().keys("###999*20264#").last == Accepted()


def test_no_digit_shows() -> None:
    caller = before_password().keys("20261")
    assert "2026" not in repr(caller.walk)
    assert "2026" not in repr(caller.heard)


keys = st.text("0123456789*#ABCDx", max_size=30)


@given(st.sampled_from(sorted(MENUS)), st.lists(st.tuples(keys, st.floats(0, 300))))
def test_a_menu_ends_once_and_is_silent_afterwards(
    name: str, script: Sequence[tuple[str, float]]
) -> None:
    caller = in_menu(name)
    for pressed, wait in script:
        caller.keys(pressed).waits(wait)
    caller.waits(MOST_QUESTIONS * (LONGEST_PROMPT + 10))
    ends = [output for output in caller.heard if isinstance(output, Chose | GaveUp)]
    assert len(ends) == 1
    assert caller.last == ends[0]
    assert caller.walk.deadline is None


@given(st.lists(st.tuples(keys, st.floats(0, 300))))
def test_a_password_check_ends_once_and_is_silent_afterwards(
    script: Sequence[tuple[str, float]],
) -> None:
    caller = before_password()
    for pressed, wait in script:
        caller.keys(pressed).waits(wait)
    caller.waits(3 * (LONGEST_PROMPT + 10))
    assert sum(isinstance(o, Accepted | Rejected) for o in caller.heard) == 1
    assert isinstance(caller.last, Accepted | Rejected)


DEEP = {
    "top": Menu(
        name="top",
        prompt="top",
        retries=1,
        keys={"1": ToMenu("mid"), "0": SUPPORT, "*": Repeat(), "#": Back()},
    ),
    "mid": Menu(
        name="mid",
        prompt="mid",
        retries=0,
        keys={"1": ToMenu("low"), "*": Repeat(), "#": Back()},
        otherwise=ToMenu("low"),
    ),
    "low": Menu(name="low", prompt="low", keys={"1": SALES, "#": Back()}, otherwise=SALES),
}


@pytest.mark.parametrize(
    ("keys", "asked"),
    [
        ("*", ["top", "top"]),
        ("***", ["top"] * 4),
        ("1*", ["top", "mid", "mid"]),
        ("1#", ["top", "mid", "top"]),
        ("#", ["top", "top"]),
        ("1##", ["top", "mid", "top", "top"]),
        ("11##", ["top", "mid", "low", "mid", "top"]),
        ("11#1#", ["top", "mid", "low", "mid", "low", "mid"]),
        ("1*#", ["top", "mid", "mid", "top"]),
        ("19#", ["top", "mid", "low", "mid"]),
    ],
)
def test_keys_that_repeat_and_go_back(keys: str, asked: list[str]) -> None:
    caller = Caller(MenuWalk(DEEP, "top")).keys(keys)
    assert [prompts[-1] for prompts in caller.prompts] == asked


def test_asking_again_gives_the_retries_back() -> None:
    caller = Caller(MenuWalk(DEEP, "top")).keys("9*9*9")
    assert caller.prompts[-1] == ("invalid-key", "top")
    assert caller.keys("9").last == GaveUp(None, "*,*")


def test_a_caller_who_repeats_for_ever_ends() -> None:
    caller = Caller(MenuWalk(DEEP, "top")).keys("*" * 2 * MOST_QUESTIONS)
    assert len(caller.prompts) == MOST_QUESTIONS
    assert isinstance(caller.last, GaveUp)


def test_every_key_and_every_silence_is_a_step() -> None:
    caller = Caller(MenuWalk(DEEP, "top")).keys("91*#9").waits(1)
    assert caller.steps == [
        ("menu top", True, "asks the caller"),
        ("menu top", False, "9 is no key"),
        ("menu top", True, "key 1: to menu mid"),
        ("menu mid", True, "key *: to menu mid"),
        ("menu mid", True, "key #: to menu top"),
        ("menu top", False, "9 is no key"),
    ]
    caller.listens().waits(6)
    assert caller.steps[-1] == ("menu top", False, "no key came, no try left: refused")
    low = Caller(MenuWalk(DEEP, "mid")).listens().waits(6)
    assert low.steps[-1] == ("menu mid", False, "no key came, no try left: to menu low")
    assert low.keys("1").steps[-1] == ("menu low", True, "key 1: to group sales")
