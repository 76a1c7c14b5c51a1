"""Whose phones a plan may name, and which of them its calls may ring."""

from dataclasses import replace

import pytest

from b2bua.service.flow.choosing import choose
from b2bua.service.flow.decision import World
from b2bua.service.number import Caller, CallerKind
from b2bua.service.plan import Plan, ToDestination
from b2bua.service.planfile import read_plans
from b2bua.service.planreading import Known
from tests.service.plans import at

OWNERS = {"801": "4006001234", "802": "", "803": "4006005678"}
KNOWN = Known(trunks=("unicom", "phones"), tariffs=("standard",), phones=OWNERS)
CALLER = Caller(number="13800138000", kind=CallerKind.MOBILE)


def text(extension: str) -> str:
    return f"""
number: "400-600-1234"
destinations:
  desk: {{number: "{extension}", trunk: phones}}
  duty: {{number: "13900001111", trunk: unicom}}
forwarding: {{no_answer: [duty]}}
routes:
  - {{name: all, to: desk}}
"""


def plan(extension: str) -> Plan:
    read = read_plans(text(extension), "plan", replace(KNOWN, phones=None))
    assert isinstance(read, tuple), read
    return read[0]


@pytest.mark.parametrize("extension", ["801", "802"])
def test_a_plan_names_its_own_phones_and_those_of_the_house(extension: str) -> None:
    read = read_plans(text(extension), "plan", KNOWN)
    assert isinstance(read, tuple), read
    assert read[0].destinations["desk"].number == extension


def test_anothers_phone_is_refused_like_one_that_does_not_exist() -> None:
    said = []
    for extension in ("803", "804"):
        (finding,) = read_plans(text(extension), "plan", KNOWN)
        said.append(str(finding).replace(extension, "80x"))
    assert said[0] == said[1]
    assert "80x is no phone of this number" in said[0]
    assert "4006005678" not in said[0]


def test_a_telephone_number_is_no_phone() -> None:
    (finding,) = read_plans(text("13900001111"), "plan", KNOWN)
    assert "'13900001111' is no extension" in str(finding)


@pytest.mark.parametrize(
    ("extension", "first"),
    [("801", "desk"), ("802", "desk"), ("803", "duty"), ("804", "duty")],
)
def test_a_call_never_rings_anothers_phone(extension: str, first: str) -> None:
    """A phone may have become another's since the plan was published."""
    world = World(phones=OWNERS)
    moment = at("2026-03-31 12:00")
    choice = choose(plan(extension), ToDestination("desk"), CALLER, moment, world)
    assert choice.order == (first,)
    why = [one.why for one in choice.skipped]
    assert why == ([] if first == "desk" else ["it is no phone of this number"])


def test_without_knowing_whose_phones_are_all_may_be_rung() -> None:
    moment = at("2026-03-31 12:00")
    choice = choose(plan("804"), ToDestination("desk"), CALLER, moment, World())
    assert choice.order == ("desk",)
